/// A stage: a pure fold over one input partition, and the rows it stores. Everything else (leases, batches, lanes,
/// commits, snapshots) is the pipeline's.
///
/// The fold may read the record, its place, the state and versions named by content hash. It must not look at a clock, a
/// random number, the environment or the order of a `Dictionary` or `Set`: two owners of a partition must say the same.
package protocol Stage: Sendable {
    /// State of one input partition, owned by one unit at a time, with whatever scratch space the fold reuses.
    associatedtype State: StageState

    var identity: StageIdentity { get }

    /// The state before the first record.
    ///
    /// - Parameter version: Content hash of the version in force, when the stage has versions.
    func makeState(partition: Int32, version: [UInt8]?) throws(PipelineFailure) -> State

    /// A state as ``StageState/encode(into:)`` wrote it.
    func decodeState(_ bytes: [UInt8], partition: Int32, version: [UInt8]?) throws(PipelineFailure) -> State

    /// Versions (models) that the fold can switch to, by content hash.
    var loadedVersions: [[UInt8]] { get }

    /// Gets a version ready, so that a control record may name it.
    func load(version: [UInt8], content: [UInt8]) throws(PipelineFailure)

    /// Folds one record and emits exactly one output for it.
    func fold(_ record: InputRecord, into state: State, emitting emission: inout Emission) throws(PipelineFailure)
}

extension Stage {
    package var loadedVersions: [[UInt8]] { [] }
    package func load(version: [UInt8], content: [UInt8]) throws(PipelineFailure) {}
}

package protocol StageState: AnyObject {
    /// Content hash of the version in force; nil when the stage has none.
    var version: [UInt8]? { get }

    /// Appends the stored form: equal states give equal bytes.
    func encode(into output: inout [UInt8])
}

/// What a stage is called, what it reads and what it writes.
package struct StageIdentity: Sendable {
    /// A topic that a stage writes.
    package struct Output: Sendable {
        package var topic: String
        package var partitionCount: Int
        /// Whether each message holds one record (public topics) rather than a run of one lane (internal ones).
        package var isPublic: Bool

        package init(topic: String, partitionCount: Int, isPublic: Bool) {
            self.topic = topic
            self.partitionCount = partitionCount
            self.isPublic = isPublic
        }
    }

    /// Name in `pipeline.progress`.
    package var name: String
    /// Number that stands for the stage in the lanes it sends; unique in a deployment, never 0, never reused.
    package var number: UInt32
    package var inputTopic: String
    /// Whether the input holds one record a message, without lanes.
    package var isInputPublic: Bool
    package var outputs: [Output]
    /// `COPY` targets with their columns, in the order of ``Emission/rows``.
    package var tables: [String]
    /// Tables kept by day, whose days must be there before rows are written.
    package var tablesByDay: [String]
    /// Stages that keep in step with this one while behind, this one included; empty when it does not matter.
    package var inStepWith: [String]
    /// Whether the state holds more than the version in force, so that it must be kept in snapshots.
    package var hasHistory: Bool
    /// Kind of `model.artifact` that the stage switches between; nil when it has no versions.
    package var versionKind: String?
    /// Names code and files that change outputs; a snapshot of another name is not used.
    package var code: String

    package init(
        name: String, number: UInt32, inputTopic: String, isInputPublic: Bool, outputs: [Output], tables: [String],
        tablesByDay: [String], inStepWith: [String], hasHistory: Bool, versionKind: String? = nil, code: String
    ) {
        precondition(number != 0, "0 is the control lane")
        self.name = name
        self.number = number
        self.inputTopic = inputTopic
        self.isInputPublic = isInputPublic
        self.outputs = outputs
        self.tables = tables
        self.tablesByDay = tablesByDay
        self.inStepWith = inStepWith
        self.hasHistory = hasHistory
        self.versionKind = versionKind
        self.code = code
    }
}

/// One record as the fold sees it. The bytes are borrowed: they are valid during the call only.
package struct InputRecord {
    /// Nil only on public topics, for a message without a value.
    package var bytes: UnsafeRawBufferPointer?
    package var isControl: Bool
    package var partition: Int32
    /// Offset of the message.
    package var offset: Int64
    /// Place in the message's run, from 0.
    package var slot: Int32
    /// The message's Kafka timestamp.
    package var timestampMicros: Int64
    package var lane: LaneSource
    package var sequence: UInt64

    package init(
        bytes: UnsafeRawBufferPointer?, isControl: Bool, partition: Int32, offset: Int64, slot: Int32, timestampMicros: Int64,
        lane: LaneSource, sequence: UInt64
    ) {
        self.bytes = bytes
        self.isControl = isControl
        self.partition = partition
        self.offset = offset
        self.slot = slot
        self.timestampMicros = timestampMicros
        self.lane = lane
        self.sequence = sequence
    }
}

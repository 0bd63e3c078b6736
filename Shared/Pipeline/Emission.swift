internal import Contracts
package import Hashing
package import Postgres

/// What a fold gives: one output record, rows, and the content that the day's digest counts.
///
/// Internal outputs are gathered into runs of one lane, bounded in records and bytes, because the cost of a hop is per
/// message. A run never crosses a step of source time.
package struct Emission {
    /// Rows of the stage's tables, in the order of ``StageIdentity/tables``: the fold appends to them.
    package var rows: [CopyBinaryEncoder] = []
    /// Wall clock of the batch. For columns that measure (latency) only: never for anything that is sent or decided.
    package internal(set) var stampMicros: Int64 = 0

    let identity: StageIdentity
    let partition: Int32
    private let limits: RunLimits
    private let laneStart: [Int]
    private var runs: [RunBuilder]
    /// Lanes whose run is open, in the order in which they were opened.
    private var openRuns: [Int] = []
    /// Number of the open run's first record; nil when the lane has no open run.
    private var runStart: [UInt64?]

    var lanes: LaneTable
    private(set) var messages: [Batch.Message] = []
    private(set) var segments: [Batch.Segment] = []
    private(set) var bytes: [UInt8] = []
    private(set) var days: [Int32] = []
    private(set) var digests: [Batch.DayDigest] = []
    private var segmentStart = 0
    /// Highest step of source time so far; survives batches.
    var step: Int64?
    /// Steps before this one are recent enough not to be gated.
    var gatedBeforeStep = Int64.min
    var stepSpanMicros: Int64
    var sourceMicros: Int64?
    /// While replaying what is committed: count, chain and change state, but keep nothing.
    package internal(set) var isReplaying = false
    private(set) var recordHash = Hash128.zero
    private(set) var outputCount = 0

    package struct RunLimits: Sendable {
        package var records: Int
        package var bytes: Int

        package init(records: Int = 256, bytes: Int = 128 * 1024) {
            self.records = records
            self.bytes = bytes
        }
    }

    package init(identity: StageIdentity, partition: Int32, lanes: LaneTable, limits: RunLimits = RunLimits(), stepSpanMicros: Int64) {
        self.identity = identity
        self.partition = partition
        self.lanes = lanes
        self.limits = limits
        self.stepSpanMicros = stepSpanMicros
        var starts: [Int] = []
        var count = 0
        for output in identity.outputs {
            starts.append(count)
            count += output.partitionCount
        }
        laneStart = starts
        runs = Array(repeating: RunBuilder(), count: count)
        runStart = Array(repeating: nil, count: count)
        rows = identity.tables.map { _ in CopyBinaryEncoder() }
    }

    /// Says at which source time the record's outputs belong; call it before sending.
    ///
    /// - Parameter informingOf: Time of the earlier record that this one (an outcome) tells of, and on which nothing else
    ///   depends: it is counted one step early, see ``StepGate``, but never so early that it could overtake that record.
    package mutating func order(at micros: Int64, informingOf subject: Int64? = nil) {
        sourceMicros = max(sourceMicros ?? .min, micros)
        let place = subject.map { max(micros - stepSpanMicros, $0 + stepSpanMicros) } ?? micros
        var next = place / stepSpanMicros
        if place % stepSpanMicros < 0 { next -= 1 }
        guard next > step ?? .min else { return }
        if step != nil { closeSegment() }
        step = next
    }

    /// Sends a record on an internal output.
    package mutating func send(output: Int, partition: Int32, record: UnsafeRawBufferPointer) {
        assert(!identity.outputs[output].isPublic)
        link(output: output, partition: partition, record: record)
        let lane = laneStart[output] + Int(partition)
        let sequence = lanes.number(outgoing: lane)
        if isReplaying { return }
        if runStart[lane] != nil,
            runs[lane].recordCount >= limits.records || runs[lane].byteCount + RunBuilder.byteCount(ofRecord: record.count) > limits.bytes
        {
            closeRun(lane)
            openRuns.removeAll { $0 == lane }
        }
        if runStart[lane] == nil {
            runs[lane].start(sourceStage: identity.number, sourcePartition: self.partition, firstSequence: Int64(sequence))
            runStart[lane] = sequence
            openRuns.append(lane)
        }
        runs[lane].append(record)
    }

    /// Sends one message on a public output.
    package mutating func publish(output: Int, partition: Int32, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer) {
        assert(identity.outputs[output].isPublic)
        link(output: output, partition: partition, record: value)
        let sequence = lanes.number(outgoing: laneStart[output] + Int(partition))
        if isReplaying { return }
        var keyRange: Range<Int>?
        if let key {
            keyRange = bytes.count..<bytes.count + key.count
            bytes.append(contentsOf: key)
        }
        let start = bytes.count
        bytes.append(contentsOf: value)
        messages.append(
            Batch.Message(output: output, partition: partition, key: keyRange, value: start..<bytes.count, sequence: sequence))
    }

    /// Adds what was said of a record to its day's digest; `content` must not depend on where or when it was said.
    package mutating func digest(day: Int32, content: Hash128) {
        if isReplaying { return }
        if let index = digests.lastIndex(where: { $0.day == day }) {
            digests[index].records += 1
            digests[index].sum = digests[index].sum &+ content
        } else {
            digests.append(.init(day: day, records: 1, sum: content))
        }
    }

    /// Says that a row of a table kept by day was written for this day.
    package mutating func touch(day: Int32) {
        if isReplaying { return }
        if days.last != day, !days.contains(day) { days.append(day) }
    }

    private mutating func link(output: Int, partition: Int32, record: UnsafeRawBufferPointer) {
        let seed = UInt64(output) << 32 | UInt64(UInt32(bitPattern: partition))
        let hash = Hash128(of: record, seed: seed)
        recordHash = outputCount == 0 ? hash : Hash128(low: recordHash.low &* 31 &+ hash.low, high: recordHash.high &* 31 &+ hash.high)
        outputCount += 1
    }

    mutating func beginRecord() {
        recordHash = .zero
        outputCount = 0
    }

    private mutating func closeRun(_ lane: Int) {
        guard let sequence = runStart[lane] else { return }
        runs[lane].finish()
        let output = laneStart.lastIndex { $0 <= lane } ?? 0
        let start = bytes.count
        bytes.append(contentsOf: runs[lane].bytes)
        messages.append(
            Batch.Message(
                output: output, partition: Int32(lane - laneStart[output]), key: nil, value: start..<bytes.count, sequence: sequence))
        runStart[lane] = nil
    }

    private mutating func closeRuns() {
        for lane in openRuns { closeRun(lane) }
        openRuns.removeAll(keepingCapacity: true)
    }

    private mutating func closeSegment() {
        closeRuns()
        guard messages.count > segmentStart else { return }
        let gate = step.flatMap { $0 < gatedBeforeStep ? $0 : nil }
        segments.append(Batch.Segment(step: gate, messages: segmentStart..<messages.count))
        segmentStart = messages.count
    }

    /// Moves everything gathered into a batch.
    mutating func drain(into batch: inout Batch) {
        closeSegment()
        batch.messages = messages
        batch.segments = segments
        batch.bytes = bytes
        batch.rows = rows
        batch.days = days
        batch.digests = digests
        let sizes = (messages.count, bytes.count)
        messages = []
        segments = []
        bytes = []
        days = []
        digests = []
        rows = identity.tables.map { _ in CopyBinaryEncoder() }
        messages.reserveCapacity(sizes.0)
        bytes.reserveCapacity(sizes.1)
        segmentStart = 0
    }
}

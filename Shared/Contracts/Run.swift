/// What the records of a run are.
package enum RunKind: UInt8, Hashable, Sendable, CaseIterable {
    /// Event or FeatureRecord, by topic.
    case data = 0
    case control = 1
}

/// A decoded run that borrows its records from the message's bytes. No allocation; iterating decodes nothing inside a record.
package struct RunView {
    package private(set) var sourceStage: UInt32 = 0
    package private(set) var sourcePartition: Int32 = 0
    /// Sequence of the first record in its lane; record `i` has `firstSequence + i`. The sum never overflows.
    package private(set) var firstSequence: Int64 = 0
    package private(set) var kind = RunKind.data
    package private(set) var recordCount = 0
    private let bytes: UnsafeRawBufferPointer

    package init(decoding bytes: UnsafeRawBufferPointer) throws(ContractFailure) {
        self.bytes = bytes
        var reader = ProtobufReader(bytes)
        while let tag = try reader.next() {
            switch tag.field {
            case 1: sourceStage = try reader.uint32(tag)
            case 2: sourcePartition = try reader.nonNegativeInt32(tag)
            case 3: firstSequence = try reader.nonNegativeInt64(tag)
            case 4:
                _ = try reader.range(tag)
                recordCount &+= 1
            case 5:
                let number = try reader.uint32(tag)
                guard let known = UInt8(exactly: number).flatMap(RunKind.init(rawValue:)) else { throw reader.failure(.outOfRange) }
                kind = known
            default: try reader.skip(tag)
            }
        }
        guard recordCount > 0 else { throw ContractFailure(.missing, field: 4, position: bytes.count) }
        guard !firstSequence.addingReportingOverflow(Int64(recordCount)).overflow else {
            throw ContractFailure(.outOfRange, field: 3, position: bytes.count)
        }
    }

    /// The records' bytes, in order.
    package var records: Records { Records(bytes) }

    package struct Records: Sequence, IteratorProtocol {
        private var reader: ProtobufReader

        init(_ bytes: UnsafeRawBufferPointer) { reader = ProtobufReader(bytes) }

        package mutating func next() -> UnsafeRawBufferPointer? {
            do throws(ContractFailure) {
                while let tag = try reader.next() {
                    if tag.field == 4 { return try reader.bytes(tag) }
                    try reader.skip(tag)
                }
                return nil
            } catch {
                preconditionFailure("bytes changed under a RunView: \(error)")
            }
        }
    }
}

/// Builds one run after another in a buffer that is kept.
package struct RunBuilder: Sendable {
    /// The message so far; complete after ``finish()``.
    package private(set) var bytes: [UInt8] = []
    package private(set) var recordCount = 0
    private var kind = RunKind.data

    package init() {}

    /// Bytes so far, the trailing field included that ``finish()`` may add.
    package var byteCount: Int { bytes.count + (kind == .data ? 0 : 2) }

    /// Forgets the run before and starts one; `firstSequence` and `sourcePartition` are not negative.
    package mutating func start(sourceStage: UInt32, sourcePartition: Int32, firstSequence: Int64, kind: RunKind = .data) {
        precondition(sourcePartition >= 0 && firstSequence >= 0)
        bytes.removeAll(keepingCapacity: true)
        recordCount = 0
        self.kind = kind
        ProtobufWriter.unsigned(1, UInt64(sourceStage), into: &bytes)
        ProtobufWriter.unsigned(2, UInt64(sourcePartition), into: &bytes)
        ProtobufWriter.unsigned(3, UInt64(firstSequence), into: &bytes)
    }

    /// Adds the next record of the lane.
    package mutating func append(_ record: UnsafeRawBufferPointer) {
        ProtobufWriter.presentBytes(4, record, into: &bytes)
        recordCount += 1
    }

    /// How many bytes a record of `byteCount` bytes would add.
    package static func byteCount(ofRecord byteCount: Int) -> Int {
        1 + ProtobufWriter.varintByteCount(UInt64(byteCount)) + byteCount
    }

    /// Completes the message, which is then in ``bytes`` until the next start.
    ///
    /// - Precondition: At least one record was added.
    package mutating func finish() {
        precondition(recordCount > 0, "a run holds at least one record")
        ProtobufWriter.unsigned(5, UInt64(kind.rawValue), into: &bytes)
    }
}

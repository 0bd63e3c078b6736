package import Hashing
package import Postgres

/// What a unit folded from `from ..< to`: messages to produce and everything that one transaction writes.
///
/// Built by one `UnitFold`, then handed over whole; nobody writes to it afterwards.
package struct Batch: Sendable {
    /// One message of an output topic; key and value lie in ``Batch/bytes``.
    package struct Message: Sendable {
        package var output: Int
        package var partition: Int32
        package var key: Range<Int>?
        package var value: Range<Int>
        /// Number in its lane of the message's (first) record.
        package var sequence: UInt64
    }

    /// Messages of one step of source time, sent when the step gate is open.
    package struct Segment: Sendable {
        /// Nil when the records are recent: no waiting.
        package var step: Int64?
        package var messages: Range<Int>
    }

    /// What a batch adds to a day's digest.
    package struct DayDigest: Sendable {
        package var day: Int32
        package var records: Int64
        package var sum: Hash128
    }

    package var range: UnitMachine.Range
    package var messages: [Message] = []
    package var segments: [Segment] = []
    package var bytes: [UInt8] = []
    package var rows: [CopyBinaryEncoder]
    package var days: [Int32] = []
    package var digests: [DayDigest] = []
    package var recordCount = 0
    package var lanes: [UInt8] = []
    package var chain = Hash128.zero
    package var accepted: Int64 = 0
    package var repeated: Int64 = 0
    package var version: [UInt8]?
    package var sourceMicros: Int64?
    package var stepReached: Int64?
    package var snapshot: [UInt8]?
}

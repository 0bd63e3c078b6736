/// The header of a record batch of magic 2, as it lies in front of every batch on the wire and on disk.
///
/// Layout, big-endian: baseOffset i64 @0, batchLength i32 @8 (bytes after it), partitionLeaderEpoch i32 @12, magic i8 @16, crc u32 @17 (CRC-32C
/// of everything from attributes on), attributes i16 @21, lastOffsetDelta i32 @23, baseTimestamp i64 @27, maxTimestamp i64 @35,
/// producerId i64 @43, producerEpoch i16 @51, baseSequence i32 @53, recordsCount i32 @57, records @61.
///
/// Source: Apache Kafka, "Message Format".
package struct RecordBatchHeader: Hashable, Sendable {
    package static let byteCount = 61
    /// The bytes in front of what `batchLength` counts.
    static let lengthOverhead = 12
    static let checkedFrom = 21

    enum Field {
        static let baseOffset = 0
        static let batchLength = 8
        static let leaderEpoch = 12
        static let magic = 16
        static let crc = 17
        static let attributes = 21
        static let lastOffsetDelta = 23
        static let baseTimestamp = 27
        static let maxTimestamp = 35
        static let producerId = 43
        static let producerEpoch = 51
        static let baseSequence = 53
        static let recordsCount = 57
    }
    enum Attribute {
        static let codecMask: Int16 = 0x07
        static let logAppendTime: Int16 = 0x08
        static let transactional: Int16 = 0x10
        static let control: Int16 = 0x20
    }

    package var baseOffset: Int64
    package var batchLength: Int32
    package var leaderEpoch: Int32
    package var magic: Int8
    package var crc: UInt32
    package var attributes: Int16
    package var lastOffsetDelta: Int32
    package var baseTimestamp: Int64
    package var maxTimestamp: Int64
    package var producerId: Int64
    package var producerEpoch: Int16
    package var baseSequence: Int32
    package var recordsCount: Int32

    /// Reads a header; at least ``byteCount`` bytes must be there. Nothing is judged.
    @inline(__always)
    package init(at bytes: UnsafeRawPointer) {
        baseOffset = bytes.bigEndian(Field.baseOffset)
        batchLength = bytes.bigEndian(Field.batchLength)
        leaderEpoch = bytes.bigEndian(Field.leaderEpoch)
        magic = bytes.bigEndian(Field.magic)
        crc = bytes.bigEndian(Field.crc)
        attributes = bytes.bigEndian(Field.attributes)
        lastOffsetDelta = bytes.bigEndian(Field.lastOffsetDelta)
        baseTimestamp = bytes.bigEndian(Field.baseTimestamp)
        maxTimestamp = bytes.bigEndian(Field.maxTimestamp)
        producerId = bytes.bigEndian(Field.producerId)
        producerEpoch = bytes.bigEndian(Field.producerEpoch)
        baseSequence = bytes.bigEndian(Field.baseSequence)
        recordsCount = bytes.bigEndian(Field.recordsCount)
    }

    /// Header and records together.
    package var sizeInBytes: Int { RecordBatchHeader.lengthOverhead + Int(batchLength) }
    package var lastOffset: Int64 { baseOffset &+ Int64(lastOffsetDelta) }
    package var nextOffset: Int64 { lastOffset &+ 1 }
    var codec: Int { Int(attributes & Attribute.codecMask) }
    var isLogAppendTime: Bool { attributes & Attribute.logAppendTime != 0 }
    var hasProducerId: Bool { producerId >= 0 }
    /// Sequences run from 0 to Int32.max and start over.
    var lastSequence: Int32 { baseSequence < 0 ? baseSequence : ProducedBatch.advance(baseSequence, by: lastOffsetDelta) }

    /// Whether this can be the header of a batch this log wrote at `offset`.
    func isPlausible(at offset: Int64) -> Bool {
        magic == 2 && Int(batchLength) >= RecordBatchHeader.byteCount - RecordBatchHeader.lengthOverhead && baseOffset == offset
            && lastOffsetDelta >= 0 && recordsCount == lastOffsetDelta &+ 1
    }
}

extension UnsafeRawPointer {
    @inline(__always)
    func bigEndian<Value: FixedWidthInteger & BitwiseCopyable>(_ position: Int) -> Value {
        Value(bigEndian: loadUnaligned(fromByteOffset: position, as: Value.self))
    }
}

extension UnsafeMutableRawPointer {
    @inline(__always)
    func storeBigEndian<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value, at position: Int) {
        storeBytes(of: value.bigEndian, toByteOffset: position, as: Value.self)
    }
}

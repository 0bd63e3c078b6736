/// Walks the records of an unfolded batch: each is a zigzag varint length, then attributes i8, timestamp delta varlong, offset delta varint, key,
/// value and headers. Reads the two deltas and skips the rest.
struct RecordWalk {
    struct Record {
        var timestampDelta: Int64
        var offsetDelta: Int32
    }

    private let bytes: UnsafeRawBufferPointer
    private(set) var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    /// The next record, or nil when the bytes do not hold a whole one.
    @inline(__always)
    mutating func next() -> Record? {
        guard let length = varint(), length >= 3, Int(length) <= bytes.count - position else { return nil }
        let end = position + Int(length)
        position += 1
        guard let timestampDelta = varint(), let offsetDelta = varint(), position <= end, let delta = Int32(exactly: offsetDelta) else {
            return nil
        }
        position = end
        return Record(timestampDelta: timestampDelta, offsetDelta: delta)
    }

    /// Whether exactly `count` records with offset deltas 0, 1, 2… fill the bytes.
    static func holds(_ count: Int32, in bytes: UnsafeRawBufferPointer) -> Bool {
        var walk = RecordWalk(bytes)
        for delta in 0..<count {
            guard let record = walk.next(), record.offsetDelta == delta else { return false }
        }
        return walk.isAtEnd
    }

    /// A zigzag varint of at most ten bytes.
    @inline(__always)
    private mutating func varint() -> Int64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < bytes.count, shift < 70 {
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7f) &<< shift
            if byte < 0x80 { return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1) }
            shift += 7
        }
        return nil
    }
}

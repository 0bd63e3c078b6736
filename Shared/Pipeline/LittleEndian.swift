extension [UInt8] {
    package mutating func appendLittleEndian(_ value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }
}

/// Reads fixed-width numbers from bytes that may be damaged: past the end it answers nil.
package struct LittleEndianReader {
    private let bytes: [UInt8]
    private var cursor = 0

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package var remaining: Int { bytes.count - cursor }

    package mutating func byte() -> UInt8? { integer() }
    package mutating func uint32() -> UInt32? { integer() }
    package mutating func uint64() -> UInt64? { integer() }

    /// The next `count` bytes.
    package mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard count >= 0, remaining >= count else { return nil }
        defer { cursor += count }
        return bytes[cursor..<cursor + count]
    }

    private mutating func integer<Value: FixedWidthInteger>() -> Value? {
        let size = Value.bitWidth / 8
        guard remaining >= size else { return nil }
        var value: Value = 0
        for index in 0..<size { value |= Value(truncatingIfNeeded: bytes[cursor + index]) << (8 * index) }
        cursor += size
        return value
    }
}

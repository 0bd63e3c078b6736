/// Reads the protocol's primitive values from a frame, in network byte order.
///
/// Every read is checked against the bytes left and throws; nothing traps, and nothing larger than what the frame can hold is reserved.
/// The bytes must outlive the reader; what it returns are copies.
package struct WireReader {
    package let bytes: UnsafeRawBufferPointer
    /// The next byte, counted from the beginning of `bytes`.
    package private(set) var position = 0

    package init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    package var remaining: Int { bytes.count - position }

    /// Throws when bytes are left.
    package func requireEnd() throws(WireFault) {
        guard remaining == 0 else { throw fault(.trailingBytes(remaining)) }
    }

    package func require(_ version: Int16, in versions: ClosedRange<Int16>) throws(WireFault) {
        guard versions.contains(version) else { throw fault(.unsupportedVersion(version)) }
    }

    // MARK: Numbers

    package mutating func readBool() throws(WireFault) -> Bool { try readInt8() != 0 }
    package mutating func readInt8() throws(WireFault) -> Int8 { try readInteger() }
    package mutating func readInt16() throws(WireFault) -> Int16 { try readInteger() }
    package mutating func readInt32() throws(WireFault) -> Int32 { try readInteger() }
    package mutating func readInt64() throws(WireFault) -> Int64 { try readInteger() }
    package mutating func readUuid() throws(WireFault) -> Uuid { Uuid(high: try readInteger(), low: try readInteger()) }

    private mutating func readInteger<Integer: FixedWidthInteger & BitwiseCopyable>() throws(WireFault) -> Integer {
        let start = try take(MemoryLayout<Integer>.size)
        return Integer(bigEndian: bytes.loadUnaligned(fromByteOffset: start, as: Integer.self))
    }

    /// At most five bytes, seven bits each, the lowest first.
    package mutating func readUnsignedVarint() throws(WireFault) -> UInt32 {
        let value = try readVarint(byteCountMax: 5)
        guard let value = UInt32(exactly: value) else { throw fault(.varintTooLong) }
        return value
    }

    /// A zigzag integer of at most ten bytes, as records use.
    package mutating func readVarlong() throws(WireFault) -> Int64 {
        let value = try readVarint(byteCountMax: 10)
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    private mutating func readVarint(byteCountMax: Int) throws(WireFault) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<byteCountMax {
            let byte = bytes[try take(1)]
            value |= UInt64(byte & 0x7f) << UInt64(7 * index)
            if byte < 0x80 { return value }
        }
        throw fault(.varintTooLong)
    }

    // MARK: Text and bytes

    package mutating func readString(_ isFlexible: Bool) throws(WireFault) -> String {
        guard let text = try readNullableString(isFlexible) else { throw fault(.invalidLength(-1)) }
        return text
    }

    package mutating func readNullableString(_ isFlexible: Bool) throws(WireFault) -> String? {
        let length = isFlexible ? try readCompactLength() : Int(try readInt16())
        // The limit of the old form holds in both, so what was read can be written in any version.
        guard let range = try takeRange(length, byteCountMax: Int(Int16.max)) else { return nil }
        guard let text = String(validating: bytes[range], as: UTF8.self) else { throw WireFault(.invalidText, at: range.lowerBound) }
        return text
    }

    package mutating func readBytes(_ isFlexible: Bool) throws(WireFault) -> [UInt8] {
        guard let range = try readByteRange(isFlexible) else { throw fault(.invalidLength(-1)) }
        return Array(bytes[range])
    }

    /// - Parameter count: Not negative.
    package mutating func readBytes(count: Int) throws(WireFault) -> [UInt8] {
        let start = try take(count)
        return Array(bytes[start..<start + count])
    }

    /// Where the records lie; they are not looked at.
    package mutating func readRecords(_ isFlexible: Bool) throws(WireFault) -> WireRecords {
        try readByteRange(isFlexible).map { .frame($0) } ?? .null
    }

    private mutating func readByteRange(_ isFlexible: Bool) throws(WireFault) -> Range<Int>? {
        try takeRange(isFlexible ? try readCompactLength() : Int(try readInt32()), byteCountMax: Int(Int32.max))
    }

    /// Lengths of compact values are stored plus one; zero is null, which is -1 here as in the old form.
    private mutating func readCompactLength() throws(WireFault) -> Int { Int(try readUnsignedVarint()) - 1 }

    // MARK: Arrays

    /// - Parameter byteCountMin: The fewest bytes an element takes, at least 1.
    package mutating func readArray<Element>(
        _ isFlexible: Bool, byteCountMin: Int, _ readElement: (inout WireReader) throws(WireFault) -> Element
    ) throws(WireFault) -> [Element] {
        guard let elements = try readNullableArray(isFlexible, byteCountMin: byteCountMin, readElement) else {
            throw fault(.invalidLength(-1))
        }
        return elements
    }

    package mutating func readNullableArray<Element>(
        _ isFlexible: Bool, byteCountMin: Int, _ readElement: (inout WireReader) throws(WireFault) -> Element
    ) throws(WireFault) -> [Element]? {
        let count = isFlexible ? try readCompactLength() : Int(try readInt32())
        guard count != -1 else { return nil }
        guard count >= 0 else { throw fault(.invalidLength(count)) }
        guard count <= remaining / byteCountMin else { throw fault(.countTooLarge(count)) }
        var elements: [Element] = []
        elements.reserveCapacity(count)
        for _ in 0..<count { elements.append(try readElement(&self)) }
        return elements
    }

    // MARK: Tagged fields

    package struct Tag {
        package var number: UInt32
        fileprivate var end: Int
    }

    package mutating func readTagCount() throws(WireFault) -> Int {
        let count = Int(try readUnsignedVarint())
        guard count <= remaining / 2 else { throw fault(.countTooLarge(count)) }
        return count
    }

    package mutating func readTag() throws(WireFault) -> Tag {
        let number = try readUnsignedVarint()
        let byteCount = Int(try readUnsignedVarint())
        guard byteCount <= remaining else { throw fault(.truncated(byteCount: byteCount - remaining)) }
        return Tag(number: number, end: position + byteCount)
    }

    /// Skips what is left of the field: all of it when nobody knew its number.
    package mutating func finish(_ tag: Tag) throws(WireFault) {
        guard position <= tag.end else { throw fault(.tagOverrun(number: Int(tag.number))) }
        position = tag.end
    }

    package mutating func skipTaggedFields() throws(WireFault) {
        for _ in 0..<(try readTagCount()) { try finish(try readTag()) }
    }

    // MARK: Bounds

    /// Moves on by `byteCount`; returns where those bytes begin.
    private mutating func take(_ byteCount: Int) throws(WireFault) -> Int {
        guard byteCount <= remaining else { throw fault(.truncated(byteCount: byteCount - remaining)) }
        defer { position += byteCount }
        return position
    }

    /// Nil for a length of -1, which is null.
    private mutating func takeRange(_ length: Int, byteCountMax: Int) throws(WireFault) -> Range<Int>? {
        guard length != -1 else { return nil }
        guard 0...byteCountMax ~= length else { throw fault(.invalidLength(length)) }
        let start = try take(length)
        return start..<start + length
    }

    private func fault(_ reason: WireFault.Reason) -> WireFault { WireFault(reason, at: position) }
}

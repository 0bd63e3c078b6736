/// Writes the protocol's primitive values, in network byte order.
///
/// Records that lie in a file are not copied: the writer notes where they belong (`splices`) and the server sends them from there.
package struct WireWriter {
    /// A run of bytes from elsewhere that belongs before `bytes[position]`.
    package struct Splice: Hashable, Sendable {
        package var position: Int
        package var byteCount: Int
    }

    package var bytes: [UInt8] = []
    /// In the order of their positions.
    package private(set) var splices: [Splice] = []

    package init() {}

    /// The size of the whole: what was written and what is spliced in.
    package var byteCount: Int { splices.reduce(bytes.count) { $0 + $1.byteCount } }

    /// Empties the writer and keeps its memory.
    package mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        splices.removeAll(keepingCapacity: true)
    }

    // MARK: Numbers

    package mutating func write(_ value: Bool) { bytes.append(value ? 1 : 0) }
    package mutating func write(_ value: Int8) { bytes.append(UInt8(bitPattern: value)) }
    package mutating func write(_ value: Int16) { writeInteger(value) }
    package mutating func write(_ value: Int32) { writeInteger(value) }
    package mutating func write(_ value: Int64) { writeInteger(value) }

    package mutating func write(_ value: Uuid) {
        writeInteger(value.high)
        writeInteger(value.low)
    }

    private mutating func writeInteger<Integer: FixedWidthInteger>(_ value: Integer) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    package mutating func writeUnsignedVarint(_ value: Int) {
        var rest = UInt64(value)
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// Zigzag, as records use.
    package mutating func writeVarlong(_ value: Int64) {
        var rest = UInt64(bitPattern: (value << 1) ^ (value >> 63))
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    // MARK: Text and bytes

    /// - Precondition: At most 32,767 bytes, the protocol's limit.
    package mutating func writeString(_ text: String, _ isFlexible: Bool) { writeNullableString(text, isFlexible) }

    package mutating func writeNullableString(_ text: String?, _ isFlexible: Bool) {
        let length = text?.utf8.count ?? -1
        precondition(length <= Int(Int16.max), "a string of \(length) bytes is longer than the protocol allows")
        if isFlexible { writeUnsignedVarint(length + 1) } else { write(Int16(length)) }
        if let text { bytes.append(contentsOf: text.utf8) }
    }

    package mutating func writeBytes(_ value: [UInt8], _ isFlexible: Bool) {
        writeNullableCount(value.count, isFlexible)
        bytes.append(contentsOf: value)
    }

    /// Writes the records with their length; of records in a file only the length, and notes where they belong.
    ///
    /// - Precondition: Not `.frame`: those bytes are not at hand.
    package mutating func writeRecords(_ records: WireRecords, _ isFlexible: Bool) {
        writeNullableCount(records.byteCount, isFlexible)
        switch records {
        case .null: break
        case .bytes(let value): bytes.append(contentsOf: value)
        case .file(let byteCount): splices.append(Splice(position: bytes.count, byteCount: byteCount))
        case .frame: preconditionFailure("records of a received frame must be copied before they are written")
        }
    }

    // MARK: Counts

    package mutating func writeCount(_ count: Int, _ isFlexible: Bool) { writeNullableCount(count, isFlexible) }

    package mutating func writeNullableCount(_ count: Int?, _ isFlexible: Bool) {
        if isFlexible { writeUnsignedVarint((count ?? -1) + 1) } else { write(Int32(count ?? -1)) }
    }

    // MARK: Tagged fields

    /// Begins a tagged field; the result goes to `endTag`.
    package mutating func beginTag(_ number: Int) -> Int {
        writeUnsignedVarint(number)
        return bytes.count
    }

    /// Puts the length before what was written since `start`. Tagged fields hold no records, so no splice moves.
    package mutating func endTag(_ start: Int) {
        var length = WireWriter()
        length.writeUnsignedVarint(bytes.count - start)
        bytes.insert(contentsOf: length.bytes, at: start)
    }
}

/// Appends Protobuf fields to a buffer of the caller's. Allocates only when the buffer must grow.
///
/// Scalars follow proto3: a field that equals its default is not written, except through the `present` functions, which
/// are for members of a oneof and for elements of repeated fields.
package enum ProtobufWriter {
    /// A base-128 varint.
    @inlinable
    package static func varint(_ value: UInt64, into output: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            output.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest &>>= 7
        }
        output.append(UInt8(truncatingIfNeeded: rest))
    }

    /// How many bytes ``varint(_:into:)`` appends: 1...10.
    @inlinable
    package static func varintByteCount(_ value: UInt64) -> Int {
        (UInt64.bitWidth - (value | 1).leadingZeroBitCount + 6) / 7
    }

    @inlinable
    package static func tag(_ field: UInt32, _ wireType: ProtobufReader.WireType, into output: inout [UInt8]) {
        varint(UInt64(field) << 3 | UInt64(wireType.rawValue), into: &output)
    }

    /// A `uint32` or `uint64` field.
    @inlinable
    package static func unsigned(_ field: UInt32, _ value: UInt64, into output: inout [UInt8]) {
        if value != 0 { present(field, value, into: &output) }
    }

    /// An `int64` field: ten bytes when negative.
    @inlinable
    package static func int64(_ field: UInt32, _ value: Int64, into output: inout [UInt8]) {
        unsigned(field, UInt64(bitPattern: value), into: &output)
    }

    /// A `sint64` field: zigzag.
    @inlinable
    package static func sint64(_ field: UInt32, _ value: Int64, into output: inout [UInt8]) {
        unsigned(field, zigzag(value), into: &output)
    }

    @inlinable
    package static func zigzag(_ value: Int64) -> UInt64 {
        UInt64(bitPattern: (value &<< 1) ^ (value >> 63))
    }

    /// A varint field that is written whatever its value.
    @inlinable
    package static func present(_ field: UInt32, _ value: UInt64, into output: inout [UInt8]) {
        tag(field, .varint, into: &output)
        varint(value, into: &output)
    }

    /// Eight bytes, least significant first, without a tag.
    @inlinable
    package static func fixed64(_ value: UInt64, into output: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { output.append(contentsOf: $0) }
    }

    /// A `double` field that is written whatever its value. Every NaN is written as the one quiet NaN.
    @inlinable
    package static func presentDouble(_ field: UInt32, _ value: Double, into output: inout [UInt8]) {
        tag(field, .fixed64, into: &output)
        fixed64(canonicalBits(value), into: &output)
    }

    /// A `repeated double` field, packed; nothing when there are none. Every NaN is written as the one quiet NaN.
    @inlinable
    package static func packedDoubles(_ field: UInt32, _ values: UnsafeBufferPointer<Double>, into output: inout [UInt8]) {
        if values.isEmpty { return }
        tag(field, .bytes, into: &output)
        varint(UInt64(values.count * 8), into: &output)
        // Gathered first, on the stack up to 1 KiB, because an append for each costs more than the copy.
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: values.count) { bits in
            for index in 0..<values.count { bits.initializeElement(at: index, to: canonicalBits(values[index]).littleEndian) }
            output.append(contentsOf: UnsafeRawBufferPointer(bits))
        }
    }

    @inlinable
    package static func canonicalBits(_ value: Double) -> UInt64 {
        value.isNaN ? Double.nan.bitPattern : value.bitPattern
    }

    /// A `bytes` or `string` field; nothing when empty.
    @inlinable
    package static func bytes(_ field: UInt32, _ value: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        if !value.isEmpty { presentBytes(field, value, into: &output) }
    }

    /// A `bytes` or `string` field that is written whatever its value.
    @inlinable
    package static func presentBytes(_ field: UInt32, _ value: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        tag(field, .bytes, into: &output)
        varint(UInt64(value.count), into: &output)
        output.append(contentsOf: value)
    }

    /// A `string` field that is written whatever its value.
    package static func presentString(_ field: UInt32, _ value: String, into output: inout [UInt8]) {
        var value = value
        value.withUTF8 { presentBytes(field, UnsafeRawBufferPointer($0), into: &output) }
    }

    /// A `string` field; nothing when empty.
    package static func string(_ field: UInt32, _ value: String, into output: inout [UInt8]) {
        if !value.isEmpty { presentString(field, value, into: &output) }
    }

    /// Where an embedded message began; give it to ``endMessage(_:in:)``.
    package struct MessageMark {
        @usableFromInline let bodyStart: Int

        @inlinable
        init(bodyStart: Int) { self.bodyStart = bodyStart }
    }

    /// Opens an embedded message: its fields are appended next.
    @inlinable
    package static func beginMessage(_ field: UInt32, into output: inout [UInt8]) -> MessageMark {
        tag(field, .bytes, into: &output)
        output.append(0)  // one byte of length: right for bodies under 128 bytes, which nearly all are
        return MessageMark(bodyStart: output.count)
    }

    /// Fills in the length of the message opened last; a body of 128 bytes or more is moved to make room.
    @inlinable
    package static func endMessage(_ mark: MessageMark, in output: inout [UInt8]) {
        let byteCount = output.count - mark.bodyStart
        if byteCount < 0x80 {
            output[mark.bodyStart - 1] = UInt8(truncatingIfNeeded: byteCount)
        } else {
            growLength(mark, byteCount: byteCount, in: &output)
        }
    }

    @usableFromInline
    static func growLength(_ mark: MessageMark, byteCount: Int, in output: inout [UInt8]) {
        let extra = varintByteCount(UInt64(byteCount)) - 1
        for _ in 0..<extra { output.append(0) }
        output.withUnsafeMutableBytes { all in
            guard let base = all.baseAddress else { return }
            base.advanced(by: mark.bodyStart + extra).copyMemory(from: base.advanced(by: mark.bodyStart), byteCount: byteCount)
            var rest = byteCount
            for place in 0...extra {
                all[mark.bodyStart - 1 + place] = UInt8(truncatingIfNeeded: rest & 0x7F) | (place == extra ? 0 : 0x80)
                rest >>= 7
            }
        }
    }
}

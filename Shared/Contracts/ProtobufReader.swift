/// Reads Protobuf fields from borrowed bytes, front to back. Never traps on any bytes, allocates nothing.
///
/// Stricter than the format asks: groups are refused, and so is a field number of 0.
/// Source: Protocol Buffers, "Encoding", wire types 0, 1, 2 and 5.
package struct ProtobufReader {
    package enum WireType: UInt8, Hashable, Sendable {
        case varint = 0
        case fixed64 = 1
        case bytes = 2
        case fixed32 = 5
    }

    package struct Tag: Hashable, Sendable {
        package let field: UInt32
        package let wireType: WireType

        @inlinable
        init(field: UInt32, wireType: WireType) {
            self.field = field
            self.wireType = wireType
        }
    }

    package let buffer: UnsafeRawBufferPointer
    /// Bytes read so far.
    package private(set) var position = 0
    /// Field of the tag read last, for complaints.
    package private(set) var field: UInt32 = 0

    package init(_ buffer: UnsafeRawBufferPointer) { self.buffer = buffer }

    /// The next field's tag; nil at the end.
    package mutating func next() throws(ContractFailure) -> Tag? {
        if position == buffer.count { return nil }
        let raw = try varint()
        guard raw <= UInt64(UInt32.max), raw >> 3 != 0 else { throw failure(.malformedTag) }
        field = UInt32(raw >> 3)
        guard let wireType = WireType(rawValue: UInt8(raw & 7)) else { throw failure(.unexpectedWireType) }
        return Tag(field: field, wireType: wireType)
    }

    /// A base-128 varint of at most ten bytes.
    package mutating func varint() throws(ContractFailure) -> UInt64 {
        guard position < buffer.count else { throw failure(.truncated) }
        let first = buffer[position]
        if first < 0x80 {
            position &+= 1
            return UInt64(first)
        }
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            guard position < buffer.count else { throw failure(.truncated) }
            let byte = buffer[position]
            if shift == 63, byte > 1 { throw failure(.varintTooLong) }
            position &+= 1
            value |= UInt64(byte & 0x7F) &<< shift
            if byte < 0x80 { return value }
            shift &+= 7
        }
    }

    /// Value of a field of wire type 0.
    package mutating func varint(_ tag: Tag) throws(ContractFailure) -> UInt64 {
        guard tag.wireType == .varint else { throw failure(.unexpectedWireType) }
        return try varint()
    }

    /// A `uint32`; a larger number throws rather than lose its upper half.
    package mutating func uint32(_ tag: Tag) throws(ContractFailure) -> UInt32 {
        guard let value = UInt32(exactly: try varint(tag)) else { throw failure(.outOfRange) }
        return value
    }

    /// A `uint32` that our types keep as a non-negative `Int32`.
    package mutating func nonNegativeInt32(_ tag: Tag) throws(ContractFailure) -> Int32 {
        guard let value = Int32(exactly: try varint(tag)) else { throw failure(.outOfRange) }
        return value
    }

    /// A `uint64` that our types keep as a non-negative `Int64`.
    package mutating func nonNegativeInt64(_ tag: Tag) throws(ContractFailure) -> Int64 {
        guard let value = Int64(exactly: try varint(tag)) else { throw failure(.outOfRange) }
        return value
    }

    /// An `int64`.
    package mutating func int64(_ tag: Tag) throws(ContractFailure) -> Int64 {
        Int64(bitPattern: try varint(tag))
    }

    /// A `sint64`: zigzag.
    package mutating func sint64(_ tag: Tag) throws(ContractFailure) -> Int64 {
        let value = try varint(tag)
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// A `bool`.
    package mutating func bool(_ tag: Tag) throws(ContractFailure) -> Bool {
        try varint(tag) != 0
    }

    /// A `fixed64`.
    package mutating func fixed64(_ tag: Tag) throws(ContractFailure) -> UInt64 {
        guard tag.wireType == .fixed64 else { throw failure(.unexpectedWireType) }
        guard buffer.count - position >= 8 else { throw failure(.truncated) }
        let value = UInt64(littleEndian: buffer.loadUnaligned(fromByteOffset: position, as: UInt64.self))
        position &+= 8
        return value
    }

    /// A `fixed32`.
    package mutating func fixed32(_ tag: Tag) throws(ContractFailure) -> UInt32 {
        guard tag.wireType == .fixed32 else { throw failure(.unexpectedWireType) }
        guard buffer.count - position >= 4 else { throw failure(.truncated) }
        let value = UInt32(littleEndian: buffer.loadUnaligned(fromByteOffset: position, as: UInt32.self))
        position &+= 4
        return value
    }

    /// A `double`.
    package mutating func double(_ tag: Tag) throws(ContractFailure) -> Double {
        Double(bitPattern: try fixed64(tag))
    }

    /// Place in ``buffer`` of a field of wire type 2: bytes, a string, an embedded message or packed numbers.
    package mutating func range(_ tag: Tag) throws(ContractFailure) -> ByteRange {
        guard tag.wireType == .bytes else { throw failure(.unexpectedWireType) }
        let count = try varint()
        guard count <= UInt64(buffer.count - position) else { throw failure(.truncated) }
        guard let range = ByteRange(exactlyStart: position, count: Int(count)) else { throw failure(.outOfRange) }
        position &+= Int(count)
        return range
    }

    /// Borrowed bytes of a field of wire type 2.
    package mutating func bytes(_ tag: Tag) throws(ContractFailure) -> UnsafeRawBufferPointer {
        try range(tag).slice(of: buffer)
    }

    /// Steps over a field nobody asked for.
    package mutating func skip(_ tag: Tag) throws(ContractFailure) {
        switch tag.wireType {
        case .varint: _ = try varint()
        case .bytes: _ = try range(tag)
        case .fixed64, .fixed32:
            let count = tag.wireType == .fixed64 ? 8 : 4
            guard buffer.count - position >= count else { throw failure(.truncated) }
            position &+= count
        }
    }

    /// A complaint about the field being read.
    package func failure(_ fault: ContractFailure.Fault) -> ContractFailure {
        ContractFailure(fault, field: field, position: position)
    }
}

/// A place in a message of less than 4 GiB, in eight bytes.
package struct ByteRange: Hashable, Sendable {
    package var start: UInt32
    package var count: UInt32

    package init(start: UInt32, count: UInt32) {
        self.start = start
        self.count = count
    }

    init?(exactlyStart start: Int, count: Int) {
        guard let start = UInt32(exactly: start), let count = UInt32(exactly: count) else { return nil }
        self.init(start: start, count: count)
    }

    /// Nothing, at the front.
    package static let empty = ByteRange(start: 0, count: 0)

    package var range: Range<Int> { Int(start)..<(Int(start) + Int(count)) }

    /// The bytes there. The range must lie inside `buffer`.
    package func slice(of buffer: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: buffer[range])
    }
}

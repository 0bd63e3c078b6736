internal import Postgres

/// Rows of a `COPY … TO STDOUT (FORMAT binary)`, one at a time, in one buffer that is used again.
///
/// Layout: see ``CopyBinaryEncoder``.
struct CopyRows: ~Copyable {
    private let reader: CopyReader
    private(set) var row = CopyRow()
    private var buffer: [UInt8] = []
    private var cursor = 0
    private var isBegun = false
    private var isAtEnd = false

    init(_ session: PostgresSession, query: String) throws(PostgresFailure) {
        reader = try session.copyOut("COPY (\(query)) TO STDOUT (FORMAT binary)")
    }

    /// Moves to the next row; false after the last one.
    mutating func next() throws(PostgresFailure) -> Bool {
        if !isBegun {
            try need(CopyRow.headerByteCount)
            cursor = CopyRow.headerByteCount
            isBegun = true
        }
        try need(2)
        guard let count = row.begin(buffer, at: &cursor) else {
            isAtEnd = true
            return false
        }
        for _ in 0..<count {
            try need(4)
            let length = row.fieldLength(buffer, at: &cursor)
            try need(max(0, length))
            row.append(buffer, length: length, at: &cursor)
        }
        return true
    }

    private mutating func need(_ count: Int) throws(PostgresFailure) {
        while buffer.count - cursor < count {
            if cursor > 1 << 16 {
                buffer.removeSubrange(..<cursor)
                cursor = 0
            }
            guard try reader.read(into: &buffer) else {
                throw PostgresFailure(.decoding, operation: "COPY out", summary: "the rows end in the middle of one")
            }
        }
    }

    /// Ends the COPY; throws what the server reported midway.
    consuming func finish() throws(PostgresFailure) {
        if isAtEnd { while try reader.read(into: &buffer) {} }
        _ = try reader.finish()
    }
}

/// One row's fields as PostgreSQL sends them in binary; used again for the next row.
struct CopyRow {
    static let headerByteCount = 19

    private(set) var bytes: [UInt8] = []
    private(set) var fields: [Range<Int>?] = []

    /// Reads the field count; nil for the trailer.
    mutating func begin(_ source: [UInt8], at cursor: inout Int) -> Int? {
        bytes.removeAll(keepingCapacity: true)
        fields.removeAll(keepingCapacity: true)
        let count = Int16(truncatingIfNeeded: CopyRow.integer(source, cursor, 2))
        cursor += 2
        return count < 0 ? nil : Int(count)
    }

    func fieldLength(_ source: [UInt8], at cursor: inout Int) -> Int {
        defer { cursor += 4 }
        return Int(Int32(truncatingIfNeeded: CopyRow.integer(source, cursor, 4)))
    }

    mutating func append(_ source: [UInt8], length: Int, at cursor: inout Int) {
        guard length >= 0 else { return fields.append(nil) }
        let start = bytes.count
        bytes.append(contentsOf: source[cursor..<cursor + length])
        fields.append(start..<bytes.count)
        cursor += length
    }

    private static func integer(_ source: [UInt8], _ offset: Int, _ size: Int) -> UInt64 {
        var value: UInt64 = 0
        for index in offset..<offset + size { value = value << 8 | UInt64(source[index]) }
        return value
    }

    // MARK: Values. The queries of this room fix each field's type.

    func isNull(_ field: Int) -> Bool { fields[field] == nil }

    /// A field's bytes; none for NULL.
    func field(_ field: Int) -> ArraySlice<UInt8> { fields[field].map { bytes[$0] } ?? [] }

    func withField<R>(_ field: Int, _ body: (UnsafeRawBufferPointer) -> R) -> R {
        bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[fields[field] ?? 0..<0])) }
    }

    func text(_ field: Int) -> String { String(decoding: self.field(field), as: UTF8.self) }

    /// An `int2`, `int4` or `int8`; 0 for NULL.
    func integer(_ field: Int) -> Int64 {
        guard let range = fields[field] else { return 0 }
        let bits = CopyRow.integer(bytes, range.lowerBound, range.count)
        switch range.count {
        case 2: return Int64(Int16(truncatingIfNeeded: bits))
        case 4: return Int64(Int32(truncatingIfNeeded: bits))
        default: return Int64(bitPattern: bits)
        }
    }

    /// Elements of an array of numbers without NULLs; none for NULL.
    func elementCount(_ field: Int) -> Int {
        guard let range = fields[field], range.count >= 20 else { return 0 }
        return Int(Int32(truncatingIfNeeded: CopyRow.integer(bytes, range.lowerBound + 12, 4)))
    }

    private func elementBits(_ field: Int, _ index: Int, size: Int) -> UInt64 {
        guard let range = fields[field] else { return 0 }
        let offset = range.lowerBound + 20 + index * (4 + size) + 4
        // An array shorter than the record's passes: the coordinates then fit no order, and the replay says so.
        guard offset + size <= range.upperBound else { return 0 }
        return CopyRow.integer(bytes, offset, size)
    }

    func int32(_ field: Int, _ index: Int) -> Int32 { Int32(truncatingIfNeeded: elementBits(field, index, size: 4)) }
    func int64(_ field: Int, _ index: Int) -> Int64 { Int64(bitPattern: elementBits(field, index, size: 8)) }
    func double(_ field: Int, _ index: Int) -> Double { Double(bitPattern: elementBits(field, index, size: 8)) }
}

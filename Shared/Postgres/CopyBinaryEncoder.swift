/// Builds the bytes of `COPY … FROM STDIN (FORMAT binary)` in one buffer that is used again and again.
///
/// Needs no connection and works on any thread; allocates only when the buffer must grow. Fields go in the columns' order and
/// must have exactly the columns' types: the server does not convert in binary.
///
/// Layout: an 11-byte signature, flags and extension length (4 + 4), then per row the field count (2) and per field its length
/// (4, -1 for NULL) and bytes; all integers big-endian. Source: PostgreSQL 15, COPY, "Binary Format".
package struct CopyBinaryEncoder: Sendable {
    /// Only the first `byteCount` bytes count; the rest is room already initialised.
    private var storage: [UInt8]
    /// Bytes so far, the header included.
    package private(set) var byteCount: Int
    package private(set) var rowCount = 0
    private var missingFieldCount = 0

    private static let header: [UInt8] = Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0] + [UInt8](repeating: 0, count: 8)

    package init(reservingByteCount: Int = 65_536) {
        storage = Self.header + [UInt8](repeating: 0, count: max(reservingByteCount, 1_024))
        byteCount = Self.header.count
    }

    package var isEmpty: Bool { rowCount == 0 }

    /// Forgets the rows and keeps the memory.
    package mutating func clear() {
        byteCount = Self.header.count
        rowCount = 0
        missingFieldCount = 0
    }

    /// Header and rows, without the trailer. The last row must be complete.
    package func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        precondition(missingFieldCount == 0, "a row lacks \(missingFieldCount) fields")
        let count = byteCount
        return try unsafe storage.withUnsafeBufferPointer { (all: UnsafeBufferPointer<UInt8>) throws(E) -> R in
            unsafe try body(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: all[..<count])))
        }
    }

    // MARK: Room

    @inline(__always)
    private mutating func makeRoom(_ count: Int) {
        if storage.count - byteCount < count { grow(count) }
    }

    @inline(never)
    private mutating func grow(_ count: Int) {
        let wanted = max(storage.count * 2, byteCount + count)
        storage.reserveCapacity(wanted)
        storage.append(contentsOf: repeatElement(0, count: wanted - storage.count))
    }

    /// Room must have been made.
    @inline(__always)
    private mutating func put<T: FixedWidthInteger & BitwiseCopyable>(_ value: T) {
        let offset = byteCount
        precondition(storage.count - offset >= MemoryLayout<T>.size)
        unsafe storage.withUnsafeMutableBytes { unsafe $0.storeBytes(of: value.bigEndian, toByteOffset: offset, as: T.self) }
        byteCount = offset + MemoryLayout<T>.size
    }

    @inline(__always)
    private mutating func put(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        let (offset, count) = (byteCount, bytes.count)
        precondition(storage.count - offset >= count)
        unsafe storage.withUnsafeMutableBytes { storage in
            unsafe storage.baseAddress.unsafelyUnwrapped.advanced(by: offset).copyMemory(from: base, byteCount: count)
        }
        byteCount = offset + count
    }

    @inline(__always)
    private mutating func field(_ count: Int) {
        precondition(missingFieldCount > 0, "a row has more fields than it began with")
        missingFieldCount -= 1
        makeRoom(count + 4)
        put(Int32(count))
    }

    // MARK: Rows and fields

    package mutating func beginRow(fieldCount: Int) {
        precondition(missingFieldCount == 0, "the row before lacks \(missingFieldCount) fields")
        precondition((1...1_600).contains(fieldCount), "a row has 1...1600 fields, got \(fieldCount)")
        makeRoom(2)
        put(Int16(fieldCount))
        missingFieldCount = fieldCount
        rowCount += 1
    }

    package mutating func null() {
        precondition(missingFieldCount > 0, "a row has more fields than it began with")
        missingFieldCount -= 1
        makeRoom(4)
        put(Int32(-1))
    }

    package mutating func bool(_ value: Bool) {
        field(1)
        put(UInt8(value ? 1 : 0))
    }

    package mutating func int16(_ value: Int16) {
        field(2)
        put(value)
    }

    package mutating func int32(_ value: Int32) {
        field(4)
        put(value)
    }

    package mutating func int64(_ value: Int64) {
        field(8)
        put(value)
    }

    package mutating func double(_ value: Double) {
        field(8)
        put(value.bitPattern)
    }

    /// A `real`.
    package mutating func float(_ value: Float) {
        field(4)
        put(value.bitPattern)
    }

    package mutating func uuid(_ value: PostgresUUID) { uuid(high: value.high, low: value.low) }

    /// The halves in writing order, most significant byte first.
    package mutating func uuid(high: UInt64, low: UInt64) {
        field(16)
        put(high)
        put(low)
    }

    /// A `timestamptz` in microseconds since 1970; `Int64.max` and `.min` are the infinities.
    package mutating func timestamp(unixMicros: Int64) { int64(PostgresTimestamp.wire(unixMicros: unixMicros)) }

    /// A `date` in days since 1970; `Int32.max` and `.min` are the infinities.
    package mutating func date(unixDay: Int32) { int32(PostgresDate.wire(unixDay: unixDay)) }

    /// `text` or `varchar`: UTF-8 without NUL. The server checks (22021), we do not.
    package mutating func text(_ utf8: UnsafeRawBufferPointer) { unsafe bytea(utf8) }

    package mutating func text(_ value: String) {
        let isDone: Void? = unsafe value.utf8.withContiguousStorageIfAvailable { unsafe bytea(UnsafeRawBufferPointer($0)) }
        if isDone == nil { bytea(Array(value.utf8)) }
    }

    package mutating func text(_ value: StaticString) {
        value.withUTF8Buffer { unsafe bytea(UnsafeRawBufferPointer($0)) }
    }

    package mutating func bytea(_ bytes: UnsafeRawBufferPointer) {
        field(bytes.count)
        unsafe put(bytes)
    }

    package mutating func bytea(_ bytes: RawSpan) {
        unsafe bytes.withUnsafeBytes { unsafe bytea($0) }
    }

    package mutating func bytea(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { unsafe bytea($0) }
    }

    /// `jsonb` from the bytes of a JSON text.
    package mutating func jsonb(_ utf8: UnsafeRawBufferPointer) {
        field(utf8.count + 1)
        put(UInt8(1))
        unsafe put(utf8)
    }

    package mutating func jsonb(_ value: PostgresJSON) {
        unsafe value.bytes.withUnsafeBytes { unsafe jsonb($0) }
    }

    /// `unscaled × 10^-scale` as `numeric`, such as an amount in minor units; allocates nothing.
    package mutating func numeric(unscaled: Int64, scale: Int) {
        precondition((0...18).contains(scale), "scale is in 0...18, got \(scale)")
        // Base 10,000 groups meet at the decimal point: multiply until the scale is a multiple of four, then split.
        let fractionGroupCount = (scale + 3) / 4
        var rest = UInt128(unscaled.magnitude)
        for _ in 0..<fractionGroupCount * 4 - scale { rest *= 10 }
        var groups = InlineArray<8, UInt16>(repeating: 0)  // at most 19 + 3 digits: six groups
        var count = 0
        while rest > 0 {
            groups[count] = UInt16(rest % 10_000)
            rest /= 10_000
            count += 1
        }
        var trailingZeroCount = 0
        while trailingZeroCount < count, groups[trailingZeroCount] == 0 { trailingZeroCount += 1 }
        let keptCount = count - trailingZeroCount
        field(8 + 2 * keptCount)
        put(UInt16(keptCount))
        put(Int16(count == 0 ? 0 : count - 1 - fractionGroupCount))
        put(unscaled < 0 ? PostgresNumeric.signNegative : 0)
        put(UInt16(scale))
        for index in stride(from: count - 1, through: trailingZeroCount, by: -1) { put(groups[index]) }
    }

    /// Any value, by way of a small array of its own; NULL included. For columns that are not hot.
    package mutating func value(_ value: PostgresValue) {
        var bytes: [UInt8] = []
        if value.appendWire(to: &bytes) { bytea(bytes) } else { null() }
    }

    // MARK: Arrays

    /// Length, dimensions, no NULLs, element type, size, lower bound; `count` elements of 4 + `width` bytes must follow.
    private mutating func arrayHeader(_ type: PostgresType, count: Int, elementsByteCount: Int) {
        field((count == 0 ? 12 : 20) + elementsByteCount)
        put(Int32(count == 0 ? 0 : 1))
        put(Int32(0))
        put(type.oid)
        if count > 0 {
            put(Int32(count))
            put(Int32(1))
        }
    }

    package mutating func int32s(_ values: Span<Int32>) {
        arrayHeader(.int4, count: values.count, elementsByteCount: values.count * 8)
        for index in values.indices {
            put(Int32(4))
            put(values[index])
        }
    }

    package mutating func int64s(_ values: Span<Int64>) {
        arrayHeader(.int8, count: values.count, elementsByteCount: values.count * 12)
        for index in values.indices {
            put(Int32(8))
            put(values[index])
        }
    }

    package mutating func doubles(_ values: Span<Double>) {
        arrayHeader(.float8, count: values.count, elementsByteCount: values.count * 12)
        for index in values.indices {
            put(Int32(8))
            put(values[index].bitPattern)
        }
    }

    package mutating func int32s(_ values: [Int32]) { int32s(values.span) }
    package mutating func int64s(_ values: [Int64]) { int64s(values.span) }
    package mutating func doubles(_ values: [Double]) { doubles(values.span) }

    /// `int2[]` of elements that are asked for one by one.
    package mutating func int16s(count: Int, _ element: (Int) -> Int16) {
        arrayHeader(.int2, count: count, elementsByteCount: count * 6)
        for index in 0..<count {
            put(Int32(2))
            put(element(index))
        }
    }

    package mutating func int32s(count: Int, _ element: (Int) -> Int32) {
        arrayHeader(.int4, count: count, elementsByteCount: count * 8)
        for index in 0..<count {
            put(Int32(4))
            put(element(index))
        }
    }

    package mutating func int64s(count: Int, _ element: (Int) -> Int64) {
        arrayHeader(.int8, count: count, elementsByteCount: count * 12)
        for index in 0..<count {
            put(Int32(8))
            put(element(index))
        }
    }

    package mutating func doubles(count: Int, _ element: (Int) -> Double) {
        arrayHeader(.float8, count: count, elementsByteCount: count * 12)
        for index in 0..<count {
            put(Int32(8))
            put(element(index).bitPattern)
        }
    }

    /// `text[]` of borrowed UTF-8; `element` is called twice for each place and must answer the same.
    package mutating func texts(count: Int, _ element: (Int) -> UnsafeRawBufferPointer) {
        var byteCount = 0
        for index in 0..<count { unsafe byteCount += 4 + element(index).count }
        arrayHeader(.text, count: count, elementsByteCount: byteCount)
        for index in 0..<count {
            let value = unsafe element(index)
            put(Int32(value.count))
            unsafe put(value)
        }
    }

    package mutating func texts(_ values: [String]) {
        var byteCount = 0
        for value in values { byteCount += 4 + value.utf8.count }
        arrayHeader(.text, count: values.count, elementsByteCount: byteCount)
        for value in values {
            put(Int32(value.utf8.count))
            let isDone: Void? = unsafe value.utf8.withContiguousStorageIfAvailable { unsafe put(UnsafeRawBufferPointer($0)) }
            if isDone == nil { for byte in value.utf8 { put(byte) } }
        }
    }
}

/// The types that cross the wire in binary.
package enum PostgresType: String, Sendable, Hashable, CaseIterable {
    case bool, int2, int4, int8, float8, text, bytea, uuid, timestamptz, numeric, date, jsonb

    /// Object ids are fixed for built-in types. Source: PostgreSQL 15, `pg_type.dat`.
    package var oid: UInt32 {
        switch self {
        case .bool: 16
        case .int2: 21
        case .int4: 23
        case .int8: 20
        case .float8: 701
        case .text: 25
        case .bytea: 17
        case .uuid: 2950
        case .timestamptz: 1184
        case .numeric: 1700
        case .date: 1082
        case .jsonb: 3802
        }
    }

    package var arrayOID: UInt32 {
        switch self {
        case .bool: 1000
        case .int2: 1005
        case .int4: 1007
        case .int8: 1016
        case .float8: 1022
        case .text: 1009
        case .bytea: 1001
        case .uuid: 2951
        case .timestamptz: 1185
        case .numeric: 1231
        case .date: 1182
        case .jsonb: 3807
        }
    }
}

/// Sixteen bytes, in the order they are written.
package struct PostgresUUID: Hashable, Sendable, CustomStringConvertible {
    package var high: UInt64
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A version 4 value.
    package static func random(using generator: inout some RandomNumberGenerator) -> PostgresUUID {
        PostgresUUID(
            high: generator.next() & 0xffff_ffff_ffff_0fff | 0x4000,
            low: generator.next() & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000)
    }

    package static func random() -> PostgresUUID {
        var generator = SystemRandomNumberGenerator()
        return random(using: &generator)
    }

    /// 32 hexadecimal digits, hyphens anywhere; nil for anything else.
    package init?(_ text: String) {
        var (high, low, count) = (UInt64(0), UInt64(0), 0)
        for byte in text.utf8 where byte != UInt8(ascii: "-") {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, count < 32 else { return nil }
            if count < 16 { high = high << 4 | UInt64(digit) } else { low = low << 4 | UInt64(digit) }
            count += 1
        }
        guard count == 32 else { return nil }
        self.init(high: high, low: low)
    }

    package var description: String {
        func hex(_ value: UInt64, _ digitCount: Int) -> String {
            let text = String(value, radix: 16)
            return String(repeating: "0", count: digitCount - text.count) + text
        }
        return [
            hex(high >> 32, 8), hex(high >> 16 & 0xffff, 4), hex(high & 0xffff, 4), hex(low >> 48, 4), hex(low & 0xffff_ffff_ffff, 12),
        ].joined(separator: "-")
    }
}

/// A `timestamptz`: microseconds since 1970-01-01T00:00:00Z, or one of the two infinities.
///
/// PostgreSQL counts from 2000-01-01; its last thirty years (after 294247-01-10) do not fit and do not decode.
package struct PostgresTimestamp: Hashable, Comparable, Sendable {
    package var unixMicros: Int64

    package init(unixMicros: Int64) { self.unixMicros = unixMicros }

    package static let infinity = PostgresTimestamp(unixMicros: .max)
    package static let minusInfinity = PostgresTimestamp(unixMicros: .min)
    package var isFinite: Bool { self != .infinity && self != .minusInfinity }

    package static func < (lhs: PostgresTimestamp, rhs: PostgresTimestamp) -> Bool { lhs.unixMicros < rhs.unixMicros }

    /// 1970-01-01 to 2000-01-01.
    static let epochShiftMicros: Int64 = 946_684_800_000_000

    /// The value on the wire. One that lies too far in the past for it becomes a value the server refuses (22008).
    @inline(__always)
    static func wire(unixMicros: Int64) -> Int64 {
        if unixMicros == .max || unixMicros == .min { return unixMicros }
        let (shifted, overflow) = unixMicros.subtractingReportingOverflow(epochShiftMicros)
        return overflow || shifted == .min ? .min + 1 : shifted
    }

    init?(wire: Int64) {
        if wire == .max || wire == .min {
            self.init(unixMicros: wire)
            return
        }
        let (shifted, overflow) = wire.addingReportingOverflow(Self.epochShiftMicros)
        guard !overflow, shifted != .max else { return nil }
        self.init(unixMicros: shifted)
    }
}

/// A `date`: days since 1970-01-01, or one of the two infinities.
package struct PostgresDate: Hashable, Comparable, Sendable {
    package var unixDay: Int32

    package init(unixDay: Int32) { self.unixDay = unixDay }

    package static let infinity = PostgresDate(unixDay: .max)
    package static let minusInfinity = PostgresDate(unixDay: .min)

    package static func < (lhs: PostgresDate, rhs: PostgresDate) -> Bool { lhs.unixDay < rhs.unixDay }

    /// 1970-01-01 to 2000-01-01.
    static let epochShiftDays: Int32 = 10_957

    @inline(__always)
    static func wire(unixDay: Int32) -> Int32 {
        if unixDay == .max || unixDay == .min { return unixDay }
        let (shifted, overflow) = unixDay.subtractingReportingOverflow(epochShiftDays)
        return overflow || shifted == .min ? .min + 1 : shifted
    }

    init?(wire: Int32) {
        if wire == .max || wire == .min {
            self.init(unixDay: wire)
            return
        }
        let (shifted, overflow) = wire.addingReportingOverflow(Self.epochShiftDays)
        guard !overflow, shifted != .max else { return nil }
        self.init(unixDay: shifted)
    }
}

/// A JSON text as `jsonb` takes and gives it, in UTF-8.
package struct PostgresJSON: Hashable, Sendable {
    package var bytes: [UInt8]

    package init(_ bytes: [UInt8]) { self.bytes = bytes }
    package init(_ text: String) { bytes = Array(text.utf8) }
    package var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// A Swift type that stands for one PostgreSQL type, in binary both ways.
package protocol PostgresScalar: Sendable {
    static var postgresType: PostgresType { get }
    var postgresValue: PostgresValue { get }
    /// nil when a column of type `oid` with these bytes is not such a value.
    init?(postgresBinary bytes: RawSpan, oid: UInt32)
}

extension Bool: PostgresScalar {
    package static var postgresType: PostgresType { .bool }
    package var postgresValue: PostgresValue { .bool(self) }
    package init?(postgresBinary bytes: RawSpan, oid: UInt32) {
        guard oid == PostgresType.bool.oid, bytes.byteCount == 1, let byte = bytes.bigEndian(at: 0, as: UInt8.self) else { return nil }
        self = byte != 0
    }
}

/// An integer column of any of the three widths, or an `oid`.
private func integer(_ bytes: RawSpan, oid: UInt32) -> Int64? {
    switch (oid, bytes.byteCount) {
    case (PostgresType.int2.oid, 2): bytes.bigEndian(at: 0, as: Int16.self).map(Int64.init)
    case (PostgresType.int4.oid, 4): bytes.bigEndian(at: 0, as: Int32.self).map(Int64.init)
    case (PostgresType.int8.oid, 8): bytes.bigEndian(at: 0, as: Int64.self)
    case (26, 4): bytes.bigEndian(at: 0, as: UInt32.self).map(Int64.init)
    default: nil
    }
}

extension Int16: PostgresScalar {
    package static var postgresType: PostgresType { .int2 }
    package var postgresValue: PostgresValue { .int16(self) }
    package init?(postgresBinary bytes: RawSpan, oid: UInt32) {
        guard let value = integer(bytes, oid: oid) else { return nil }
        self.init(exactly: value)
    }
}

extension Int32: PostgresScalar {
    package static var postgresType: PostgresType { .int4 }
    package var postgresValue: PostgresValue { .int32(self) }
    package init?(postgresBinary bytes: RawSpan, oid: UInt32) {
        guard let value = integer(bytes, oid: oid) else { return nil }
        self.init(exactly: value)
    }
}

extension Int64: PostgresScalar {
    package static var postgresType: PostgresType { .int8 }
    package var postgresValue: PostgresValue { .int64(self) }
    package init?(postgresBinary bytes: RawSpan, oid: UInt32) {
        guard let value = integer(bytes, oid: oid) else { return nil }
        self = value
    }
}

extension Double: PostgresScalar {
    package static var postgresType: PostgresType { .float8 }
    package var postgresValue: PostgresValue { .double(self) }
    package init?(postgresBinary bytes: RawSpan, oid: UInt32) {
        switch (oid, bytes.byteCount) {
        case (PostgresType.float8.oid, 8): self.init(bitPattern: bytes.bigEndian(at: 0, as: UInt64.self) ?? 0)
        case (700, 4): self.init(Float(bitPattern: bytes.bigEndian(at: 0, as: UInt32.self) ?? 0))
        default: return nil
        }
    }
}

extension String: PostgresScalar {
    package static var postgresType: PostgresType { .text }
    package var postgresValue: PostgresValue { .text(self) }
    /// text, varchar, char(n), name, json, xml, an unknown literal, or a user's type (an enum's label).
    package init?(postgresBinary bytes: RawSpan, oid: UInt32) {
        let firstUserOID: UInt32 = 16_384
        guard [25, 1043, 1042, 19, 114, 142, 705, 18].contains(oid) || oid >= firstUserOID else { return nil }
        guard let text = unsafe bytes.withUnsafeBytes({ unsafe String(validating: $0, as: UTF8.self) }) else { return nil }
        self = text
    }
}

extension [UInt8]: PostgresScalar {
    package static var postgresType: PostgresType { .bytea }
    package var postgresValue: PostgresValue { .bytea(self) }
    package init?(postgresBinary bytes: RawSpan, oid: UInt32) {
        guard oid == PostgresType.bytea.oid else { return nil }
        self = bytes.copiedBytes
    }
}

extension PostgresUUID: PostgresScalar {
    package static var postgresType: PostgresType { .uuid }
    package var postgresValue: PostgresValue { .uuid(self) }
    package init?(postgresBinary bytes: RawSpan, oid: UInt32) {
        guard oid == PostgresType.uuid.oid, bytes.byteCount == 16, let high = bytes.bigEndian(at: 0, as: UInt64.self),
            let low = bytes.bigEndian(at: 8, as: UInt64.self)
        else { return nil }
        self.init(high: high, low: low)
    }
}

extension PostgresTimestamp: PostgresScalar {
    package static var postgresType: PostgresType { .timestamptz }
    package var postgresValue: PostgresValue { .timestamptz(self) }
    package init?(postgresBinary bytes: RawSpan, oid: UInt32) {
        guard oid == PostgresType.timestamptz.oid, bytes.byteCount == 8, let wire = bytes.bigEndian(at: 0, as: Int64.self) else {
            return nil
        }
        self.init(wire: wire)
    }
}

extension PostgresDate: PostgresScalar {
    package static var postgresType: PostgresType { .date }
    package var postgresValue: PostgresValue { .date(self) }
    package init?(postgresBinary bytes: RawSpan, oid: UInt32) {
        guard oid == PostgresType.date.oid, bytes.byteCount == 4, let wire = bytes.bigEndian(at: 0, as: Int32.self) else { return nil }
        self.init(wire: wire)
    }
}

extension PostgresNumeric: PostgresScalar {
    package static var postgresType: PostgresType { .numeric }
    package var postgresValue: PostgresValue { .numeric(self) }
    package init?(postgresBinary bytes: RawSpan, oid: UInt32) {
        guard oid == PostgresType.numeric.oid else { return nil }
        self.init(wire: bytes)
    }
}

extension PostgresJSON: PostgresScalar {
    package static var postgresType: PostgresType { .jsonb }
    package var postgresValue: PostgresValue { .jsonb(self) }
    package init?(postgresBinary bytes: RawSpan, oid: UInt32) {
        if oid == 114 {
            self.init(bytes.copiedBytes)
        } else {
            // jsonb's binary form is a version byte, 1, and the text.
            guard oid == PostgresType.jsonb.oid, bytes.bigEndian(at: 0, as: UInt8.self) == 1 else { return nil }
            self.init(Array(bytes.copiedBytes.dropFirst()))
        }
    }
}

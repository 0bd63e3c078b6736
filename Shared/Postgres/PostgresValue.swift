/// One parameter of a statement.
package enum PostgresValue: Sendable, Hashable {
    case bool(Bool)
    case int16(Int16)
    case int32(Int32)
    case int64(Int64)
    case double(Double)
    case text(String)
    case bytea([UInt8])
    case uuid(PostgresUUID)
    case timestamptz(PostgresTimestamp)
    case numeric(PostgresNumeric)
    case date(PostgresDate)
    case jsonb(PostgresJSON)
    case null(PostgresType)
    /// One dimension; each element is of the type named, or NULL.
    case array(PostgresType, [PostgresValue])
    case nullArray(PostgresType)

    /// NULL for nil.
    package static func optional<T: PostgresScalar>(_ value: T?) -> PostgresValue { value?.postgresValue ?? .null(T.postgresType) }

    package static func array<T: PostgresScalar>(_ values: [T]) -> PostgresValue { .array(T.postgresType, values.map(\.postgresValue)) }
    package static func array<T: PostgresScalar>(optionals values: [T?]) -> PostgresValue {
        .array(T.postgresType, values.map(PostgresValue.optional))
    }

    var oid: UInt32 {
        switch self {
        case .bool: PostgresType.bool.oid
        case .int16: PostgresType.int2.oid
        case .int32: PostgresType.int4.oid
        case .int64: PostgresType.int8.oid
        case .double: PostgresType.float8.oid
        case .text: PostgresType.text.oid
        case .bytea: PostgresType.bytea.oid
        case .uuid: PostgresType.uuid.oid
        case .timestamptz: PostgresType.timestamptz.oid
        case .numeric: PostgresType.numeric.oid
        case .date: PostgresType.date.oid
        case .jsonb: PostgresType.jsonb.oid
        case .null(let type): type.oid
        case .array(let type, _), .nullArray(let type): type.arrayOID
        }
    }

    /// Appends the value without a length; false (and nothing) for NULL.
    func appendWire(to bytes: inout [UInt8]) -> Bool {
        switch self {
        case .bool(let value): bytes.append(value ? 1 : 0)
        case .int16(let value): bytes.appendBigEndian(value)
        case .int32(let value): bytes.appendBigEndian(value)
        case .int64(let value): bytes.appendBigEndian(value)
        case .double(let value): bytes.appendBigEndian(value.bitPattern)
        case .text(let value): bytes.append(contentsOf: value.utf8)
        case .bytea(let value): bytes.append(contentsOf: value)
        case .uuid(let value):
            bytes.appendBigEndian(value.high)
            bytes.appendBigEndian(value.low)
        case .timestamptz(let value): bytes.appendBigEndian(PostgresTimestamp.wire(unixMicros: value.unixMicros))
        case .numeric(let value): value.appendWire(to: &bytes)
        case .date(let value): bytes.appendBigEndian(PostgresDate.wire(unixDay: value.unixDay))
        case .jsonb(let value):
            bytes.append(1)
            bytes.append(contentsOf: value.bytes)
        case .null, .nullArray: return false
        case .array(let type, let elements): Self.appendArray(type, elements, to: &bytes)
        }
        return true
    }

    /// Dimensions, whether there are NULLs, element type, then per dimension its size and lower bound, then the elements.
    private static func appendArray(_ type: PostgresType, _ elements: [PostgresValue], to bytes: inout [UInt8]) {
        bytes.appendBigEndian(Int32(elements.isEmpty ? 0 : 1))
        let flagOffset = bytes.count
        bytes.appendBigEndian(Int32(0))
        bytes.appendBigEndian(type.oid)
        if elements.isEmpty { return }
        bytes.appendBigEndian(Int32(elements.count))
        bytes.appendBigEndian(Int32(1))
        for element in elements {
            precondition(element.oid == type.oid, "an array of \(type) holds an element of another type")
            let lengthOffset = bytes.count
            bytes.appendBigEndian(Int32(-1))
            if element.appendWire(to: &bytes) {
                bytes.setBigEndian(Int32(bytes.count - lengthOffset - 4), at: lengthOffset)
            } else {
                bytes.setBigEndian(1, at: flagOffset)
            }
        }
    }
}

/// The rows of one answer. Reading is cheap: values stay in libpq's memory until they are asked for.
package struct PostgresRows: Sendable, RandomAccessCollection {
    let storage: ResultStorage

    package var startIndex: Int { 0 }
    package var endIndex: Int { storage.rowCount }
    package subscript(_ index: Int) -> PostgresRow {
        precondition(index >= 0 && index < storage.rowCount, "row \(index) of \(storage.rowCount)")
        return PostgresRow(storage: storage, index: index)
    }

    package var columnNames: [String] { storage.names }
    /// Rows touched by the command, or returned by it.
    package var affectedRowCount: Int { storage.affectedRowCount }

    /// The only row. Throws when there are none or several.
    package func single() throws(PostgresFailure) -> PostgresRow {
        guard count == 1 else { throw PostgresFailure(.decoding, operation: "query", summary: "expected one row, got \(count)") }
        return self[0]
    }
}

/// Shares one result between rows.
///
/// `@unchecked Sendable`: every property is set in `init` and a `PGresult` is never written after libpq hands it out.
final class ResultStorage: @unchecked Sendable {
    let result: ResultHandle
    let names: [String]
    let types: [UInt32]
    let rowCount: Int
    let affectedRowCount: Int

    init(_ result: consuming ResultHandle) {
        var names: [String] = []
        var types: [UInt32] = []
        for column in 0..<result.columnCount {
            names.append(result.columnName(column))
            types.append(result.columnType(column))
        }
        self.names = names
        self.types = types
        rowCount = result.rowCount
        affectedRowCount = result.affectedRowCount
        self.result = result
    }
}

/// A column by name or by index (from 0).
package enum PostgresColumn: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, Sendable {
    case named(String)
    case index(Int)

    package init(stringLiteral value: String) { self = .named(value) }
    package init(integerLiteral value: Int) { self = .index(value) }
}

/// One row. Accessors throw a `decoding` failure that names the column when it is missing, NULL or of another type.
package struct PostgresRow: Sendable {
    let storage: ResultStorage
    let index: Int

    private func position(_ column: PostgresColumn) throws(PostgresFailure) -> Int {
        switch column {
        case .named(let name):
            guard let position = storage.names.firstIndex(of: name) else { throw failure(name, "there is no such column") }
            return position
        case .index(let position):
            guard storage.names.indices.contains(position) else { throw failure("\(position)", "there is no such column") }
            return position
        }
    }

    private func failure(_ column: String, _ summary: String) -> PostgresFailure {
        var failure = PostgresFailure(.decoding, operation: "read row", summary: summary)
        failure.columnName = column
        return failure
    }

    /// nil for NULL.
    package func optional<T: PostgresScalar>(_ column: PostgresColumn, as type: T.Type = T.self) throws(PostgresFailure) -> T? {
        let position = try position(column)
        if storage.result.isNull(row: index, column: position) { return nil }
        let oid = storage.types[position]
        guard let value = storage.result.withBytes(row: index, column: position, { T(postgresBinary: $0, oid: oid) }) else {
            throw failure(storage.names[position], "expected \(T.postgresType), got another type (oid \(oid)) or a value out of range")
        }
        return value
    }

    package func get<T: PostgresScalar>(_ column: PostgresColumn, as type: T.Type = T.self) throws(PostgresFailure) -> T {
        guard let value = try optional(column, as: type) else {
            throw failure(storage.names[try position(column)], "expected \(T.postgresType), got NULL")
        }
        return value
    }

    /// A one-dimensional array whose elements may be NULL; nil for NULL.
    package func optionalArray<T: PostgresScalar>(_ column: PostgresColumn, of type: T.Type = T.self) throws(PostgresFailure) -> [T?]? {
        let position = try position(column)
        if storage.result.isNull(row: index, column: position) { return nil }
        guard let values = storage.result.withBytes(row: index, column: position, { decodeArray($0, of: T.self) }) else {
            throw failure(storage.names[position], "expected an array of \(T.postgresType) in one dimension")
        }
        return values
    }

    /// A one-dimensional array whose elements may be NULL.
    package func array<T: PostgresScalar>(_ column: PostgresColumn, of type: T.Type = T.self) throws(PostgresFailure) -> [T?] {
        guard let values = try optionalArray(column, of: type) else {
            throw failure(storage.names[try position(column)], "expected an array of \(T.postgresType), got NULL")
        }
        return values
    }

    package func isNull(_ column: PostgresColumn) throws(PostgresFailure) -> Bool {
        storage.result.isNull(row: index, column: try position(column))
    }

    package func bool(_ column: PostgresColumn) throws(PostgresFailure) -> Bool { try get(column) }
    package func int16(_ column: PostgresColumn) throws(PostgresFailure) -> Int16 { try get(column) }
    package func int32(_ column: PostgresColumn) throws(PostgresFailure) -> Int32 { try get(column) }
    package func int64(_ column: PostgresColumn) throws(PostgresFailure) -> Int64 { try get(column) }
    package func double(_ column: PostgresColumn) throws(PostgresFailure) -> Double { try get(column) }
    package func text(_ column: PostgresColumn) throws(PostgresFailure) -> String { try get(column) }
    package func bytea(_ column: PostgresColumn) throws(PostgresFailure) -> [UInt8] { try get(column) }
    package func uuid(_ column: PostgresColumn) throws(PostgresFailure) -> PostgresUUID { try get(column) }
    package func timestamptz(_ column: PostgresColumn) throws(PostgresFailure) -> PostgresTimestamp { try get(column) }
    package func numeric(_ column: PostgresColumn) throws(PostgresFailure) -> PostgresNumeric { try get(column) }
    package func date(_ column: PostgresColumn) throws(PostgresFailure) -> PostgresDate { try get(column) }
    package func jsonb(_ column: PostgresColumn) throws(PostgresFailure) -> PostgresJSON { try get(column) }
}

/// nil when the bytes are no one-dimensional array of such values.
private func decodeArray<T: PostgresScalar>(_ bytes: RawSpan, of type: T.Type) -> [T?]? {
    guard let dimensionCount = bytes.bigEndian(at: 0, as: Int32.self), let oid = bytes.bigEndian(at: 8, as: UInt32.self) else { return nil }
    if dimensionCount == 0 { return [] }
    guard dimensionCount == 1, let count = bytes.bigEndian(at: 12, as: Int32.self), count >= 0 else { return nil }
    var values: [T?] = []
    values.reserveCapacity(min(Int(count), bytes.byteCount / 4))
    var offset = 20
    for _ in 0..<count {
        guard let length = bytes.bigEndian(at: offset, as: Int32.self) else { return nil }
        offset += 4
        if length < 0 {
            values.append(nil)
            continue
        }
        guard offset + Int(length) <= bytes.byteCount,
            let value = T(postgresBinary: bytes.extracting(offset..<offset + Int(length)), oid: oid)
        else { return nil }
        values.append(value)
        offset += Int(length)
    }
    return values
}

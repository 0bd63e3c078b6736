internal import CLibpq

/// Owns one `PGresult`; cleared when the value goes out of scope.
///
/// A `PGresult` does not change once libpq has handed it out, so reading it needs no lock.
@safe struct ResultHandle: ~Copyable {
    private let raw: OpaquePointer

    init(adopting raw: OpaquePointer) { unsafe self.raw = raw }
    deinit { unsafe PQclear(raw) }

    var status: ExecStatusType { unsafe PQresultStatus(raw) }
    var rowCount: Int { Int(unsafe PQntuples(raw)) }
    var columnCount: Int { Int(unsafe PQnfields(raw)) }
    /// Rows touched by INSERT, UPDATE, DELETE, MERGE or COPY, or returned by SELECT; 0 for other commands.
    var affectedRowCount: Int { unsafe Int(String(cString: PQcmdTuples(raw))) ?? 0 }
    /// Such as "UPDATE 1", "COMMIT".
    var commandTag: String { unsafe String(cString: PQcmdStatus(raw)) }
    func columnName(_ column: Int) -> String { unsafe PQfname(raw, CInt(column)).map { unsafe String(cString: $0) } ?? "" }
    func columnType(_ column: Int) -> UInt32 { unsafe PQftype(raw, CInt(column)) }
    func isNull(row: Int, column: Int) -> Bool { unsafe PQgetisnull(raw, CInt(row), CInt(column)) != 0 }

    /// The bytes of one value; the span is only for the call.
    func withBytes<R>(row: Int, column: Int, _ body: (RawSpan) -> R) -> R {
        let count = Int(unsafe PQgetlength(raw, CInt(row), CInt(column)))
        let bytes = unsafe UnsafeRawBufferPointer(start: PQgetvalue(raw, CInt(row), CInt(column)), count: count)
        return unsafe body(bytes.bytes)
    }

    /// The fields of an error report, as `PG_DIAG_…` in postgres_ext.h.
    enum ErrorField: UInt8 {
        case severity = 0x56  // V, never translated
        case sqlState = 0x43  // C
        case message = 0x4D  // M
        case detail = 0x44  // D
        case hint = 0x48  // H
        case context = 0x57  // W
        case position = 0x50  // P
        case schemaName = 0x73  // s
        case tableName = 0x74  // t
        case columnName = 0x63  // c
        case constraintName = 0x6E  // n
    }

    func errorField(_ field: ErrorField) -> String? {
        unsafe PQresultErrorField(raw, CInt(field.rawValue)).map { unsafe String(cString: $0) }
    }
    var errorMessage: String { unsafe String(cString: PQresultErrorMessage(raw)) }

    /// What the server said when it refused.
    func failure(operation: String, statement: String?) -> PostgresFailure {
        let state = errorField(.sqlState)
        let severity = errorField(.severity)
        let isLost = severity == "FATAL" || severity == "PANIC" || state == nil
        var failure = PostgresFailure(
            isLost ? .connectionLost : state == SQLState.queryCanceled ? .cancelled : .server, operation: operation, sqlState: state)
        failure.schemaName = errorField(.schemaName)
        failure.tableName = errorField(.tableName)
        failure.columnName = errorField(.columnName)
        failure.constraintName = errorField(.constraintName)
        failure.message = errorField(.message) ?? errorMessage
        failure.detail = errorField(.detail)
        failure.hint = errorField(.hint)
        failure.context = errorField(.context)
        failure.position = errorField(.position).flatMap { Int($0) }
        failure.statement = statement
        return failure
    }
}

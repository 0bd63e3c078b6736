/// Anything that went wrong between us and PostgreSQL.
///
/// Callers match on ``kind``, ``sqlState`` and the claims below, never on message text. `description` holds no values from
/// rows or statements and is safe to log; `debugDescription` adds the server's words, which may quote values.
package struct PostgresFailure: Error, Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        /// The session is gone: a new connection is needed. Also: could not connect.
        case connectionLost = "connection lost"
        /// The server refused the statement; the session lives.
        case server = "server error"
        /// An answer did not have the expected shape or type.
        case decoding = "decoding"
        /// Cancelled by the task, by `cancel()`, or by a timeout on the server (SQLSTATE 57014 says no more than that).
        case cancelled
        /// The call does not fit the state of the connection, such as a query while a COPY is open, or after `close()`.
        case usage
        /// Every connection of the pool is taken and its queue of waiters is full.
        case poolExhausted = "pool exhausted"
    }

    package var kind: Kind
    /// What was being done: "connect", "query", "COPY in", "COMMIT" and so on.
    package var operation: String
    /// Five characters; nil when the failure did not come from the server.
    package var sqlState: String?
    /// The connection was cut while COMMIT was under way: the transaction may or may not be in the database.
    package var isCommitOutcomeUnknown = false
    /// What failed, in words that hold no values. For `connect` this is libpq's message.
    package var summary = ""

    /// Names of database objects, when the server gives them.
    package var schemaName: String?
    package var tableName: String?
    package var columnName: String?
    package var constraintName: String?

    /// The server's words; they may quote values.
    package var message = ""
    package var detail: String?
    package var hint: String?
    package var context: String?
    package var statement: String?
    /// Where in the statement the server stopped, in characters from 1; nil when it does not say.
    package var position: Int?

    package init(_ kind: Kind, operation: String, summary: String = "", sqlState: String? = nil) {
        self.kind = kind
        self.operation = operation
        self.summary = summary
        self.sqlState = sqlState
    }

    /// Serialization failure or deadlock: running the whole transaction again may succeed.
    package var isRetriable: Bool { sqlState == SQLState.serializationFailure || sqlState == SQLState.deadlockDetected }
    package var isConnectionLost: Bool { kind == .connectionLost }
    package var isUniqueViolation: Bool { sqlState == SQLState.uniqueViolation }
}

extension PostgresFailure: CustomStringConvertible, CustomDebugStringConvertible {
    package var description: String {
        var text = "PostgreSQL: \(operation): \(kind.rawValue)"
        if let sqlState {
            text += " \(sqlState)"
            if let name = SQLState.conditionName(sqlState) { text += " (\(name))" }
        }
        if !summary.isEmpty { text += ": \(summary)" }
        if let tableName { text += ", table \(schemaName.map { $0 + "." } ?? "")\(tableName)" }
        if let columnName { text += ", column \(columnName)" }
        if let constraintName { text += ", constraint \(constraintName)" }
        if isCommitOutcomeUnknown { text += "; whether the transaction was committed is unknown, read its rows again" }
        return text
    }

    package var debugDescription: String {
        var text = description
        if !message.isEmpty { text += "\n  message: \(message)" }
        if let detail { text += "\n  detail: \(detail)" }
        if let hint { text += "\n  hint: \(hint)" }
        if let context { text += "\n  context: \(context)" }
        if let statement { text += "\n  statement: \(statement)" }
        return text
    }
}

/// The SQLSTATE codes that code matches on, and the names of those an operator is likely to see.
///
/// Source: PostgreSQL 15, appendix A.
package enum SQLState {
    package static let serializationFailure = "40001"
    package static let deadlockDetected = "40P01"
    package static let uniqueViolation = "23505"
    package static let queryCanceled = "57014"
    package static let adminShutdown = "57P01"
    package static let inFailedTransaction = "25P02"
    package static let undefinedTable = "42P01"
    package static let invalidStatementName = "26000"
    package static let featureNotSupported = "0A000"

    package static func conditionName(_ code: String) -> String? {
        switch code {
        case "08006": "connection_failure"
        case "0A000": "feature_not_supported"
        case "22001": "string_data_right_truncation"
        case "22003": "numeric_value_out_of_range"
        case "22008": "datetime_field_overflow"
        case "22012": "division_by_zero"
        case "22021": "character_not_in_repertoire"
        case "22P02": "invalid_text_representation"
        case "22P03": "invalid_binary_representation"
        case "22P04": "bad_copy_file_format"
        case "23502": "not_null_violation"
        case "23503": "foreign_key_violation"
        case "23505": "unique_violation"
        case "23514": "check_violation"
        case "25006": "read_only_sql_transaction"
        case "25P02": "in_failed_sql_transaction"
        case "25P03": "idle_in_transaction_session_timeout"
        case "26000": "invalid_sql_statement_name"
        case "28000": "invalid_authorization_specification"
        case "28P01": "invalid_password"
        case "3D000": "invalid_catalog_name"
        case "40001": "serialization_failure"
        case "40P01": "deadlock_detected"
        case "42501": "insufficient_privilege"
        case "42601": "syntax_error"
        case "42703": "undefined_column"
        case "42804": "datatype_mismatch"
        case "42883": "undefined_function"
        case "42P01": "undefined_table"
        case "42P07": "duplicate_table"
        case "53100": "disk_full"
        case "53200": "out_of_memory"
        case "53300": "too_many_connections"
        case "55P03": "lock_not_available"
        case "57014": "query_canceled"
        case "57P01": "admin_shutdown"
        case "57P02": "crash_shutdown"
        case "57P03": "cannot_connect_now"
        default: nil
        }
    }
}

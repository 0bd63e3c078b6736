/// One statement of a pipeline.
package struct PostgresStatement: Sendable {
    package var sql: String
    package var parameters: [PostgresValue]

    package init(_ sql: String, _ parameters: [PostgresValue] = []) {
        self.sql = sql
        self.parameters = parameters
    }
}

/// How a transaction ends, and what it gives.
package enum TransactionEnd<Value> {
    case commit(Value)
    case rollback(Value)
}

extension TransactionEnd: Sendable where Value: Sendable {}

extension TransactionEnd<Void> {
    package static var commit: TransactionEnd { .commit(()) }
    package static var rollback: TransactionEnd { .rollback(()) }
}

package struct TransactionOptions: Hashable, Sendable {
    package enum Isolation: String, Sendable {
        case readCommitted = "READ COMMITTED"
        case repeatableRead = "REPEATABLE READ"
        case serializable = "SERIALIZABLE"
    }

    /// nil: the session's default.
    package var isolation: Isolation?
    package var isReadOnly: Bool
    /// With `serializable` and read only: waits for a snapshot that cannot fail.
    package var isDeferrable: Bool

    package init(isolation: Isolation? = nil, isReadOnly: Bool = false, isDeferrable: Bool = false) {
        self.isolation = isolation
        self.isReadOnly = isReadOnly
        self.isDeferrable = isDeferrable
    }

    var begin: String {
        var text = "BEGIN"
        if let isolation { text += " ISOLATION LEVEL \(isolation.rawValue)" }
        if isReadOnly { text += " READ ONLY" }
        if isDeferrable { text += " DEFERRABLE" }
        return text
    }
}

/// How often a whole transaction is run again after 40001 or 40P01, and after what pause.
package struct RetryPolicy: Sendable {
    package var attemptCountMax: Int
    /// The pause after the given attempt (1, 2, …) failed. Jitter is the caller's: draw it here.
    package var backoff: @Sendable (_ attempt: Int) -> Duration

    package init(attemptCountMax: Int, backoff: @escaping @Sendable (_ attempt: Int) -> Duration) {
        precondition(attemptCountMax >= 1, "there is at least one attempt")
        self.attemptCountMax = attemptCountMax
        self.backoff = backoff
    }

    /// Five attempts; 2, 4, 8, 16 ms between them.
    package static let standard = RetryPolicy(attemptCountMax: 5) { .milliseconds(1 << min($0, 10)) }
}

/// A NOTICE, WARNING, INFO or LOG of the server.
package struct PostgresNotice: Sendable, Hashable {
    package var severity: String
    package var sqlState: String
    /// The server's words; they may quote values.
    package var message: String
}

/// What `NOTIFY` sent.
package struct PostgresNotification: Sendable, Hashable {
    package var channel: String
    package var payload: String
    /// Process id of the sending backend.
    package var backendID: Int32
}

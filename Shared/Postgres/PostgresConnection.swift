/// One libpq connection on its own serial executor: its blocking calls hold up nobody else.
///
/// Single statements are methods here. Work of several steps goes into one closure (``run(_:)``, ``transaction(_:_:)``) that
/// gets the ``PostgresSession`` and runs through without a hop between steps. A task that is cancelled while its call is under
/// way cancels the statement on the server, and the call throws a `cancelled` failure.
package actor PostgresConnection {
    nonisolated private let executor: QueueExecutor
    nonisolated private let canceller = Canceller()
    nonisolated private let configuration: PostgresConfiguration
    var session: PostgresSession?
    let notifications = NotificationHub()

    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    private init(_ configuration: PostgresConfiguration) {
        self.configuration = configuration
        executor = QueueExecutor(label: "postgres.connection")
    }

    /// Connects.
    package static func connect(_ configuration: PostgresConfiguration) async throws(PostgresFailure) -> PostgresConnection {
        let connection = PostgresConnection(configuration)
        try await connection.open()
        return connection
    }

    private func open() throws(PostgresFailure) {
        session = try PostgresSession(configuration, canceller: canceller)
    }

    nonisolated var queue: QueueExecutor { executor }

    /// Ends the session; later calls throw, streams of notifications end. Closing twice is fine.
    package func close() {
        notifications.end()
        session = nil
    }

    /// Connected, idle and outside any transaction, as far as is known without asking the server.
    package var isIdle: Bool { session.map { $0.isUsable && !$0.isInTransaction && !$0.isCopyOpen } ?? false }

    /// Connected, after a look at what the socket has to say; does not ask the server.
    package var isAlive: Bool {
        guard let session else { return false }
        defer { notifications.drain(session) }
        return session.isUsable && session.handle.consumeInput() && session.isUsable
    }

    /// Cancels what is under way, from any thread; the call that is waiting throws a `cancelled` failure.
    package nonisolated func cancel() { canceller.request() }

    /// Runs `body` on the connection's executor, in one hop.
    package func run<Value: Sendable>(
        _ body: @Sendable (PostgresSession) throws(PostgresFailure) -> Value
    ) async throws(PostgresFailure) -> Value {
        if Task.isCancelled { throw PostgresFailure(.cancelled, operation: "run", summary: "the task was cancelled before") }
        let number = canceller.begin()
        // Does not suspend: the operation inherits this actor's isolation and has no await of its own.
        let result = await withTaskCancellationHandler { () -> Result<Value, PostgresFailure> in
            perform(body)
        } onCancel: { [canceller] in
            canceller.request(number)
        }
        canceller.end()
        return try result.get()
    }

    /// As ``run(_:)``, but neither the task's cancellation nor ``cancel()`` stops it: for clean-up.
    package func runUncancelled<Value: Sendable>(
        _ body: @Sendable (PostgresSession) throws(PostgresFailure) -> Value
    ) async throws(PostgresFailure) -> Value {
        try perform(body).get()
    }

    private func perform<Value>(_ body: (PostgresSession) throws(PostgresFailure) -> Value) -> Result<Value, PostgresFailure> {
        guard let session else { return .failure(PostgresFailure(.usage, operation: "run", summary: "the connection is closed")) }
        defer { notifications.drain(session) }
        do throws(PostgresFailure) { return .success(try body(session)) } catch { return .failure(error) }
    }

    // MARK: Single steps

    package func query(_ sql: String, _ parameters: [PostgresValue] = []) async throws(PostgresFailure) -> PostgresRows {
        try await run { session throws(PostgresFailure) in try session.query(sql, parameters) }
    }

    @discardableResult
    package func execute(_ sql: String, _ parameters: [PostgresValue] = []) async throws(PostgresFailure) -> Int {
        try await run { session throws(PostgresFailure) in try session.execute(sql, parameters) }
    }

    package func executeScript(_ sql: String) async throws(PostgresFailure) {
        try await run { session throws(PostgresFailure) in try session.executeScript(sql) }
    }

    @discardableResult
    package func copy(into target: String, from rows: CopyBinaryEncoder) async throws(PostgresFailure) -> Int {
        try await run { session throws(PostgresFailure) in try session.copy(into: target, from: rows) }
    }

    package func pipeline(_ batch: [PostgresStatement]) async throws(PostgresFailure) -> [PostgresRows] {
        try await run { session throws(PostgresFailure) in try session.pipeline(batch) }
    }

    // MARK: Transactions

    /// Runs a whole transaction in one hop; see ``PostgresSession/transaction(_:_:)``.
    package func transaction<Value: Sendable>(
        _ options: TransactionOptions = TransactionOptions(),
        _ body: @Sendable (PostgresSession) throws(PostgresFailure) -> TransactionEnd<Value>
    ) async throws(PostgresFailure) -> Value {
        try await run { session throws(PostgresFailure) in try session.transaction(options, body) }
    }

    /// As ``transaction(_:_:)``, and runs it again while it fails with 40001 or 40P01 and the policy allows.
    package func transaction<Value: Sendable>(
        _ options: TransactionOptions = TransactionOptions(),
        retrying policy: RetryPolicy,
        _ body: @Sendable (PostgresSession) throws(PostgresFailure) -> TransactionEnd<Value>
    ) async throws(PostgresFailure) -> Value {
        var attempt = 1
        while true {
            do {
                return try await transaction(options, body)
            } catch {
                guard error.isRetriable, attempt < policy.attemptCountMax else { throw error }
                do { try await Task.sleep(for: policy.backoff(attempt)) } catch {
                    throw PostgresFailure(.cancelled, operation: "transaction", summary: "the task was cancelled between attempts")
                }
                attempt += 1
            }
        }
    }
}

/// A few connections shared by many tasks: at most `connectionCountMax` of them, first come first served, and a bounded queue.
///
/// A connection that comes back lost, or inside a transaction, is closed and its slot is free for a new one.
package actor PostgresPool {
    private enum Grant {
        case use(PostgresConnection)
        case connect
        case refused(PostgresFailure)
    }

    private let configuration: PostgresConfiguration
    private var state: PoolState<PostgresConnection, UInt64>
    private var continuations: [UInt64: CheckedContinuation<Grant, Never>] = [:]
    private var waiterCount: UInt64 = 0

    package init(_ configuration: PostgresConfiguration, connectionCountMax: Int, waiterCountMax: Int = 1_024) {
        self.configuration = configuration
        state = PoolState(connectionCountMax: connectionCountMax, waiterCountMax: waiterCountMax)
    }

    /// How full it is: for metrics.
    package var lentCount: Int { state.lentCount }
    package var idleCount: Int { state.idle.count }
    package var waitingCount: Int { state.waiters.count }

    /// Lends a connection to `body`, which must not keep it.
    package func withConnection<Value: Sendable>(
        _ body: @Sendable (PostgresConnection) async throws(PostgresFailure) -> Value
    ) async throws(PostgresFailure) -> Value {
        let connection = try await lease()
        do throws(PostgresFailure) {
            let value = try await body(connection)
            await giveBack(connection)
            return value
        } catch {
            await giveBack(connection)
            throw error
        }
    }

    /// Closes idle connections and turns waiters away; lent connections are closed when they come back.
    package func close() async {
        let (idle, waiters) = state.close()
        for waiter in waiters { resume(waiter, .refused(closedFailure)) }
        for connection in idle { await connection.close() }
    }

    private var closedFailure: PostgresFailure { PostgresFailure(.usage, operation: "pool", summary: "the pool is closed") }

    private func lease() async throws(PostgresFailure) -> PostgresConnection {
        waiterCount += 1
        let waiter = waiterCount
        switch state.lease(waiter) {
        case .use(let connection): return try await checked(connection)
        case .connect: return try await makeConnection()
        case .closed: throw closedFailure
        case .refuse:
            throw PostgresFailure(
                .poolExhausted, operation: "pool",
                summary: "all \(state.connectionCountMax) connections are lent and \(state.waiterCountMax) tasks wait: lower the load or raise the limits")
        case .wait:
            switch await wait(waiter) {
            case .use(let connection): return try await checked(connection)
            case .connect: return try await makeConnection()
            case .refused(let failure): throw failure
            }
        }
    }

    private func wait(_ waiter: UInt64) async -> Grant {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if Task.isCancelled, state.giveUp(waiter) {
                    continuation.resume(returning: .refused(cancelledFailure))
                } else {
                    continuations[waiter] = continuation
                }
            }
        } onCancel: {
            // Handlers cannot await; the pool's own executor runs this as soon as it is free.
            Task { await self.giveUp(waiter) }
        }
    }

    private var cancelledFailure: PostgresFailure {
        PostgresFailure(.cancelled, operation: "pool", summary: "the task was cancelled while it waited for a connection")
    }

    private func giveUp(_ waiter: UInt64) {
        if state.giveUp(waiter) { resume(waiter, .refused(cancelledFailure)) }
    }

    private func resume(_ waiter: UInt64, _ grant: Grant) {
        guard let continuation = continuations.removeValue(forKey: waiter) else { preconditionFailure("waiter \(waiter) has no continuation") }
        continuation.resume(returning: grant)
    }

    /// An idle connection may have died meanwhile without anybody noticing; a lost one is replaced.
    private func checked(_ connection: PostgresConnection) async throws(PostgresFailure) -> PostgresConnection {
        if await connection.isAlive { return connection }
        await connection.close()
        return try await makeConnection()
    }

    private func makeConnection() async throws(PostgresFailure) -> PostgresConnection {
        do throws(PostgresFailure) {
            return try await PostgresConnection.connect(configuration)
        } catch {
            handle(state.drop())
            throw error
        }
    }

    private func giveBack(_ connection: PostgresConnection) async {
        if await connection.isIdle, !state.isClosed {
            handle(state.giveBack(connection))
        } else {
            await connection.close()
            handle(state.drop())
        }
    }

    private func handle(_ next: PoolState<PostgresConnection, UInt64>.Next) {
        switch next {
        case .nobody: break
        case .resume(let waiter, let connection): resume(waiter, .use(connection))
        case .resumeConnecting(let waiter): resume(waiter, .connect)
        }
    }
}

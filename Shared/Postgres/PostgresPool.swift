internal import Synchronization

/// A few connections shared by many tasks: at most `connectionCountMax` of them, first come first served, and a bounded queue.
///
/// A connection that comes back lost, or inside a transaction, is closed and its slot is free for a new one.
package final class PostgresPool: Sendable {
    private enum Grant {
        case use(PostgresConnection)
        case connect
        case refused(PostgresFailure)
    }

    private struct Shared {
        var state: PoolState<PostgresConnection, UInt64>
        var continuations: [UInt64: CheckedContinuation<Grant, Never>] = [:]
        var waiterCount: UInt64 = 0
    }

    private let configuration: PostgresConfiguration
    private let shared: Mutex<Shared>

    package init(_ configuration: PostgresConfiguration, connectionCountMax: Int, waiterCountMax: Int = 1_024) {
        self.configuration = configuration
        shared = Mutex(Shared(state: PoolState(connectionCountMax: connectionCountMax, waiterCountMax: waiterCountMax)))
    }

    /// How full it is: for metrics.
    package var lentCount: Int { shared.withLock { $0.state.lentCount } }
    package var idleCount: Int { shared.withLock { $0.state.idle.count } }
    package var waitingCount: Int { shared.withLock { $0.state.waiters.count } }

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
        let (idle, waiting) = shared.withLock { shared in
            let (idle, waiters) = shared.state.close()
            return (idle, waiters.compactMap { shared.continuations.removeValue(forKey: $0) })
        }
        for continuation in waiting { continuation.resume(returning: .refused(closedFailure)) }
        for connection in idle { await connection.close() }
    }

    private var closedFailure: PostgresFailure { PostgresFailure(.usage, operation: "pool", summary: "the pool is closed") }

    private func lease() async throws(PostgresFailure) -> PostgresConnection {
        switch await withCancellableWait() {
        case .use(let connection): return try await checked(connection)
        case .connect: return try await makeConnection()
        case .refused(let failure): throw failure
        }
    }

    private func withCancellableWait() async -> Grant {
        let waiter = shared.withLock { shared in
            shared.waiterCount += 1
            return shared.waiterCount
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let grant = shared.withLock { shared -> Grant? in
                    // Checked under the lock: the handler either ran before, or will find the continuation.
                    if Task.isCancelled { return .refused(cancelledFailure) }
                    switch shared.state.lease(waiter) {
                    case .use(let connection): return .use(connection)
                    case .connect: return .connect
                    case .closed: return .refused(closedFailure)
                    case .refuse: return .refused(exhaustedFailure(shared.state))
                    case .wait:
                        shared.continuations[waiter] = continuation
                        return nil
                    }
                }
                if let grant { continuation.resume(returning: grant) }
            }
        } onCancel: {
            let continuation = shared.withLock { shared in
                shared.state.giveUp(waiter) ? shared.continuations.removeValue(forKey: waiter) : nil
            }
            continuation?.resume(returning: .refused(cancelledFailure))
        }
    }

    private func exhaustedFailure(_ state: PoolState<PostgresConnection, UInt64>) -> PostgresFailure {
        PostgresFailure(
            .poolExhausted, operation: "pool",
            summary:
                "\(state.connectionCountMax) connections are lent and \(state.waiterCountMax) tasks wait: lower the load or raise the limits"
        )
    }

    private var cancelledFailure: PostgresFailure {
        PostgresFailure(.cancelled, operation: "pool", summary: "the task was cancelled while it waited for a connection")
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
            proceed { $0.drop() }
            throw error
        }
    }

    private func giveBack(_ connection: PostgresConnection) async {
        if await connection.isIdle, !shared.withLock({ $0.state.isClosed }) {
            proceed { $0.giveBack(connection) }
        } else {
            await connection.close()
            proceed { $0.drop() }
        }
    }

    /// Changes the state, then wakes whoever it is for, unlocked.
    private func proceed(_ change: (inout PoolState<PostgresConnection, UInt64>) -> PoolState<PostgresConnection, UInt64>.Next) {
        let wake = shared.withLock { shared -> (CheckedContinuation<Grant, Never>, Grant)? in
            switch change(&shared.state) {
            case .nobody: nil
            case .resume(let waiter, let connection): shared.continuations.removeValue(forKey: waiter).map { ($0, .use(connection)) }
            case .resumeConnecting(let waiter): shared.continuations.removeValue(forKey: waiter).map { ($0, .connect) }
            }
        }
        if let (continuation, grant) = wake { continuation.resume(returning: grant) }
    }
}

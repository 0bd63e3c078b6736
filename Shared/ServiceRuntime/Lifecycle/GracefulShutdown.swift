import Synchronization

/// Tells one service that it should finish. The group that runs the service raises it, once.
package final class GracefulShutdownManager: Sendable {
    private struct State {
        var isRequested = false
        var nextHandler = 0
        var handlers: [(id: Int, run: @Sendable () -> Void)] = []
    }

    private let state = Mutex(State())

    @TaskLocal static var current: GracefulShutdownManager?

    package init() {}

    package var isRequested: Bool { state.withLock { $0.isRequested } }

    /// Runs the registered handlers, outside the lock; later calls do nothing.
    package func request() {
        let handlers = state.withLock { state in
            state.isRequested = true
            defer { state.handlers = [] }
            return state.handlers
        }
        for handler in handlers { handler.run() }
    }

    /// Runs `handler` at the request, or now when it was already made. Returns a number to forget the handler by.
    func register(_ handler: @escaping @Sendable () -> Void) -> Int {
        let (id, isLate) = state.withLock { state in
            state.nextHandler += 1
            if !state.isRequested { state.handlers.append((state.nextHandler, handler)) }
            return (state.nextHandler, state.isRequested)
        }
        if isLate { handler() }
        return id
    }

    func forget(_ id: Int) { state.withLock { $0.handlers.removeAll { $0.id == id } } }
}

/// Runs `operation`, and `onGracefulShutdown` once if the group asks this service to finish meanwhile (at once if it already did).
///
/// The handler runs on the group's task: it must be quick, such as finishing a stream. Outside a group it never runs.
package func withGracefulShutdownHandler<Value>(
    isolation: isolated (any Actor)? = #isolation, operation: () async throws -> Value, onGracefulShutdown: @escaping @Sendable () -> Void
) async rethrows -> Value {
    guard let manager = GracefulShutdownManager.current else { return try await operation() }
    let id = manager.register(onGracefulShutdown)
    defer { manager.forget(id) }
    return try await operation()
}

/// Returns when the group asks this service to finish.
///
/// - Throws: `CancellationError` when the task is cancelled first.
package func gracefulShutdown() async throws {
    let (stream, continuation) = AsyncStream<Void>.makeStream()
    await withGracefulShutdownHandler {
        for await _ in stream {}
    } onGracefulShutdown: {
        continuation.finish()
    }
    try Task.checkCancellation()
}

/// Whether the group has asked this service to finish.
package var isGracefulShutdownRequested: Bool { GracefulShutdownManager.current?.isRequested ?? false }

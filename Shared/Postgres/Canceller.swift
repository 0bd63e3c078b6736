internal import Dispatch
internal import Synchronization

/// Lets other threads cancel what a session is doing, and only that.
///
/// `PQcancel` says "cancel whatever runs", so the request is tied to an operation's number: the lock is held while it is sent,
/// and the operation's end waits for the lock. A request that reaches the server between two statements does nothing there, so
/// it is repeated until the operation ends.
final class Canceller: Sendable {
    private struct State: ~Copyable {
        var handle: CancelHandle?
        var current: UInt64?
        var lastNumber: UInt64 = 0
        var isRequested = false
    }

    private let state = Mutex(State())
    private static let queue = DispatchQueue(label: "postgres.cancel", attributes: .concurrent)
    private static let repeatMillis = 50

    func adopt(_ handle: consuming CancelHandle?) {
        var handle = Optional(handle)
        state.withLock { $0.handle = handle.take() ?? nil }
    }

    func begin() -> UInt64 {
        state.withLock {
            $0.lastNumber += 1
            $0.current = $0.lastNumber
            $0.isRequested = false
            return $0.lastNumber
        }
    }

    /// From here on nothing of this operation is cancelled; returns when no request is under way.
    func end() {
        state.withLock { $0.current = nil }
    }

    /// Asked before each statement, so that a cancelled operation does not start another one.
    var isRequested: Bool { state.withLock { $0.isRequested && $0.current != nil } }

    /// Cancels the operation with this number, or whatever is under way; does not block.
    func request(_ number: UInt64? = nil) {
        let target: UInt64? = state.withLock {
            guard let current = $0.current, number == nil || number == current else { return nil }
            $0.isRequested = true
            return current
        }
        if let target { Self.queue.async { self.send(target) } }
    }

    private func send(_ number: UInt64) {
        let isUnderWay = state.withLock { state in
            guard state.current == number else { return false }
            if state.handle != nil { state.handle?.send() }
            return true
        }
        if isUnderWay { Self.queue.asyncAfter(deadline: .now() + .milliseconds(Self.repeatMillis)) { self.send(number) } }
    }
}

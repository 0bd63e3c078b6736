internal import CLinuxIo
internal import Glibc
internal import Synchronization

/// Reaches a server's loop from other threads.
package final class LoopRemote: Sendable {
    private struct Mailbox {
        var calls: [@Sendable () -> Void] = []
        var isStopRequested = false
        var hasEnded = false
        /// The loop was woken and has not looked yet.
        var isSignalled = false
    }

    private let mailbox = Mutex(Mailbox())
    private let callCountMax: Int
    /// `pthread_self` of the loop while it runs, otherwise 0.
    private let loopThread = Atomic<UInt>(0)
    /// Readable when the mailbox holds something. Closed with this object, so that nobody writes to another's descriptor.
    let eventDescriptor: CInt

    init(callCountMax: Int) throws(ServerFault) {
        self.callCountMax = callCountMax
        eventDescriptor = eventfd(0, CInt(EFD_CLOEXEC | EFD_NONBLOCK))
        guard eventDescriptor >= 0 else { throw .system(operation: "open an event descriptor", code: errno) }
    }

    deinit { close(eventDescriptor) }

    /// Has `call` made on the loop's thread, in the order of these calls; before the loop runs, when it starts.
    ///
    /// - Returns: false if it never will be, because the loop has ended or ``ServerLimits/remoteCallCountMax`` calls wait.
    @discardableResult
    package func perform(_ call: @escaping @Sendable () -> Void) -> Bool {
        post { mailbox in
            guard mailbox.calls.count < callCountMax else { return false }
            mailbox.calls.append(call)
            return true
        }
    }

    /// Asks for the graceful end: no new connections, requests in work are answered within ``ServerLimits/stopMillis``, `run` returns.
    package func stop() {
        _ = post { mailbox in
            mailbox.isStopRequested = true
            return true
        }
    }

    /// Whether this is the loop's thread, while the loop runs.
    package var isOnLoop: Bool { loopThread.load(ordering: .relaxed) == UInt(pthread_self()) }

    private func post(_ change: (inout Mailbox) -> Bool) -> Bool {
        let (isPosted, isFirst) = mailbox.withLock { mailbox in
            guard !mailbox.hasEnded, change(&mailbox) else { return (false, false) }
            defer { mailbox.isSignalled = true }
            return (true, !mailbox.isSignalled)
        }
        if isFirst { eventfd_write(eventDescriptor, 1) }
        return isPosted
    }

    // Called by the loop.

    func begin() { loopThread.store(UInt(pthread_self()), ordering: .relaxed) }

    /// Moves what waits into `calls`, which must be empty.
    ///
    /// - Returns: Whether a stop was asked for.
    func collect(into calls: inout [@Sendable () -> Void]) -> Bool {
        var value: eventfd_t = 0
        eventfd_read(eventDescriptor, &value)
        return mailbox.withLock { mailbox in
            mailbox.isSignalled = false
            swap(&mailbox.calls, &calls)
            return mailbox.isStopRequested
        }
    }

    /// From here on nothing is taken; gives back what still waited.
    func end() -> [@Sendable () -> Void] {
        mailbox.withLock { mailbox in
            mailbox.hasEnded = true
            defer { mailbox.calls = [] }
            return mailbox.calls
        }
    }

    func leave() { loopThread.store(0, ordering: .relaxed) }
}

/// Carries something that belongs to the loop through other threads.
///
/// `@unchecked` because the value can be had on the loop's thread alone; elsewhere `value` traps.
package struct LoopBound<Value>: @unchecked Sendable {
    private let bound: Value
    private let remote: LoopRemote

    package init(_ value: Value, of remote: LoopRemote) {
        bound = value
        self.remote = remote
    }

    package var value: Value {
        precondition(remote.isOnLoop, "a value of the loop was used on another thread")
        return bound
    }
}

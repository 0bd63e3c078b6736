internal import Dispatch
internal import Glibc

/// Calls back whenever a socket has something to read, from a thread that sleeps in `poll` meanwhile.
///
/// A thread and no dispatch source: with one, a test run was seen to crash in libdispatch's event loop (Swift 6.3.1, Linux); the
/// cause was not found. It is one thread per listening connection, and there is seldom more than one of those.
final class SocketWatch: Sendable {
    private let stopDescriptor: CInt

    /// Watches a duplicate of `socket`, so that libpq may close its own whenever it likes; nil when descriptors run out.
    ///
    /// - Parameter onReadable: Runs on `queue`, one call at a time; false ends the watch.
    init?(socket: CInt, queue: DispatchQueue, onReadable: @escaping @Sendable () -> Bool) {
        var ends: [CInt] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { return nil }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let descriptor = fcntl(socket, F_DUPFD_CLOEXEC, 0)
        guard descriptor >= 0 else {
            for end in ends { close(end) }
            return nil
        }
        // The thread closes what it reads from; the pipe's other end is closed with this object.
        let stopSeen = ends[0]
        stopDescriptor = ends[1]
        // A serial queue of its own targets the over-committing root queue: a thread that may block for ever.
        DispatchQueue(label: "postgres.listen").async {
            var watched = InlineArray<2, pollfd>(repeating: pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0))
            watched[1].fd = stopSeen
            while true {
                var span = watched.mutableSpan
                let ready = unsafe span.withUnsafeMutableBufferPointer { unsafe poll($0.baseAddress, 2, -1) }
                if ready < 0, errno == EINTR { continue }
                if ready < 0 || watched[1].revents != 0 { break }
                if !queue.sync(execute: onReadable) { break }
            }
            close(descriptor)
            close(stopSeen)
        }
    }

    /// The thread sees the pipe's end and ends soon after; waits for nothing.
    deinit { close(stopDescriptor) }
}

internal import Dispatch
internal import Glibc

extension PostgresConnection {
    /// Listens on channels. The stream ends when the connection is lost or closed; a reader that falls far behind loses the
    /// oldest notifications, so a notification is a hint to look, never the data itself.
    package func listen(to channels: [String]) async throws(PostgresFailure) -> AsyncStream<PostgresNotification> {
        let stream = notifications.add(Set(channels))
        let script = channels.map { "LISTEN \(quotedIdentifier($0))" }.joined(separator: "; ")
        try await executeScript(script)
        try watchSocket()
        return stream
    }

    /// Watches a duplicate of the socket's descriptor, so that libpq may close its own whenever it likes.
    private func watchSocket() throws(PostgresFailure) {
        guard !notifications.isWatching else { return }
        guard let session else { throw PostgresFailure(.usage, operation: "LISTEN", summary: "the connection is closed") }
        let descriptor = fcntl(session.handle.socket, F_DUPFD_CLOEXEC, 0)
        guard descriptor >= 0 else { throw PostgresFailure(.connectionLost, operation: "LISTEN", summary: "no file descriptor left") }
        let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue.queue)
        source.setEventHandler { [weak self] in
            // The source's queue is this actor's executor.
            self?.assumeIsolated { $0.readWhatArrived() }
        }
        source.setCancelHandler { _ = Glibc.close(descriptor) }
        notifications.watch { source.cancel() }
        source.resume()
    }

    private func readWhatArrived() {
        guard let session else { return }
        let isAlive = session.handle.consumeInput()
        notifications.drain(session)
        if !isAlive || !session.isUsable { notifications.end() }
    }
}

/// An SQL identifier in double quotes.
package func quotedIdentifier(_ name: String) -> String {
    "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
}

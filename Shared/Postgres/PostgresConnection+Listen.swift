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

    private func watchSocket() throws(PostgresFailure) {
        guard !notifications.isWatching else { return }
        guard let session else { throw PostgresFailure(.usage, operation: "LISTEN", summary: "the connection is closed") }
        let watch = SocketWatch(socket: session.handle.socket, queue: queue.queue) { [weak self] in
            // The queue is this actor's executor.
            self?.assumeIsolated { $0.readWhatArrived() } ?? false
        }
        guard let watch else { throw PostgresFailure(.usage, operation: "LISTEN", summary: "no file descriptor is left") }
        notifications.watch(watch)
    }

    /// False when there is nothing more to come.
    private func readWhatArrived() -> Bool {
        guard let session else { return false }
        let isAlive = session.handle.consumeInput()
        notifications.drain(session)
        if isAlive, session.isUsable { return true }
        notifications.end()
        return false
    }
}

/// An SQL identifier in double quotes.
package func quotedIdentifier(_ name: String) -> String {
    "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
}

/// Hands the notifications of one connection to those who listen. Lives on the connection's executor.
final class NotificationHub {
    /// How many notifications wait for a slow reader before the oldest are dropped.
    static let bufferedCountMax = 4_096

    private var listeners: [(channels: Set<String>, continuation: AsyncStream<PostgresNotification>.Continuation)] = []
    private var socketWatch: SocketWatch?

    var isWatching: Bool { socketWatch != nil }

    func watch(_ watch: SocketWatch) { socketWatch = watch }

    func add(_ channels: Set<String>) -> AsyncStream<PostgresNotification> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: PostgresNotification.self, bufferingPolicy: .bufferingNewest(Self.bufferedCountMax))
        listeners.append((channels, continuation))
        return stream
    }

    /// Passes on what has arrived.
    func drain(_ session: PostgresSession) {
        while let notification = session.handle.nextNotification() {
            listeners.removeAll { listener in
                guard listener.channels.contains(notification.channel) else { return false }
                if case .terminated = listener.continuation.yield(notification) { return true }
                return false
            }
        }
    }

    /// The connection is gone: streams end.
    func end() {
        socketWatch = nil
        for listener in listeners { listener.continuation.finish() }
        listeners = []
    }
}

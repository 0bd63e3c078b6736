import FrameServer
import ServiceRuntime

/// A node that is built and listens, but serves nobody before ``launch``. What the command needs of it.
struct RunningNode: Sendable {
    /// With the real port.
    var address: ListenAddress
    var remote: LoopRemote
    /// Starts the loop's thread; called once. `ended` is called when the loop has ended and everything is closed.
    var launch: @Sendable (_ ended: @escaping @Sendable () -> Void) throws -> Void
    /// Brings the metrics up to date, called on the HTTP server's thread before they are shown.
    var refreshMetrics: @Sendable () -> Void
    /// Besides health and metrics.
    var routes: [HttpRoute]

    /// Locks the directory, opens the port and recovers the logs, in this order, so that the commonest failures come first.
    typealias Make = @Sendable (BrokerOptions, MetricsRegistry, Logger) throws -> RunningNode
}

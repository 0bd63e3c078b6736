import FrameServer
import ServiceRuntime
import Synchronization

/// What the frame server counts, as metrics. The loop is asked before each scrape; what it said last is shown.
final class ServerMetrics: Sendable {
    private let latest = Mutex(ServerCounters())

    init(in registry: MetricsRegistry) {
        counter(registry, "broker_connections_accepted_total", "Connections accepted.") { Double($0.connectionsAccepted) }
        counter(registry, "broker_connections_refused_total", "Connections closed at once because too many were open.") {
            Double($0.connectionsRefused)
        }
        counter(registry, "broker_connections_idle_closed_total", "Connections closed without traffic.") { Double($0.closedIdle) }
        counter(registry, "broker_connections_stalled_closed_total", "Connections closed in the midst of a request or response.") {
            Double($0.closedReadStalled + $0.closedWriteStalled)
        }
        counter(registry, "broker_accept_faults_total", "Times that no descriptor was left for a connection.") { Double($0.acceptFaults) }
        counter(registry, "broker_requests_total", "Requests taken.") { Double($0.frames) }
        counter(registry, "broker_requests_refused_total", "Requests of an impossible size.") { Double($0.framesRefused) }
        counter(registry, "broker_response_file_faults_total", "Responses whose file could not be sent.") { Double($0.fileFaults) }
        counter(registry, "broker_received_bytes_total", "Bytes received.") { Double($0.bytesIn) }
        counter(registry, "broker_sent_bytes_total", "Bytes sent.") { Double($0.bytesOut) }
        gauge(registry, "broker_connections_open", "Connections open.") { Double($0.connectionsOpen) }
        gauge(registry, "broker_request_buffer_bytes", "Memory of buffers for requests.") { Double($0.bufferBytes) }
        gauge(registry, "broker_request_memory_bytes", "Memory promised to large requests that arrive.") { Double($0.requestMemoryBytes) }
        gauge(registry, "broker_request_memory_waiters", "Connections that wait for memory.") { Double($0.requestMemoryWaiters) }
    }

    func show(_ counters: ServerCounters) { latest.withLock { $0 = counters } }

    private func counter(
        _ registry: MetricsRegistry, _ name: String, _ help: String, _ read: @escaping @Sendable (ServerCounters) -> Double
    ) {
        registry.counter(name, help: help) { [self] in latest.withLock { read($0) } }
    }

    private func gauge(_ registry: MetricsRegistry, _ name: String, _ help: String, _ read: @escaping @Sendable (ServerCounters) -> Double)
    {
        registry.gauge(name, help: help) { [self] in latest.withLock { read($0) } }
    }
}

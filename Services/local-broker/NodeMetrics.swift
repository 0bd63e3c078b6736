import KafkaBroker
import ServiceRuntime
import Synchronization

/// What the node counts, as metrics; what it said last is shown.
final class NodeMetrics: Sendable {
    private let latest = Mutex(BrokerMetrics())

    init(in registry: MetricsRegistry) {
        counter(registry, "broker_records_appended_total", "Records written.") { Double($0.recordsAppended) }
        counter(registry, "broker_appended_bytes_total", "Bytes of record batches written.") { Double($0.bytesAppended) }
        counter(registry, "broker_duplicate_batches_total", "Batches that were written before.") { Double($0.duplicateBatches) }
        counter(registry, "broker_segments_removed_total", "Segments removed by retention.") { Double($0.segmentsRemoved) }
        counter(registry, "broker_connections_misused_total", "Connections closed for what they sent.") { Double($0.connectionsRefused) }
        counter(registry, "broker_errors_total", "Errors answered, of any code.") { Double($0.errors.values.reduce(0, +)) }
        counter(registry, "broker_injected_faults_total", "Faults made on purpose.") { Double($0.injectedFaults.values.reduce(0, +)) }
        counter(registry, "broker_flushes_total", "Flushes to the disk.") { Double($0.flushes) }
        counter(registry, "broker_flush_seconds_total", "Time spent in flushes.") { Double($0.flushMicros) / 1e6 }
        gauge(registry, "broker_flush_seconds_max", "The longest flush.") { Double($0.flushMicrosMax) / 1e6 }
        gauge(registry, "broker_topics", "Topics.") { Double($0.topics) }
        gauge(registry, "broker_partitions", "Partitions.") { Double($0.partitions) }
        gauge(registry, "broker_log_bytes", "Bytes of all logs.") { Double($0.logBytes) }
        gauge(registry, "broker_segments", "Segments of all logs.") { Double($0.segments) }
        gauge(registry, "broker_waiting_fetches", "Fetches that wait for records.") { Double($0.waitingFetches) }
        gauge(registry, "broker_groups", "Consumer groups.") { Double($0.groups) }
    }

    func show(_ metrics: BrokerMetrics) { latest.withLock { $0 = metrics } }

    /// `GET /status`: what has names or codes, as JSON.
    func json() -> [UInt8] {
        let metrics = latest.withLock { $0 }
        func object(_ pairs: [(String, UInt64)]) -> String { "{" + pairs.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}" }
        let requests = object(metrics.requests.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        let errors = object(metrics.errors.sorted { $0.key < $1.key }.map { ("\($0.key)", $0.value) })
        let faults = object(metrics.injectedFaults.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        return Array("{\"requests\":\(requests),\"errors\":\(errors),\"injectedFaults\":\(faults)}\n".utf8)
    }

    private func counter(
        _ registry: MetricsRegistry, _ name: String, _ help: String, _ read: @escaping @Sendable (BrokerMetrics) -> Double
    ) {
        registry.counter(name, help: help) { [self] in latest.withLock { read($0) } }
    }

    private func gauge(_ registry: MetricsRegistry, _ name: String, _ help: String, _ read: @escaping @Sendable (BrokerMetrics) -> Double) {
        registry.gauge(name, help: help) { [self] in latest.withLock { read($0) } }
    }
}

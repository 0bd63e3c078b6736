internal import Kafka
internal import ServiceRuntime

/// librdkafka's statistics as metrics, one set for each client of the process.
struct KafkaMetrics: Sendable {
    /// How often librdkafka is asked to tell.
    static let interval = ["statistics.interval.ms": "5000"]

    let client: String
    let registry: MetricsRegistry

    func show(_ statistics: KafkaStatistics) {
        gauge("assay_kafka_queued_messages", "Messages waiting to be sent or acknowledged", statistics.queuedMessageCount)
        gauge("assay_kafka_queued_bytes", "Bytes waiting to be sent or acknowledged", statistics.queuedByteCount)
        gauge("assay_kafka_queued_messages_max", "Bound of the send queue", statistics.queuedMessageCountMax)
        gauge("assay_kafka_transmitted_messages", "Messages sent since the start", statistics.transmittedMessageCount)
        gauge("assay_kafka_received_messages", "Messages received since the start", statistics.receivedMessageCount)
        for broker in statistics.brokers {
            let labels = [(name: "client", value: client), (name: "broker", value: broker.name)]
            registry.gauge("assay_kafka_broker_up", help: "Whether the connection stands", labels: labels).set(to: broker.isUp ? 1 : 0)
            registry.gauge("assay_kafka_round_trip_seconds", help: "Mean round trip to a broker", labels: labels)
                .set(to: Double(broker.roundTripMicrosMean) / 1e6)
            registry.gauge("assay_kafka_round_trip_p99_seconds", help: "99th percentile of the round trip to a broker", labels: labels)
                .set(to: Double(broker.roundTripMicrosP99) / 1e6)
            registry.gauge("assay_kafka_request_errors", help: "Requests that failed since the start", labels: labels)
                .set(to: broker.requestErrorCount)
        }
        for partition in statistics.partitions {
            let labels = [
                (name: "client", value: client), (name: "topic", value: partition.topic),
                (name: "partition", value: "\(partition.partition)"),
            ]
            registry.gauge("assay_kafka_fetch_queue_bytes", help: "Bytes fetched and not yet folded", labels: labels)
                .set(to: partition.fetchQueueByteCount)
        }
    }

    private func gauge(_ name: String, _ help: String, _ value: Int64) {
        registry.gauge(name, help: help, labels: [(name: "client", value: client)]).set(to: value)
    }
}

internal import Foundation

/// The figures of librdkafka's statistics that are worth a metric. Totals count since the client's start.
///
/// Source: https://github.com/confluentinc/librdkafka/blob/v2.0.2/STATISTICS.md
package struct KafkaStatistics: Sendable, Hashable {
    package struct Broker: Sendable, Hashable {
        /// `host:port/id`.
        package var name: String
        package var isUp: Bool
        package var transmittedByteCount: Int64
        package var receivedByteCount: Int64
        package var requestErrorCount: Int64
        package var timedOutRequestCount: Int64
        package var inFlightRequestCount: Int64
        /// Round trip, over the last interval.
        package var roundTripMicrosMean: Int64
        package var roundTripMicrosP99: Int64
    }
    package struct Partition: Sendable, Hashable {
        package var topic: String
        package var partition: Int32
        /// Fetched, not drained.
        package var fetchQueueCount: Int64
        package var fetchQueueByteCount: Int64
        /// -1 when unknown.
        package var consumerLag: Int64
    }

    /// Producer: messages not settled yet, and their limit.
    package var queuedMessageCount: Int64
    package var queuedMessageCountMax: Int64
    package var queuedByteCount: Int64
    package var queuedByteCountMax: Int64
    /// Operations waiting for the application.
    package var replyQueueCount: Int64
    package var transmittedMessageCount: Int64
    package var transmittedMessageByteCount: Int64
    package var receivedMessageCount: Int64
    package var receivedMessageByteCount: Int64
    /// By name.
    package var brokers: [Broker]
    /// By topic, then partition; those being read.
    package var partitions: [Partition]

    /// nil when the text is not what librdkafka writes.
    init?(json: String) {
        guard let root = (try? JSONSerialization.jsonObject(with: Data(json.utf8))) as? [String: Any] else { return nil }
        func number(_ object: [String: Any], _ key: String) -> Int64 { (object[key] as? NSNumber)?.int64Value ?? 0 }
        queuedMessageCount = number(root, "msg_cnt")
        queuedMessageCountMax = number(root, "msg_max")
        queuedByteCount = number(root, "msg_size")
        queuedByteCountMax = number(root, "msg_size_max")
        replyQueueCount = number(root, "replyq")
        transmittedMessageCount = number(root, "txmsgs")
        transmittedMessageByteCount = number(root, "txmsg_bytes")
        receivedMessageCount = number(root, "rxmsgs")
        receivedMessageByteCount = number(root, "rxmsg_bytes")

        var brokers: [Broker] = []
        for (name, value) in root["brokers"] as? [String: Any] ?? [:] {
            // Node -1 stands for a bootstrap address or a coordinator's connection of no broker yet.
            guard let broker = value as? [String: Any], number(broker, "nodeid") >= 0 else { continue }
            let roundTrip = broker["rtt"] as? [String: Any] ?? [:]
            brokers.append(
                Broker(
                    name: name, isUp: broker["state"] as? String == "UP", transmittedByteCount: number(broker, "txbytes"),
                    receivedByteCount: number(broker, "rxbytes"),
                    requestErrorCount: number(broker, "txerrs") + number(broker, "rxerrs"),
                    timedOutRequestCount: number(broker, "req_timeouts"), inFlightRequestCount: number(broker, "waitresp_cnt"),
                    roundTripMicrosMean: number(roundTrip, "avg"), roundTripMicrosP99: number(roundTrip, "p99")))
        }
        self.brokers = brokers.sorted { $0.name < $1.name }

        var partitions: [Partition] = []
        for (topic, value) in root["topics"] as? [String: Any] ?? [:] {
            for (_, value) in (value as? [String: Any])?["partitions"] as? [String: Any] ?? [:] {
                guard let partition = value as? [String: Any], partition["fetch_state"] as? String != "none" else { continue }
                let index = number(partition, "partition")
                guard index >= 0 else { continue }
                partitions.append(
                    Partition(
                        topic: topic, partition: Int32(clamping: index), fetchQueueCount: number(partition, "fetchq_cnt"),
                        fetchQueueByteCount: number(partition, "fetchq_size"), consumerLag: number(partition, "consumer_lag")))
            }
        }
        self.partitions = partitions.sorted { ($0.topic, $0.partition) < ($1.topic, $1.partition) }
    }
}

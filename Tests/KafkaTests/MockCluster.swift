import CLibrdkafka
import Kafka
import Testing

/// librdkafka's own mock cluster: real listeners on loopback, memory only, at most 5 MiB a partition.
final class MockCluster: @unchecked Sendable {  // the mock's calls are thread-safe; the two pointers never change
    private let client: OpaquePointer
    private let cluster: OpaquePointer

    init(brokers: Int32 = 1) throws {
        let properties = rd_kafka_conf_new()
        rd_kafka_conf_set(properties, "log_level", "0", nil, 0)
        client = try #require(rd_kafka_new(RD_KAFKA_PRODUCER, properties, nil, 0))
        cluster = try #require(rd_kafka_mock_cluster_new(client, brokers))
    }

    deinit {
        rd_kafka_mock_cluster_destroy(cluster)
        rd_kafka_destroy(client)
    }

    func configuration(_ more: [String: String] = [:]) throws -> KafkaConfiguration {
        try KafkaConfiguration(bootstrapServers: String(cString: rd_kafka_mock_cluster_bootstraps(cluster)), more)
    }

    func createTopic(_ name: String, partitions: Int32 = 1) {
        #expect(rd_kafka_mock_topic_create(cluster, name, partitions, 1) == RD_KAFKA_RESP_ERR_NO_ERROR)
    }

    enum Api: Int16 {
        case produce = 0
        case fetch = 1
        case listOffsets = 2
        case metadata = 3
        case initProducerId = 22
    }

    /// The next requests of that kind are answered with these errors.
    func push(_ api: Api, _ errors: [rd_kafka_resp_err_t]) {
        rd_kafka_mock_push_request_errors_array(cluster, api.rawValue, errors.count, errors)
    }

    func setTopicError(_ topic: String, _ error: rd_kafka_resp_err_t) { rd_kafka_mock_topic_set_error(cluster, topic, error) }
    func setBroker(_ id: Int32 = 1, isUp: Bool) {
        _ = isUp ? rd_kafka_mock_broker_set_up(cluster, id) : rd_kafka_mock_broker_set_down(cluster, id)
    }
}

extension KafkaProducer {
    /// Queues a text, waiting for room when there is none.
    func send(
        _ value: String?, key: String? = nil, to topic: String, partition: Int32 = 0, headers: OutgoingHeaders? = nil,
        timestampMillis: Int64? = nil, ticket: DeliveryTicket
    ) async throws {
        while true {
            let outcome = try Array((key ?? "").utf8).withUnsafeBytes { keyBytes in
                try Array((value ?? "").utf8).withUnsafeBytes { bytes in
                    try produce(
                        to: topic, partition: partition, key: key == nil ? nil : keyBytes, value: value == nil ? nil : bytes,
                        headers: headers, timestampMillis: timestampMillis, ticket: ticket)
                }
            }
            if case .queued = outcome { return }
            try await awaitRoom()
        }
    }

    func sendAll(_ values: [String], to topic: String, partition: Int32 = 0) async throws {
        let ticket = DeliveryTicket()
        for value in values { try await send(value, to: topic, partition: partition, ticket: ticket) }
        try await ticket.delivered()
    }
}

struct Received: Hashable {
    var offset: Int64
    var value: String?
}

extension PartitionReader {
    /// Drains, woken and woken again, until `count` messages are there.
    func collect(_ count: Int, countMax: Int = 100) async throws -> [Received] {
        var all: [Received] = []
        var batch = MessageBatch()
        if count == 0 { return [] }
        for await _ in wakeup.signals {
            while try drain(into: &batch, countMax: countMax) > 0 {
                for index in 0..<batch.count {
                    let message = batch[index]
                    all.append(Received(offset: message.offset, value: message.payload.map { String(decoding: $0, as: UTF8.self) }))
                }
            }
            if all.count >= count { break }
        }
        return all
    }

    /// Drains until it throws.
    func firstFailure() async -> KafkaFailure? {
        var batch = MessageBatch()
        do throws(KafkaFailure) {
            for await _ in wakeup.signals {
                while try drain(into: &batch, countMax: 100) > 0 {}
            }
            return nil
        } catch {
            return error
        }
    }
}

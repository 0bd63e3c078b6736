import Foundation
import Kafka
import KafkaProtocol
import TestSupport
import Testing

/// What one test has of a broker: names of its own, and clients.
struct Bench: Sendable {
    let broker: BrokerUnderTest
    let configuration: KafkaConfiguration
    let topic: String
    let group: String

    init(_ broker: BrokerUnderTest, _ more: [String: String] = [:]) throws {
        self.broker = broker
        let name = UUID().uuidString.lowercased()
        topic = "conformance-\(name)"
        group = "group-\(name)"
        configuration = try KafkaConfiguration(bootstrapServers: broker.bootstrapServers, more)
    }

    func raw() throws -> RawConnection { try RawConnection(to: broker) }
    func admin() throws -> KafkaAdmin { try KafkaAdmin(configuration) }
    func producer(_ more: [String: String] = [:]) throws -> KafkaProducer { try KafkaProducer(configuration.setting(more)) }
    func consumer() throws -> KafkaConsumer { try KafkaConsumer(configuration.setting(["fetch.wait.max.ms": "100"])) }

    /// Makes the test's topic.
    func makeTopic(partitionCount: Int32 = 1, _ settings: [String: String] = [:]) async throws {
        let admin = try admin()
        _ = try await admin.createTopics([NewTopic(topic, partitionCount: partitionCount, settings: settings)], within: .seconds(30))
        await admin.close()
        // The metadata may know of the leader before the leader does.
        let raw = try raw()
        for partition in 0..<partitionCount {
            try await eventually("the leader of \(topic)/\(partition)") {
                try await raw.fetch(topic, partition, from: 0).errorCode == ErrorCode.noError.rawValue
            }
        }
        raw.close()
    }
    func place(_ offset: Int64, _ partition: Int32 = 0) -> PartitionOffset {
        PartitionOffset(topic: topic, partition: partition, offset: offset)
    }
}

/// A record as it was read.
struct Seen: Hashable, Sendable {
    var offset: Int64
    var value: String?
    var timestampMillis: Int64
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

    func sendAll(_ values: some Sequence<String>, to topic: String, partition: Int32 = 0) async throws {
        let ticket = DeliveryTicket()
        for value in values { try await send(value, to: topic, partition: partition, ticket: ticket) }
        try await ticket.delivered()
    }
}

extension PartitionReader {
    /// Drains, woken and woken again, until `count` messages are there.
    func collect(_ count: Int) async throws -> [Seen] {
        var all: [Seen] = []
        var batch = MessageBatch()
        if count == 0 { return [] }
        for await _ in wakeup.signals {
            while try drain(into: &batch, countMax: 500) > 0 {
                for index in 0..<batch.count {
                    let message = batch[index]
                    all.append(
                        Seen(
                            offset: message.offset, value: message.payload.map { String(decoding: $0, as: UTF8.self) },
                            timestampMillis: message.timestampMillis))
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

extension KafkaConsumer {
    /// Everything in a partition from an offset up to the watermark of now.
    func readAll(_ topic: String, _ partition: Int32 = 0, from offset: Int64 = 0, until end: Int64) async throws -> [Seen] {
        let reader = try await openPartition(topic: topic, partition: partition, at: offset)
        let seen = try await reader.collect(Int(end - offset))
        await reader.close()
        return seen
    }
}

// MARK: Raw requests that many tests make

extension RawConnection {
    /// Produces bytes to one partition; nil answer for `acks` 0.
    func produce(
        _ records: [UInt8], to topic: String, partition: Int32 = 0, acks: Int16 = -1, version: Int16 = 9
    ) async throws -> ProduceResponse.Topic.Partition {
        let answer = try await ask(
            ProduceRequest(
                acks: acks, timeoutMs: 10_000,
                topicData: [.init(name: topic, partitionData: [.init(index: partition, records: .bytes(records))])]),
            version: version)
        return try #require(answer.responses.first?.partitionResponses.first)
    }

    func fetch(
        _ topic: String, _ partition: Int32 = 0, from offset: Int64, waitMillisMax: Int32 = 0, byteCountMax: Int32 = 1_048_576,
        version: Int16 = 11
    ) async throws -> FetchResponse.Topic.Partition {
        let answer = try await ask(
            FetchRequest(
                maxWaitMs: waitMillisMax, minBytes: 1, maxBytes: 50_000_000,
                topics: [
                    .init(topic: topic, partitions: [.init(partition: partition, fetchOffset: offset, partitionMaxBytes: byteCountMax)])
                ]),
            version: version)
        require(answer.errorCode, .noError)
        return try #require(answer.responses.first?.partitions.first)
    }

    func listOffset(_ topic: String, _ partition: Int32 = 0, _ timestamp: Int64, version: Int16 = 7) async throws
        -> ListOffsetsResponse.Topic.Partition
    {
        let answer = try await ask(
            ListOffsetsRequest(topics: [.init(name: topic, partitions: [.init(partitionIndex: partition, timestamp: timestamp)])]),
            version: version)
        return try #require(answer.topics.first?.partitions.first)
    }

    func metadata(_ topic: String, version: Int16 = 12) async throws -> MetadataResponse {
        try await ask(MetadataRequest(topics: [.init(name: topic)], allowAutoTopicCreation: false), version: version)
    }

    func topicId(_ topic: String) async throws -> Uuid { try #require(try await metadata(topic).topics.first).topicId }

    func newProducerId() async throws -> Int64 {
        var id: Int64 = -1
        try await eventually("a producer id") {
            let answer = try await self.ask(InitProducerIdRequest(transactionTimeoutMs: 60_000), version: 4)
            id = answer.producerId
            if answer.errorCode == ErrorCode.noError.rawValue { require(Int16(answer.producerEpoch), .noError) }
            return answer.errorCode == ErrorCode.noError.rawValue
        }
        return id
    }
}

/// A batch with these values, all of one time or a millisecond apart from each other.
func batch(
    _ values: [String], at timestampMillis: Int64 = 1_700_000_000_000, deltas: [Int64]? = nil, producerId: Int64 = -1, epoch: Int16 = -1,
    sequence: Int32 = -1
) -> RecordBatch {
    RecordBatch(
        firstTimestamp: timestampMillis, producerId: producerId, producerEpoch: epoch, baseSequence: sequence,
        records: values.enumerated().map { .init(timestampDelta: deltas?[$0.offset] ?? 0, value: Array($0.element.utf8)) })
}

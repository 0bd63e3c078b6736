import Foundation
import Kafka
import TestSupport
import Testing

@Suite(.enabled(if: KafkaForTests.isAvailable, "\(KafkaForTests.absence)"), .timeLimit(.minutes(10)))
struct RealKafkaTests {
    let configuration: KafkaConfiguration
    /// Each test has its own.
    let topic = "test-\(UUID().uuidString.lowercased())"

    init() throws {
        configuration = try KafkaConfiguration(bootstrapServers: #require(KafkaForTests.bootstrapServers))
    }

    @Test func topicsAreMadeOnceCountedAndDeleted() async throws {
        let admin = try KafkaAdmin(configuration)
        let order = NewTopic(topic, partitionCount: 5, replicationFactor: 1, settings: ["retention.ms": "3600000"])
        #expect(try await admin.createTopics([order]) == [topic: .created])
        #expect(try await admin.createTopics([order]) == [topic: .alreadyExisted])
        #expect(try await admin.partitionCount(of: topic) == 5)
        #expect(try await admin.clusterId().count == 22)
        let wrong = NewTopic(topic + "-x", partitionCount: 1, replicationFactor: 1, settings: ["no.such.setting": "1"])
        let failure = await #expect(throws: KafkaFailure.self) { try await admin.createTopics([wrong]) }
        #expect(failure?.code == 40)
        #expect(failure?.message.contains("no.such.setting") == true)
        try await admin.deleteTopics([topic])
        try await admin.deleteTopics([topic])
        // The order is done when the controller has it; the brokers hear of it a little later.
        var gone: KafkaFailure?
        while gone == nil {
            do throws(KafkaFailure) { _ = try await admin.partitionCount(of: topic) } catch { gone = error }
        }
        #expect(gone?.isUnknownTopicOrPartition == true)
        await admin.close()
    }

    @Test(arguments: ["none", "gzip", "snappy", "lz4", "zstd"])
    func everythingAcknowledgedIsReadBackOnceAndInOrder(compression: String) async throws {
        let admin = try KafkaAdmin(configuration)
        _ = try await admin.createTopics([NewTopic(topic, partitionCount: 4)])
        let producer = try KafkaProducer(configuration.setting(["compression.type": compression]))
        let target = try producer.topic(topic)
        let consumer = try KafkaConsumer(configuration)
        var readers: [PartitionReader] = []
        for partition in 0..<Int32(4) { readers.append(try await consumer.openPartition(topic: topic, partition: partition, at: 0)) }
        for round in 0..<4 {
            let ticket = DeliveryTicket()
            for index in 0..<2_000 {
                var value = Int64(round * 2_000 + index)
                while true {
                    let outcome = try withUnsafeBytes(of: &value) {
                        try producer.produce(to: target, partition: Int32(index % 4), key: nil, value: $0, ticket: ticket)
                    }
                    if case .queued = outcome { break }
                    try await producer.awaitRoom()
                }
            }
            try await ticket.delivered()
        }
        #expect(try await admin.highWatermarks(of: topic, partitions: 0..<4) == [0: 2_000, 1: 2_000, 2: 2_000, 3: 2_000])
        for (partition, reader) in readers.enumerated() {
            var values: [Int64] = []
            var batch = MessageBatch()
            drained: for await _ in reader.wakeup.signals {
                while try reader.drain(into: &batch, countMax: 256, byteCountMax: 64_000) > 0 {
                    for index in 0..<batch.count {
                        let message = batch[index]
                        #expect(message.offset == Int64(values.count))
                        values.append(try #require(message.payload).loadUnaligned(as: Int64.self))
                    }
                    if values.count == 2_000 { break drained }
                }
            }
            #expect(values == (0..<2_000).map { Int64($0 * 4 + partition) })
        }
        await consumer.close()
        await producer.close()
        await admin.close()
    }

    @Test func groupOffsetsAreCommittedWithoutJoining() async throws {
        let admin = try KafkaAdmin(configuration)
        _ = try await admin.createTopics([NewTopic(topic, partitionCount: 3)])
        let group = "group-\(topic)"
        #expect(try await admin.committedOffsets(group: group, topic: topic, partitions: 0..<3) == [:])
        let offsets = [PartitionOffset(topic: topic, partition: 0, offset: 5), PartitionOffset(topic: topic, partition: 2, offset: 7)]
        try await admin.commitOffsets(offsets, group: group)
        #expect(try await admin.committedOffsets(group: group, topic: topic, partitions: 0..<3) == [0: 5, 2: 7])
        try await admin.commitOffsets([PartitionOffset(topic: topic, partition: 0, offset: 6)], group: group)
        let later = try KafkaAdmin(configuration)
        #expect(try await later.committedOffsets(group: group, topic: topic, partitions: [2, 0]) == [0: 6, 2: 7])
        await later.close()
        await admin.close()
    }

    @Test func recordsDeletedUnderAReaderAreAFailure() async throws {
        let admin = try KafkaAdmin(configuration)
        _ = try await admin.createTopics([NewTopic(topic, partitionCount: 1)])
        let producer = try KafkaProducer(configuration)
        try await producer.sendAll((0..<20).map { "\($0)" }, to: topic)
        let place = PartitionOffset(topic: topic, partition: 0, offset: 12)
        #expect(try await admin.deleteRecords(before: [place]) == [place])
        #expect(try await admin.watermarks(of: topic, partition: 0) == Watermarks(low: 12, high: 20))
        #expect(try await admin.lowWatermarks(of: topic, partitions: [0]) == [0: 12])
        let consumer = try KafkaConsumer(configuration)
        let stale = try await consumer.openPartition(topic: topic, partition: 0, at: 3)
        #expect(await stale.firstFailure()?.isOffsetOutOfRange == true)
        await stale.close()
        let reader = try await consumer.openPartition(topic: topic, partition: 0, at: 12)
        #expect(try await reader.collect(8).map(\.offset) == Array(12..<20))
        await consumer.close()
        await producer.close()
        await admin.close()
    }

    @Test func aTopicDeletedUnderAReaderIsAFailure() async throws {
        let admin = try KafkaAdmin(configuration)
        _ = try await admin.createTopics([NewTopic(topic, partitionCount: 1)])
        let producer = try KafkaProducer(configuration)
        try await producer.sendAll(["a"], to: topic)
        let consumer = try KafkaConsumer(configuration.setting(["topic.metadata.refresh.fast.interval.ms": "50"]))
        let reader = try await consumer.openPartition(topic: topic, partition: 0, at: 0)
        #expect(try await reader.collect(1).count == 1)
        try await admin.deleteTopics([topic])
        #expect(await reader.firstFailure()?.isUnknownTopicOrPartition == true)
        await consumer.close()
        await producer.close()
        await admin.close()
    }

    @Test func aPartitionThatIsNotThereFailsTheMessage() async throws {
        let admin = try KafkaAdmin(configuration)
        _ = try await admin.createTopics([NewTopic(topic, partitionCount: 1)])
        let producer = try KafkaProducer(configuration)
        try await producer.sendAll(["a"], to: topic)
        let failure = await #expect(throws: KafkaFailure.self) { try await producer.sendAll(["a"], to: topic, partition: 9) }
        #expect(failure?.isUnknownTopicOrPartition == true)
        await producer.close()
        await admin.close()
    }
}

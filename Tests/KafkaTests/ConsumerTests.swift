import CLibrdkafka
import Kafka
import Testing

@Suite(.timeLimit(.minutes(10))) struct ConsumerTests {
    let mock: MockCluster
    init() throws { mock = try MockCluster() }

    @Test func eachPartitionIsDrainedOnItsOwn() async throws {
        mock.createTopic("t", partitions: 3)
        let producer = try KafkaProducer(mock.configuration())
        let consumer = try KafkaConsumer(mock.configuration())
        for partition in 0..<Int32(3) { try await producer.sendAll((0..<50).map { "\(partition):\($0)" }, to: "t", partition: partition) }
        // The second is never drained and must not hold back the others.
        _ = try await consumer.openPartition(topic: "t", partition: 1, at: 0)
        for partition in [Int32(2), 0] {
            let reader = try await consumer.openPartition(topic: "t", partition: partition, at: 10)
            let received = try await reader.collect(40, countMax: 7)
            #expect(received == (10..<50).map { Received(offset: $0, value: "\(partition):\($0)") })
        }
        await consumer.close()
        await producer.close()
    }

    @Test func aPartitionCanBeClosedAndOpenedAgainElsewhere() async throws {
        mock.createTopic("t")
        let producer = try KafkaProducer(mock.configuration())
        let consumer = try KafkaConsumer(mock.configuration())
        try await producer.sendAll((0..<100).map { "\($0)" }, to: "t")
        for start in [0, 90, 20, 55] as [Int64] {
            let reader = try await consumer.openPartition(topic: "t", partition: 0, at: start)
            let conflict = await #expect(throws: KafkaFailure.self) {
                try await consumer.openPartition(topic: "t", partition: 0, at: start)
            }
            #expect(conflict?.name == "_CONFLICT")
            #expect(try await reader.collect(Int(100 - start)).map(\.offset) == Array(start..<100))
            await reader.close()
            await reader.close()
            var batch = MessageBatch()
            #expect(throws: KafkaFailure.self) { try reader.drain(into: &batch, countMax: 1) }
            for await _ in reader.wakeup.signals {}  // ends
        }
        await consumer.close()
        await producer.close()
    }

    @Test func messagesArriveAfterTheReaderFoundNothing() async throws {
        mock.createTopic("t")
        let producer = try KafkaProducer(mock.configuration())
        let consumer = try KafkaConsumer(mock.configuration(["fetch.wait.max.ms": "50"]))
        let reader = try await consumer.openPartition(topic: "t", partition: 0, at: KafkaOffset.beginning)
        for round in 0..<20 {
            async let received = reader.collect(1)
            try await producer.sendAll(["\(round)"], to: "t")
            #expect(try await received == [Received(offset: Int64(round), value: "\(round)")])
        }
        await consumer.close()
        await producer.close()
    }

    @Test func aDrainThatStopsAtALimitIsWokenAgain() async throws {
        mock.createTopic("t")
        let producer = try KafkaProducer(mock.configuration())
        let consumer = try KafkaConsumer(mock.configuration())
        try await producer.sendAll((0..<30).map { "\($0)" }, to: "t")
        let reader = try await consumer.openPartition(topic: "t", partition: 0, at: 0)
        var batch = MessageBatch()
        var seen = 0
        for await _ in reader.wakeup.signals {  // one drain for each signal, on purpose
            let count = try reader.drain(into: &batch, countMax: 4, byteCountMax: 3)
            #expect(count <= 3)
            seen += count
            if seen == 30 { break }
        }
        await consumer.close()
        #expect(batch.count > 0)
        #expect(batch[0].payload != nil)  // still ours after the close
        batch.clear()
        await producer.close()
    }

    @Test func keysHeadersTimestampsAndNullsComeThrough() async throws {
        mock.createTopic("t")
        let producer = try KafkaProducer(mock.configuration())
        let consumer = try KafkaConsumer(mock.configuration())
        let ticket = DeliveryTicket()
        var headers = OutgoingHeaders(["trace": "abc", "empty": "", "trace": "def"])
        headers.append("null", nil)
        headers.append("lane", bigEndian: 258)
        try await producer.send("value", key: "key", to: "t", headers: headers, timestampMillis: 1_500_000_000_123, ticket: ticket)
        try await producer.send(nil, key: "", to: "t", ticket: ticket)
        try await producer.send("", to: "t", ticket: ticket)
        try await ticket.delivered()
        let reader = try await consumer.openPartition(topic: "t", partition: 0, at: 0)
        var batch = MessageBatch()
        for await _ in reader.wakeup.signals where try reader.drain(into: &batch, countMax: 10) > 0 { break }
        try #require(batch.count == 3)
        let first = batch[0]
        #expect(first.key.map(Array.init) == Array("key".utf8))
        #expect(first.timestampMillis == 1_500_000_000_123)
        #expect(first.timestampType == .createTime)
        #expect(first.headerCount == 5)
        #expect(first.header("trace").map(Array.init) == Array("def".utf8))
        #expect(first.header("empty").map(Array.init) == [])
        #expect(first.header("lane").map(Array.init) == [0, 0, 0, 0, 0, 0, 1, 2])
        #expect(first.header("null") == nil && first.hasHeader("null") && !first.hasHeader("other"))
        var names: [String] = []
        first.forEachHeader { name, value in names.append(value == nil ? "\(name)!" : name) }
        #expect(names == ["trace", "empty", "trace", "null!", "lane"])
        #expect(batch[1].payload == nil)
        #expect(batch[1].key?.count == 0)
        #expect(batch[1].headerCount == 0)
        #expect(batch[2].payload?.count == 0)
        #expect(batch[2].key == nil)
        batch.clear()
        await consumer.close()
        await producer.close()
    }

    @Test(arguments: [500, 1_000_000] as [Int64])
    func anOffsetOutsideTheLogIsAFailureAndNeverAReset(offset: Int64) async throws {
        mock.createTopic("t")
        let producer = try KafkaProducer(mock.configuration())
        let consumer = try KafkaConsumer(mock.configuration())
        try await producer.sendAll(["a"], to: "t")
        let reader = try await consumer.openPartition(topic: "t", partition: 0, at: offset)
        let failure = await reader.firstFailure()
        #expect(failure?.isOffsetOutOfRange == true)
        #expect(failure?.remedy == .recreateClient)
        await consumer.close()
        await producer.close()
    }

    @Test func fetchErrorsThatHealAreNotedAndTheMessagesStillCome() async throws {
        mock.createTopic("t")
        let producer = try KafkaProducer(mock.configuration())
        try await producer.sendAll(["a", "b"], to: "t")
        mock.push(
            .fetch, [RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, RD_KAFKA_RESP_ERR__TRANSPORT])
        let consumer = try KafkaConsumer(
            mock.configuration(["reconnect.backoff.ms": "10", "topic.metadata.refresh.fast.interval.ms": "50"]))
        let reader = try await consumer.openPartition(topic: "t", partition: 0, at: 0)
        #expect(try await reader.collect(2).map(\.value) == ["a", "b"])
        await consumer.close()
        await producer.close()
    }

    @Test func theEndOfAPartitionIsToldWhenAskedFor() async throws {
        mock.createTopic("t")
        let producer = try KafkaProducer(mock.configuration())
        try await producer.sendAll(["a", "b"], to: "t")
        let consumer = try KafkaConsumer(mock.configuration(["enable.partition.eof": "true"]))
        let reader = try await consumer.openPartition(topic: "t", partition: 0, at: 0)
        var batch = MessageBatch()
        var seen = 0
        for await _ in reader.wakeup.signals {
            seen += try reader.drain(into: &batch, countMax: 10)
            if let end = batch.endOffset {
                #expect(end == 2)
                break
            }
        }
        #expect(seen == 2)
        await consumer.close()
        await producer.close()
    }

    @Test func anUnknownTopicIsAFailure() async throws {
        mock.createTopic("known")
        mock.setTopicError("gone", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        let consumer = try KafkaConsumer(
            mock.configuration(["topic.metadata.propagation.max.ms": "0", "topic.metadata.refresh.fast.interval.ms": "50"]))
        let reader = try await consumer.openPartition(topic: "gone", partition: 0, at: 0)
        #expect(await reader.firstFailure()?.isUnknownTopicOrPartition == true)
        await consumer.close()
    }

    @Test func aConsumerLetGoWithoutCloseEndsItsReaders() async throws {
        mock.createTopic("t")
        let reader: PartitionReader
        do {
            let consumer = try KafkaConsumer(mock.configuration())
            reader = try await consumer.openPartition(topic: "t", partition: 0, at: 0)
        }
        for await _ in reader.wakeup.signals {}
        var batch = MessageBatch()
        #expect(throws: KafkaFailure.self) { try reader.drain(into: &batch, countMax: 1) }
    }
}

import Kafka
import KafkaProtocol
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct OffsetConformanceTests {
    static let start: Int64 = 1_600_000_000_000

    @Test(arguments: BrokerUnderTest.all)
    func aTimeIsFoundExactlyInsideItsBatch(_ broker: BrokerUnderTest) async throws {
        let bench = try Bench(broker)
        try await bench.makeTopic(["retention.ms": "-1"])
        let raw = try bench.raw()
        let start = Self.start
        _ = try await raw.produce(batch(["a", "b", "c"], at: start, deltas: [0, 10, 20]).encoded(), to: bench.topic)
        _ = try await raw.produce(batch(["d", "e"], at: start + 1_000, deltas: [0, 10]).encoded(), to: bench.topic)
        let wanted: [(Int64, Int64, Int64)] = [
            (0, 0, 0), (start, 0, 0), (start + 1, 1, 10), (start + 10, 1, 10), (start + 11, 2, 20), (start + 20, 2, 20),
            (start + 21, 3, 1_000), (start + 1_000, 3, 1_000), (start + 1_001, 4, 1_010), (start + 1_010, 4, 1_010),
        ]
        for (time, offset, delta) in wanted {
            let found = try await raw.listOffset(bench.topic, 0, time)
            require(found.errorCode, .noError)
            #expect(found.offset == offset, "at \(time)")
            #expect(found.timestamp == start + delta, "at \(time)")
        }
        let after = try await raw.listOffset(bench.topic, 0, start + 1_011)
        require(after.errorCode, .noError)
        #expect(after.offset == -1)
        #expect(after.timestamp == -1)
        let admin = try bench.admin()
        #expect(try await admin.offsets(of: bench.topic, partitions: [0], atOrAfter: start + 5) == [0: 1])
        await admin.close()
        raw.close()
    }

    @Test(arguments: BrokerUnderTest.all, ["none", "gzip", "snappy", "lz4", "zstd"])
    func aTimeIsFoundExactlyInsideACompressedBatch(_ broker: BrokerUnderTest, _ codec: String) async throws {
        let bench = try Bench(broker)
        try await bench.makeTopic(["retention.ms": "-1"])
        let producer = try bench.producer(["compression.type": codec, "linger.ms": "200"])
        let ticket = DeliveryTicket()
        for index in 0..<100 {
            let time = Self.start + Int64(index * 10)
            try await producer.send(
                "some text that may be compressed \(index)", to: bench.topic, timestampMillis: time, ticket: ticket)
        }
        try await ticket.delivered()
        await producer.close()
        let raw = try bench.raw()
        let codes: [String: UInt8] = ["none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4]
        #expect(try await raw.fetchBytes(bench.topic, from: 0)[RecordBatch.crcStart + 1] & 7 == codes[codec])
        for index in [0, 1, 37, 98, 99] as [Int64] {
            for early in [0, 9] as [Int64] {
                let found = try await raw.listOffset(bench.topic, 0, Self.start + index * 10 - early)
                #expect(found.offset == index)
                #expect(found.timestamp == Self.start + index * 10)
            }
        }
        #expect(try await raw.listOffset(bench.topic, 0, Self.start + 991).offset == -1)
        raw.close()
    }

    @Test(arguments: BrokerUnderTest.all)
    func timesThatGoBackAreFoundByTheFirstRecordThatIsNotEarlier(_ broker: BrokerUnderTest) async throws {
        let bench = try Bench(broker)
        try await bench.makeTopic(["retention.ms": "-1"])
        let raw = try bench.raw()
        let start = Self.start
        _ = try await raw.produce(
            batch(["a", "b", "c", "d"], at: start, deltas: [500, 100, 900, 900]).encoded(), to: bench.topic)
        _ = try await raw.produce(batch(["e", "f"], at: start, deltas: [200, 950]).encoded(), to: bench.topic)
        for (time, offset) in [(0, 0), (500, 0), (501, 2), (900, 2), (901, 5)] as [(Int64, Int64)] {
            #expect(try await raw.listOffset(bench.topic, 0, start + time).offset == offset, "at \(time)")
        }
        let newest = try await raw.listOffset(bench.topic, 0, -3)
        require(newest.errorCode, .noError)
        #expect(newest.offset == 5)
        #expect(newest.timestamp == start + 950)
        raw.close()
    }

    @Test(arguments: BrokerUnderTest.all)
    func anEmptyPartitionHasNoTimes(_ broker: BrokerUnderTest) async throws {
        let bench = try Bench(broker)
        try await bench.makeTopic()
        let raw = try bench.raw()
        for version in ListOffsetsRequest.versions {
            let first = try await raw.listOffset(bench.topic, 0, -2, version: version)
            let last = try await raw.listOffset(bench.topic, 0, -1, version: version)
            let timed = try await raw.listOffset(bench.topic, 0, 0, version: version)
            #expect([first.offset, last.offset, timed.offset] == [0, 0, -1])
            #expect([first.timestamp, last.timestamp, timed.timestamp] == [-1, -1, -1])
            if version >= 4 { #expect([first.leaderEpoch, last.leaderEpoch, timed.leaderEpoch] == [0, 0, -1]) }
        }
        #expect(try await raw.listOffset(bench.topic, 0, -3).offset == -1)
        require(try await raw.listOffset(bench.topic, 9, -1).errorCode, .unknownTopicOrPartition)
        require(try await raw.listOffset(bench.topic + "-not", 0, -1).errorCode, .unknownTopicOrPartition)
        raw.close()
    }

    @Test(arguments: BrokerUnderTest.all)
    func deletedRecordsMoveTheStartAndAReaderBelowItFails(_ broker: BrokerUnderTest) async throws {
        let bench = try Bench(broker)
        try await bench.makeTopic(partitionCount: 2)
        let producer = try bench.producer()
        let admin = try bench.admin()
        try await producer.sendAll((0..<20).map { "\($0)" }, to: bench.topic)
        #expect(try await admin.deleteRecords(before: [bench.place(12)]) == [bench.place(12)])
        #expect(try await admin.watermarks(of: bench.topic, partition: 0) == Watermarks(low: 12, high: 20))
        #expect(try await admin.lowWatermarks(of: bench.topic, partitions: [0, 1]) == [0: 12, 1: 0])
        // Before the start it is nothing, past the end an error, and -1 is the end.
        #expect(try await admin.deleteRecords(before: [bench.place(5)]) == [bench.place(12)])
        let past = await #expect(throws: KafkaFailure.self) { try await admin.deleteRecords(before: [bench.place(21)]) }
        #expect(past?.name == "OFFSET_OUT_OF_RANGE")
        let consumer = try bench.consumer()
        let stale = try await consumer.openPartition(topic: bench.topic, partition: 0, at: 3)
        #expect(await stale.firstFailure()?.isOffsetOutOfRange == true)
        await stale.close()
        let future = try await consumer.openPartition(topic: bench.topic, partition: 0, at: 21)
        #expect(await future.firstFailure()?.isOffsetOutOfRange == true)
        await future.close()
        #expect(try await consumer.readAll(bench.topic, from: 12, until: 20).map(\.value) == (12..<20).map { "\($0)" })
        // What is deleted inside a batch is not found by time either.
        let raw = try bench.raw()
        #expect(try await raw.listOffset(bench.topic, 0, 0).offset == 12)
        for version in DeleteRecordsRequest.versions {
            for (topic, partition) in [(bench.topic, 9), (bench.topic + "-not", 0)] as [(String, Int32)] {
                let order = DeleteRecordsRequest(
                    topics: [.init(name: topic, partitions: [.init(partitionIndex: partition, offset: 0)])], timeoutMs: 5_000)
                let answer = try await raw.ask(order, version: version)
                require(try #require(answer.topics.first?.partitions.first).errorCode, .unknownTopicOrPartition)
            }
        }
        raw.close()
        #expect(try await admin.deleteRecords(before: [bench.place(KafkaOffset.end)]) == [bench.place(20)])
        #expect(try await admin.watermarks(of: bench.topic, partition: 0) == Watermarks(low: 20, high: 20))
        try await producer.sendAll(["next"], to: bench.topic)
        #expect(try await consumer.readAll(bench.topic, from: 20, until: 21).map(\.value) == ["next"])
        await consumer.close()
        await admin.close()
        await producer.close()
    }

    @Test(arguments: BrokerUnderTest.all)
    func theEndOfAnEpochIsTheEndOfTheLog(_ broker: BrokerUnderTest) async throws {
        let bench = try Bench(broker)
        try await bench.makeTopic()
        let raw = try bench.raw()
        _ = try await raw.produce(batch(["a", "b", "c"]).encoded(), to: bench.topic)
        func end(of epoch: Int32, current: Int32 = -1, partition: Int32 = 0, version: Int16 = 3) async throws
            -> OffsetForLeaderEpochResponse.Topic.Partition
        {
            let answer = try await raw.ask(
                OffsetForLeaderEpochRequest(
                    replicaId: -1,
                    topics: [
                        .init(
                            topic: bench.topic,
                            partitions: [.init(partition: partition, currentLeaderEpoch: current, leaderEpoch: epoch)])
                    ]),
                version: version)
            return try #require(answer.topics.first?.partitions.first)
        }
        for version in OffsetForLeaderEpochRequest.versions {
            let now = try await end(of: 0, version: version)
            require(now.errorCode, .noError)
            #expect(now.leaderEpoch == 0)
            #expect(now.endOffset == 3)
        }
        let later = try await end(of: 1)
        require(later.errorCode, .noError)
        #expect(later.leaderEpoch == -1)
        #expect(later.endOffset == -1)
        require(try await end(of: 0, current: 5).errorCode, .unknownLeaderEpoch)
        require(try await end(of: 0, partition: 5).errorCode, .unknownTopicOrPartition)
        raw.close()
    }
}

import Foundation
import Kafka
import KafkaProtocol
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct RecordConformanceTests {
    /// Without it the other tests would pass for want of a broker.
    @Test(.enabled(if: BrokerUnderTest.hasEmbedded, "\(BrokerUnderTest.embeddedAbsence)"))
    func theEmbeddedBrokerIsAmongThoseTested() {
        #expect(BrokerUnderTest.embeddedFault == nil)
        #expect(BrokerUnderTest.all.contains { $0.kind == .embedded })
    }

    @Test(arguments: BrokerUnderTest.all)
    func everyPartitionIsReadInTheOrderInWhichItWasWritten(_ broker: BrokerUnderTest) async throws {
        let bench = try Bench(broker)
        try await bench.makeTopic(partitionCount: 4)
        let producer = try bench.producer(["linger.ms": "1"])
        let ticket = DeliveryTicket()
        for index in 0..<8_000 { try await producer.send("\(index)", to: bench.topic, partition: Int32(index % 4), ticket: ticket) }
        try await ticket.delivered()
        let admin = try bench.admin()
        #expect(try await admin.highWatermarks(of: bench.topic, partitions: 0..<4) == [0: 2_000, 1: 2_000, 2: 2_000, 3: 2_000])
        let consumer = try bench.consumer()
        for partition in 0..<Int32(4) {
            let seen = try await consumer.readAll(bench.topic, partition, until: 2_000)
            #expect(seen.map(\.offset) == Array(0..<2_000))
            #expect(seen.map(\.value) == (0..<2_000).map { "\($0 * 4 + Int(partition))" })
        }
        let tail = try await consumer.readAll(bench.topic, 1, from: 1_990, until: 2_000)
        #expect(tail.map(\.offset) == Array(1_990..<2_000))
        await consumer.close()
        await admin.close()
        await producer.close()
    }

    @Test(arguments: BrokerUnderTest.all, ["none", "gzip", "snappy", "lz4", "zstd"])
    func whatWasWrittenIsReadBackWhole(_ broker: BrokerUnderTest, _ codec: String) async throws {
        let bench = try Bench(broker)
        try await bench.makeTopic()
        let producer = try bench.producer(["compression.type": codec, "linger.ms": "50"])
        let ticket = DeliveryTicket()
        var headers = OutgoingHeaders(["trace": "abc", "empty": "", "trace": "def"])
        headers.append("null", nil)
        headers.append("lane", bigEndian: 258)
        let long = String(repeating: "so long ", count: 50_000)
        try await producer.send("value", key: "key", to: bench.topic, headers: headers, timestampMillis: 1_600_000_000_123, ticket: ticket)
        try await producer.send(nil, key: "", to: bench.topic, timestampMillis: 1_600_000_000_100, ticket: ticket)
        try await producer.send("", to: bench.topic, timestampMillis: 1_600_000_000_200, ticket: ticket)
        try await producer.send(long, key: "long", to: bench.topic, timestampMillis: 1_600_000_000_300, ticket: ticket)
        for index in 0..<200 { try await producer.send("\(index)", to: bench.topic, timestampMillis: 1_600_000_001_000, ticket: ticket) }
        try await ticket.delivered()

        let consumer = try bench.consumer()
        let reader = try await consumer.openPartition(topic: bench.topic, partition: 0, at: 0)
        var batch = MessageBatch()
        var count = 0
        for await _ in reader.wakeup.signals {
            while try reader.drain(into: &batch, countMax: 1) > 0 {
                let message = batch[0]
                #expect(message.offset == Int64(count))
                #expect(message.timestampType == .createTime)
                let key = message.key.map { String(decoding: $0, as: UTF8.self) }
                let value = message.payload.map { String(decoding: $0, as: UTF8.self) }
                switch count {
                case 0:
                    #expect(key == "key")
                    #expect(value == "value")
                    #expect(message.timestampMillis == 1_600_000_000_123)
                    var found: [String] = []
                    message.forEachHeader { name, value in found.append("\(name)=\(value.map { Array($0).description } ?? "null")") }
                    #expect(
                        found == [
                            "trace=[97, 98, 99]", "empty=[]", "trace=[100, 101, 102]", "null=null", "lane=[0, 0, 0, 0, 0, 0, 1, 2]",
                        ])
                case 1:
                    #expect(key == "")
                    #expect(value == nil)
                    #expect(message.timestampMillis == 1_600_000_000_100)
                case 2:
                    #expect(key == nil)
                    #expect(value == "")
                    #expect(message.headerCount == 0)
                case 3:
                    #expect(value == long)
                    #expect(message.timestampMillis == 1_600_000_000_300)
                default: #expect(value == "\(count - 4)")
                }
                count += 1
            }
            if count == 204 { break }
        }
        await consumer.close()
        await producer.close()

        // Kept as it was sent: attributes are the two bytes after the CRC.
        let raw = try bench.raw()
        let answer = try await raw.ask(
            FetchRequest(
                maxWaitMs: 0, minBytes: 1, topics: [.init(topic: bench.topic, partitions: [.init(partition: 0, partitionMaxBytes: 1)])]),
            version: 4)
        let partition = try #require(answer.responses.first?.partitions.first)
        #expect((partition.records.byteCount ?? 0) > RecordBatch.headerByteCount, "the first batch comes whole, however small the limit is")
        // A small batch that would not get smaller is sent as it is.
        var codecs: Set<UInt8> = []
        var offset: Int64 = 0
        while offset < 204 {
            let bytes = try await raw.fetchBytes(bench.topic, from: offset, byteCountMax: 1)
            codecs.insert(bytes[RecordBatch.crcStart + 1] & 7)
            offset = integer(bytes, at: 0, byteCount: 8) + integer(bytes, at: 23, byteCount: 4) + 1  // base offset, last offset delta
        }
        let codes: [String: UInt8] = ["none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4]
        #expect(codecs.subtracting([0]) == Set([codes[codec]].compactMap { $0 }).subtracting([0]))
        raw.close()
    }

    @Test(arguments: BrokerUnderTest.all)
    func aFetchThatWaitsIsAnsweredByTheNextRecord(_ broker: BrokerUnderTest) async throws {
        let bench = try Bench(broker)
        try await bench.makeTopic()
        let waiting = try bench.raw()
        let writing = try bench.raw()
        let empty = try await waiting.fetch(bench.topic, from: 0, waitMillisMax: 10)
        #expect(empty.highWatermark == 0)
        #expect((empty.records.byteCount ?? 0) == 0)
        async let answer = waiting.fetch(bench.topic, from: 0, waitMillisMax: 25_000)
        // Whether the fetch or the record comes first, the answer has the record.
        require(try await writing.produce(batch(["a"]).encoded(), to: bench.topic).errorCode, .noError)
        let found = try await answer
        require(found.errorCode, .noError)
        #expect((found.records.byteCount ?? 0) > 0)
        waiting.close()
        writing.close()
    }

    @Test(arguments: BrokerUnderTest.all)
    func aFetchGivesWholeBatchesWithinItsLimits(_ broker: BrokerUnderTest) async throws {
        let bench = try Bench(broker)
        try await bench.makeTopic()
        let raw = try bench.raw()
        for index in 0..<5 {
            let value = String(repeating: "\(index)", count: 1_000)
            let answer = try await raw.produce(batch([value, value]).encoded(), to: bench.topic)
            #expect(answer.baseOffset == Int64(index * 2))
        }
        let size = try await raw.fetchBytes(bench.topic, from: 0, byteCountMax: 1).count
        // From the middle of a batch the whole batch comes; the client drops what is before its offset.
        let middle = try RecordBatch.decode(try await raw.fetchBytes(bench.topic, from: 3, byteCountMax: 1))
        #expect(middle.map(\.baseOffset) == [2])
        let two = try RecordBatch.decode(try await raw.fetchBytes(bench.topic, from: 0, byteCountMax: Int32(size * 2 + size / 2)))
        #expect(two.map(\.baseOffset) == [0, 2])
        let all = try RecordBatch.decode(try await raw.fetchBytes(bench.topic, from: 0))
        #expect(all.map(\.baseOffset) == [0, 2, 4, 6, 8])
        #expect(all.allSatisfy { $0.leaderEpoch == 0 })
        let end = try await raw.fetch(bench.topic, from: 10)
        require(end.errorCode, .noError)
        #expect(end.highWatermark == 10)
        #expect(end.lastStableOffset == 10)
        #expect(end.logStartOffset == 0)
        require(try await raw.fetch(bench.topic, from: 11).errorCode, .offsetOutOfRange)
        require(try await raw.fetch(bench.topic, 7, from: 0).errorCode, .unknownTopicOrPartition)
        require(try await raw.fetch(bench.topic + "-not", from: 0).errorCode, .unknownTopicOrPartition)
        raw.close()
    }

    @Test(arguments: BrokerUnderTest.all)
    func aTopicMayCarryTheBrokersOwnTimes(_ broker: BrokerUnderTest) async throws {
        let bench = try Bench(broker)
        try await bench.makeTopic(["message.timestamp.type": "LogAppendTime"])
        let raw = try bench.raw()
        let answer = try await raw.produce(batch(["a", "b"], at: 1_500_000_000_000).encoded(), to: bench.topic)
        #expect(answer.logAppendTimeMs > 1_500_000_000_000)
        raw.close()
        let consumer = try bench.consumer()
        let reader = try await consumer.openPartition(topic: bench.topic, partition: 0, at: 0)
        var batch = MessageBatch()
        for await _ in reader.wakeup.signals where try reader.drain(into: &batch, countMax: 10) > 0 { break }
        #expect(batch[0].timestampType == .logAppendTime)
        #expect(batch[0].timestampMillis == answer.logAppendTimeMs)
        batch.clear()
        await consumer.close()
    }

    @Test(arguments: BrokerUnderTest.all)
    func timesTooFarFromTheBrokersAreRefused(_ broker: BrokerUnderTest) async throws {
        let bench = try Bench(broker)
        try await bench.makeTopic(["message.timestamp.after.max.ms": "60000", "message.timestamp.before.max.ms": "60000"])
        let raw = try bench.raw()
        let now = Int64(Date().timeIntervalSince1970 * 1_000)
        for (timestamp, code) in [(now - 120_000, ErrorCode.invalidTimestamp), (now + 120_000, .invalidTimestamp), (now, .noError)] {
            require(try await raw.produce(batch(["a"], at: timestamp).encoded(), to: bench.topic).errorCode, code)
        }
        raw.close()
    }

    @Test(arguments: BrokerUnderTest.all)
    func theVersionsOfProduceAndFetchAllSpeakOfTheSameLog(_ broker: BrokerUnderTest) async throws {
        let bench = try Bench(broker)
        try await bench.makeTopic()
        let raw = try bench.raw()
        var next: Int64 = 0
        for version in ProduceRequest.versions {
            let answer = try await raw.produce(batch(["v\(version)"]).encoded(), to: bench.topic, version: version)
            require(answer.errorCode, .noError)
            #expect(answer.baseOffset == next)
            next += 1
        }
        let id = try await raw.topicId(bench.topic)
        for version in FetchRequest.versions {
            let request = FetchRequest(
                maxWaitMs: 0, minBytes: 1,
                topics: [.init(topic: bench.topic, topicId: id, partitions: [.init(partition: 0, partitionMaxBytes: 1_000_000)])])
            let partition = try #require(try await raw.ask(request, version: version).responses.first?.partitions.first)
            require(partition.errorCode, .noError)
            #expect(partition.highWatermark == next)
            #expect((partition.records.byteCount ?? 0) > 0)
        }
        raw.close()
    }
}

/// Most significant byte first.
private func integer(_ bytes: [UInt8], at start: Int, byteCount: Int) -> Int64 {
    bytes[start..<start + byteCount].reduce(0) { $0 << 8 | Int64($1) }
}

extension RawConnection {
    /// The records of a fetch, as they are in the log.
    func fetchBytes(_ topic: String, from offset: Int64, byteCountMax: Int32 = 1_048_576) async throws -> [UInt8] {
        let request = FetchRequest(
            maxWaitMs: 1_000, minBytes: 1, maxBytes: 50_000_000,
            topics: [.init(topic: topic, partitions: [.init(partition: 0, fetchOffset: offset, partitionMaxBytes: byteCountMax)])])
        let frame = try #require(
            try await exchange(framed(request.frame(version: 11, correlationId: 7, clientId: "conformance").bytes)))
        let (_, response) = try frame.withUnsafeBytes { try FetchResponse.decodeResponse($0, version: 11) }
        let partition = try #require(response.responses.first?.partitions.first)
        require(partition.errorCode, .noError)
        guard case .frame(let range) = partition.records else { return [] }
        return Array(frame[range])
    }
}

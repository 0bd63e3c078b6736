import Kafka
import KafkaProtocol
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct IdempotenceConformanceTests {
    /// What befalls every seventh produce request or its answer.
    enum Mishap: String, CaseIterable, Sendable {
        case answerLost, answerCutShort, requestLost, requestCutShort, answerLate

        func verdict(_ frame: TcpProxy.Frame) -> TcpProxy.Verdict {
            guard frame.apiKey == 0, frame.index % 7 == 3 else { return .pass }
            switch (self, frame.direction) {
            case (.answerLost, .response): return .cut
            case (.answerCutShort, .response): return .cutAfter(byteCount: 9)
            case (.requestLost, .request): return .cut
            case (.requestCutShort, .request): return .cutAfter(byteCount: 100)
            case (.answerLate, .response): return .delay(.milliseconds(1_500))
            default: return .pass
            }
        }
    }

    @Test(arguments: BrokerUnderTest.all, Mishap.allCases)
    func whatIsAcknowledgedIsThereOnceWhateverGetsLost(_ broker: BrokerUnderTest, _ mishap: Mishap) async throws {
        let bench = try Bench(broker)
        try await bench.makeTopic(partitionCount: 2)
        let mishaps = Atomic<Int>(0)
        let server = try #require(broker.bootstrapServers.split(separator: ",").first)
        let proxy = try TcpProxy(to: String(server)) { frame in
            let verdict = mishap.verdict(frame)
            if case .pass = verdict {} else { mishaps.add(1, ordering: .relaxed) }
            return verdict
        }
        let producer = try KafkaProducer(
            KafkaConfiguration(
                bootstrapServers: proxy.bootstrapServers,
                [
                    "reconnect.backoff.ms": "10", "reconnect.backoff.max.ms": "50", "retry.backoff.ms": "10", "socket.timeout.ms": "1000",
                    "request.timeout.ms": "900", "batch.num.messages": "20", "linger.ms": "2",
                ]))
        let count = 600
        let ticket = DeliveryTicket()
        for index in 0..<count { try await producer.send("\(index)", to: bench.topic, partition: Int32(index % 2), ticket: ticket) }
        try await ticket.delivered()
        await producer.close()
        #expect(mishaps.load(ordering: .relaxed) > 0)
        proxy.close()

        let admin = try bench.admin()
        let consumer = try bench.consumer()
        for partition in 0..<2 {
            let end = try await admin.watermarks(of: bench.topic, partition: Int32(partition)).high
            let seen = try await consumer.readAll(bench.topic, Int32(partition), until: end)
            #expect(seen.map(\.value) == stride(from: partition, to: count, by: 2).map { "\($0)" })
        }
        await consumer.close()
        await admin.close()
    }

    @Test(arguments: BrokerUnderTest.all)
    func aBatchSentAgainIsAnsweredWithItsFirstOffset(_ broker: BrokerUnderTest) async throws {
        let bench = try Bench(broker)
        try await bench.makeTopic(partitionCount: 2)
        let raw = try bench.raw()
        let id = try await raw.newProducerId()
        #expect(try await raw.newProducerId() != id)
        func send(_ values: [String], _ sequence: Int32, epoch: Int16 = 0, partition: Int32 = 0) async throws
            -> ProduceResponse.Topic.Partition
        {
            try await raw.produce(
                batch(values, producerId: id, epoch: epoch, sequence: sequence).encoded(), to: bench.topic, partition: partition)
        }
        /// Offsets, or the error's name.
        func outcome(_ values: [String], _ sequence: Int32, epoch: Int16 = 0, partition: Int32 = 0) async throws -> String {
            let answer = try await send(values, sequence, epoch: epoch, partition: partition)
            return answer.errorCode == 0 ? "\(answer.baseOffset)" : ErrorCode.name(answer.errorCode)
        }
        #expect(try await outcome(["a", "b", "c"], 0) == "0")
        #expect(try await outcome(["a", "b", "c"], 0) == "0")
        #expect(try await outcome(["d"], 3) == "3")
        #expect(try await outcome(["a", "b", "c"], 0) == "0")
        #expect(try await outcome(["d"], 3) == "3")
        // A gap, and what overlaps without being the same.
        #expect(try await outcome(["x"], 10) == "outOfOrderSequenceNumber")
        #expect(try await outcome(["x"], 5) == "outOfOrderSequenceNumber")
        #expect(try await outcome(["a", "b"], 0) == "outOfOrderSequenceNumber")
        #expect(try await outcome(["d", "e"], 3) == "outOfOrderSequenceNumber")
        // Each partition counts for itself.
        #expect(try await outcome(["p"], 0, partition: 1) == "0")
        // The last five batches are remembered.
        for index in 0..<5 { #expect(try await outcome(["n"], Int32(4 + index)) == "\(4 + index)") }
        #expect(try await outcome(["n"], 4) == "4")
        #expect(try await outcome(["n"], 8) == "8")
        #expect(try await outcome(["d"], 3) == "outOfOrderSequenceNumber")
        #expect(try await outcome(["a", "b", "c"], 0) == "outOfOrderSequenceNumber")
        // A new epoch begins at 0 and ends the old one.
        #expect(try await outcome(["x"], 3, epoch: 1) == "outOfOrderSequenceNumber")
        #expect(try await outcome(["e1"], 0, epoch: 1) == "9")
        #expect(try await outcome(["x"], 9, epoch: 0) == "invalidProducerEpoch")
        #expect(try await outcome(["e1"], 0, epoch: 1) == "9")
        #expect(try await outcome(["e1"], 1, epoch: 1) == "10")
        #expect(try await raw.fetch(bench.topic, from: 0).highWatermark == 11)
        raw.close()
    }

    @Test(arguments: BrokerUnderTest.all)
    func sequencesGoRoundAtTheirLargest(_ broker: BrokerUnderTest) async throws {
        let bench = try Bench(broker)
        try await bench.makeTopic()
        let raw = try bench.raw()
        let id = try await raw.newProducerId()
        // A producer of which nothing is remembered may begin anywhere: its earlier records may have been deleted.
        let sequences: [(Int32, Int, Int64)] = [(.max - 1, 3, 0), (1, 2, 3), (.max - 1, 3, 0), (3, 1, 5)]
        for (sequence, count, offset) in sequences {
            let bytes = batch((0..<count).map { "\($0)" }, producerId: id, epoch: 0, sequence: sequence).encoded()
            let answer = try await raw.produce(bytes, to: bench.topic)
            require(answer.errorCode, .noError, "sequence \(sequence)")
            #expect(answer.baseOffset == offset)
        }
        raw.close()
    }

    @Test(arguments: BrokerUnderTest.all)
    func everyVersionGivesAProducerId(_ broker: BrokerUnderTest) async throws {
        let bench = try Bench(broker)
        let raw = try bench.raw()
        var ids: Set<Int64> = [try await raw.newProducerId()]
        for version in InitProducerIdRequest.versions {
            let answer = try await raw.ask(InitProducerIdRequest(transactionTimeoutMs: 1_000), version: version)
            require(answer.errorCode, .noError)
            #expect(answer.producerEpoch == 0)
            ids.insert(answer.producerId)
        }
        #expect(ids.count == InitProducerIdRequest.versions.count + 1)
        raw.close()
    }
}

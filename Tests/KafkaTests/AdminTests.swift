import CLibrdkafka
import Kafka
import Testing

@Suite(.timeLimit(.minutes(10))) struct AdminTests {
    let mock: MockCluster
    init() throws { mock = try MockCluster() }

    @Test func watermarksOfManyPartitionsComeAtOnce() async throws {
        mock.createTopic("t", partitions: 4)
        let producer = try KafkaProducer(mock.configuration())
        for partition in 0..<Int32(4) {
            try await producer.sendAll((0..<(10 * Int(partition))).map { "\($0)" }, to: "t", partition: partition)
        }
        let admin = try KafkaAdmin(mock.configuration())
        #expect(try await admin.highWatermarks(of: "t", partitions: 0..<4) == [0: 0, 1: 10, 2: 20, 3: 30])
        #expect(try await admin.lowWatermarks(of: "t", partitions: [1, 3]) == [1: 0, 3: 0])
        #expect(try await admin.watermarks(of: "t", partition: 2) == Watermarks(low: 0, high: 20))
        #expect(try await admin.partitionCount(of: "t") == 4)
        #expect(try await admin.topic("t").partitions.map(\.leader) == [1, 1, 1, 1])
        #expect(try await admin.allTopics().map(\.name) == ["t"])
        #expect(try await !admin.clusterId().isEmpty)
        await admin.close()
        await producer.close()
    }

    enum Question: CaseIterable { case clusterId, partitionCount, highWatermarks, createTopics, committedOffsets }

    @Test(arguments: Question.allCases)
    func anUnreachableClusterIsATimeOut(question: Question) async throws {
        let admin = try KafkaAdmin(KafkaConfiguration(bootstrapServers: "127.0.0.1:1"))
        let limit = Duration.milliseconds(50)
        let failure = await #expect(throws: KafkaFailure.self) {
            switch question {
            case .clusterId: _ = try await admin.clusterId(within: limit)
            case .partitionCount: _ = try await admin.partitionCount(of: "t", within: limit)
            case .highWatermarks: _ = try await admin.highWatermarks(of: "t", partitions: [0], within: limit)
            case .createTopics: _ = try await admin.createTopics([NewTopic("t", partitionCount: 1)], within: limit)
            case .committedOffsets: _ = try await admin.committedOffsets(group: "g", topic: "t", partitions: [0], within: limit)
            }
        }
        #expect(failure?.remedy == .retry)
        await admin.close()
        let closed = await #expect(throws: KafkaFailure.self) { try await admin.clusterId() }
        #expect(closed?.isClosed == true)
    }
}

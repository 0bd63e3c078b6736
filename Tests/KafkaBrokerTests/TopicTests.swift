import Glibc
import Testing

@testable import KafkaBroker
@testable import KafkaProtocol
@testable import RecordLog

struct TopicTests {
    let directory = TemporaryDirectory()

    @Test func topicsAndIdsOutliveTheProcess() throws {
        let id: Uuid
        let clusterId: String?
        do {
            let bench = try Bench(directory)
            id = try bench.create("t", partitions: 3, config: ["retention.ms": "5000"]).topicId
            _ = try bench.produce("t", 2, Bench.batch(["a"]))
            clusterId = try bench.ask(MetadataRequest(topics: [])).clusterId
        }
        let bench = try Bench(directory)
        let metadata = try bench.ask(MetadataRequest(topics: nil), version: 12)
        #expect(metadata.clusterId == clusterId)
        #expect(clusterId?.utf8.count == 22)
        #expect(metadata.topics.map(\.topicId) == [id])
        #expect(metadata.topics[0].partitions.map(\.partitionIndex) == [0, 1, 2])
        #expect(metadata.topics[0].partitions.allSatisfy { $0.leaderId == 1 && $0.leaderEpoch == 0 && $0.isrNodes == [1] })
        #expect(metadata.brokers.map(\.host) == ["broker.example"])
        #expect(try bench.values(Bench.fetchRequest("t", 2, from: 0)).values == ["a"])
        #expect(bench.node.store.topic("t")?.config.values == [.retentionMillis: "5000"])
    }

    @Test func aTopicMadeAgainIsEmptyAndHasAnotherId() throws {
        let bench = try Bench(directory)
        let first = try bench.create("t").topicId
        _ = try bench.produce("t", Bench.batch(["a"]))
        let deleted = try bench.ask(DeleteTopicsRequest(topics: [.init(name: nil, topicId: first)])).responses[0]
        #expect((deleted.errorCode, deleted.name) == (0, "t"))
        #expect(try bench.ask(MetadataRequest(topics: [.init(name: "t")])).topics[0].errorCode == 3)
        #expect(try bench.create("t").topicId != first)
        #expect(try bench.values(Bench.fetchRequest("t", from: 0)).answer.highWatermark == 0)
    }

    @Test func whatWasDeletedIsRemovedInSmallSteps() throws {
        let bench = try Bench(directory)
        try bench.create("t", partitions: 5)
        _ = try bench.ask(DeleteTopicsRequest(topics: [.init(name: "t")]))
        var steps = 0
        while access("\(directory.path)/removed/", F_OK) == 0, bench.node.store.removeSome(), steps < 100 { steps += 1 }
        #expect((2..<100).contains(steps))
        #expect(access("\(directory.path)/topics/t-0", F_OK) != 0)
    }

    @Test func aDeletionThatWasCutShortIsFinishedAtTheNextStart() throws {
        let data = try DataDirectory(path: directory.path)
        let store = try TopicStore(directory: data)
        let topic = Topic(name: "t", id: store.newTopicId(), partitionCount: 2, config: TopicConfig())
        try store.add([topic])
        for index in 0..<2 { try DataDirectory.make(data.partitionPath("t", index)) }
        // As if the process had died between writing the file and moving the directories.
        try data.replace(
            data.metadataPath, with: MetadataFile.encode(BrokerMetadata(clusterId: store.clusterId, topics: [], removed: [topic])))
        let again = try TopicStore(directory: data)
        #expect(again.topicCount == 0)
        #expect(access(data.partitionPath("t", 0), F_OK) != 0)
        #expect(access(data.removedPath(topic.id.description, 1), F_OK) == 0)
    }

    @Test func producerIdsAreNeverGivenTwice() throws {
        var ids: Set<Int64> = []
        for _ in 0..<3 {
            let bench = try Bench(directory)
            for _ in 0..<5 {
                let answer = try bench.ask(InitProducerIdRequest(transactionTimeoutMs: 1))
                #expect((answer.errorCode, answer.producerEpoch) == (0, 0))
                #expect(ids.insert(answer.producerId).inserted)
            }
        }
        let bench = try Bench(directory)
        #expect(try bench.ask(InitProducerIdRequest(transactionalId: "t")).errorCode == 53)
    }

    @Test(arguments: [
        (CreateTopicsRequest.Topic(name: "a b", numPartitions: 1, replicationFactor: 1), ErrorCode.invalidTopicException),
        (.init(name: "..", numPartitions: 1, replicationFactor: 1), .invalidTopicException),
        (.init(name: "old_topic", numPartitions: 1, replicationFactor: 1), .invalidTopicException),
        (.init(name: "old.topic", numPartitions: 1, replicationFactor: 1), .topicAlreadyExists),
        (.init(name: "n", numPartitions: 0, replicationFactor: 1), .invalidPartitions),
        (.init(name: "n", numPartitions: 1, replicationFactor: 0), .invalidReplicationFactor),
        (.init(name: "n", numPartitions: 1, replicationFactor: 2), .invalidReplicationFactor),
        (.init(name: "n", numPartitions: 1_000_000, replicationFactor: 1), .invalidPartitions),
        (.init(name: "n", numPartitions: 1, replicationFactor: 1, configs: [.init(name: "x", value: "1")]), .invalidConfig),
        (.init(name: "n", numPartitions: 1, replicationFactor: 1, configs: [.init(name: "retention.ms", value: "lots")]), .invalidConfig),
        (
            .init(name: "n", numPartitions: 1, replicationFactor: 1, configs: [.init(name: "cleanup.policy", value: "compact")]),
            .invalidConfig
        ),
        (
            .init(name: "n", numPartitions: 1, replicationFactor: -1, assignments: [.init(partitionIndex: 0, brokerIds: [1])]),
            .invalidRequest
        ),
        (
            .init(name: "n", numPartitions: -1, replicationFactor: -1, assignments: [.init(partitionIndex: 0, brokerIds: [2])]),
            .invalidReplicaAssignment
        ),
        (
            .init(name: "n", numPartitions: -1, replicationFactor: -1, assignments: [.init(partitionIndex: 1, brokerIds: [1])]),
            .invalidReplicaAssignment
        ),
        (.init(name: "n", numPartitions: -1, replicationFactor: -1), .noError),
        (
            .init(
                name: "n", numPartitions: -1, replicationFactor: -1,
                assignments: [.init(partitionIndex: 0, brokerIds: [1]), .init(partitionIndex: 1, brokerIds: [1])]), .noError
        ),
    ])
    func topicsAreCheckedWhenTheyAreMade(_ topic: CreateTopicsRequest.Topic, _ code: ErrorCode) throws {
        let bench = try Bench(directory)
        try bench.create("old.topic")
        let answer = try bench.ask(CreateTopicsRequest(topics: [topic])).topics[0]
        #expect(answer.errorCode == code.rawValue, "\(answer.errorMessage ?? "")")
        #expect((answer.errorMessage == nil) == (code == .noError))
        #expect((bench.node.store.topic("n") != nil) == (code == .noError))
    }

    @Test func onlyCheckingMakesNothing() throws {
        let bench = try Bench(directory)
        let answer = try bench.ask(
            CreateTopicsRequest(topics: [.init(name: "t", numPartitions: 4, replicationFactor: -1)], validateOnly: true))
        #expect((answer.topics[0].errorCode, answer.topics[0].numPartitions) == (0, 4))
        #expect(bench.node.store.topicCount == 0)
    }

    @Test func aNameThatComesTwiceIsRefusedOnce() throws {
        let bench = try Bench(directory)
        let topic = CreateTopicsRequest.Topic(name: "t", numPartitions: 1, replicationFactor: 1)
        let answer = try bench.ask(CreateTopicsRequest(topics: [topic, topic]))
        #expect(answer.topics.map(\.errorCode) == [ErrorCode.invalidRequest.rawValue])
    }

    @Test func partitionsAreAdded() throws {
        let bench = try Bench(directory)
        try bench.create("t", partitions: 2)
        func grow(_ count: Int32) throws -> Int16 {
            try bench.ask(CreatePartitionsRequest(topics: [.init(name: "t", count: count)])).results[0].errorCode
        }
        #expect(try grow(2) == ErrorCode.invalidPartitions.rawValue)
        #expect(try grow(1) == ErrorCode.invalidPartitions.rawValue)
        #expect(try grow(4) == 0)
        #expect(try bench.produce("t", 3, Bench.batch(["a"])).baseOffset == 0)
        #expect(bench.node.store.partitionCount == 4)
    }

    @Test func topicsMakeThemselvesOnlyWhereThatIsAllowedAndAsked() throws {
        let off = try Bench(TemporaryDirectory())
        #expect(try off.ask(MetadataRequest(topics: [.init(name: "t")])).topics[0].errorCode == 3)
        let on = try Bench(directory) {
            $0.createsTopicsAutomatically = true
            $0.partitionCountDefault = 3
        }
        #expect(try on.ask(MetadataRequest(topics: [.init(name: "t")], allowAutoTopicCreation: false)).topics[0].errorCode == 3)
        let answer = try on.ask(MetadataRequest(topics: [.init(name: "t"), .init(name: "bad name"), .init(name: "t")]))
        #expect(answer.topics.map(\.errorCode) == [0, 17])
        #expect(answer.topics[0].partitions.count == 3)
    }

    @Test func configurationsAreDescribedAndAltered() throws {
        let bench = try Bench(directory) { try? $0.topicDefaults.set("retention.ms", to: "77") }
        try bench.create("t")
        func value(_ name: String, _ resource: String = "t", type: Int8 = 2) throws -> DescribeConfigsResponse.Result.Config? {
            try bench.ask(
                DescribeConfigsRequest(
                    resources: [.init(resourceType: type, resourceName: resource, configurationKeys: [name])], includeSynonyms: true)
            ).results[0].configs.first
        }
        #expect(try value("retention.ms")?.value == "77")
        #expect(try value("retention.ms")?.configSource == 4)
        #expect(try value("segment.bytes")?.configSource == 5)
        #expect(try value("num.partitions", "1", type: 4)?.value == "1")
        func alter(_ name: String, _ value: String?, _ operation: Int8 = 0, type: Int8 = 2) throws -> Int16 {
            try bench.ask(
                IncrementalAlterConfigsRequest(
                    resources: [
                        .init(
                            resourceType: type, resourceName: "t", configs: [.init(name: name, configOperation: operation, value: value)])
                    ])
            ).responses[0].errorCode
        }
        #expect(try alter("retention.ms", "99") == 0)
        #expect(try value("retention.ms")?.value == "99")
        #expect(try value("retention.ms")?.synonyms.map(\.value) == ["99", "77", "604800000"])
        #expect(bench.node.partition("t", 0)?.log.settings.retentionMillis == 99)
        #expect(try alter("retention.ms", nil, 1) == 0)
        #expect(try value("retention.ms")?.value == "77")
        #expect(try alter("retention.ms", "-7") == ErrorCode.invalidConfig.rawValue)
        #expect(try alter("retention.ms", nil) == ErrorCode.invalidRequest.rawValue)
        #expect(try alter("cleanup.policy", "delete", 2) == ErrorCode.invalidConfig.rawValue)
        #expect(try alter("x", "1", type: 4) == ErrorCode.invalidRequest.rawValue)
    }

    @Test func aDirectoryBelongsToOneBroker() throws {
        let first = try DataDirectory(path: directory.path)
        #expect(throws: DiskFailure.self) { try DataDirectory(path: directory.path) }
        _ = first
    }

    @Test func anUnreadableMetadataFileIsRefusedAndKept() throws {
        let data = try DataDirectory(path: directory.path)
        try data.replace(data.metadataPath, with: Array("{\"version\":2}".utf8))
        #expect(throws: DiskFailure.self) { try TopicStore(directory: data) }
        #expect(try DataDirectory.read(data.metadataPath, byteCountMax: 100) == Array("{\"version\":2}".utf8))
    }
}

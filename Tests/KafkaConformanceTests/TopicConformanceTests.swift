import Kafka
import KafkaProtocol
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct TopicConformanceTests {
    /// One order and its one answer.
    private func create(_ raw: RawConnection, _ topic: CreateTopicsRequest.Topic, version: Int16 = 7, validateOnly: Bool = false)
        async throws -> CreateTopicsResponse.Topic
    {
        let answer = try await raw.ask(
            CreateTopicsRequest(topics: [topic], timeoutMs: 15_000, validateOnly: validateOnly), version: version)
        return try #require(answer.topics.first)
    }

    @Test(arguments: BrokerUnderTest.all)
    func aTopicMadeAnewIsAnotherTopic(_ broker: BrokerUnderTest) async throws {
        let bench = try Bench(broker)
        let raw = try bench.raw()
        let first = try await create(raw, .init(name: bench.topic, numPartitions: 2, replicationFactor: 1))
        require(first.errorCode, .noError)
        #expect(first.numPartitions == 2)
        #expect(first.replicationFactor == 1)
        #expect(first.topicId != .zero)
        require(try await create(raw, .init(name: bench.topic, numPartitions: 2, replicationFactor: 1)).errorCode, .topicAlreadyExists)
        try await eventually("the topic") { try await raw.metadata(bench.topic).topics.first?.partitions.count == 2 }
        #expect(try await raw.topicId(bench.topic) == first.topicId)
        try await eventually("a leader") {
            try await raw.produce(batch(["old"]).encoded(), to: bench.topic).errorCode == ErrorCode.noError.rawValue
        }

        let byId = try await raw.ask(
            MetadataRequest(topics: [.init(topicId: first.topicId, name: nil)], allowAutoTopicCreation: false), version: 12)
        #expect(byId.topics.first?.name == bench.topic)

        let gone = try await raw.ask(DeleteTopicsRequest(topics: [.init(name: bench.topic)], timeoutMs: 15_000), version: 6)
        require(try #require(gone.responses.first).errorCode, .noError)
        #expect(gone.responses.first?.topicId == first.topicId)
        try await eventually("the topic to go") {
            try await raw.metadata(bench.topic).topics.first?.errorCode == ErrorCode.unknownTopicOrPartition.rawValue
        }
        require(try await raw.fetch(bench.topic, from: 0).errorCode, .unknownTopicOrPartition)
        require(try await raw.produce(batch(["a"]).encoded(), to: bench.topic).errorCode, .unknownTopicOrPartition)

        let second = try await create(raw, .init(name: bench.topic, numPartitions: 1, replicationFactor: 1))
        require(second.errorCode, .noError)
        #expect(second.topicId != first.topicId)
        try await eventually("the new topic") { try await raw.metadata(bench.topic).topics.first?.partitions.count == 1 }
        var fresh = FetchResponse.Topic.Partition()
        try await eventually("its leader") {
            fresh = try await raw.fetch(bench.topic, from: 0)
            return fresh.errorCode == ErrorCode.noError.rawValue
        }
        #expect(fresh.highWatermark == 0)
        // Who asks for the old one by its id does not get the new one.
        let old = try await raw.ask(
            FetchRequest(
                maxWaitMs: 0, minBytes: 1, topics: [.init(topicId: first.topicId, partitions: [.init(partition: 0, partitionMaxBytes: 1)])]),
            version: 13)
        require(try #require(old.responses.first?.partitions.first).errorCode, .unknownTopicId)
        let oldMetadata = try await raw.ask(
            MetadataRequest(topics: [.init(topicId: first.topicId, name: nil)], allowAutoTopicCreation: false), version: 12)
        require(try #require(oldMetadata.topics.first).errorCode, .unknownTopicId)
        let byOldId = try await raw.ask(
            DeleteTopicsRequest(topics: [.init(name: nil, topicId: first.topicId)], timeoutMs: 15_000), version: 6)
        require(try #require(byOldId.responses.first).errorCode, .unknownTopicId)
        let byNewId = try await raw.ask(
            DeleteTopicsRequest(topics: [.init(name: nil, topicId: second.topicId)], timeoutMs: 15_000), version: 6)
        require(try #require(byNewId.responses.first).errorCode, .noError)
        raw.close()
    }

    @Test(arguments: BrokerUnderTest.all)
    func impossibleTopicsAreRefused(_ broker: BrokerUnderTest) async throws {
        let bench = try Bench(broker)
        let raw = try bench.raw()
        let badNames = ["", ".", "..", "with space", "slash/ed", "ümlaut", String(repeating: "n", count: 250)]
        for name in badNames {
            let answer = try await create(raw, .init(name: name, numPartitions: 1, replicationFactor: 1))
            require(answer.errorCode, .invalidTopicException, "\"\(name)\"")
            let asked = try #require(try await raw.metadata(name).topics.first)
            require(asked.errorCode, .invalidTopicException, "metadata of \"\(name)\"")
        }
        let longest = String((bench.topic + String(repeating: "n", count: 249)).prefix(249))
        require(try await create(raw, .init(name: longest, numPartitions: 1, replicationFactor: 1)).errorCode, .noError)
        _ = try await raw.ask(DeleteTopicsRequest(topicNames: [longest], timeoutMs: 15_000), version: 4)
        for count in [0, -2] as [Int32] {
            require(
                try await create(raw, .init(name: bench.topic, numPartitions: count, replicationFactor: 1)).errorCode, .invalidPartitions)
        }
        for factor in [0, 9, -2] as [Int16] {
            require(
                try await create(raw, .init(name: bench.topic, numPartitions: 1, replicationFactor: factor)).errorCode,
                .invalidReplicationFactor)
        }
        let settings: [(String, String?)] = [
            ("no.such.setting", "1"), ("retention.ms", "soon"), ("retention.ms", nil), ("retention.ms", "-2"), ("cleanup.policy", "sweep"),
            ("message.timestamp.type", "Lunar"), ("segment.bytes", "1"), ("max.message.bytes", "-1"),
        ]
        for (name, value) in settings {
            let answer = try await create(
                raw,
                .init(name: bench.topic, numPartitions: 1, replicationFactor: 1, configs: [.init(name: name, value: value)]))
            require(answer.errorCode, .invalidConfig, "\(name)=\(value ?? "null")")
        }
        let twice = try await raw.ask(
            CreateTopicsRequest(
                topics: [
                    .init(name: bench.topic, numPartitions: 1, replicationFactor: 1),
                    .init(name: bench.topic, numPartitions: 2, replicationFactor: 1),
                ], timeoutMs: 15_000), version: 7)
        #expect(twice.topics.allSatisfy { $0.errorCode == ErrorCode.invalidRequest.rawValue })
        // Only asked whether it could be.
        require(
            try await create(raw, .init(name: bench.topic, numPartitions: 3, replicationFactor: 1), validateOnly: true).errorCode, .noError)
        require(try #require(try await raw.metadata(bench.topic).topics.first).errorCode, .unknownTopicOrPartition)
        let unknown = try await raw.ask(DeleteTopicsRequest(topics: [.init(name: bench.topic)], timeoutMs: 1_000), version: 6)
        require(try #require(unknown.responses.first).errorCode, .unknownTopicOrPartition)
        raw.close()
    }

    @Test(arguments: BrokerUnderTest.all)
    func everyVersionMakesAndDeletesTopics(_ broker: BrokerUnderTest) async throws {
        let bench = try Bench(broker)
        let raw = try bench.raw()
        for version in CreateTopicsRequest.versions {
            let name = "\(bench.topic)-\(version)"
            let made = try await create(raw, .init(name: name, numPartitions: 1, replicationFactor: 1), version: version)
            require(made.errorCode, .noError)
            for asking in MetadataRequest.versions where asking >= 4 {
                try await eventually("the topic, by version \(asking)") {
                    try await raw.metadata(name, version: asking).topics.first?.partitions.first?.leaderId ?? -1 >= 0
                }
            }
        }
        for version in DeleteTopicsRequest.versions {
            let name = "\(bench.topic)-\(version == 1 ? 7 : version)"
            let order = DeleteTopicsRequest(topics: [.init(name: name)], topicNames: [name], timeoutMs: 15_000)
            require(try #require(try await raw.ask(order, version: version).responses.first).errorCode, .noError)
        }
        raw.close()
    }

    @Test(arguments: BrokerUnderTest.all)
    func partitionsGrowAndNeverShrink(_ broker: BrokerUnderTest) async throws {
        let bench = try Bench(broker)
        try await bench.makeTopic(partitionCount: 2)
        let raw = try bench.raw()
        func grow(_ topic: String, to count: Int32, version: Int16 = 3, validateOnly: Bool = false) async throws -> Int16 {
            let answer = try await raw.ask(
                CreatePartitionsRequest(topics: [.init(name: topic, count: count)], timeoutMs: 15_000, validateOnly: validateOnly),
                version: version)
            return try #require(answer.results.first).errorCode
        }
        let producer = try bench.producer()
        try await producer.sendAll(["before"], to: bench.topic, partition: 1)
        require(try await grow(bench.topic, to: 9, validateOnly: true), .noError)
        require(try await grow(bench.topic, to: 3, version: 0), .noError)
        require(try await grow(bench.topic, to: 5), .noError)
        for count in [5, 1, 0, -1] as [Int32] { require(try await grow(bench.topic, to: count), .invalidPartitions) }
        require(try await grow(bench.topic + "-not", to: 5), .unknownTopicOrPartition)
        let admin = try bench.admin()
        try await eventually("the partitions") { try await admin.partitionCount(of: bench.topic) == 5 }
        let later = try bench.producer()
        try await later.sendAll(["after"], to: bench.topic, partition: 4)
        #expect(try await admin.highWatermarks(of: bench.topic, partitions: 0..<5) == [0: 0, 1: 1, 2: 0, 3: 0, 4: 1])
        await admin.close()
        await producer.close()
        await later.close()
        raw.close()
    }

    @Test(arguments: BrokerUnderTest.all)
    func theClusterSaysWhoItIs(_ broker: BrokerUnderTest) async throws {
        let bench = try Bench(broker)
        try await bench.makeTopic()
        let raw = try bench.raw()
        let admin = try bench.admin()
        let id = try await admin.clusterId()
        #expect(id.count == 22)
        for version in DescribeClusterRequest.versions {
            let cluster = try await raw.ask(DescribeClusterRequest(), version: version)
            require(cluster.errorCode, .noError)
            #expect(cluster.clusterId == id)
            #expect(cluster.brokers.contains { $0.brokerId == cluster.controllerId })
        }
        for version in MetadataRequest.versions {
            let some = try await raw.ask(
                MetadataRequest(topics: [.init(name: bench.topic)], allowAutoTopicCreation: false), version: version)
            if version >= 2 { #expect(some.clusterId == id) }
            let topic = try #require(some.topics.first)
            require(topic.errorCode, .noError)
            let partition = try #require(topic.partitions.first)
            #expect(some.brokers.contains { $0.nodeId == partition.leaderId })
            #expect(partition.replicaNodes == [partition.leaderId])
            #expect(partition.isrNodes == [partition.leaderId])
            if version >= 7 { #expect(partition.leaderEpoch == 0) }
            #expect(!topic.isInternal)
            let none = try await raw.ask(MetadataRequest(topics: [], allowAutoTopicCreation: false), version: version)
            if version > 0 { #expect(none.topics.isEmpty) } else { #expect(none.topics.contains { $0.name == bench.topic }) }
            if version > 0 {
                let all = try await raw.ask(MetadataRequest(topics: nil, allowAutoTopicCreation: false), version: version)
                #expect(all.topics.contains { $0.name == bench.topic })
            }
        }
        require(try #require(try await raw.metadata(bench.topic + "-not").topics.first).errorCode, .unknownTopicOrPartition)
        await admin.close()
        raw.close()
    }

    // MARK: Settings

    private func describe(_ raw: RawConnection, _ topic: String, keys: [String]? = nil, version: Int16 = 4) async throws
        -> DescribeConfigsResponse.Result
    {
        let answer = try await raw.ask(
            DescribeConfigsRequest(resources: [.init(resourceType: 2, resourceName: topic, configurationKeys: keys)]), version: version)
        return try #require(answer.results.first)
    }

    private func alter(_ raw: RawConnection, _ topic: String, _ name: String, _ operation: Int8, _ value: String?, version: Int16 = 1)
        async throws -> Int16
    {
        let answer = try await raw.ask(
            IncrementalAlterConfigsRequest(resources: [
                .init(resourceType: 2, resourceName: topic, configs: [.init(name: name, configOperation: operation, value: value)])
            ]), version: version)
        return try #require(answer.responses.first).errorCode
    }

    @Test(arguments: BrokerUnderTest.all)
    func settingsAreDescribedAlteredAndTakenBack(_ broker: BrokerUnderTest) async throws {
        let bench = try Bench(broker)
        try await bench.makeTopic(["retention.ms": "3600000", "max.message.bytes": "5000"])
        let raw = try bench.raw()
        for version in DescribeConfigsRequest.versions {
            let found = try await describe(raw, bench.topic, keys: ["retention.ms", "cleanup.policy"], version: version)
            require(found.errorCode, .noError)
            #expect(found.configs.map(\.name).sorted() == ["cleanup.policy", "retention.ms"])
            let retention = try #require(found.configs.first { $0.name == "retention.ms" })
            #expect(retention.value == "3600000")
            #expect(retention.configSource == 1)  // of this topic
            #expect(!retention.readOnly)
            #expect(!retention.isSensitive)
            let policy = try #require(found.configs.first { $0.name == "cleanup.policy" })
            #expect(policy.value == "delete")
            #expect(policy.configSource == 5)  // the default
            if version >= 3 { #expect(retention.configType == 5) }  // a long
        }
        let all = try await describe(raw, bench.topic)
        let known = Set(all.configs.map(\.name))
        #expect(
            known.isSuperset(of: [
                "cleanup.policy", "compression.type", "max.message.bytes", "message.timestamp.type", "min.insync.replicas",
                "retention.bytes",
                "retention.ms", "segment.bytes", "segment.ms",
            ]))
        let big = batch([String(repeating: "x", count: 6_000)]).encoded()
        require(try await raw.produce(big, to: bench.topic).errorCode, .messageTooLarge)
        require(try await alter(raw, bench.topic, "max.message.bytes", 0, "10000", version: 0), .noError)
        try await eventually("the new limit") { try await raw.produce(big, to: bench.topic).errorCode == ErrorCode.noError.rawValue }
        require(try await alter(raw, bench.topic, "retention.ms", 1, nil), .noError)
        try await eventually("the setting to go") {
            try await describe(raw, bench.topic, keys: ["retention.ms"]).configs.first?.configSource != 1
        }
        #expect(try await describe(raw, bench.topic, keys: ["max.message.bytes"]).configs.first?.value == "10000")

        require(try await alter(raw, bench.topic, "retention.ms", 0, "soon"), .invalidConfig)
        require(try await alter(raw, bench.topic, "no.such.setting", 0, "1"), .invalidConfig)
        require(try await alter(raw, bench.topic, "retention.ms", 2, "1"), .invalidConfig)  // appending to what is no list
        require(try await alter(raw, bench.topic + "-not", "retention.ms", 0, "1"), .unknownTopicOrPartition)
        require(try await describe(raw, bench.topic + "-not").errorCode, .unknownTopicOrPartition)
        #expect(try await describe(raw, bench.topic, keys: ["no.such.setting"]).configs.isEmpty)
        raw.close()
    }

    @Test(arguments: BrokerUnderTest.all)
    func theNodeHasSettingsToo(_ broker: BrokerUnderTest) async throws {
        let bench = try Bench(broker)
        let raw = try bench.raw()
        let node = try await raw.ask(DescribeClusterRequest(), version: 0).controllerId
        let answer = try await raw.ask(
            DescribeConfigsRequest(resources: [.init(resourceType: 4, resourceName: "\(node)")]), version: 4)
        let result = try #require(answer.results.first)
        require(result.errorCode, .noError)
        #expect(Set(result.configs.map(\.name)).isSuperset(of: ["message.max.bytes", "num.partitions", "auto.create.topics.enable"]))
        raw.close()
    }
}

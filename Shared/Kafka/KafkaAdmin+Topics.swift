internal import CLibrdkafka

/// A topic to be made.
package struct NewTopic: Sendable, Hashable {
    package var name: String
    package var partitionCount: Int32
    /// -1 is the broker's default.
    package var replicationFactor: Int32
    /// Kafka's topic settings, such as `retention.ms`.
    package var settings: [String: String]

    package init(_ name: String, partitionCount: Int32, replicationFactor: Int32 = -1, settings: [String: String] = [:]) {
        self.name = name
        self.partitionCount = partitionCount
        self.replicationFactor = replicationFactor
        self.settings = settings
    }
}

/// What the cluster says of a topic.
package struct TopicMetadata: Sendable, Hashable {
    package struct Partition: Sendable, Hashable {
        package var partition: Int32
        /// Broker id, -1 while there is none.
        package var leader: Int32
        package var replicas: [Int32]
        package var inSyncReplicas: [Int32]
    }
    package var name: String
    /// In the partitions' order.
    package var partitions: [Partition]
}

extension KafkaAdmin {
    package enum Creation: Sendable, Hashable { case created, alreadyExisted }

    /// Makes topics that are not there yet, and waits until each has its leaders; one that is there is left as it is.
    ///
    /// - Returns: what happened, by topic name.
    /// - Throws: the first failure of any other kind; the topics beside it may have been made.
    package func createTopics(_ topics: [NewTopic], within limit: Duration = .seconds(15)) async throws(KafkaFailure) -> [String: Creation]
    {
        if topics.isEmpty { return [:] }
        let creations = try await unsafe request(
            "create topics", RD_KAFKA_ADMIN_OP_CREATETOPICS, within: limit,
            send: { (client, options, queue) throws(KafkaFailure) in
                var orders: [OpaquePointer?] = unsafe []
                defer { for index in unsafe orders.indices { unsafe rd_kafka_NewTopic_destroy(orders[index]) } }
                for topic in topics {
                    var text = [CChar](repeating: 0, count: 512)
                    guard
                        let order = unsafe rd_kafka_NewTopic_new(
                            topic.name, topic.partitionCount, topic.replicationFactor, &text, text.count)
                    else { throw .invalid("create topic \"\(topic.name)\"", cText(text)) }
                    unsafe orders.append(order)
                    for (name, value) in topic.settings.sorted(by: { $0.key < $1.key }) {
                        let code = unsafe rd_kafka_NewTopic_set_config(order, name, value)
                        if code != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaFailure(code, operation: "create topic, setting \(name)") }
                    }
                }
                unsafe rd_kafka_CreateTopics(client, &orders, orders.count, options, queue)
            },
            read: { (event) throws(KafkaFailure) in
                var count = 0
                let results = unsafe rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count)
                var creations: [String: Creation] = [:]
                for (name, code, text) in unsafe topicResults(results, count) {
                    switch code {
                    case RD_KAFKA_RESP_ERR_NO_ERROR: creations[name] = .created
                    case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS: creations[name] = .alreadyExisted
                    default: throw KafkaFailure(code, operation: "create topic \"\(name)\"", message: text)
                    }
                }
                return creations
            })
        for topic in topics {
            try await retrying("await topic \"\(topic.name)\"", within: limit) { (left) async throws(KafkaFailure) in
                let found = try await self.topic(topic.name, within: left)
                if found.partitions.isEmpty || found.partitions.contains(where: { $0.leader < 0 }) {
                    throw KafkaFailure(RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, operation: "await topic \"\(topic.name)\"")
                }
            }
        }
        return creations
    }

    /// Deletes topics; one that is not there is fine.
    package func deleteTopics(_ names: [String], within limit: Duration = .seconds(15)) async throws(KafkaFailure) {
        if names.isEmpty { return }
        try await unsafe request(
            "delete topics", RD_KAFKA_ADMIN_OP_DELETETOPICS, within: limit,
            send: { (client, options, queue) throws(KafkaFailure) in
                var orders = unsafe names.map { unsafe rd_kafka_DeleteTopic_new($0) }
                unsafe rd_kafka_DeleteTopics(client, &orders, orders.count, options, queue)
                for index in unsafe orders.indices { unsafe rd_kafka_DeleteTopic_destroy(orders[index]) }
            },
            read: { (event) throws(KafkaFailure) in
                var count = 0
                let results = unsafe rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &count)
                for (name, code, text) in unsafe topicResults(results, count)
                where code != RD_KAFKA_RESP_ERR_NO_ERROR && code != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART {
                    throw KafkaFailure(code, operation: "delete topic \"\(name)\"", message: text)
                }
            })
    }

    /// Every topic of the cluster, by name.
    package func allTopics(within limit: Duration = .seconds(10)) async throws(KafkaFailure) -> [TopicMetadata] {
        try await client.blocking("read metadata") { (client) throws(KafkaFailure) in try metadata(client, nil, limit) }
    }

    /// One topic.
    ///
    /// - Throws: ``KafkaFailure/isUnknownTopicOrPartition`` if there is no such topic.
    package func topic(_ name: String, within limit: Duration = .seconds(10)) async throws(KafkaFailure) -> TopicMetadata {
        let found = try await client.blocking("read metadata of \"\(name)\"") { (client) throws(KafkaFailure) in
            let topic = try client.topic(name)
            return try metadata(client, topic, limit)
        }
        guard let topic = found.first else {
            throw KafkaFailure(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, operation: "read metadata of \"\(name)\"")
        }
        return topic
    }

    /// How many partitions a topic has. Throws like ``topic(_:within:)``.
    package func partitionCount(of name: String, within limit: Duration = .seconds(10)) async throws(KafkaFailure) -> Int32 {
        try await Int32(clamping: topic(name, within: limit).partitions.count)
    }
}

private func metadata(_ client: Client, _ topic: ProducerTopic?, _ limit: Duration) throws(KafkaFailure) -> [TopicMetadata] {
    let operation = topic.map { "read metadata of \"\($0.name)\"" } ?? "read metadata"
    var answer: UnsafePointer<rd_kafka_metadata>?
    let code = unsafe rd_kafka_metadata(client.raw, topic == nil ? 1 : 0, topic?.raw, &answer, limit.timeoutMillis)
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let answer = unsafe answer else { throw KafkaFailure(code, operation: operation) }
    defer { unsafe rd_kafka_metadata_destroy(answer) }
    var topics: [TopicMetadata] = []
    for index in 0..<Int(unsafe answer.pointee.topic_cnt) {
        let entry = unsafe answer.pointee.topics[index]
        let error = unsafe entry.err
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaFailure(error, operation: operation) }
        var partitions: [TopicMetadata.Partition] = []
        for index in 0..<Int(unsafe entry.partition_cnt) {
            let partition = unsafe entry.partitions[index]
            unsafe partitions.append(
                TopicMetadata.Partition(
                    partition: partition.id, leader: partition.leader,
                    replicas: Array(UnsafeBufferPointer(start: partition.replicas, count: Int(partition.replica_cnt))),
                    inSyncReplicas: Array(UnsafeBufferPointer(start: partition.isrs, count: Int(partition.isr_cnt)))))
        }
        unsafe topics.append(
            TopicMetadata(name: String(cString: entry.topic), partitions: partitions.sorted { $0.partition < $1.partition }))
    }
    return topics.sorted { $0.name < $1.name }
}

/// Name, code and text of each result of an order about topics.
private func topicResults(
    _ results: UnsafeMutablePointer<OpaquePointer?>?, _ count: Int
) -> [(name: String, code: rd_kafka_resp_err_t, text: String)] {
    guard let results = unsafe results else { return [] }
    return unsafe UnsafeBufferPointer(start: results, count: count).map { result in
        let code = unsafe rd_kafka_topic_result_error(result)
        let text = unsafe rd_kafka_topic_result_error_string(result).map { unsafe String(cString: $0) }
        return unsafe (String(cString: rd_kafka_topic_result_name(result)), code, text ?? String(cString: rd_kafka_err2str(code)))
    }
}

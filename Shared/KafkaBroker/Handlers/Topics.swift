import GroupCoordinator
import KafkaProtocol
import RecordLog

/// Why a topic is not made or changed, in the protocol's code and in words.
struct TopicRefusal: Error {
    var code: ErrorCode
    var message: String
}

extension BrokerNode {
    /// Writes topics down and opens their logs.
    func create(_ topics: [Topic], _ context: RequestContext) -> TopicRefusal? {
        let added = topics.reduce(0) { $0 + $1.partitionCount }
        let limits = settings.limits
        if store.topicCount + topics.count > limits.topicCountMax || store.partitionCount + added > limits.partitionCountMax {
            return TopicRefusal(
                code: .policyViolation,
                message: "The broker takes \(limits.topicCountMax) topics and \(limits.partitionCountMax) partitions at most")
        }
        do {
            try store.add(topics)
            for topic in topics { try openPartitions(of: topic) }
            return nil
        } catch {
            limitedLog.write(.error, "Cannot create topics", tick: context.tick, [("error", "\(error)")])
            return TopicRefusal(code: .kafkaStorageError, message: "\(error)")
        }
    }

    func createTopics(_ request: CreateTopicsRequest, _ context: RequestContext) {
        var response = CreateTopicsResponse()
        var names: [String: Int] = [:]
        for topic in request.topics { names[topic.name, default: 0] += 1 }
        for wanted in request.topics {
            var answer = CreateTopicsResponse.Topic()
            answer.name = wanted.name
            do throws(TopicRefusal) {
                if let code = faultCode(context, wanted.name, -1) {
                    throw TopicRefusal(code: ErrorCode(rawValue: code) ?? .unknownServerError, message: "An injected fault")
                }
                if names[wanted.name]! > 1 {
                    throw TopicRefusal(code: .invalidRequest, message: "Duplicate topic name: \(wanted.name.prefix(100))")
                }
                let topic = try topic(for: wanted)
                if !request.validateOnly, let refusal = create([topic], context) { throw refusal }
                answer.topicId = request.validateOnly ? .zero : topic.id
                answer.numPartitions = Int32(topic.partitionCount)
                answer.replicationFactor = 1
                answer.configs = TopicConfigKey.allCases.map { key in
                    let config = describe(key, topic.config)
                    return .init(name: key.rawValue, value: config.value, readOnly: false, configSource: config.configSource, isSensitive: false)
                }
            } catch {
                answer.errorCode = count(error.code)
                answer.errorMessage = error.message
            }
            response.topics.append(answer)
        }
        reply(context, response)
    }

    private func topic(for wanted: CreateTopicsRequest.Topic) throws(TopicRefusal) -> Topic {
        if let problem = TopicName.problem(with: wanted.name) { throw TopicRefusal(code: .invalidTopicException, message: problem) }
        if store.topic(wanted.name) != nil {
            throw TopicRefusal(code: .topicAlreadyExists, message: "Topic '\(wanted.name)' already exists.")
        }
        if let other = store.collidingTopic(wanted.name) {
            throw TopicRefusal(
                code: .invalidTopicException, message: "Topic '\(wanted.name)' collides with existing topic: \(other)")
        }
        var count = Int(wanted.numPartitions)
        if wanted.assignments.isEmpty {
            if count == -1 { count = settings.partitionCountDefault }
            if count < 1 {
                throw TopicRefusal(code: .invalidPartitions, message: "Number of partitions was set to \(count): must be larger than 0.")
            }
            if wanted.replicationFactor != -1, wanted.replicationFactor != 1 {
                throw TopicRefusal(
                    code: .invalidReplicationFactor,
                    message: "Replication factor \(wanted.replicationFactor): this broker is one node, so it must be 1 or -1.")
            }
        } else {
            if wanted.numPartitions != -1 || wanted.replicationFactor != -1 {
                throw TopicRefusal(
                    code: .invalidRequest, message: "With assignments, the partition count and the replication factor must be -1.")
            }
            count = wanted.assignments.count
            let indexes = wanted.assignments.map(\.partitionIndex).sorted()
            guard indexes == Array(0..<Int32(count)), wanted.assignments.allSatisfy({ $0.brokerIds == [BrokerNode.nodeId] }) else {
                throw TopicRefusal(
                    code: .invalidReplicaAssignment,
                    message: "Assignments must number the partitions from 0 and name node \(BrokerNode.nodeId) alone.")
            }
        }
        try check(partitionCount: count, of: wanted.name)
        var config = TopicConfig()
        for setting in wanted.configs {
            do throws(TopicConfig.Invalid) { try config.set(setting.name, to: setting.value) } catch {
                throw TopicRefusal(code: .invalidConfig, message: error.description)
            }
        }
        return Topic(name: wanted.name, id: store.newTopicId(), partitionCount: count, config: config)
    }

    private func check(partitionCount: Int, of name: String) throws(TopicRefusal) {
        let most = settings.limits.topicPartitionCountMax
        if partitionCount > most {
            throw TopicRefusal(
                code: .invalidPartitions, message: "Number of partitions was set to \(partitionCount): at most \(most) are taken.")
        }
    }

    func deleteTopics(_ request: DeleteTopicsRequest, _ context: RequestContext) {
        var response = DeleteTopicsResponse()
        let wanted =
            context.version >= 6
            ? request.topics : request.topicNames.map { DeleteTopicsRequest.Topic(name: $0, topicId: .zero) }
        for item in wanted {
            var answer = DeleteTopicsResponse.Topic()
            answer.name = item.name
            answer.topicId = item.topicId
            let topic = item.name.map { store.topic($0) } ?? store.topic(id: item.topicId)
            if let code = faultCode(context, item.name, -1) {
                answer.errorCode = count(code)
            } else if let topic {
                answer.name = topic.name
                answer.topicId = topic.id
                answer.errorCode = count(delete(topic, context))
            } else {
                answer.errorCode = count(item.name == nil ? ErrorCode.unknownTopicId : .unknownTopicOrPartition)
            }
            response.responses.append(answer)
        }
        reply(context, response)
        answerReadyFetches()
    }

    private func delete(_ topic: Topic, _ context: RequestContext) -> ErrorCode {
        let open = partitions[topic.name] ?? []
        for partition in open {
            wakeWaiters(of: partition, byteCount: .max / 2)
            // Offline for whoever still holds it: a flush in work, a waiting answer.
            partition.isOffline = true
        }
        partitions[topic.name] = nil
        do {
            try store.remove([topic.name])
        } catch {
            limitedLog.write(.error, "Cannot delete a topic", tick: context.tick, [("topic", topic.name), ("error", "\(error)")])
            if store.topic(topic.name) != nil {
                for partition in open { partition.isOffline = false }
                partitions[topic.name] = open
                return .kafkaStorageError
            }
        }
        hasRemovals = true
        carryOut(groups.topicDeleted(topic.name, at: moment(tick: context.tick)), tick: context.tick)
        return .noError
    }

    func createPartitions(_ request: CreatePartitionsRequest, _ context: RequestContext) {
        var response = CreatePartitionsResponse()
        for wanted in request.topics {
            var answer = CreatePartitionsResponse.Result()
            answer.name = wanted.name
            do throws(TopicRefusal) {
                if let code = faultCode(context, wanted.name, -1) {
                    throw TopicRefusal(code: ErrorCode(rawValue: code) ?? .unknownServerError, message: "An injected fault")
                }
                guard var topic = store.topic(wanted.name) else {
                    throw TopicRefusal(code: .unknownTopicOrPartition, message: "This server does not host this topic-partition.")
                }
                let count = Int(wanted.count)
                if count <= topic.partitionCount {
                    throw TopicRefusal(
                        code: .invalidPartitions,
                        message: count == topic.partitionCount
                            ? "Topic already has \(count) partition(s)."
                            : "The topic \(wanted.name) currently has \(topic.partitionCount) partition(s); \(count) would not be an increase.")
                }
                try check(partitionCount: count, of: wanted.name)
                let added = count - topic.partitionCount
                if store.partitionCount + added > settings.limits.partitionCountMax {
                    throw TopicRefusal(
                        code: .policyViolation, message: "The broker takes \(settings.limits.partitionCountMax) partitions at most")
                }
                if let assignments = wanted.assignments,
                    assignments.count != added || !assignments.allSatisfy({ $0.brokerIds == [BrokerNode.nodeId] })
                {
                    throw TopicRefusal(
                        code: .invalidReplicaAssignment, message: "Each new partition must be assigned to node \(BrokerNode.nodeId) alone.")
                }
                if !request.validateOnly {
                    topic.partitionCount = count
                    do {
                        try store.update([topic])
                        try openPartitions(of: topic)
                    } catch {
                        limitedLog.write(.error, "Cannot add partitions", tick: context.tick, [("error", "\(error)")])
                        throw TopicRefusal(code: .kafkaStorageError, message: "\(error)")
                    }
                }
            } catch {
                answer.errorCode = self.count(error.code)
                answer.errorMessage = error.message
            }
            response.results.append(answer)
        }
        reply(context, response)
    }
}

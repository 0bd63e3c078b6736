import KafkaProtocol
import RecordLog

/// An error for a client with words to it.
struct Refusal: Error {
    var code: Int16
    var message: String?

    init(_ code: ErrorCode, _ message: String? = nil) {
        self.code = code.rawValue
        self.message = message
    }

    init(code: Int16) { self.code = code }
}

extension BrokerNode {
    // MARK: CreateTopics

    func createTopics(_ request: CreateTopicsRequest, _ context: RequestContext) {
        var response = CreateTopicsResponse()
        var occurrences: [String: Int] = [:]
        for wanted in request.topics { occurrences[wanted.name, default: 0] += 1 }
        var made: [(place: Int, topic: Topic)] = []
        var partitionCount = store.partitionCount
        var collisionKeys: [String: String] = [:]
        for wanted in request.topics {
            // A name that comes several times has one answer.
            guard let occurrence = occurrences.removeValue(forKey: wanted.name) else { continue }
            var answer = CreateTopicsResponse.Topic(name: wanted.name, configs: [])
            do throws(Refusal) {
                if let code = faultCode(context, wanted.name, -1) { throw Refusal(code: code) }
                if occurrence > 1 { throw Refusal(.invalidRequest, "Duplicate topic name.") }
                let topic = try plan(wanted)
                let key = TopicName.collisionKey(topic.name)
                if let other = collisionKeys[key] {
                    throw Refusal(.invalidTopicException, "Topic '\(topic.name)' collides with existing topic: \(other)")
                }
                partitionCount += topic.partitionCount
                if partitionCount > settings.limits.partitionCountMax || store.topicCount + made.count >= settings.limits.topicCountMax {
                    throw Refusal(
                        .policyViolation,
                        "This broker keeps at most \(settings.limits.topicCountMax) topics and \(settings.limits.partitionCountMax) partitions"
                    )
                }
                collisionKeys[key] = topic.name
                made.append((response.topics.count, topic))
                answer.topicId = request.validateOnly ? .zero : topic.id
                answer.numPartitions = Int32(topic.partitionCount)
                answer.replicationFactor = 1
                answer.configs = TopicConfigKey.allCases.map { key in
                    .init(
                        name: key.rawValue, value: topic.config.value(key, defaults: settings.topicDefaults), readOnly: false,
                        configSource: source(of: key, topic.config).rawValue, isSensitive: false)
                }
            } catch {
                answer.errorCode = count(error.code)
                answer.errorMessage = error.message
            }
            response.topics.append(answer)
        }
        if !request.validateOnly, !made.isEmpty {
            do {
                try store.add(made.map(\.topic))
                for (_, topic) in made { openLogs(of: topic) }
            } catch {
                limitedLog.write(.error, "Cannot create topics", tick: context.tick, [("error", "\(error)")])
                for (place, topic) in made {
                    response.topics[place] = .init(
                        name: topic.name, errorCode: count(.kafkaStorageError), errorMessage: "\(error.problem)", configs: [])
                }
            }
        }
        reply(context, response)
    }

    private func plan(_ wanted: CreateTopicsRequest.Topic) throws(Refusal) -> Topic {
        let name = wanted.name
        if let problem = TopicName.problem(with: name) { throw Refusal(.invalidTopicException, String(problem.prefix(400))) }
        if store.topic(name) != nil { throw Refusal(.topicAlreadyExists, "Topic '\(name)' already exists.") }
        if let other = store.collidingTopic(name) {
            throw Refusal(.invalidTopicException, "Topic '\(name)' collides with existing topic: \(other)")
        }
        var config = TopicConfig()
        for setting in wanted.configs {
            do { try config.set(setting.name, to: setting.value) } catch { throw Refusal(.invalidConfig, error.description) }
        }
        let partitionCount = wanted.assignments.isEmpty ? try partitionCount(wanted) : try assignedCount(wanted)
        guard partitionCount <= settings.limits.topicPartitionCountMax else {
            throw Refusal(
                .invalidPartitions,
                "Number of partitions \(partitionCount) is more than this broker's limit of \(settings.limits.topicPartitionCountMax)")
        }
        return Topic(name: name, id: store.newTopicId(), partitionCount: partitionCount, config: config)
    }

    private func partitionCount(_ wanted: CreateTopicsRequest.Topic) throws(Refusal) -> Int {
        if wanted.replicationFactor != -1, wanted.replicationFactor < 1 {
            throw Refusal(.invalidReplicationFactor, "Replication factor must be larger than 0, or -1 to use the default value.")
        }
        if wanted.numPartitions != -1, wanted.numPartitions < 1 {
            throw Refusal(.invalidPartitions, "Number of partitions was set to an invalid non-positive value.")
        }
        if wanted.replicationFactor > 1 {
            throw Refusal(
                .invalidReplicationFactor,
                "Unable to replicate the partition \(wanted.replicationFactor) time(s): The target replication factor of "
                    + "\(wanted.replicationFactor) cannot be reached because only 1 broker(s) are registered.")
        }
        return wanted.numPartitions == -1 ? settings.partitionCountDefault : Int(wanted.numPartitions)
    }

    private func assignedCount(_ wanted: CreateTopicsRequest.Topic) throws(Refusal) -> Int {
        if wanted.replicationFactor != -1 {
            throw Refusal(.invalidRequest, "A manual partition assignment was specified, but replication factor was not set to -1.")
        }
        if wanted.numPartitions != -1 {
            throw Refusal(.invalidRequest, "A manual partition assignment was specified, but numPartitions was not set to -1.")
        }
        let indexes = Set(wanted.assignments.map(\.partitionIndex))
        guard indexes.count == wanted.assignments.count else {
            throw Refusal(.invalidReplicaAssignment, "Found multiple manual partition assignments for one partition")
        }
        guard indexes.allSatisfy({ (0..<Int32(indexes.count)).contains($0) }) else {
            throw Refusal(.invalidReplicaAssignment, "partitions should be a consecutive 0-based integer sequence")
        }
        for assignment in wanted.assignments { try check(assignment.brokerIds) }
        return indexes.count
    }

    private func check(_ brokerIds: [Int32]) throws(Refusal) {
        if brokerIds.isEmpty { throw Refusal(.invalidReplicaAssignment, "The manual partition assignment includes an empty replica list.") }
        if let other = brokerIds.first(where: { $0 != Self.nodeId }) {
            throw Refusal(
                .invalidReplicaAssignment, "The manual partition assignment includes broker \(other), but no such broker is registered.")
        }
        if brokerIds.count > 1 {
            throw Refusal(
                .invalidReplicaAssignment, "The manual partition assignment includes the broker \(Self.nodeId) more than once.")
        }
    }

    // MARK: CreatePartitions

    func createPartitions(_ request: CreatePartitionsRequest, _ context: RequestContext) {
        var response = CreatePartitionsResponse()
        var occurrences: [String: Int] = [:]
        for wanted in request.topics { occurrences[wanted.name, default: 0] += 1 }
        var grown: [(place: Int, topic: Topic)] = []
        var partitionCount = store.partitionCount
        for wanted in request.topics {
            guard let occurrence = occurrences.removeValue(forKey: wanted.name) else { continue }
            var answer = CreatePartitionsResponse.Result(name: wanted.name)
            do throws(Refusal) {
                if let code = faultCode(context, wanted.name, -1) { throw Refusal(code: code) }
                if occurrence > 1 { throw Refusal(.invalidRequest, "Duplicate topic in request.") }
                let topic = try grow(wanted)
                partitionCount += topic.partitionCount - (store.topic(wanted.name)?.partitionCount ?? 0)
                if partitionCount > settings.limits.partitionCountMax {
                    throw Refusal(.policyViolation, "This broker keeps at most \(settings.limits.partitionCountMax) partitions")
                }
                grown.append((response.results.count, topic))
            } catch {
                answer.errorCode = count(error.code)
                answer.errorMessage = error.message
            }
            response.results.append(answer)
        }
        if !request.validateOnly, !grown.isEmpty {
            do {
                try store.update(grown.map(\.topic))
                for (_, topic) in grown { openLogs(of: topic) }
            } catch {
                limitedLog.write(.error, "Cannot add partitions", tick: context.tick, [("error", "\(error)")])
                for (place, _) in grown {
                    response.results[place].errorCode = count(.kafkaStorageError)
                    response.results[place].errorMessage = error.problem
                }
            }
        }
        reply(context, response)
    }

    private func grow(_ wanted: CreatePartitionsRequest.Topic) throws(Refusal) -> Topic {
        guard var topic = store.topic(wanted.name) else {
            throw Refusal(.unknownTopicOrPartition, "This server does not host this topic-partition.")
        }
        if wanted.count == topic.partitionCount {
            throw Refusal(.invalidPartitions, "Topic already has \(topic.partitionCount) partition(s).")
        }
        if wanted.count < topic.partitionCount {
            throw Refusal(
                .invalidPartitions,
                "The topic \(topic.name) currently has \(topic.partitionCount) partition(s); \(wanted.count) would not be an increase.")
        }
        guard wanted.count <= settings.limits.topicPartitionCountMax else {
            throw Refusal(
                .invalidPartitions,
                "Number of partitions \(wanted.count) is more than this broker's limit of \(settings.limits.topicPartitionCountMax)")
        }
        if let assignments = wanted.assignments {
            guard assignments.count == Int(wanted.count) - topic.partitionCount else {
                throw Refusal(
                    .invalidReplicaAssignment,
                    "Attempted to add \(Int(wanted.count) - topic.partitionCount) additional partition(s), but only "
                        + "\(assignments.count) assignment(s) were specified.")
            }
            for assignment in assignments { try check(assignment.brokerIds) }
        }
        topic.partitionCount = Int(wanted.count)
        return topic
    }

    // MARK: DeleteTopics

    func deleteTopics(_ request: DeleteTopicsRequest, _ context: RequestContext) {
        var response = DeleteTopicsResponse()
        var doomed: Set<String> = []
        var places: [Int] = []
        let wanted = context.version >= 6 ? request.topics : request.topicNames.map { DeleteTopicsRequest.Topic(name: $0, topicId: .zero) }
        for topic in wanted {
            var answer = DeleteTopicsResponse.Topic(name: topic.name, topicId: topic.topicId)
            do throws(Refusal) {
                let found = try resolve(topic)
                answer.name = found.name
                answer.topicId = found.id
                if let code = faultCode(context, found.name, -1) { throw Refusal(code: code) }
                guard doomed.insert(found.name).inserted else { throw Refusal(.invalidRequest, "Duplicate topic name or id.") }
                places.append(response.responses.count)
            } catch {
                answer.errorCode = count(error.code)
                answer.errorMessage = error.message
            }
            response.responses.append(answer)
        }
        if !doomed.isEmpty {
            for name in doomed.sorted() { closeLogs(of: name) }
            do { try store.remove(doomed) } catch {
                limitedLog.write(.error, "Cannot delete topics", tick: context.tick, [("error", "\(error)")])
                for place in places {
                    response.responses[place].errorCode = count(.kafkaStorageError)
                    response.responses[place].errorMessage = error.problem
                }
                // What is still there goes on.
                for name in doomed.sorted() {
                    if let topic = store.topic(name) { openLogs(of: topic) }
                }
            }
            for name in doomed.sorted() where store.topic(name) == nil { forgetOffsets(of: name, context) }
            scheduleRemoval()
        }
        reply(context, response)
        answerReadyFetches()
    }

    private func resolve(_ wanted: DeleteTopicsRequest.Topic) throws(Refusal) -> Topic {
        switch (wanted.name, wanted.topicId) {
        case (let name?, .zero):
            guard let topic = store.topic(name) else {
                throw Refusal(.unknownTopicOrPartition, "This server does not host this topic-partition.")
            }
            return topic
        case (nil, .zero): throw Refusal(.invalidRequest, "Neither topic name nor id were specified.")
        case (nil, let id):
            guard let topic = store.topic(id: id) else { throw Refusal(.unknownTopicId, "This server does not host this topic ID.") }
            return topic
        default: throw Refusal(.invalidRequest, "Topic name and topic ID can not both be specified.")
        }
    }
}

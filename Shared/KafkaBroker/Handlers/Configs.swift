import KafkaProtocol
import RecordLog

/// Where a value comes from, by the protocol's numbers.
enum ConfigSource: Int8 {
    case topic = 1
    case staticBroker = 4
    case defaultValue = 5
}

/// What configurations belong to, by the protocol's numbers.
private enum ResourceType {
    static let topic: Int8 = 2
    static let broker: Int8 = 4
}

extension BrokerNode {
    func source(of key: TopicConfigKey, _ config: TopicConfig) -> ConfigSource {
        if config.values[key] != nil { return .topic }
        return settings.topicDefaults.values[key] != nil ? .staticBroker : .defaultValue
    }

    // MARK: DescribeConfigs

    func describeConfigs(_ request: DescribeConfigsRequest, _ context: RequestContext) {
        var response = DescribeConfigsResponse()
        // Each resource once: an answer is far larger than its question.
        var seen: Set<String> = []
        for resource in request.resources where seen.insert("\(resource.resourceType) \(resource.resourceName)").inserted {
            var answer = DescribeConfigsResponse.Result(resourceType: resource.resourceType, resourceName: resource.resourceName)
            do throws(Refusal) {
                if let code = faultCode(context, resource.resourceName, -1) { throw Refusal(code: code) }
                answer.configs = try describe(resource, request)
            } catch {
                answer.errorCode = count(error.code)
                answer.errorMessage = error.message
            }
            response.results.append(answer)
        }
        reply(context, response)
    }

    private func describe(
        _ resource: DescribeConfigsRequest.Resource, _ request: DescribeConfigsRequest
    ) throws(Refusal) -> [DescribeConfigsResponse.Result.Config] {
        let wanted = resource.configurationKeys.map(Set.init)
        var configs: [DescribeConfigsResponse.Result.Config]
        switch resource.resourceType {
        case ResourceType.topic:
            if let problem = TopicName.problem(with: resource.resourceName) {
                throw Refusal(.invalidTopicException, String(problem.prefix(400)))
            }
            guard let topic = store.topic(resource.resourceName) else {
                throw Refusal(.unknownTopicOrPartition, "This server does not host this topic-partition.")
            }
            configs = TopicConfigKey.allCases.map { describe($0, of: topic.config, request) }
        case ResourceType.broker:
            // The empty name stands for what all brokers share, which nobody can set here.
            if resource.resourceName.isEmpty { return [] }
            guard resource.resourceName == "\(Self.nodeId)" else {
                throw Refusal(
                    .invalidRequest,
                    "Unexpected broker id, expected \(Self.nodeId) or empty string, but received \(resource.resourceName.prefix(100))")
            }
            configs = brokerConfigs(request)
        default: throw Refusal(.invalidRequest, "Unsupported resource type: \(resource.resourceType)")
        }
        if let wanted { configs.removeAll { !wanted.contains($0.name) } }
        return configs
    }

    private func describe(
        _ key: TopicConfigKey, of config: TopicConfig, _ request: DescribeConfigsRequest
    ) -> DescribeConfigsResponse.Result.Config {
        let definition = key.definition
        var answer = DescribeConfigsResponse.Result.Config(
            name: key.rawValue, value: config.value(key, defaults: settings.topicDefaults), configSource: source(of: key, config).rawValue)
        answer.configType = definition.type.rawValue
        if request.includeDocumentation { answer.documentation = definition.doc }
        if request.includeSynonyms {
            if let value = config.values[key] {
                answer.synonyms.append(.init(name: key.rawValue, value: value, source: ConfigSource.topic.rawValue))
            }
            if let value = settings.topicDefaults.values[key] {
                answer.synonyms.append(.init(name: definition.brokerName, value: value, source: ConfigSource.staticBroker.rawValue))
            }
            answer.synonyms.append(
                .init(name: definition.brokerName, value: definition.defaultValue, source: ConfigSource.defaultValue.rawValue))
        }
        return answer
    }

    private func brokerConfigs(_ request: DescribeConfigsRequest) -> [DescribeConfigsResponse.Result.Config] {
        var configs: [DescribeConfigsResponse.Result.Config] = []
        func add(_ name: String, _ value: String, _ type: TopicConfigDefinition.ValueType, isSet: Bool, _ doc: String) {
            let source = (isSet ? ConfigSource.staticBroker : .defaultValue).rawValue
            configs.append(
                .init(
                    name: name, value: value, readOnly: true, configSource: source, isSensitive: false,
                    synonyms: request.includeSynonyms ? [.init(name: name, value: value, source: source)] : [], configType: type.rawValue,
                    documentation: request.includeDocumentation ? doc : nil))
        }
        add("node.id", "\(Self.nodeId)", .int, isSet: true, "This node's number.")
        add("broker.id", "\(Self.nodeId)", .int, isSet: true, "This node's number.")
        add(
            "advertised.listeners", "PLAINTEXT://\(advertised.host):\(advertised.port)", .string, isSet: true,
            "Where clients are told to connect to.")
        add(
            "auto.create.topics.enable", "\(settings.createsTopicsAutomatically)", .string, isSet: true,
            "Whether naming an unknown topic makes it.")
        add("num.partitions", "\(settings.partitionCountDefault)", .int, isSet: true, "Partitions of a topic made without a count.")
        add("default.replication.factor", "1", .int, isSet: false, "Replicas of a topic.")
        add(
            "log.retention.check.interval.ms", "\(settings.retentionCheckMillis)", .long, isSet: true,
            "How often old segments are looked for.")
        add(
            "offsets.retention.minutes", "\(settings.offsetsRetentionMillis / 60_000)", .int, isSet: false,
            "How long the offsets of an empty group are kept.")
        add(
            "group.initial.rebalance.delay.ms", "\(settings.groupInitialRebalanceDelayMillis)", .int, isSet: true,
            "How long a new group waits for company.")
        add(
            "group.min.session.timeout.ms", "\(settings.groupSessionTimeoutMillis.lowerBound)", .int, isSet: false,
            "The shortest session of a member.")
        add(
            "group.max.session.timeout.ms", "\(settings.groupSessionTimeoutMillis.upperBound)", .int, isSet: false,
            "The longest session of a member.")
        add("socket.request.max.bytes", "\(settings.limits.requestBytesMax)", .int, isSet: true, "Bytes of a request, at most.")
        for key in TopicConfigKey.allCases {
            add(
                key.definition.brokerName, settings.topicDefaults.value(key, defaults: settings.topicDefaults), key.definition.type,
                isSet: settings.topicDefaults.values[key] != nil, key.definition.doc)
        }
        return configs
    }

    // MARK: IncrementalAlterConfigs

    func incrementalAlterConfigs(_ request: IncrementalAlterConfigsRequest, _ context: RequestContext) {
        var response = IncrementalAlterConfigsResponse()
        var seen: Set<String> = []
        for resource in request.resources {
            var answer = IncrementalAlterConfigsResponse.Resource(
                resourceType: resource.resourceType, resourceName: resource.resourceName)
            do throws(Refusal) {
                if let code = faultCode(context, resource.resourceName, -1) { throw Refusal(code: code) }
                guard seen.insert("\(resource.resourceType) \(resource.resourceName)").inserted else {
                    throw Refusal(.invalidRequest, "Each resource must appear at most once.")
                }
                let topic = try alter(resource)
                if !request.validateOnly { try put(topic, context) }
            } catch {
                answer.errorCode = count(error.code)
                answer.errorMessage = error.message
            }
            response.responses.append(answer)
        }
        reply(context, response)
    }

    private func alter(_ resource: IncrementalAlterConfigsRequest.Resource) throws(Refusal) -> Topic {
        guard resource.resourceType == ResourceType.topic else {
            throw Refusal(.invalidRequest, "This broker alters the configurations of topics only")
        }
        guard var topic = store.topic(resource.resourceName) else {
            throw Refusal(.unknownTopicOrPartition, "The topic '\(resource.resourceName.prefix(249))' does not exist.")
        }
        guard Set(resource.configs.map(\.name)).count == resource.configs.count else {
            throw Refusal(.invalidRequest, "Error due to duplicate config keys")
        }
        for config in resource.configs {
            let name = config.name.prefix(100)
            do throws(TopicConfig.Invalid) {
                switch config.configOperation {
                case 0:
                    guard config.value != nil else { throw TopicConfig.Invalid(description: "Null value not supported for : \(name)") }
                    try topic.config.set(config.name, to: config.value)
                case 1: try topic.config.remove(config.name)
                case 2, 3: throw TopicConfig.Invalid(description: "APPEND and SUBTRACT are not offered; SET configuration \(name) instead")
                default: throw TopicConfig.Invalid(description: "Unknown operation type \(config.configOperation)")
                }
            } catch {
                let isOfRequest = config.configOperation == 0 && config.value == nil || !(0...3).contains(config.configOperation)
                throw Refusal(isOfRequest ? .invalidRequest : .invalidConfig, error.description)
            }
        }
        return topic
    }

    private func put(_ topic: Topic, _ context: RequestContext) throws(Refusal) {
        do { try store.update([topic]) } catch {
            limitedLog.write(.error, "Cannot alter a topic", tick: context.tick, [("topic", topic.name), ("error", "\(error)")])
            throw Refusal(.kafkaStorageError, error.problem)
        }
        let logSettings = topic.config.logSettings(defaults: settings.topicDefaults)
        for case let partition? in logs[topic.name] ?? [] { partition.log.settings = logSettings }
    }
}

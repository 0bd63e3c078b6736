import KafkaProtocol
import RecordLog

/// `ConfigResource.Type` of the protocol.
private enum ResourceType {
    static let topic: Int8 = 2
    static let broker: Int8 = 4
}

/// `ConfigSource` of the protocol.
private enum ConfigSource {
    static let topic: Int8 = 1
    static let staticBroker: Int8 = 4
    static let builtIn: Int8 = 5
}

extension BrokerNode {
    /// A topic's setting as DescribeConfigs shows it.
    func describe(_ key: TopicConfigKey, _ config: TopicConfig) -> DescribeConfigsResponse.Result.Config {
        var answer = DescribeConfigsResponse.Result.Config()
        let definition = key.definition
        answer.name = key.rawValue
        answer.value = config.value(key, defaults: settings.topicDefaults)
        answer.configSource =
            config.values[key] != nil
            ? ConfigSource.topic : settings.topicDefaults.values[key] != nil ? ConfigSource.staticBroker : ConfigSource.builtIn
        answer.configType = definition.type.rawValue
        answer.documentation = definition.doc
        if let value = config.values[key] { answer.synonyms.append(.init(name: key.rawValue, value: value, source: ConfigSource.topic)) }
        if let value = settings.topicDefaults.values[key] {
            answer.synonyms.append(.init(name: definition.brokerName, value: value, source: ConfigSource.staticBroker))
        }
        answer.synonyms.append(.init(name: definition.brokerName, value: definition.defaultValue, source: ConfigSource.builtIn))
        return answer
    }

    func describeConfigs(_ request: DescribeConfigsRequest, _ context: RequestContext) {
        var response = DescribeConfigsResponse()
        for resource in request.resources {
            var answer = DescribeConfigsResponse.Result()
            answer.resourceType = resource.resourceType
            answer.resourceName = resource.resourceName
            switch resource.resourceType {
            case ResourceType.topic:
                if let problem = TopicName.problem(with: resource.resourceName) {
                    answer.errorCode = count(.invalidTopicException)
                    answer.errorMessage = problem
                } else if let topic = store.topic(resource.resourceName) {
                    answer.configs = TopicConfigKey.allCases.map { describe($0, topic.config) }
                } else {
                    answer.errorCode = count(.unknownTopicOrPartition)
                }
            case ResourceType.broker where ["", "\(BrokerNode.nodeId)"].contains(resource.resourceName):
                answer.configs = brokerConfigs()
            default:
                answer.errorCode = count(.invalidRequest)
                answer.errorMessage = "Resource type \(resource.resourceType) named \(resource.resourceName.prefix(100)) is not known here"
            }
            if let keys = resource.configurationKeys, !keys.isEmpty { answer.configs.removeAll { !keys.contains($0.name) } }
            for index in answer.configs.indices {
                if !request.includeSynonyms { answer.configs[index].synonyms = [] }
                if !request.includeDocumentation { answer.configs[index].documentation = nil }
            }
            response.results.append(answer)
        }
        reply(context, response)
    }

    /// The broker's own settings, all of them fixed at its start.
    private func brokerConfigs() -> [DescribeConfigsResponse.Result.Config] {
        var configs: [DescribeConfigsResponse.Result.Config] = []
        func add(_ name: String, _ value: String, _ type: Int8) {
            configs.append(
                .init(name: name, value: value, readOnly: true, configSource: ConfigSource.staticBroker, isSensitive: false, configType: type))
        }
        add("advertised.listeners", "PLAINTEXT://\(advertisedHost):\(advertisedPort)", 2)
        add("auto.create.topics.enable", "\(settings.createsTopicsAutomatically)", 1)
        add("broker.id", "\(BrokerNode.nodeId)", 3)
        add("default.replication.factor", "1", 3)
        add("group.initial.rebalance.delay.ms", "\(settings.groupInitialRebalanceDelayMillis)", 3)
        add("group.max.session.timeout.ms", "\(settings.groupSessionTimeoutMillis.upperBound)", 3)
        add("group.min.session.timeout.ms", "\(settings.groupSessionTimeoutMillis.lowerBound)", 3)
        add("log.dirs", settings.dataDirectory, 2)
        add("num.partitions", "\(settings.partitionCountDefault)", 3)
        add("socket.request.max.bytes", "\(settings.limits.requestBytesMax)", 3)
        for key in TopicConfigKey.allCases {
            add(key.definition.brokerName, TopicConfig().value(key, defaults: settings.topicDefaults), key.definition.type.rawValue)
        }
        return configs.sorted { $0.name < $1.name }
    }

    func incrementalAlterConfigs(_ request: IncrementalAlterConfigsRequest, _ context: RequestContext) {
        var response = IncrementalAlterConfigsResponse()
        for resource in request.resources {
            var answer = IncrementalAlterConfigsResponse.Resource()
            answer.resourceType = resource.resourceType
            answer.resourceName = resource.resourceName
            do throws(TopicRefusal) {
                try alter(resource, validateOnly: request.validateOnly, context)
            } catch {
                answer.errorCode = count(error.code)
                answer.errorMessage = error.message
            }
            response.responses.append(answer)
        }
        reply(context, response)
    }

    private func alter(
        _ resource: IncrementalAlterConfigsRequest.Resource, validateOnly: Bool, _ context: RequestContext
    ) throws(TopicRefusal) {
        guard resource.resourceType == ResourceType.topic else {
            throw TopicRefusal(code: .invalidRequest, message: "Only topics are configured while the broker runs; restart it with other options")
        }
        if let problem = TopicName.problem(with: resource.resourceName) { throw TopicRefusal(code: .invalidTopicException, message: problem) }
        guard var topic = store.topic(resource.resourceName) else {
            throw TopicRefusal(code: .unknownTopicOrPartition, message: "The topic '\(resource.resourceName)' does not exist.")
        }
        for change in resource.configs {
            do throws(TopicConfig.Invalid) {
                switch change.configOperation {
                case 0: try topic.config.set(change.name, to: change.value)
                case 1: try topic.config.remove(change.name)
                default:
                    throw TopicConfig.Invalid(
                        description: "Operation \(change.configOperation) on \(change.name.prefix(100)): only SET (0) and DELETE (1) are taken")
                }
            } catch {
                throw TopicRefusal(code: .invalidConfig, message: error.description)
            }
        }
        if validateOnly { return }
        do { try store.update([topic]) } catch {
            limitedLog.write(.error, "Cannot store a configuration", tick: context.tick, [("topic", topic.name), ("error", "\(error)")])
            throw TopicRefusal(code: .kafkaStorageError, message: "\(error)")
        }
        for partition in partitions[topic.name] ?? [] {
            partition.log.settings = topic.config.logSettings(defaults: settings.topicDefaults)
        }
    }
}

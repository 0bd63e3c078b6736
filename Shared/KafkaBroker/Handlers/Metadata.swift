import KafkaProtocol

extension BrokerNode {
    func metadata(_ request: MetadataRequest, _ context: RequestContext) {
        var response = MetadataResponse()
        response.brokers = [.init(nodeId: Self.nodeId, host: advertised.host, port: advertised.port, rack: nil)]
        response.clusterId = store.clusterId
        response.controllerId = Self.nodeId
        // Version 0 has no null: there the empty list means all.
        if let wanted = request.topics, !(wanted.isEmpty && context.version == 0) {
            if request.allowAutoTopicCreation, settings.createsTopicsAutomatically {
                createAutomatically(wanted.compactMap(\.name), context)
            }
            // Each once, so that a small request has no huge answer.
            var names: Set<String> = []
            var ids: Set<Uuid> = []
            for topic in wanted {
                if let name = topic.name {
                    if names.insert(name).inserted { response.topics.append(answer(name: name, context)) }
                } else if ids.insert(topic.topicId).inserted {
                    response.topics.append(answer(id: topic.topicId, context))
                }
            }
        } else {
            response.topics = store.topics.map { answer($0, context) }
        }
        reply(context, response)
    }

    private func answer(name: String, _ context: RequestContext) -> MetadataResponse.Topic {
        if let topic = store.topic(name) { return answer(topic, context) }
        let isInvalid = TopicName.problem(with: name) != nil
        return .init(errorCode: count(isInvalid ? .invalidTopicException : .unknownTopicOrPartition), name: name)
    }

    private func answer(id: Uuid, _ context: RequestContext) -> MetadataResponse.Topic {
        if let topic = store.topic(id: id) { return answer(topic, context) }
        return .init(errorCode: count(.unknownTopicId), name: nil, topicId: id)
    }

    private func answer(_ topic: Topic, _ context: RequestContext) -> MetadataResponse.Topic {
        var answer = MetadataResponse.Topic(name: topic.name, topicId: topic.id)
        let topicFault = partitionFault(context, topic.name, -1)
        if case .error(let code) = topicFault {
            answer.errorCode = count(code)
            return answer
        }
        answer.partitions = (0..<Int32(topic.partitionCount)).map { index in
            let code = topicFault == nil ? metadataFaultCode(context, topic.name, index) : ErrorCode.leaderNotAvailable.rawValue
            // Kafka keeps an offline replica's leader out of its answers.
            let isOffline = code != nil || partition(topic.name, index) == nil
            return .init(
                errorCode: isOffline ? count(code ?? ErrorCode.leaderNotAvailable.rawValue) : 0, partitionIndex: index,
                leaderId: isOffline ? -1 : Self.nodeId, leaderEpoch: 0, replicaNodes: [Self.nodeId],
                isrNodes: isOffline ? [] : [Self.nodeId],
                offlineReplicas: isOffline ? [Self.nodeId] : [])
        }
        return answer
    }

    /// The error that rules for this very partition want.
    private func metadataFaultCode(_ context: RequestContext, _ topic: String, _ partition: Int32) -> Int16? {
        if faultEngine.isIdle { return nil }
        let fault = faultEngine.fault(
            api: context.api.rawValue, clientId: context.clientId, topic: topic, partition: partition, isTopicDecided: true)
        switch fault {
        case .error(let code): return code
        case .unavailable, .diskFull: return ErrorCode.leaderNotAvailable.rawValue
        case nil: return nil
        }
    }

    private func createAutomatically(_ names: [String], _ context: RequestContext) {
        var missing: [Topic] = []
        var partitionCount = store.partitionCount
        var taken: Set<String> = []
        for name in names where store.topic(name) == nil && TopicName.problem(with: name) == nil {
            let key = TopicName.collisionKey(name)
            guard store.collidingTopic(name) == nil, taken.insert(key).inserted else { continue }
            partitionCount += settings.partitionCountDefault
            guard store.topicCount + missing.count < settings.limits.topicCountMax, partitionCount <= settings.limits.partitionCountMax
            else {
                limitedLog.write(.warning, "Not creating a topic: there are too many", tick: context.tick, [("topic", name)])
                break
            }
            missing.append(
                Topic(name: name, id: store.newTopicId(), partitionCount: settings.partitionCountDefault, config: TopicConfig()))
        }
        if missing.isEmpty { return }
        do {
            try store.add(missing)
            for topic in missing { openLogs(of: topic) }
        } catch {
            limitedLog.write(.error, "Cannot create topics", tick: context.tick, [("error", "\(error)")])
        }
    }
}

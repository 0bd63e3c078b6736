import KafkaProtocol

extension BrokerNode {
    func apiVersions(error: ErrorCode) -> ApiVersionsResponse {
        var response = ApiVersionsResponse()
        response.errorCode = count(error)
        // Offered only to be refused by name; a client that sees it would think that SASL is spoken here.
        response.apiKeys = ApiKey.allCases.filter { $0 != .saslHandshake }.sorted { $0.rawValue < $1.rawValue }.map {
            .init(apiKey: $0.rawValue, minVersion: $0.versions.lowerBound, maxVersion: $0.versions.upperBound)
        }
        return response
    }

    func saslHandshake(_ request: SaslHandshakeRequest, _ context: RequestContext) {
        limitedLog.write(.warning, "Refused a SASL handshake: this broker asks for no passwords", tick: context.tick, fields(context))
        var response = SaslHandshakeResponse()
        response.errorCode = count(.unsupportedSaslMechanism)
        reply(context, response)
    }

    func describeCluster(_ request: DescribeClusterRequest, _ context: RequestContext) {
        var response = DescribeClusterResponse()
        response.endpointType = request.endpointType
        guard request.endpointType == 1 else {
            response.errorCode = count(.invalidRequest)
            response.errorMessage = "There are no controllers to connect to"
            return reply(context, response)
        }
        response.clusterId = store.clusterId
        response.controllerId = BrokerNode.nodeId
        response.brokers = [.init(brokerId: BrokerNode.nodeId, host: advertisedHost, port: Int32(advertisedPort))]
        reply(context, response)
    }

    func findCoordinator(_ request: FindCoordinatorRequest, _ context: RequestContext) {
        var response = FindCoordinatorResponse()
        let isGroup = request.keyType == 0
        if !isGroup {
            limitedLog.write(.warning, "Refused a transactional client: transactions are not offered", tick: context.tick, fields(context))
        }
        let message = isGroup ? nil : "This broker does not offer transactions"
        for key in context.version >= 4 ? request.coordinatorKeys : [request.key] {
            let error: ErrorCode = isGroup ? .noError : .transactionalIdAuthorizationFailed
            response.coordinators.append(
                .init(
                    key: key, nodeId: isGroup ? BrokerNode.nodeId : -1, host: isGroup ? advertisedHost : "",
                    port: isGroup ? Int32(advertisedPort) : -1, errorCode: count(error), errorMessage: message))
        }
        if context.version < 4, let only = response.coordinators.first {
            response.errorCode = only.errorCode
            response.errorMessage = only.errorMessage
            response.nodeId = only.nodeId
            response.host = only.host
            response.port = only.port
        }
        reply(context, response)
    }

    /// A new id, or the same one with its epoch raised (KIP-360).
    func initProducerId(_ request: InitProducerIdRequest, _ context: RequestContext) {
        var response = InitProducerIdResponse()
        if request.transactionalId != nil {
            limitedLog.write(.warning, "Refused a transactional client: transactions are not offered", tick: context.tick, fields(context))
            response.errorCode = count(.transactionalIdAuthorizationFailed)
            response.producerEpoch = -1
            return reply(context, response)
        }
        if request.producerId >= 0, request.producerEpoch >= 0, request.producerEpoch < Int16.max - 1 {
            response.producerId = request.producerId
            response.producerEpoch = request.producerEpoch + 1
            return reply(context, response)
        }
        do {
            response.producerId = try store.nextProducerId()
        } catch {
            limitedLog.write(.error, "Cannot reserve producer ids", tick: context.tick, [("error", "\(error)")])
            response.errorCode = count(.coordinatorNotAvailable)
            response.producerEpoch = -1
        }
        reply(context, response)
    }

    func metadata(_ request: MetadataRequest, _ context: RequestContext) {
        var response = MetadataResponse()
        response.brokers = [.init(nodeId: BrokerNode.nodeId, host: advertisedHost, port: Int32(advertisedPort))]
        response.clusterId = store.clusterId
        response.controllerId = BrokerNode.nodeId
        let wantsAll = request.topics == nil || (context.version == 0 && request.topics?.isEmpty == true)
        if wantsAll {
            response.topics = store.topics.map { describe($0, context) }
        } else {
            for wanted in request.topics ?? [] { response.topics.append(describe(wanted, request, context)) }
        }
        reply(context, response)
    }

    private func describe(
        _ wanted: MetadataRequest.Topic, _ request: MetadataRequest, _ context: RequestContext
    ) -> MetadataResponse.Topic {
        var answer = MetadataResponse.Topic()
        answer.name = wanted.name ?? (context.version >= 12 ? nil : "")
        answer.topicId = wanted.topicId
        guard let name = wanted.name else {
            if let topic = store.topic(id: wanted.topicId) { return describe(topic, context) }
            answer.errorCode = count(.unknownTopicId)
            return answer
        }
        if let topic = store.topic(name) { return describe(topic, context) }
        answer.topicId = .zero
        if TopicName.problem(with: name) != nil {
            answer.errorCode = count(.invalidTopicException)
            return answer
        }
        let isAllowed = context.version < 4 || request.allowAutoTopicCreation
        guard settings.createsTopicsAutomatically, isAllowed else {
            answer.errorCode = count(.unknownTopicOrPartition)
            return answer
        }
        let topic = Topic(name: name, id: store.newTopicId(), partitionCount: settings.partitionCountDefault, config: TopicConfig())
        if let refusal = create([topic], context) {
            answer.errorCode = count(refusal.code)
            return answer
        }
        return describe(topic, context)
    }

    private func describe(_ topic: Topic, _ context: RequestContext) -> MetadataResponse.Topic {
        var answer = MetadataResponse.Topic()
        answer.name = topic.name
        answer.topicId = topic.id
        answer.partitions.reserveCapacity(topic.partitionCount)
        for index in 0..<Int32(topic.partitionCount) {
            let code = faultCode(context, topic.name, index) ?? 0
            answer.partitions.append(
                .init(
                    errorCode: count(code), partitionIndex: index, leaderId: code == 0 ? BrokerNode.nodeId : -1, leaderEpoch: 0,
                    replicaNodes: [BrokerNode.nodeId], isrNodes: [BrokerNode.nodeId]))
        }
        return answer
    }
}

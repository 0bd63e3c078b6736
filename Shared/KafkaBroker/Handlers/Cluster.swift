import KafkaProtocol

extension BrokerNode {
    func apiVersions(_ request: ApiVersionsRequest, _ context: RequestContext) {
        var response = ApiVersionsResponse()
        response.apiKeys = Self.offeredApis
        if let code = faultCode(context) {
            response.errorCode = count(code)
        } else if context.version >= 3,
            ![request.clientSoftwareName, request.clientSoftwareVersion].allSatisfy(Self.isClientSoftware)
        {
            response.errorCode = count(.invalidRequest)
            response.apiKeys = []
        }
        reply(context, response)
    }

    /// As Kafka does, the answer to a version that is not offered is one of version 0 that says what is.
    func refuseApiVersions(_ context: RequestContext) {
        var context = context
        context.version = 0
        var response = ApiVersionsResponse()
        response.errorCode = count(.unsupportedVersion)
        response.apiKeys = Self.offeredApis
        reply(context, response)
    }

    /// Letters, digits, and inside also hyphens and dots (KIP-511).
    private static func isClientSoftware(_ name: String) -> Bool {
        func isAlphanumeric(_ byte: UInt8) -> Bool {
            UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
        }
        guard let first = name.utf8.first, let last = name.utf8.last, isAlphanumeric(first), isAlphanumeric(last) else { return false }
        return name.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
    }

    /// SaslHandshake is spoken to refuse it, and not offered. Produce is listed from version 0, as Kafka lists it although it refuses
    /// 0 to 2: librdkafka before 2.4 takes a list without 0 for a broker that knows no gzip, snappy or lz4 (KAFKA-18659).
    private static let offeredApis: [ApiVersionsResponse.Api] = ApiKey.allCases.filter { $0 != .saslHandshake }.map {
        .init(apiKey: $0.rawValue, minVersion: $0 == .produce ? 0 : $0.versions.lowerBound, maxVersion: $0.versions.upperBound)
    }

    func saslHandshake(_ request: SaslHandshakeRequest, _ context: RequestContext) {
        limitedLog.write(
            .warning, "Refusing SASL, which this broker does not offer; use security.protocol=PLAINTEXT", tick: context.tick,
            fields(context))
        reply(context, SaslHandshakeResponse(errorCode: count(.illegalSaslState), mechanisms: []))
    }

    func describeCluster(_ request: DescribeClusterRequest, _ context: RequestContext) {
        var response = DescribeClusterResponse()
        response.endpointType = request.endpointType
        if let code = faultCode(context) {
            response.errorCode = count(code)
        } else if request.endpointType == 1 {
            response.clusterId = store.clusterId
            response.controllerId = Self.nodeId
            response.brokers = [.init(brokerId: Self.nodeId, host: advertised.host, port: advertised.port)]
        } else if request.endpointType == 2 {
            // MISMATCHED_ENDPOINT_TYPE: controllers are asked at controllers.
            response.errorCode = count(114)
            response.errorMessage = "The request was sent to an endpoint of the wrong type."
        } else {
            response.errorCode = count(.unsupportedEndpointType)
            response.errorMessage = "Unsupported endpoint type \(request.endpointType)"
        }
        reply(context, response)
    }

    func findCoordinator(_ request: FindCoordinatorRequest, _ context: RequestContext) {
        var response = FindCoordinatorResponse()
        func find(_ key: String) -> FindCoordinatorResponse.Coordinator {
            var answer = FindCoordinatorResponse.Coordinator(key: key, nodeId: -1, host: "", port: -1)
            if let code = faultCode(context) {
                answer.errorCode = count(code)
                return answer
            }
            switch request.keyType {
            case 0:
                answer.nodeId = Self.nodeId
                answer.host = advertised.host
                answer.port = advertised.port
            case 1:
                answer.errorCode = count(.transactionalIdAuthorizationFailed)
                answer.errorMessage = "This broker does not offer transactions"
            default:
                answer.errorCode = count(.invalidRequest)
                answer.errorMessage = "This broker has no coordinators of type \(request.keyType)"
            }
            return answer
        }
        if context.version >= 4 {
            response.coordinators = request.coordinatorKeys.map(find)
        } else {
            let answer = find(request.key)
            response.errorCode = answer.errorCode
            response.errorMessage = answer.errorMessage
            response.nodeId = answer.nodeId
            response.host = answer.host
            response.port = answer.port
        }
        reply(context, response)
    }

    /// A new id for every idempotent producer that asks, with epoch 0: Kafka does so whatever id the producer had before.
    func initProducerId(_ request: InitProducerIdRequest, _ context: RequestContext) {
        var response = InitProducerIdResponse(producerId: -1, producerEpoch: -1)
        if let code = faultCode(context) {
            response.errorCode = count(code)
        } else if let id = request.transactionalId {
            response.errorCode = count(id.isEmpty ? .invalidRequest : .transactionalIdAuthorizationFailed)
            limitedLog.write(.warning, "Refusing a transactional producer", tick: context.tick, fields(context))
        } else if (request.producerId == -1) != (request.producerEpoch == -1) || request.producerId < -1 || request.producerEpoch < -1 {
            response.errorCode = count(.invalidRequest)
        } else {
            do {
                response.producerId = try store.nextProducerId()
                response.producerEpoch = 0
            } catch {
                limitedLog.write(.error, "Cannot reserve producer ids", tick: context.tick, [("error", "\(error)")])
                response.errorCode = count(.coordinatorNotAvailable)
            }
        }
        reply(context, response)
    }
}

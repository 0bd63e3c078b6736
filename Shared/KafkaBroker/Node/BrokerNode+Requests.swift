package import FrameServer
import Glibc
import KafkaProtocol
import RecordLog

extension BrokerNode {
    package func frame(_ id: ConnectionId, _ frame: UnsafeMutableRawBufferPointer, tick: Int64) {
        var reader = WireReader(UnsafeRawBufferPointer(frame))
        do {
            let header = try RequestHeader(from: &reader)
            guard let api = ApiKey(rawValue: header.apiKey) else {
                return refuse(id, "Refused a request for an API that is not offered", header, tick)
            }
            var context = RequestContext(
                connection: id, api: api, version: header.apiVersion, correlationId: header.correlationId, clientId: header.clientId,
                tick: tick, now: BrokerNode.wallMillis())
            counters.requests[header.apiKey, default: 0] += 1
            guard api.versions.contains(header.apiVersion) else {
                guard api == .apiVersions else { return refuse(id, "Refused a request in a version that is not offered", header, tick) }
                context.version = 0
                return reply(context, apiVersions(error: .unsupportedVersion))
            }
            try dispatch(context, &reader, frame)
        } catch {
            limitedLog.write(
                .warning, "Refused a request that cannot be read", tick: tick,
                [("peer", connections[id]?.peer ?? ""), ("error", "\(error)")])
            transport.close(id)
        }
    }

    private func refuse(_ id: ConnectionId, _ message: String, _ header: RequestHeader, _ tick: Int64) {
        limitedLog.write(
            .warning, message, tick: tick,
            [
                ("api", ApiKey.name(of: header.apiKey) ?? "\(header.apiKey)"), ("version", "\(header.apiVersion)"),
                ("client", header.clientId ?? ""), ("peer", connections[id]?.peer ?? ""),
            ])
        transport.close(id)
    }

    private func dispatch(
        _ context: RequestContext, _ reader: inout WireReader, _ frame: UnsafeMutableRawBufferPointer
    ) throws(WireFault) {
        switch context.api {
        case .produce: try serve(ProduceRequest.self, context, &reader) { produce($0, $1, frame) }
        case .fetch: try serve(FetchRequest.self, context, &reader) { fetch($0, $1) }
        case .listOffsets: try serve(ListOffsetsRequest.self, context, &reader) { listOffsets($0, $1) }
        case .metadata: try serve(MetadataRequest.self, context, &reader) { metadata($0, $1) }
        case .offsetCommit: try serve(OffsetCommitRequest.self, context, &reader) { offsetCommit($0, $1) }
        case .offsetFetch: try serve(OffsetFetchRequest.self, context, &reader) { offsetFetch($0, $1) }
        case .findCoordinator: try serve(FindCoordinatorRequest.self, context, &reader) { findCoordinator($0, $1) }
        case .joinGroup: try serve(JoinGroupRequest.self, context, &reader) { joinGroup($0, $1) }
        case .heartbeat: try serve(HeartbeatRequest.self, context, &reader) { heartbeat($0, $1) }
        case .leaveGroup: try serve(LeaveGroupRequest.self, context, &reader) { leaveGroup($0, $1) }
        case .syncGroup: try serve(SyncGroupRequest.self, context, &reader) { syncGroup($0, $1) }
        case .describeGroups: try serve(DescribeGroupsRequest.self, context, &reader) { describeGroups($0, $1) }
        case .listGroups: try serve(ListGroupsRequest.self, context, &reader) { listGroups($0, $1) }
        case .deleteGroups: try serve(DeleteGroupsRequest.self, context, &reader) { deleteGroups($0, $1) }
        case .saslHandshake: try serve(SaslHandshakeRequest.self, context, &reader) { saslHandshake($0, $1) }
        case .apiVersions: try serve(ApiVersionsRequest.self, context, &reader) { reply($1, apiVersions(error: .noError)) }
        case .createTopics: try serve(CreateTopicsRequest.self, context, &reader) { createTopics($0, $1) }
        case .deleteTopics: try serve(DeleteTopicsRequest.self, context, &reader) { deleteTopics($0, $1) }
        case .deleteRecords: try serve(DeleteRecordsRequest.self, context, &reader) { deleteRecords($0, $1) }
        case .initProducerId: try serve(InitProducerIdRequest.self, context, &reader) { initProducerId($0, $1) }
        case .offsetForLeaderEpoch: try serve(OffsetForLeaderEpochRequest.self, context, &reader) { offsetForLeaderEpoch($0, $1) }
        case .describeConfigs: try serve(DescribeConfigsRequest.self, context, &reader) { describeConfigs($0, $1) }
        case .createPartitions: try serve(CreatePartitionsRequest.self, context, &reader) { createPartitions($0, $1) }
        case .incrementalAlterConfigs:
            try serve(IncrementalAlterConfigsRequest.self, context, &reader) { incrementalAlterConfigs($0, $1) }
        case .describeCluster: try serve(DescribeClusterRequest.self, context, &reader) { describeCluster($0, $1) }
        }
    }

    private func serve<Request: WireRequest>(
        _: Request.Type, _ context: RequestContext, _ reader: inout WireReader, _ handle: (Request, RequestContext) -> Void
    ) throws(WireFault) {
        let request = try Request(from: &reader, version: context.version)
        if faults.isIdle { return handle(request, context) }
        var context = context
        context.faults = faults.faults(
            api: context.api.rawValue, clientId: context.clientId, targets: (request as? any PartitionTargeting)?.targets ?? [])
        if let point = context.faults.crash {
            switch point {
            case .beforeWork: ArmedDiskFaults.crash()
            case .disk(let point): diskFaults.arm(point)
            case .beforeAnswer, .afterAnswer: break
            }
        }
        if context.faults.disconnects == .before { return transport.close(context.connection) }
        handle(request, context)
    }

    // MARK: Answers

    /// Sends an answer, as the request's faults want it.
    func reply(_ context: RequestContext, _ response: some WireMessage, slices: [FileSlice] = []) {
        let faults = context.faults
        if faults.crash == .beforeAnswer { ArmedDiskFaults.crash() }
        if faults.isDropped { return }
        if faults.disconnects == .after { return transport.close(context.connection) }
        writer.removeAll()
        writer.bytes.append(contentsOf: [0, 0, 0, 0])
        response.encodeResponse(into: &writer, version: context.version, correlationId: context.correlationId)
        let byteCount = UInt32(writer.byteCount - 4)
        for index in 0..<4 { writer.bytes[index] = UInt8(truncatingIfNeeded: byteCount >> UInt32(24 - 8 * index)) }
        if slices.isEmpty, !faults.isDuplicated {
            writer.bytes.withUnsafeBytes { bytes in
                _ = transport.respond(context.connection, copying: bytes, after: faults.delayMillis, then: .staysOpen)
            }
        } else {
            let chunks = chunks(slices)
            transport.respond(
                context.connection, faults.isDuplicated ? chunks + chunks : chunks, after: faults.delayMillis, then: .staysOpen)
        }
        if faults.crash == .afterAnswer { ArmedDiskFaults.crash() }
    }

    /// The written bytes with the files' ranges between them.
    private func chunks(_ slices: [FileSlice]) -> [ResponseChunk] {
        var chunks: [ResponseChunk] = []
        var start = 0
        for (splice, slice) in zip(writer.splices, slices) {
            if splice.position > start { chunks.append(.bytes(Array(writer.bytes[start..<splice.position]))) }
            start = splice.position
            chunks.append(
                .file(descriptor: slice.file.descriptor, position: slice.position, byteCount: slice.byteCount, owner: slice.file))
        }
        if start < writer.bytes.count { chunks.append(.bytes(Array(writer.bytes[start...]))) }
        return chunks
    }

    /// Nothing is answered to acks=0.
    func skipAnswer(_ context: RequestContext) {
        if context.faults.crash == .beforeAnswer || context.faults.crash == .afterAnswer { ArmedDiskFaults.crash() }
        if context.faults.disconnects == .after { return transport.close(context.connection) }
        transport.skip(context.connection)
    }

    // MARK: Errors and faults

    func count(_ code: Int16) -> Int16 {
        if code != 0 { counters.errors[code, default: 0] += 1 }
        return code
    }

    func count(_ code: ErrorCode) -> Int16 { count(code.rawValue) }

    func partitionFault(_ context: RequestContext, _ topic: String?, _ partition: Int32) -> PartitionFault? {
        faults.isIdle
            ? nil : faults.fault(api: context.api.rawValue, clientId: context.clientId, topic: topic, partition: partition)
    }

    /// The code that a fault rule wants for a partition; nil for none.
    func faultCode(_ context: RequestContext, _ topic: String?, _ partition: Int32) -> Int16? {
        switch partitionFault(context, topic, partition) {
        case .error(let code): code
        case .unavailable:
            context.api == .metadata ? ErrorCode.leaderNotAvailable.rawValue : ErrorCode.notLeaderOrFollower.rawValue
        case .diskFull, nil: nil
        }
    }

    func fields(_ context: RequestContext) -> [(key: String, value: String)] {
        [("api", context.api.name), ("client", context.clientId ?? ""), ("peer", connections[context.connection]?.peer ?? "")]
    }
}

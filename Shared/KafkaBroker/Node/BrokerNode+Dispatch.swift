package import FrameServer
import KafkaProtocol

extension BrokerNode {
    package func frame(_ connection: ConnectionId, _ frame: UnsafeMutableRawBufferPointer, tick: Int64) {
        var reader = WireReader(UnsafeRawBufferPointer(frame))
        let header: RequestHeader
        do { header = try RequestHeader(from: &reader) } catch {
            return refuse(connection, "Closing a connection after a request without a readable header", tick, [("error", "\(error)")])
        }
        guard let api = ApiKey(rawValue: header.apiKey) else {
            return refuse(
                connection, "Closing a connection after a request of an API that is not offered", tick,
                [
                    ("api", ApiKey.name(of: header.apiKey) ?? "\(header.apiKey)"), ("version", "\(header.apiVersion)"),
                    ("client", Self.loggable(header.clientId)),
                ])
        }
        counters.requests[Int(header.apiKey)] += 1
        let context = RequestContext(
            connection: connection, api: api, version: header.apiVersion, correlationId: header.correlationId, clientId: header.clientId,
            tick: tick, now: wallClock())
        guard api.versions.contains(header.apiVersion) else {
            if api == .apiVersions { return refuseApiVersions(context) }
            return refuse(
                connection, "Closing a connection after a request of a version that is not offered", tick,
                [("api", api.name), ("version", "\(header.apiVersion)"), ("client", Self.loggable(header.clientId))])
        }
        // Only batches of records are large; the rest unfolds to many times its size in memory.
        if api != .produce, frame.count > settings.limits.controlRequestBytesMax {
            return refuse(
                connection, "Closing a connection after a request that is too large for its API", tick,
                [("api", api.name), ("bytes", "\(frame.count)"), ("bytes.max", "\(settings.limits.controlRequestBytesMax)")])
        }
        do { try dispatch(&reader, context, frame) } catch {
            refuse(
                connection, "Closing a connection after a malformed request", tick,
                [("api", api.name), ("version", "\(header.apiVersion)"), ("error", "\(error)")])
        }
    }

    private func dispatch(
        _ reader: inout WireReader, _ context: RequestContext, _ frame: UnsafeMutableRawBufferPointer
    ) throws(WireFault) {
        switch context.api {
        case .produce: try serve(&reader, context) { produce($0, $1, frame) }
        case .fetch: try serve(&reader, context, fetch)
        case .listOffsets: try serve(&reader, context, listOffsets)
        case .metadata: try serve(&reader, context, metadata)
        case .offsetCommit: try serve(&reader, context, offsetCommit)
        case .offsetFetch: try serve(&reader, context, offsetFetch)
        case .findCoordinator: try serve(&reader, context, findCoordinator)
        case .joinGroup: try serve(&reader, context, joinGroup)
        case .heartbeat: try serve(&reader, context, heartbeat)
        case .leaveGroup: try serve(&reader, context, leaveGroup)
        case .syncGroup: try serve(&reader, context, syncGroup)
        case .describeGroups: try serve(&reader, context, describeGroups)
        case .listGroups: try serve(&reader, context, listGroups)
        case .saslHandshake: try serve(&reader, context, saslHandshake)
        case .apiVersions: try serve(&reader, context, apiVersions)
        case .createTopics: try serve(&reader, context, createTopics)
        case .deleteTopics: try serve(&reader, context, deleteTopics)
        case .deleteRecords: try serve(&reader, context, deleteRecords)
        case .initProducerId: try serve(&reader, context, initProducerId)
        case .offsetForLeaderEpoch: try serve(&reader, context, offsetForLeaderEpoch)
        case .describeConfigs: try serve(&reader, context, describeConfigs)
        case .createPartitions: try serve(&reader, context, createPartitions)
        case .deleteGroups: try serve(&reader, context, deleteGroups)
        case .incrementalAlterConfigs: try serve(&reader, context, incrementalAlterConfigs)
        case .describeCluster: try serve(&reader, context, describeCluster)
        }
    }

    /// Reads a request, lets the faults that come before the work happen, and does the work.
    private func serve<Request: WireRequest>(
        _ reader: inout WireReader, _ context: RequestContext, _ work: (Request, RequestContext) -> Void
    ) throws(WireFault) {
        let request = try Request(from: &reader, version: context.version)
        if faultEngine.isIdle { return work(request, context) }
        var context = context
        context.faults = faultEngine.faults(api: context.api.rawValue, clientId: context.clientId, targets: targets(of: request, context))
        switch context.faults.crash {
        case .beforeWork: ArmedDiskFaults.crash()
        case .disk(let point): diskFaults.arm(point)
        case .beforeAnswer, .afterAnswer, nil: break
        }
        if context.faults.disconnects == .before { return transport.close(context.connection) }
        work(request, context)
    }

    private func targets(of request: some WireRequest, _ context: RequestContext) -> [(topic: String, partition: Int32)] {
        if let fetch = request as? FetchRequest {
            return fetch.topics.flatMap { topic in
                let name = context.version >= 13 ? store.topic(id: topic.topicId)?.name ?? "" : topic.topic
                return topic.partitions.map { (name, $0.partition) }
            }
        }
        return (request as? any PartitionTargeting)?.targets ?? []
    }

    // MARK: Answers

    /// Sends a response, with what the faults make of it.
    ///
    /// - Parameter slices: What lies in files, in the order of the response's `file` records.
    func reply(_ context: RequestContext, _ response: some WireMessage, slices: [FileSliceChunk] = []) {
        switch context.faults.crash {
        case .beforeAnswer: ArmedDiskFaults.crash()
        default: break
        }
        if context.faults.disconnects == .after { return transport.close(context.connection) }
        // Never answered: the connection stays mute until its client gives it up.
        if context.faults.isDropped { return }
        writer.removeAll()
        writer.write(Int32(0))
        response.encodeResponse(into: &writer, version: context.version, correlationId: context.correlationId)
        let byteCount = UInt32(truncatingIfNeeded: writer.byteCount - 4)
        for index in 0..<4 { writer.bytes[index] = UInt8(truncatingIfNeeded: byteCount >> UInt32(24 - 8 * index)) }
        if writer.splices.isEmpty, !context.faults.isDuplicated {
            writer.bytes.withUnsafeBytes { bytes in
                _ = transport.respond(context.connection, copying: bytes, after: context.faults.delayMillis, then: .staysOpen)
            }
        } else {
            var chunks = chunks(slices)
            if context.faults.isDuplicated { chunks += chunks }
            transport.respond(context.connection, chunks, after: context.faults.delayMillis, then: .staysOpen)
        }
        if context.faults.crash == .afterAnswer { ArmedDiskFaults.crash() }
    }

    /// The written bytes with the file ranges between them.
    private func chunks(_ slices: [FileSliceChunk]) -> [ResponseChunk] {
        var chunks: [ResponseChunk] = []
        chunks.reserveCapacity(2 * writer.splices.count + 1)
        var start = 0
        var slice = slices.startIndex
        for splice in writer.splices where splice.byteCount > 0 {
            if splice.position > start { chunks.append(.bytes(Array(writer.bytes[start..<splice.position]))) }
            start = splice.position
            let file = slices[slice]
            slice += 1
            chunks.append(.file(descriptor: file.descriptor, position: file.position, byteCount: file.byteCount, owner: file.owner))
        }
        if start < writer.bytes.count { chunks.append(.bytes(Array(writer.bytes[start...]))) }
        return chunks
    }

    /// The end of a request that has no answer.
    func skipAnswer(_ context: RequestContext) {
        if context.faults.crash == .beforeAnswer || context.faults.crash == .afterAnswer { ArmedDiskFaults.crash() }
        if context.faults.disconnects == .after { return transport.close(context.connection) }
        transport.skip(context.connection)
    }

    private func refuse(_ connection: ConnectionId, _ message: String, _ tick: Int64, _ fields: [(key: String, value: String)]) {
        counters.connectionsRefused += 1
        limitedLog.write(.warning, message, tick: tick, [("peer", connections[connection]?.peer ?? "")] + fields)
        transport.close(connection)
    }

    static func loggable(_ clientId: String?) -> String { String((clientId ?? "").prefix(100)) }

    func fields(_ context: RequestContext) -> [(key: String, value: String)] {
        [
            ("peer", connections[context.connection]?.peer ?? ""), ("client", Self.loggable(context.clientId)),
            ("api", context.api.name),
        ]
    }

    // MARK: Errors

    /// Counts an error on its way out.
    func count(_ code: Int16) -> Int16 {
        if code != 0 { counters.errors[code, default: 0] += 1 }
        return code
    }

    func count(_ code: ErrorCode) -> Int16 { count(code.rawValue) }

    func partitionFault(_ context: RequestContext, _ topic: String?, _ partition: Int32) -> PartitionFault? {
        faultEngine.isIdle
            ? nil : faultEngine.fault(api: context.api.rawValue, clientId: context.clientId, topic: topic, partition: partition)
    }

    /// The error that the faults in force want for a partition; nil for none.
    func faultCode(_ context: RequestContext, _ topic: String, _ partition: Int32) -> Int16? {
        switch partitionFault(context, topic, partition) {
        case .error(let code): code
        case .unavailable: ErrorCode.notLeaderOrFollower.rawValue
        case .diskFull: ErrorCode.kafkaStorageError.rawValue
        case nil: nil
        }
    }

    /// The error that the faults in force want for a request that is not about partitions; nil for none.
    func faultCode(_ context: RequestContext) -> Int16? {
        switch partitionFault(context, nil, -1) {
        case .error(let code): code
        case .unavailable: ErrorCode.coordinatorNotAvailable.rawValue
        case .diskFull: ErrorCode.kafkaStorageError.rawValue
        case nil: nil
        }
    }
}

import FrameServer
import KafkaProtocol
import RecordLog

/// What one look at the logs found for a Fetch.
private struct FetchFindings {
    var response = FetchResponse()
    /// In the order of the response's `file` records.
    var slices: [FileSlice] = []
    var byteCount = 0
    var hasError = false
    /// Those without an error.
    var partitions: [Partition] = []
}

extension BrokerNode {
    func fetch(_ request: FetchRequest, _ context: RequestContext) {
        // Sessions are declined by answering with session 0. A client that names one anyway must start over.
        if request.sessionId != 0, request.sessionEpoch > 0 {
            var response = FetchResponse()
            response.errorCode = count(.fetchSessionIdNotFound)
            return reply(context, response)
        }
        let findings = look(request, context)
        let bytesMin = max(0, Int(request.minBytes))
        let waitMillis = min(Int64(request.maxWaitMs), settings.limits.fetchWaitMillisMax)
        if findings.hasError || findings.byteCount >= bytesMin || waitMillis <= 0 || findings.partitions.isEmpty || isStopping {
            return reply(context, findings.response, slices: findings.slices.map(FileSliceChunk.init))
        }
        let waiting = WaitingFetch(
            context: context, request: request, deadlineTick: context.tick + waitMillis, bytesMissing: bytesMin - findings.byteCount,
            partitions: findings.partitions)
        waitingFetches.insert(waiting)
        connections[context.connection]?.waitingFetch = waiting
    }

    /// Answers a fetch that waited, with what there is now.
    func finish(_ fetch: WaitingFetch) {
        waitingFetches.remove(fetch)
        connections[fetch.context.connection]?.waitingFetch = nil
        let findings = look(fetch.request, fetch.context)
        reply(fetch.context, findings.response, slices: findings.slices.map(FileSliceChunk.init))
    }

    func wakeWaiters(of partition: Partition, byteCount: Int) {
        for fetch in partition.waiters {
            fetch.bytesMissing -= byteCount
            if fetch.bytesMissing <= 0, !fetch.isReady {
                fetch.isReady = true
                readyFetches.append(fetch)
            }
        }
    }

    /// After all partitions of a request are written, so that a fetch sees them together.
    func answerReadyFetches() {
        while !readyFetches.isEmpty {
            let ready = readyFetches
            readyFetches.removeAll(keepingCapacity: true)
            for fetch in ready where fetch.place != nil { finish(fetch) }
        }
    }

    private func look(_ request: FetchRequest, _ context: RequestContext) -> FetchFindings {
        var findings = FetchFindings()
        var bytesLeft = min(max(0, Int(request.maxBytes)), settings.limits.fetchBytesMax)
        let isFollower = context.version >= 15 ? request.replicaState.replicaId >= 0 : request.replicaId >= 0
        findings.response.responses.reserveCapacity(request.topics.count)
        for wanted in request.topics {
            var answers = FetchResponse.Topic()
            answers.topic = wanted.topic
            answers.topicId = wanted.topicId
            let name = context.version >= 13 ? store.topic(id: wanted.topicId)?.name : wanted.topic
            answers.partitions.reserveCapacity(wanted.partitions.count)
            for wantedPartition in wanted.partitions {
                var answer = FetchResponse.Topic.Partition()
                answer.partitionIndex = wantedPartition.partition
                answer.highWatermark = -1
                answer.records = .bytes([])
                let error = look(
                    wantedPartition, name, isFollower: isFollower, request, context, &bytesLeft, &answer, &findings)
                if error != 0 {
                    answer.errorCode = count(error)
                    findings.hasError = true
                }
                answers.partitions.append(answer)
            }
            findings.response.responses.append(answers)
        }
        return findings
    }

    /// - Returns: An error code, or 0.
    private func look(
        _ wanted: FetchRequest.Topic.Partition, _ topic: String?, isFollower: Bool, _ request: FetchRequest, _ context: RequestContext,
        _ bytesLeft: inout Int, _ answer: inout FetchResponse.Topic.Partition, _ findings: inout FetchFindings
    ) -> Int16 {
        guard let topic else { return ErrorCode.unknownTopicId.rawValue }
        if let code = faultCode(context, topic, wanted.partition) { return code }
        guard let partition = partition(topic, wanted.partition) else { return ErrorCode.unknownTopicOrPartition.rawValue }
        if isFollower { return ErrorCode.notLeaderOrFollower.rawValue }
        if wanted.currentLeaderEpoch > 0 { return ErrorCode.unknownLeaderEpoch.rawValue }
        answer.highWatermark = partition.log.endOffset
        answer.lastStableOffset = partition.log.endOffset
        answer.logStartOffset = partition.log.startOffset
        if request.isolationLevel != 0 { answer.abortedTransactions = [] }
        let isFirst = findings.byteCount == 0
        let byteCountMax = min(bytesLeft, max(0, Int(wanted.partitionMaxBytes)))
        do {
            // With the allowance used up the offset is still checked.
            let slice = try partition.log.read(from: wanted.fetchOffset, byteCountMax: byteCountMax, atLeastOne: isFirst)
            if let slice, slice.byteCount > 0 {
                answer.records = .file(byteCount: slice.byteCount)
                findings.slices.append(slice)
                findings.byteCount += slice.byteCount
                bytesLeft = max(0, bytesLeft - slice.byteCount)
            }
        } catch .offsetOutOfRange {
            answer.highWatermark = partition.log.endOffset
            return ErrorCode.offsetOutOfRange.rawValue
        } catch {
            limitedLog.write(
                .error, "Cannot read", tick: context.tick, [("topic", topic), ("partition", "\(wanted.partition)"), ("error", "\(error)")])
            return ErrorCode.kafkaStorageError.rawValue
        }
        findings.partitions.append(partition)
        return 0
    }
}

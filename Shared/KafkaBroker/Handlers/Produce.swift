import FrameServer
import KafkaProtocol
import RecordLog

extension BrokerNode {
    /// Appends each partition's batch where it lies in the frame.
    func produce(_ request: ProduceRequest, _ context: RequestContext, _ frame: UnsafeMutableRawBufferPointer) {
        var response = ProduceResponse()
        response.responses.reserveCapacity(request.topicData.count)
        var hasError = false
        var mustWait = false
        for topic in request.topicData {
            var answers = ProduceResponse.Topic()
            answers.name = topic.name
            answers.partitionResponses.reserveCapacity(topic.partitionData.count)
            for data in topic.partitionData {
                let answer = append(data, topic.name, request, context, frame, mustWait: &mustWait)
                if answer.errorCode != 0 { hasError = true }
                answers.partitionResponses.append(answer)
            }
            response.responses.append(answers)
        }
        if request.acks == 0 {
            if hasError {
                limitedLog.write(
                    .warning, "Closing the connection of a producer with acks=0 after an error", tick: context.tick, fields(context))
                transport.close(context.connection)
            } else {
                skipAnswer(context)
            }
        } else if mustWait {
            flusher.whenFlushed { [unowned self] failed in
                if !failed.isEmpty { fail(&response, failed, context) }
                reply(context, response)
            }
        } else {
            reply(context, response)
        }
        answerReadyFetches()
    }

    private func append(
        _ data: ProduceRequest.Topic.Partition, _ topic: String, _ request: ProduceRequest, _ context: RequestContext,
        _ frame: UnsafeMutableRawBufferPointer, mustWait: inout Bool
    ) -> ProduceResponse.Topic.Partition {
        var answer = ProduceResponse.Topic.Partition()
        answer.index = data.index
        answer.baseOffset = -1
        func refuse(_ code: ErrorCode, _ message: String? = nil) -> ProduceResponse.Topic.Partition {
            answer.errorCode = count(code)
            answer.errorMessage = message
            return answer
        }
        let fault = partitionFault(context, topic, data.index)
        switch fault {
        case .error(let code):
            answer.errorCode = count(code)
            return answer
        case .unavailable: return refuse(.notLeaderOrFollower)
        case .diskFull, nil: break
        }
        guard (-1...1).contains(request.acks) else { return refuse(.invalidRequiredAcks) }
        guard request.transactionalId == nil else {
            return refuse(.transactionalIdAuthorizationFailed, "This broker does not offer transactions")
        }
        guard let partition = partition(topic, data.index) else { return refuse(.unknownTopicOrPartition) }
        guard !partition.isOffline else { return refuse(.kafkaStorageError) }
        if request.acks == -1, minInsyncReplicas(topic) > 1 {
            return refuse(.notEnoughReplicas, "min.insync.replicas of the topic is more than the one replica that there is")
        }
        guard case .frame(let range) = data.records else { return refuse(.invalidRecord, "The records are null") }
        let records = UnsafeMutableRawBufferPointer(rebasing: frame[range])
        guard !holdsMoreThanOneBatch(UnsafeRawBufferPointer(records)) else {
            return refuse(.invalidRecord, "Produce requests are to hold one record batch a partition")
        }
        diskFaults.isFull = fault == .diskFull
        let outcome = partition.log.append(records, leaderEpoch: 0, now: context.now)
        diskFaults.isFull = false
        switch outcome {
        case .appended(let baseOffset, let lastOffset, let appendTimeMillis):
            answer.baseOffset = baseOffset
            answer.logAppendTimeMs = appendTimeMillis
            counters.recordsAppended += UInt64(truncatingIfNeeded: lastOffset - baseOffset + 1)
            counters.bytesAppended += UInt64(range.count)
            wakeWaiters(of: partition, byteCount: range.count)
            if flusher.noteAppend(to: partition), request.acks != 0 { mustWait = true }
        case .duplicate(let baseOffset, _, let appendTimeMillis):
            counters.duplicateBatches += 1
            answer.baseOffset = baseOffset
            answer.logAppendTimeMs = appendTimeMillis
            // The first answer may still be waiting for its flush.
            if partition.isDirty || flusher.isBusy, settings.flush == .every, request.acks != 0 { mustWait = true }
        case .rejected(let rejection):
            answer.errorCode = count(rejection.kafkaErrorCode)
            answer.errorMessage = "\(rejection)"
            return answer
        case .failed(let failure):
            limitedLog.write(
                .error, "Cannot append", tick: context.tick, [("topic", topic), ("partition", "\(data.index)"), ("error", "\(failure)")])
            return refuse(.kafkaStorageError)
        }
        answer.logStartOffset = partition.log.startOffset
        return answer
    }

    /// By the first batch's length; a length that fits nothing is the log's to judge.
    private func holdsMoreThanOneBatch(_ records: UnsafeRawBufferPointer) -> Bool {
        guard records.count > 12 else { return false }
        let batchLength = Int32(bigEndian: records.loadUnaligned(fromByteOffset: 8, as: Int32.self))
        return batchLength >= 0 && 12 + Int(batchLength) < records.count
    }

    /// Turns the answers of partitions whose flush failed into errors.
    private func fail(_ response: inout ProduceResponse, _ failed: [Partition], _ context: RequestContext) {
        for topic in response.responses.indices {
            for index in response.responses[topic].partitionResponses.indices {
                let answer = response.responses[topic].partitionResponses[index]
                guard answer.errorCode == 0,
                    failed.contains(where: { $0.index == answer.index && $0.topic == response.responses[topic].name })
                else { continue }
                response.responses[topic].partitionResponses[index].errorCode = count(.kafkaStorageError)
                response.responses[topic].partitionResponses[index].baseOffset = -1
            }
        }
    }
}

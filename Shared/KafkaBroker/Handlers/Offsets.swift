import KafkaProtocol
import RecordLog

extension BrokerNode {
    func listOffsets(_ request: ListOffsetsRequest, _ context: RequestContext) {
        var response = ListOffsetsResponse()
        for topic in request.topics {
            var answers = ListOffsetsResponse.Topic()
            answers.name = topic.name
            for wanted in topic.partitions {
                var answer = ListOffsetsResponse.Topic.Partition()
                answer.partitionIndex = wanted.partitionIndex
                answer.errorCode = count(offset(for: wanted, topic.name, context, &answer))
                answers.partitions.append(answer)
            }
            response.topics.append(answers)
        }
        reply(context, response)
    }

    /// - Returns: An error code, or 0.
    private func offset(
        for wanted: ListOffsetsRequest.Topic.Partition, _ topic: String, _ context: RequestContext,
        _ answer: inout ListOffsetsResponse.Topic.Partition
    ) -> Int16 {
        if let code = faultCode(context, topic, wanted.partitionIndex) { return code }
        guard let partition = partition(topic, wanted.partitionIndex) else { return ErrorCode.unknownTopicOrPartition.rawValue }
        if wanted.currentLeaderEpoch > 0 { return ErrorCode.unknownLeaderEpoch.rawValue }
        let log = partition.log
        var found: (offset: Int64, timestampMillis: Int64)?
        do {
            switch wanted.timestamp {
            case -1: found = (log.endOffset, -1)
            // The local log is the whole log.
            case -2, -4: found = (log.startOffset, -1)
            case -3: found = try log.maxTimestamp()
            // Nothing is tiered.
            case -5: found = nil
            case 0...: found = try log.offset(atOrAfterMillis: wanted.timestamp)
            default: return ErrorCode.unsupportedVersion.rawValue
            }
        } catch {
            limitedLog.write(
                .error, "Cannot read", tick: context.tick, [("topic", topic), ("partition", "\(partition.index)"), ("error", "\(error)")])
            return ErrorCode.kafkaStorageError.rawValue
        }
        if let found {
            answer.offset = found.offset
            answer.timestamp = found.timestampMillis
            answer.leaderEpoch = 0
        }
        return 0
    }

    func offsetForLeaderEpoch(_ request: OffsetForLeaderEpochRequest, _ context: RequestContext) {
        var response = OffsetForLeaderEpochResponse()
        for topic in request.topics {
            var answers = OffsetForLeaderEpochResponse.Topic()
            answers.topic = topic.topic
            for wanted in topic.partitions {
                var answer = OffsetForLeaderEpochResponse.Topic.Partition()
                answer.partition = wanted.partition
                if let code = faultCode(context, topic.topic, wanted.partition) {
                    answer.errorCode = count(code)
                } else if let partition = partition(topic.topic, wanted.partition) {
                    if wanted.currentLeaderEpoch > 0 {
                        answer.errorCode = count(.unknownLeaderEpoch)
                    } else if wanted.leaderEpoch == 0 {
                        // There is one epoch, and it ends where the log does.
                        answer.leaderEpoch = 0
                        answer.endOffset = partition.log.endOffset
                    }
                } else {
                    answer.errorCode = count(.unknownTopicOrPartition)
                }
                answers.partitions.append(answer)
            }
            response.topics.append(answers)
        }
        reply(context, response)
    }

    func deleteRecords(_ request: DeleteRecordsRequest, _ context: RequestContext) {
        var response = DeleteRecordsResponse()
        for topic in request.topics {
            var answers = DeleteRecordsResponse.Topic()
            answers.name = topic.name
            for wanted in topic.partitions {
                var answer = DeleteRecordsResponse.Topic.Partition()
                answer.partitionIndex = wanted.partitionIndex
                answer.lowWatermark = -1
                answer.errorCode = count(deleteRecords(wanted, topic.name, context, &answer))
                answers.partitions.append(answer)
            }
            response.topics.append(answers)
        }
        reply(context, response)
        answerReadyFetches()
    }

    private func deleteRecords(
        _ wanted: DeleteRecordsRequest.Topic.Partition, _ topic: String, _ context: RequestContext,
        _ answer: inout DeleteRecordsResponse.Topic.Partition
    ) -> Int16 {
        if let code = faultCode(context, topic, wanted.partitionIndex) { return code }
        guard let partition = partition(topic, wanted.partitionIndex) else { return ErrorCode.unknownTopicOrPartition.rawValue }
        let offset = wanted.offset == -1 ? partition.log.endOffset : wanted.offset
        guard offset >= 0, offset <= partition.log.endOffset else { return ErrorCode.offsetOutOfRange.rawValue }
        do {
            try partition.log.deleteRecords(before: offset)
        } catch {
            limitedLog.write(
                .error, "Cannot delete records", tick: context.tick,
                [("topic", topic), ("partition", "\(partition.index)"), ("error", "\(error)")])
            return ErrorCode.kafkaStorageError.rawValue
        }
        // A fetch that waits below the new start must learn of it.
        wakeWaiters(of: partition, byteCount: .max / 2)
        answer.lowWatermark = partition.log.startOffset
        return 0
    }
}

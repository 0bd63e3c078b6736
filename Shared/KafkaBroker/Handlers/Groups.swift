import GroupCoordinator
import KafkaProtocol

extension BrokerNode {
    // MARK: Requests that a group answers, now or later

    func joinGroup(_ request: JoinGroupRequest, _ context: RequestContext) {
        let input = JoinInput(
            groupId: request.groupId, memberId: request.memberId, instanceId: request.groupInstanceId, clientId: context.clientId ?? "",
            clientHost: "/" + host(of: context), sessionTimeoutMillis: request.sessionTimeoutMs,
            rebalanceTimeoutMillis: request.rebalanceTimeoutMs, protocolType: request.protocolType,
            protocols: request.protocols.map { GroupProtocol(name: $0.name, metadata: $0.metadata) }, apiVersion: context.version)
        let token = park(context)
        carryOut(groups.join(input, token: token, at: moment(tick: context.tick)), tick: context.tick)
    }

    func syncGroup(_ request: SyncGroupRequest, _ context: RequestContext) {
        let input = SyncInput(
            groupId: request.groupId, generation: request.generationId, memberId: request.memberId, instanceId: request.groupInstanceId,
            protocolType: request.protocolType, protocolName: request.protocolName,
            assignments: request.assignments.map { MemberAssignment(memberId: $0.memberId, assignment: $0.assignment) })
        let token = park(context)
        carryOut(groups.sync(input, token: token, at: moment(tick: context.tick)), tick: context.tick)
    }

    func heartbeat(_ request: HeartbeatRequest, _ context: RequestContext) {
        let input = HeartbeatInput(
            groupId: request.groupId, generation: request.generationId, memberId: request.memberId, instanceId: request.groupInstanceId)
        let token = park(context)
        carryOut(groups.heartbeat(input, token: token, at: moment(tick: context.tick)), tick: context.tick)
    }

    func leaveGroup(_ request: LeaveGroupRequest, _ context: RequestContext) {
        let members =
            context.version < 3
            ? [LeavingMember(memberId: request.memberId, instanceId: nil)]
            : request.members.map { LeavingMember(memberId: $0.memberId, instanceId: $0.groupInstanceId) }
        let token = park(context)
        carryOut(groups.leave(groupId: request.groupId, members: members, token: token, at: moment(tick: context.tick)), tick: context.tick)
    }

    func offsetCommit(_ request: OffsetCommitRequest, _ context: RequestContext) {
        var partitions: [CommitPartition] = []
        var codes: [Int16] = []
        for topic in request.topics {
            for wanted in topic.partitions {
                if let code = faultCode(context, topic.name, wanted.partitionIndex) {
                    codes.append(code)
                } else if partition(topic.name, wanted.partitionIndex) == nil {
                    codes.append(ErrorCode.unknownTopicOrPartition.rawValue)
                } else {
                    codes.append(0)
                    partitions.append(
                        CommitPartition(
                            topic: topic.name, partition: wanted.partitionIndex, offset: wanted.committedOffset,
                            leaderEpoch: wanted.committedLeaderEpoch, metadata: wanted.committedMetadata ?? ""))
                }
            }
        }
        let input = CommitInput(
            groupId: request.groupId, generation: request.generationIdOrMemberEpoch, memberId: request.memberId,
            instanceId: request.groupInstanceId, retentionMillis: request.retentionTimeMs, partitions: partitions,
            apiVersion: context.version)
        let token = park(context)
        pendingCommits[token] = PendingCommit(request: request, codes: codes)
        carryOut(groups.commit(input, token: token, at: moment(tick: context.tick)), tick: context.tick)
    }

    func deleteGroups(_ request: DeleteGroupsRequest, _ context: RequestContext) {
        let token = park(context)
        pendingDeletes[token] = request.groupsNames
        carryOut(groups.delete(groupIds: request.groupsNames, token: token, at: moment(tick: context.tick)), tick: context.tick)
    }

    private func host(of context: RequestContext) -> String {
        let peer = connections[context.connection]?.peer ?? ""
        return peer.lastIndex(of: ":").map { String(peer[..<$0]) } ?? peer
    }

    private func park(_ context: RequestContext) -> GroupToken {
        nextToken += 1
        groupRequests[nextToken] = context
        connections[context.connection]?.groupToken = nextToken
        return nextToken
    }

    /// Writes down what has to outlive us, then answers whoever is due, on whatever connection.
    func carryOut(_ actions: [GroupAction], tick: Int64) {
        if actions.isEmpty { return }
        let (answers, fault) = journal.carryOut(actions, on: &groups)
        if let fault {
            limitedLog.write(.error, "Cannot write the journal of groups", tick: tick, [("error", "\(fault)")])
        }
        for answer in answers {
            let commit = pendingCommits.removeValue(forKey: answer.token)
            let names = pendingDeletes.removeValue(forKey: answer.token)
            guard let context = groupRequests.removeValue(forKey: answer.token) else { continue }
            connections[context.connection]?.groupToken = nil
            send(answer.reply, context, commit, names ?? [])
        }
    }

    private func send(_ answer: GroupReply, _ context: RequestContext, _ commit: PendingCommit?, _ names: [String]) {
        switch answer {
        case .join(let answer):
            var response = JoinGroupResponse()
            response.errorCode = count(answer.error.rawValue)
            response.generationId = answer.generation
            response.protocolType = answer.protocolType
            response.protocolName = answer.protocolName ?? (context.version < 7 ? "" : nil)
            response.leader = answer.leaderId
            response.skipAssignment = answer.skipAssignment
            response.memberId = answer.memberId
            response.members = answer.members.map {
                .init(memberId: $0.memberId, groupInstanceId: $0.instanceId, metadata: $0.metadata)
            }
            reply(context, response)
        case .sync(let answer):
            var response = SyncGroupResponse()
            response.errorCode = count(answer.error.rawValue)
            response.protocolType = answer.protocolType
            response.protocolName = answer.protocolName
            response.assignment = answer.assignment
            reply(context, response)
        case .heartbeat(let error):
            var response = HeartbeatResponse()
            response.errorCode = count(error.rawValue)
            reply(context, response)
        case .leave(let answer):
            var response = LeaveGroupResponse()
            response.errorCode = count(answer.error.rawValue)
            if context.version < 3, response.errorCode == 0, let only = answer.members.first {
                response.errorCode = count(only.error.rawValue)
            }
            response.members = answer.members.map {
                .init(memberId: $0.memberId, groupInstanceId: $0.instanceId, errorCode: $0.error.rawValue)
            }
            reply(context, response)
        case .commit(let errors):
            guard let commit else { return }
            var response = OffsetCommitResponse()
            var codes = commit.codes[...]
            var answers = errors[...]
            for topic in commit.request.topics {
                var answered = OffsetCommitResponse.Topic()
                answered.name = topic.name
                for partition in topic.partitions {
                    var code = codes.popFirst() ?? 0
                    if code == 0 { code = answers.popFirst()?.rawValue ?? 0 }
                    answered.partitions.append(.init(partitionIndex: partition.partitionIndex, errorCode: count(code)))
                }
                response.topics.append(answered)
            }
            reply(context, response)
        case .delete(let errors):
            var response = DeleteGroupsResponse()
            for (name, error) in zip(names, errors) {
                response.results.append(.init(groupId: name, errorCode: count(error.rawValue)))
            }
            reply(context, response)
        }
    }

    // MARK: Requests that are answered at once

    func offsetFetch(_ request: OffsetFetchRequest, _ context: RequestContext) {
        var response = OffsetFetchResponse()
        if context.version < 8 {
            let wanted = request.topics.map { topics in
                topics.flatMap { topic in topic.partitionIndexes.map { TopicPartition(topic: topic.name, partition: $0) } }
            }
            for found in groups.fetchOffsets(groupId: request.groupId, partitions: wanted) {
                if response.topics.last?.name != found.topic { response.topics.append(.init(name: found.topic)) }
                response.topics[response.topics.count - 1].partitions.append(
                    .init(
                        partitionIndex: found.partition, committedOffset: found.offset, committedLeaderEpoch: found.leaderEpoch,
                        metadata: found.metadata))
            }
        } else {
            for group in request.groups {
                var answer = OffsetFetchResponse.Group()
                answer.groupId = group.groupId
                let wanted = group.topics.map { topics in
                    topics.flatMap { topic in topic.partitionIndexes.map { TopicPartition(topic: topic.name, partition: $0) } }
                }
                for found in groups.fetchOffsets(groupId: group.groupId, partitions: wanted) {
                    if answer.topics.last?.name != found.topic { answer.topics.append(.init(name: found.topic)) }
                    answer.topics[answer.topics.count - 1].partitions.append(
                        .init(
                            partitionIndex: found.partition, committedOffset: found.offset, committedLeaderEpoch: found.leaderEpoch,
                            metadata: found.metadata))
                }
                response.groups.append(answer)
            }
        }
        reply(context, response)
    }

    func describeGroups(_ request: DescribeGroupsRequest, _ context: RequestContext) {
        var response = DescribeGroupsResponse()
        for id in request.groups {
            let group = groups.describe(groupId: id, apiVersion: context.version)
            var answer = DescribeGroupsResponse.Group()
            answer.errorCode = count(group.error.rawValue)
            answer.groupId = group.groupId
            answer.groupState = group.state.rawValue
            answer.protocolType = group.protocolType
            answer.protocolData = group.protocolData
            answer.members = group.members.map {
                .init(
                    memberId: $0.memberId, groupInstanceId: $0.instanceId, clientId: $0.clientId, clientHost: $0.clientHost,
                    memberMetadata: $0.metadata, memberAssignment: $0.assignment)
            }
            response.groups.append(answer)
        }
        reply(context, response)
    }

    func listGroups(_ request: ListGroupsRequest, _ context: RequestContext) {
        var response = ListGroupsResponse()
        response.groups = groups.list(states: request.statesFilter, types: request.typesFilter).map {
            .init(groupId: $0.groupId, protocolType: $0.protocolType, groupState: $0.state.rawValue, groupType: $0.type)
        }
        reply(context, response)
    }
}

import GroupCoordinator
import KafkaProtocol

/// A request that the coordinator answers, now or later.
struct PendingGroupRequest {
    var context: RequestContext
    var kind: Kind

    enum Kind {
        case join
        case sync
        case heartbeat
        case leave
        /// The answer's form, and the places in it of the partitions that the coordinator was asked for.
        case commit(OffsetCommitResponse, places: [(topic: Int, partition: Int)])
        case delete([String])
    }
}

extension BrokerNode {
    /// Text of clients that the node hands on must fit into what it becomes a part of, such as a member's id.
    private static let clientIdByteCountMax = 255

    private func clientId(_ context: RequestContext) -> String {
        let id = context.clientId ?? ""
        return id.utf8.count <= Self.clientIdByteCountMax ? id : String(id.prefix(60))
    }

    /// As Kafka shows it.
    private func clientHost(_ context: RequestContext) -> String {
        let peer = connections[context.connection]?.peer ?? ""
        return "/" + (peer.lastIndex(of: ":").map { String(peer[..<$0]) } ?? peer)
    }

    private func submit(
        _ kind: PendingGroupRequest.Kind, _ context: RequestContext,
        _ ask: (inout GroupCoordinator, GroupToken, Moment) -> [GroupAction]
    ) {
        let token = nextGroupToken
        nextGroupToken += 1
        pendingGroupRequests[token] = PendingGroupRequest(context: context, kind: kind)
        connections[context.connection]?.groupToken = token
        carryOut(ask(&coordinator, token, Moment(tick: context.tick, now: context.now)), tick: context.tick)
    }

    /// Writes what must be written and sends the answers.
    func carryOut(_ actions: [GroupAction], tick: Int64) {
        if actions.isEmpty { return }
        let (answers, fault) = journal.carryOut(actions, on: &coordinator)
        if let fault { limitedLog.write(.error, "Cannot write the journal of the groups", tick: tick, [("error", "\(fault)")]) }
        for answer in answers {
            guard let pending = pendingGroupRequests.removeValue(forKey: answer.token) else { continue }
            connections[pending.context.connection]?.groupToken = nil
            send(answer.reply, to: pending)
        }
    }

    func advanceGroups(tick: Int64) {
        guard let deadline = coordinator.nextDeadline(), deadline <= tick else { return }
        carryOut(coordinator.advance(to: Moment(tick: tick, now: wallClock())), tick: tick)
    }

    func expireOffsets(tick: Int64) { carryOut(coordinator.expireOffsets(at: Moment(tick: tick, now: wallClock())), tick: tick) }

    func forgetOffsets(of topic: String, _ context: RequestContext) {
        carryOut(coordinator.topicDeleted(topic, at: Moment(tick: context.tick, now: context.now)), tick: context.tick)
    }

    /// Its connection is gone.
    func forgetGroupRequest(_ token: GroupToken) {
        guard let pending = pendingGroupRequests.removeValue(forKey: token) else { return }
        coordinator.forget(token, at: Moment(tick: pending.context.tick, now: wallClock()))
    }

    private func send(_ reply: GroupReply, to pending: PendingGroupRequest) {
        let context = pending.context
        switch (reply, pending.kind) {
        case (.join(let join), .join):
            self.reply(
                context,
                JoinGroupResponse(
                    errorCode: count(join.error.rawValue), generationId: join.generation, protocolType: join.protocolType,
                    protocolName: join.protocolName, leader: join.leaderId, skipAssignment: join.skipAssignment, memberId: join.memberId,
                    members: join.members.map { .init(memberId: $0.memberId, groupInstanceId: $0.instanceId, metadata: $0.metadata) }))
        case (.sync(let sync), .sync):
            self.reply(
                context,
                SyncGroupResponse(
                    errorCode: count(sync.error.rawValue), protocolType: sync.protocolType, protocolName: sync.protocolName,
                    assignment: sync.assignment))
        case (.heartbeat(let error), .heartbeat): self.reply(context, HeartbeatResponse(errorCode: count(error.rawValue)))
        case (.leave(let leave), .leave):
            var response = LeaveGroupResponse(errorCode: count(leave.error.rawValue))
            if context.version >= 3 {
                response.members = leave.members.map {
                    .init(memberId: $0.memberId, groupInstanceId: $0.instanceId, errorCode: count($0.error.rawValue))
                }
            } else if response.errorCode == 0, let member = leave.members.first {
                response.errorCode = count(member.error.rawValue)
            }
            self.reply(context, response)
        case (.commit(let errors), .commit(var response, let places)):
            for (error, place) in zip(errors, places) {
                response.topics[place.topic].partitions[place.partition].errorCode = count(error.rawValue)
            }
            self.reply(context, response)
        case (.delete(let errors), .delete(let ids)):
            self.reply(
                context,
                DeleteGroupsResponse(results: zip(ids, errors).map { .init(groupId: $0, errorCode: count($1.rawValue)) }))
        default: preconditionFailure("the coordinator answered \(reply) to \(pending.kind)")
        }
    }

    // MARK: Members

    func joinGroup(_ request: JoinGroupRequest, _ context: RequestContext) {
        if let code = faultCode(context) {
            return reply(context, JoinGroupResponse(errorCode: count(code), memberId: request.memberId))
        }
        let input = JoinInput(
            groupId: request.groupId, memberId: request.memberId, instanceId: request.groupInstanceId, clientId: clientId(context),
            clientHost: clientHost(context), sessionTimeoutMillis: request.sessionTimeoutMs,
            rebalanceTimeoutMillis: request.rebalanceTimeoutMs, protocolType: request.protocolType,
            protocols: request.protocols.map { GroupProtocol(name: $0.name, metadata: $0.metadata) }, apiVersion: context.version)
        submit(.join, context) { $0.join(input, token: $1, at: $2) }
    }

    func syncGroup(_ request: SyncGroupRequest, _ context: RequestContext) {
        if let code = faultCode(context) { return reply(context, SyncGroupResponse(errorCode: count(code))) }
        let input = SyncInput(
            groupId: request.groupId, generation: request.generationId, memberId: request.memberId, instanceId: request.groupInstanceId,
            protocolType: request.protocolType, protocolName: request.protocolName,
            assignments: request.assignments.map { MemberAssignment(memberId: $0.memberId, assignment: $0.assignment) })
        submit(.sync, context) { $0.sync(input, token: $1, at: $2) }
    }

    func heartbeat(_ request: HeartbeatRequest, _ context: RequestContext) {
        if let code = faultCode(context) { return reply(context, HeartbeatResponse(errorCode: count(code))) }
        let input = HeartbeatInput(
            groupId: request.groupId, generation: request.generationId, memberId: request.memberId, instanceId: request.groupInstanceId)
        submit(.heartbeat, context) { $0.heartbeat(input, token: $1, at: $2) }
    }

    func leaveGroup(_ request: LeaveGroupRequest, _ context: RequestContext) {
        if let code = faultCode(context) { return reply(context, LeaveGroupResponse(errorCode: count(code))) }
        let members =
            context.version >= 3
            ? request.members.map { LeavingMember(memberId: $0.memberId, instanceId: $0.groupInstanceId) }
            : [LeavingMember(memberId: request.memberId, instanceId: nil)]
        submit(.leave, context) { $0.leave(groupId: request.groupId, members: members, token: $1, at: $2) }
    }

    // MARK: Offsets

    func offsetCommit(_ request: OffsetCommitRequest, _ context: RequestContext) {
        var response = OffsetCommitResponse()
        var partitions: [CommitPartition] = []
        var places: [(topic: Int, partition: Int)] = []
        for topic in request.topics {
            var answers = OffsetCommitResponse.Topic(name: topic.name)
            for wanted in topic.partitions {
                var answer = OffsetCommitResponse.Topic.Partition(partitionIndex: wanted.partitionIndex)
                if let code = faultCode(context, topic.name, wanted.partitionIndex) {
                    answer.errorCode = count(code)
                } else if partition(topic.name, wanted.partitionIndex) == nil {
                    answer.errorCode = count(.unknownTopicOrPartition)
                } else {
                    places.append((response.topics.count, answers.partitions.count))
                    partitions.append(
                        CommitPartition(
                            topic: topic.name, partition: wanted.partitionIndex, offset: wanted.committedOffset,
                            leaderEpoch: wanted.committedLeaderEpoch, metadata: wanted.committedMetadata ?? ""))
                }
                answers.partitions.append(answer)
            }
            response.topics.append(answers)
        }
        let input = CommitInput(
            groupId: request.groupId, generation: request.generationIdOrMemberEpoch, memberId: request.memberId,
            instanceId: request.groupInstanceId, retentionMillis: request.retentionTimeMs, partitions: partitions,
            apiVersion: context.version)
        submit(.commit(response, places: places), context) { $0.commit(input, token: $1, at: $2) }
    }

    func offsetFetch(_ request: OffsetFetchRequest, _ context: RequestContext) {
        var response = OffsetFetchResponse()
        if context.version >= 8 {
            // Each group once: to ask for all of a group's offsets is a short question.
            var seen: Set<String> = []
            for group in request.groups where seen.insert(group.groupId).inserted {
                var answer = OffsetFetchResponse.Group(groupId: group.groupId)
                if let code = faultCode(context) {
                    answer.errorCode = count(code)
                } else {
                    for offset in fetchOffsets(group.groupId, group.topics?.map { ($0.name, $0.partitionIndexes) }) {
                        if answer.topics.last?.name != offset.topic { answer.topics.append(.init(name: offset.topic)) }
                        answer.topics[answer.topics.count - 1].partitions.append(
                            .init(
                                partitionIndex: offset.partition, committedOffset: offset.offset, committedLeaderEpoch: offset.leaderEpoch,
                                metadata: offset.metadata))
                    }
                }
                response.groups.append(answer)
            }
        } else if let code = faultCode(context) {
            response.errorCode = count(code)
        } else {
            for offset in fetchOffsets(request.groupId, request.topics?.map { ($0.name, $0.partitionIndexes) }) {
                if response.topics.last?.name != offset.topic { response.topics.append(.init(name: offset.topic)) }
                response.topics[response.topics.count - 1].partitions.append(
                    .init(
                        partitionIndex: offset.partition, committedOffset: offset.offset, committedLeaderEpoch: offset.leaderEpoch,
                        metadata: offset.metadata))
            }
        }
        reply(context, response)
    }

    private func fetchOffsets(_ group: String, _ topics: [(name: String, partitions: [Int32])]?) -> [FetchedOffset] {
        coordinator.fetchOffsets(
            groupId: group,
            partitions: topics?.flatMap { topic in topic.partitions.map { TopicPartition(topic: topic.name, partition: $0) } })
    }

    // MARK: Administration

    func describeGroups(_ request: DescribeGroupsRequest, _ context: RequestContext) {
        var response = DescribeGroupsResponse()
        var seen: Set<String> = []
        for id in request.groups where seen.insert(id).inserted {
            if let code = faultCode(context) {
                response.groups.append(.init(errorCode: count(code), groupId: id))
                continue
            }
            let group = coordinator.describe(groupId: id, apiVersion: context.version)
            response.groups.append(
                .init(
                    errorCode: count(group.error.rawValue), errorMessage: group.error == .none ? nil : "Group \(id.prefix(200)) not found.",
                    groupId: id, groupState: group.state.rawValue, protocolType: group.protocolType, protocolData: group.protocolData,
                    members: group.members.map {
                        .init(
                            memberId: $0.memberId, groupInstanceId: $0.instanceId, clientId: $0.clientId, clientHost: $0.clientHost,
                            memberMetadata: $0.metadata, memberAssignment: $0.assignment)
                    }))
        }
        reply(context, response)
    }

    func listGroups(_ request: ListGroupsRequest, _ context: RequestContext) {
        if let code = faultCode(context) { return reply(context, ListGroupsResponse(errorCode: count(code))) }
        let groups = coordinator.list(states: request.statesFilter, types: request.typesFilter)
        reply(
            context,
            ListGroupsResponse(
                groups: groups.map {
                    .init(groupId: $0.groupId, protocolType: $0.protocolType, groupState: $0.state.rawValue, groupType: $0.type)
                }))
    }

    func deleteGroups(_ request: DeleteGroupsRequest, _ context: RequestContext) {
        if let code = faultCode(context) {
            return reply(context, DeleteGroupsResponse(results: request.groupsNames.map { .init(groupId: $0, errorCode: count(code)) }))
        }
        submit(.delete(request.groupsNames), context) { $0.delete(groupIds: request.groupsNames, token: $1, at: $2) }
    }
}

// JoinGroup: who may come in, and under which id.

extension GroupCoordinator {
    /// Answers at once when nothing needs a rebalance or the request is refused, else when the rebalance is complete.
    package mutating func join(_ input: JoinInput, token: GroupToken, at moment: Moment) -> [GroupAction] {
        begin(moment)
        place(input.tidied, token)
        return finish()
    }

    private mutating func refuse(_ token: GroupToken, _ error: GroupError, memberId: String) {
        reply(token, .join(JoinReply(error: error, memberId: memberId)))
    }

    private mutating func place(_ input: JoinInput, _ token: GroupToken) {
        if input.groupId.isEmpty { return refuse(token, .invalidGroupId, memberId: input.memberId) }
        if !settings.sessionTimeoutMillis.contains(input.sessionTimeoutMillis) {
            return refuse(token, .invalidSessionTimeout, memberId: input.memberId)
        }
        let metadataByteCount = input.protocols.reduce(0) { $0 + $1.name.utf8.count + $1.metadata.count + 8 }
        if metadataByteCount > settings.memberMetadataBytesMax { return refuse(token, .invalidRequest, memberId: input.memberId) }

        let group: ClassicGroup
        if let known = groups[input.groupId] {
            group = known
        } else if !input.memberId.isEmpty {
            return refuse(token, .unknownMemberId, memberId: input.memberId)
        } else if groups.count >= settings.groupsMax {
            return refuse(token, .groupMaxSizeReached, memberId: "")
        } else {
            group = ClassicGroup(id: input.groupId, stateSinceMillis: moment.now)
        }

        if !hasRoom(for: input.memberId, in: group) {
            if let member = group.member(input.memberId) { remove(member, from: group) }
            _ = group.removePending(input.memberId)
            return refuse(token, .groupMaxSizeReached, memberId: "")
        }
        if !group.supports(protocolType: input.protocolType, protocols: input.protocols) {
            return refuse(token, .inconsistentGroupProtocol, memberId: input.memberId)
        }
        groups[input.groupId] = group
        if input.memberId.isEmpty {
            joinAsNew(input, token, group)
        } else {
            joinAsKnown(input, token, group)
        }
    }

    /// While members rejoin, those count who already have: so a group that was made smaller sheds its last ones.
    private func hasRoom(for memberId: String, in group: ClassicGroup) -> Bool {
        switch group.state {
        case .empty, .dead: true
        case .preparingRebalance:
            group.member(memberId)?.isAwaitingJoin ?? false || group.awaitingJoinCount < settings.membersPerGroupMax
        case .completingRebalance, .stable:
            group.member(memberId) != nil || group.members.count < settings.membersPerGroupMax
        }
    }

    private mutating func joinAsNew(_ input: JoinInput, _ token: GroupToken, _ group: ClassicGroup) {
        if let instance = input.instanceId {
            let id = makeMemberId(prefix: instance)
            if let old = group.member(instanceId: instance) {
                replaceStatic(old, newId: id, input, token, group)
            } else {
                addMember(id: id, input, token, group)
            }
        } else if input.apiVersion >= 4 {
            // The client learns its id before it counts: a join repeated after a lost answer would leave a ghost otherwise (KIP-394).
            if group.pending.count >= settings.membersPerGroupMax { return refuse(token, .groupMaxSizeReached, memberId: "") }
            let pending = PendingMember(id: makeMemberId(prefix: input.clientId))
            group.addPending(pending)
            queuePending(pending, in: group, millis: Int64(input.sessionTimeoutMillis))
            refuse(token, .memberIdRequired, memberId: pending.id)
        } else {
            addMember(id: makeMemberId(prefix: input.clientId), input, token, group)
        }
    }

    private mutating func joinAsKnown(_ input: JoinInput, _ token: GroupToken, _ group: ClassicGroup) {
        if group.pending[input.memberId] != nil, input.instanceId == nil {
            return addMember(id: input.memberId, input, token, group)
        }
        let member: GroupMember
        switch validate(memberId: input.memberId, instanceId: input.instanceId, in: group) {
        case .success(let known): member = known
        case .failure(let error): return refuse(token, error, memberId: input.memberId)
        }
        let isUnchanged = member.protocols == input.protocols
        switch group.state {
        case .preparingRebalance:
            update(member, input, token, group)
        case .completingRebalance where isUnchanged:
            // Its first answer may have been lost.
            reply(token, .join(joinReply(for: member, in: group)))
        case .stable where isUnchanged && !group.isLeader(member.id):
            reply(token, .join(joinReply(for: member, in: group)))
        case .completingRebalance, .stable:
            // Changed metadata, or a leader that has seen a change that members' metadata do not show, such as new partitions.
            update(member, input, token, group)
        case .empty, .dead:
            refuse(token, .unknownMemberId, memberId: input.memberId)
        }
    }

    /// The answer that tells a member of the current generation.
    func joinReply(for member: GroupMember, in group: ClassicGroup) -> JoinReply {
        var answer = JoinReply(error: .none, memberId: member.id)
        answer.generation = group.generation
        answer.protocolType = group.protocolType
        answer.protocolName = group.protocolName
        answer.leaderId = group.leaderId ?? ""
        if group.isLeader(member.id) {
            answer.members = group.members.map {
                JoinedMember(memberId: $0.id, instanceId: $0.instanceId, metadata: $0.metadata(of: group.protocolName))
            }
        }
        return answer
    }

    private mutating func addMember(id: String, _ input: JoinInput, _ token: GroupToken, _ group: ClassicGroup) {
        _ = group.removePending(id)
        let member = GroupMember(
            id: id, instanceId: input.instanceId, clientId: input.clientId, clientHost: input.clientHost,
            sessionTimeoutMillis: input.sessionTimeoutMillis, rebalanceTimeoutMillis: input.rebalanceTimeoutMillis,
            protocols: input.protocols)
        member.isNew = true
        if group.state == .preparingRebalance && group.previousState == .empty { group.hasNewMember = true }
        group.add(member, protocolType: input.protocolType)
        park(join: token, of: member, in: group)
        restartSession(of: member, in: group, millis: settings.newMemberJoinTimeoutMillis)
        rebalanceOrCompleteJoin(group)
    }

    private mutating func update(_ member: GroupMember, _ input: JoinInput, _ token: GroupToken, _ group: ClassicGroup) {
        group.setProtocols(member, input.protocols)
        member.sessionTimeoutMillis = input.sessionTimeoutMillis
        member.rebalanceTimeoutMillis = input.rebalanceTimeoutMillis
        park(join: token, of: member, in: group)
        rebalanceOrCompleteJoin(group)
    }

    /// A static member has come back without its id: it takes over from what it was before, and fences it (KIP-345).
    private mutating func replaceStatic(
        _ old: GroupMember, newId: String, _ input: JoinInput, _ token: GroupToken, _ group: ClassicGroup
    ) {
        let formerLeaderId = group.leaderId
        answerJoin(of: old, in: group, with: JoinReply(error: .fencedInstanceId, memberId: old.id))
        answerSync(of: old, with: SyncReply(error: .fencedInstanceId))
        let member = GroupMember(
            id: newId, instanceId: old.instanceId, clientId: input.clientId, clientHost: input.clientHost,
            sessionTimeoutMillis: input.sessionTimeoutMillis, rebalanceTimeoutMillis: input.rebalanceTimeoutMillis,
            protocols: input.protocols)
        member.assignment = old.assignment
        group.replace(old, with: member)
        restartSession(of: member, in: group)

        if group.state == .stable && group.selectedProtocol() == group.protocolName {
            // The assignment stays as it is: no rebalance. A leader of version 9 is told so, and gets the members to look for changes;
            // an older one is shown the former leader's id, so that it takes itself for a follower and computes nothing (KIP-814).
            var answer = joinReply(for: member, in: group)
            if input.apiVersion >= 9 {
                answer.skipAssignment = group.isLeader(newId)
            } else {
                answer.leaderId = formerLeaderId ?? ""
                answer.members = []
            }
            persist(.group(group.record()))
            reply(token, .join(answer))
            return
        }
        park(join: token, of: member, in: group)
        switch group.state {
        case .stable: rebalanceOrCompleteJoin(group)
        // The leader was told of the old id: what it assigns to that one would be lost.
        case .completingRebalance: prepareRebalance(group)
        case .preparingRebalance: completeJoinIfAllHaveJoined(group)
        case .empty, .dead: break
        }
    }
}

extension JoinInput {
    /// With each protocol once and the times within their bounds.
    fileprivate var tidied: JoinInput {
        var tidied = self
        if rebalanceTimeoutMillis < 0 { tidied.rebalanceTimeoutMillis = sessionTimeoutMillis }
        var seen: Set<String> = []
        tidied.protocols.removeAll { !seen.insert($0.name).inserted }
        return tidied
    }
}

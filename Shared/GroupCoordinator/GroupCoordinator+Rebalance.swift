// The rounds of a rebalance: prepare, everyone joins, the leader assigns.

extension GroupCoordinator {
    /// Finds the member that a request names, by its id and for a static one by its instance id too.
    func validate(memberId: String, instanceId: String?, in group: ClassicGroup) -> Result<GroupMember, GroupError> {
        if let instanceId {
            guard let holder = group.member(instanceId: instanceId) else { return .failure(.unknownMemberId) }
            if holder.id != memberId { return .failure(.fencedInstanceId) }
        }
        guard let member = group.member(memberId) else { return .failure(.unknownMemberId) }
        return .success(member)
    }

    /// Takes a member out and answers what it waits for: whoever is still there comes back as a new member.
    mutating func remove(_ member: GroupMember, from group: ClassicGroup) {
        answerJoin(of: member, in: group, with: JoinReply(error: .unknownMemberId, memberId: ""))
        answerSync(of: member, with: SyncReply(error: .unknownMemberId))
        group.remove(member)
    }

    mutating func rebalanceOrCompleteJoin(_ group: ClassicGroup) {
        switch group.state {
        case .empty, .completingRebalance, .stable: prepareRebalance(group)
        case .preparingRebalance: completeJoinIfAllHaveJoined(group)
        case .dead: break
        }
    }

    /// An empty group's first rebalance keeps its initial delay instead.
    mutating func completeJoinIfAllHaveJoined(_ group: ClassicGroup) {
        guard group.state == .preparingRebalance, group.previousState != .empty, group.haveAllJoined else { return }
        completeJoin(group)
    }

    mutating func prepareRebalance(_ group: ClassicGroup) {
        if group.state == .completingRebalance {
            for member in group.members {
                member.assignment = []
                if answerSync(of: member, with: SyncReply(error: .rebalanceInProgress)) { restartSession(of: member, in: group) }
            }
        }
        for member in group.members { group.setSyncDue(member, false) }
        group.syncTimerSerial = nil
        let isInitial = group.state == .empty
        group.transition(to: .preparingRebalance, now: moment.now)
        if isInitial {
            let delay = settings.initialRebalanceDelayMillis
            if delay <= 0 { return completeJoin(group) }
            group.hasNewMember = false
            group.initialDelay = (delay, max(group.rebalanceTimeoutMillis - delay, 0))
            queueJoinTimer(group, millis: delay)
        } else if group.haveAllJoined {
            completeJoin(group)
        } else {
            queueJoinTimer(group, millis: group.rebalanceTimeoutMillis)
        }
    }

    mutating func joinTimerFired(_ group: ClassicGroup) {
        guard group.state == .preparingRebalance else { return }
        if let delay = group.initialDelay, group.hasNewMember, delay.remaining > 0 {
            // More members came: wait for others again, within the rebalance time-out.
            group.hasNewMember = false
            let next = min(settings.initialRebalanceDelayMillis, delay.remaining)
            group.initialDelay = (next, max(delay.remaining - delay.current, 0))
            queueJoinTimer(group, millis: next)
        } else {
            completeJoin(group)
        }
    }

    /// Ends the joining: dynamic members that have not rejoined are out, the others learn of the next generation.
    private mutating func completeJoin(_ group: ClassicGroup) {
        group.joinTimerSerial = nil
        group.initialDelay = nil
        for member in group.members where !member.isAwaitingJoin && member.instanceId == nil { remove(member, from: group) }
        if !group.electJoinedLeader() && !group.members.isEmpty {
            // Only static members that have not come back: their sessions decide. The floor keeps a time-out of 0 from spinning.
            queueJoinTimer(group, millis: max(group.rebalanceTimeoutMillis, 100))
            return
        }
        let former = max(group.generation, group.generationFloor)
        group.generation = former == .max ? 1 : former + 1
        group.generationFloor = group.generation
        if group.members.isEmpty {
            group.protocolName = nil
            group.transition(to: .empty, now: moment.now)
            persist(.group(group.record()))
            return
        }
        group.protocolName = group.selectedProtocol()
        group.transition(to: .completingRebalance, now: moment.now)
        persist(.generation(groupId: group.id, group.generation))
        for member in group.members {
            if case .parked = member.joinWait { restartSession(of: member, in: group) }
            answerJoin(of: member, in: group, with: joinReply(for: member, in: group))
            member.isNew = false
            group.setSyncDue(member, true)
        }
        queueSyncTimer(group, millis: group.rebalanceTimeoutMillis)
    }

    /// Members that have not synced within the rebalance time-out are out.
    mutating func syncTimerFired(_ group: ClassicGroup) {
        guard group.state == .completingRebalance || group.state == .stable, group.syncDueCount > 0 else { return }
        for member in group.members where member.isSyncDue { remove(member, from: group) }
        prepareRebalance(group)
    }

    mutating func sessionEnded(of member: GroupMember, in group: ClassicGroup) {
        countExpiry()
        remove(member, from: group)
        memberIsGone(from: group)
    }

    mutating func pendingEnded(_ pending: PendingMember, in group: ClassicGroup) {
        _ = group.removePending(pending.id)
        if group.state == .preparingRebalance && group.haveAllJoined { completeJoin(group) }
    }

    private mutating func memberIsGone(from group: ClassicGroup) {
        switch group.state {
        case .stable, .completingRebalance: rebalanceOrCompleteJoin(group)
        case .preparingRebalance: if group.haveAllJoined { completeJoin(group) }
        case .empty, .dead: break
        }
    }

    // MARK: SyncGroup

    /// The leader's sync brings the assignment and answers everyone's; others wait for it.
    package mutating func sync(_ input: SyncInput, token: GroupToken, at moment: Moment) -> [GroupAction] {
        begin(moment)
        if let error = take(input, token) { reply(token, .sync(SyncReply(error: error))) }
        return finish()
    }

    private mutating func take(_ input: SyncInput, _ token: GroupToken) -> GroupError? {
        if input.groupId.isEmpty { return .invalidGroupId }
        guard let group = groups[input.groupId], group.state != .empty else { return .unknownMemberId }
        let member: GroupMember
        switch validate(memberId: input.memberId, instanceId: input.instanceId, in: group) {
        case .success(let known): member = known
        case .failure(let error): return error
        }
        if input.generation != group.generation { return .illegalGeneration }
        if let type = input.protocolType, type != group.protocolType { return .inconsistentGroupProtocol }
        if let name = input.protocolName, name != group.protocolName { return .inconsistentGroupProtocol }
        switch group.state {
        case .preparingRebalance: return .rebalanceInProgress
        case .completingRebalance:
            if group.isLeader(member.id), input.assignments.contains(where: { $0.assignment.count > settings.assignmentBytesMax }) {
                return .invalidRequest
            }
            park(sync: token, of: member, in: group)
            didSync(member, group)
            if group.isLeader(member.id) { assign(input.assignments, group) }
        case .stable:
            didSync(member, group)
            reply(token, .sync(syncReply(for: member, in: group)))
        case .empty, .dead: return .unknownMemberId
        }
        return nil
    }

    private mutating func didSync(_ member: GroupMember, _ group: ClassicGroup) {
        group.setSyncDue(member, false)
        if group.syncDueCount == 0 { group.syncTimerSerial = nil }
    }

    private func syncReply(for member: GroupMember, in group: ClassicGroup) -> SyncReply {
        var answer = SyncReply(error: .none)
        answer.protocolType = group.protocolType
        answer.protocolName = group.protocolName
        answer.assignment = member.assignment
        return answer
    }

    /// Members that the leader left out get an empty assignment.
    private mutating func assign(_ assignments: [MemberAssignment], _ group: ClassicGroup) {
        for member in group.members { member.assignment = [] }
        for assignment in assignments { group.member(assignment.memberId)?.assignment = assignment.assignment }
        group.transition(to: .stable, now: moment.now)
        countRebalance()
        persist(.group(group.record()))
        for member in group.members where answerSync(of: member, with: syncReply(for: member, in: group)) {
            restartSession(of: member, in: group)
        }
    }

    // MARK: Heartbeat

    package mutating func heartbeat(_ input: HeartbeatInput, token: GroupToken, at moment: Moment) -> [GroupAction] {
        begin(moment)
        reply(token, .heartbeat(beat(input)))
        return finish()
    }

    private mutating func beat(_ input: HeartbeatInput) -> GroupError {
        if input.groupId.isEmpty { return .invalidGroupId }
        guard let group = groups[input.groupId] else { return .unknownMemberId }
        switch validate(memberId: input.memberId, instanceId: input.instanceId, in: group) {
        case .failure(let error): return error
        case .success(let member):
            if input.generation != group.generation { return .illegalGeneration }
            restartSession(of: member, in: group)
            return group.state == .preparingRebalance ? .rebalanceInProgress : .none
        }
    }

    // MARK: LeaveGroup

    package mutating func leave(groupId: String, members: [LeavingMember], token: GroupToken, at moment: Moment) -> [GroupAction] {
        begin(moment)
        reply(token, .leave(release(groupId, members)))
        return finish()
    }

    private mutating func release(_ groupId: String, _ leaving: [LeavingMember]) -> LeaveReply {
        if groupId.isEmpty { return LeaveReply(error: .invalidGroupId, members: []) }
        let group = groups[groupId]
        var answer = LeaveReply(error: .none, members: [])
        for who in leaving {
            let error = group.map { release(who, $0) } ?? .unknownMemberId
            answer.members.append(LeaveReply.Member(memberId: who.memberId, instanceId: who.instanceId, error: error))
        }
        if let group, answer.members.contains(where: { $0.error == .none }) {
            switch group.state {
            case .stable, .completingRebalance: rebalanceOrCompleteJoin(group)
            case .preparingRebalance: completeJoinIfAllHaveJoined(group)
            case .empty, .dead: break
            }
        }
        return answer
    }

    private mutating func release(_ who: LeavingMember, _ group: ClassicGroup) -> GroupError {
        if who.memberId.isEmpty {
            // An administrator may name static members by their instance alone.
            guard let member = who.instanceId.flatMap({ group.member(instanceId: $0) }) else { return .unknownMemberId }
            remove(member, from: group)
            return .none
        }
        if group.removePending(who.memberId) != nil { return .none }
        switch validate(memberId: who.memberId, instanceId: who.instanceId, in: group) {
        case .success(let member): remove(member, from: group)
        case .failure(let error): return error
        }
        return .none
    }
}

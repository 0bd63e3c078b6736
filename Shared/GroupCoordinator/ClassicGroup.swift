/// One consumer group: its members, what they have in common, and its offsets. Decides nothing that reaches a client; see ``GroupCoordinator``.
final class ClassicGroup {
    let id: String
    private(set) var state = GroupState.empty
    private(set) var previousState = GroupState.empty
    /// Unix milliseconds.
    var stateSinceMillis: Int64
    var protocolType: String?
    var protocolName: String?
    var generation: Int32 = 0
    /// The highest generation that members may have heard of, across restarts.
    var generationFloor: Int32 = 0
    private(set) var leaderId: String?
    /// In joining order; a replaced static member keeps its place.
    private(set) var members: [GroupMember] = []
    private var memberById: [String: GroupMember] = [:]
    private var memberByInstance: [String: GroupMember] = [:]
    private(set) var pending: [String: PendingMember] = [:]
    private var awaitingJoinCountStored = 0
    private(set) var syncDueCount = 0
    /// How many members offer each protocol.
    private var supporters: [String: Int] = [:]
    var joinTimerSerial: UInt64?
    var syncTimerSerial: UInt64?
    /// While the first rebalance waits for more members: the wait under way and what may still follow it.
    var initialDelay: (current: Int64, remaining: Int64)?
    var hasNewMember = false
    var offsets: [String: [Int32: CommittedOffset]] = [:]
    var offsetCount = 0
    /// What the journal knows of the members; a rewrite of the journal writes this, not what is being negotiated.
    var journalled: GroupRecord?

    init(id: String, stateSinceMillis: Int64) {
        self.id = id
        self.stateSinceMillis = stateSinceMillis
    }

    func transition(to next: GroupState, now: Int64) {
        previousState = state
        state = next
        stateSinceMillis = now
    }

    // MARK: Members

    func member(_ id: String) -> GroupMember? { memberById[id] }
    func member(instanceId: String) -> GroupMember? { memberByInstance[instanceId] }
    func isLeader(_ memberId: String) -> Bool { leaderId == memberId }

    var awaitingJoinCount: Int { awaitingJoinCountStored }
    var haveAllJoined: Bool { members.count == awaitingJoinCountStored && pending.isEmpty }

    /// The longest of its members' rebalance time-outs.
    var rebalanceTimeoutMillis: Int64 { Int64(members.reduce(0) { max($0, $1.rebalanceTimeoutMillis) }) }

    func add(_ member: GroupMember, protocolType: String) {
        if members.isEmpty { self.protocolType = protocolType }
        if leaderId == nil { leaderId = member.id }
        members.append(member)
        memberById[member.id] = member
        if let instance = member.instanceId { memberByInstance[instance] = member }
        count(member.protocols, 1)
        pending[member.id] = nil
    }

    /// Takes a member out; its parked requests must have been answered.
    func remove(_ member: GroupMember) {
        setJoinWait(member, .none)
        setSyncDue(member, false)
        member.isRemoved = true
        member.timerSerial = nil
        if let index = members.firstIndex(where: { $0 === member }) { members.remove(at: index) }
        memberById[member.id] = nil
        if let instance = member.instanceId, memberByInstance[instance] === member { memberByInstance[instance] = nil }
        count(member.protocols, -1)
        if isLeader(member.id) { leaderId = members.first?.id }
    }

    /// Puts a static member's successor in its place.
    func replace(_ old: GroupMember, with new: GroupMember) {
        setJoinWait(old, .none)
        new.isSyncDue = old.isSyncDue
        old.isSyncDue = false
        old.isRemoved = true
        old.timerSerial = nil
        if let index = members.firstIndex(where: { $0 === old }) { members[index] = new }
        memberById[old.id] = nil
        memberById[new.id] = new
        if let instance = new.instanceId { memberByInstance[instance] = new }
        count(old.protocols, -1)
        count(new.protocols, 1)
        if isLeader(old.id) { leaderId = new.id }
    }

    func setProtocols(_ member: GroupMember, _ protocols: [GroupProtocol]) {
        count(member.protocols, -1)
        member.protocols = protocols
        count(protocols, 1)
    }

    func setJoinWait(_ member: GroupMember, _ wait: GroupMember.JoinWait) {
        let wasAwaiting = member.isAwaitingJoin
        member.joinWait = wait
        awaitingJoinCountStored += (member.isAwaitingJoin ? 1 : 0) - (wasAwaiting ? 1 : 0)
    }

    func setSyncDue(_ member: GroupMember, _ isDue: Bool) {
        syncDueCount += (isDue ? 1 : 0) - (member.isSyncDue ? 1 : 0)
        member.isSyncDue = isDue
    }

    func addPending(_ member: PendingMember) { pending[member.id] = member }
    func removePending(_ id: String) -> PendingMember? {
        let member = pending.removeValue(forKey: id)
        member?.timerSerial = nil
        return member
    }

    // MARK: Protocols

    private func count(_ protocols: [GroupProtocol], _ change: Int) {
        for offer in protocols {
            let count = supporters[offer.name, default: 0] + change
            supporters[offer.name] = count == 0 ? nil : count
        }
    }

    private func isSupportedByAll(_ name: String) -> Bool { supporters[name, default: 0] == members.count }

    /// Whether someone with these protocols can be of the group.
    func supports(protocolType: String, protocols: [GroupProtocol]) -> Bool {
        if state == .empty { return !protocolType.isEmpty && !protocols.isEmpty }
        return self.protocolType == protocolType && protocols.contains { isSupportedByAll($0.name) }
    }

    /// The protocol with most votes among those that all members support: each member votes for its first such one. Where
    /// two have as many, the leader's order decides.
    func selectedProtocol() -> String? {
        var votes: [String: Int] = [:]
        for member in members {
            if let choice = member.protocols.first(where: { isSupportedByAll($0.name) }) { votes[choice.name, default: 0] += 1 }
        }
        var best: (name: String, count: Int)?
        let ballot = (leaderId.flatMap { member($0) } ?? members.first)?.protocols ?? []
        for offer in ballot where votes[offer.name, default: 0] > best?.count ?? 0 {
            best = (offer.name, votes[offer.name, default: 0])
        }
        return best?.name
    }

    // MARK: Leader

    /// Sees to it that the leader is one who has joined, by preference one who is still there to hear of it.
    ///
    /// - Returns: False when nobody has joined.
    func electJoinedLeader() -> Bool {
        guard let leader = leaderId.flatMap({ member($0) }) else { return false }
        if case .parked = leader.joinWait { return true }
        let successor =
            members.first {
                if case .parked = $0.joinWait { return true }
                return false
            } ?? (leader.isAwaitingJoin ? leader : members.first { $0.isAwaitingJoin })
        guard let successor else { return false }
        leaderId = successor.id
        return true
    }

    // MARK: Records

    func record() -> GroupRecord {
        GroupRecord(
            groupId: id, protocolType: protocolType, protocolName: protocolName, generation: generation, leaderId: leaderId,
            stateSinceMillis: stateSinceMillis,
            members: members.map {
                GroupRecord.Member(
                    memberId: $0.id, instanceId: $0.instanceId, clientId: $0.clientId, clientHost: $0.clientHost,
                    sessionTimeoutMillis: $0.sessionTimeoutMillis, rebalanceTimeoutMillis: $0.rebalanceTimeoutMillis,
                    protocols: $0.protocols, assignment: $0.assignment)
            })
    }

    /// Becomes what a record says; whatever members it had are gone.
    func adopt(_ record: GroupRecord) {
        for member in members { member.isRemoved = true }
        members = []
        memberById = [:]
        memberByInstance = [:]
        supporters = [:]
        awaitingJoinCountStored = 0
        syncDueCount = 0
        leaderId = nil
        for kept in record.members where memberById[kept.memberId] == nil {
            let member = GroupMember(
                id: kept.memberId, instanceId: kept.instanceId, clientId: kept.clientId, clientHost: kept.clientHost,
                sessionTimeoutMillis: kept.sessionTimeoutMillis, rebalanceTimeoutMillis: kept.rebalanceTimeoutMillis,
                protocols: kept.protocols)
            member.assignment = kept.assignment
            add(member, protocolType: record.protocolType ?? "")
        }
        protocolType = record.protocolType
        protocolName = record.protocolName
        generation = record.generation
        generationFloor = max(generationFloor, generation)
        if let leader = record.leaderId, memberById[leader] != nil { leaderId = leader }
        transition(to: members.isEmpty ? .empty : .stable, now: record.stateSinceMillis)
        journalled = record
    }
}

/// A partition's committed offset.
struct CommittedOffset: Hashable {
    var offset: Int64
    var leaderEpoch: Int32
    var metadata: String
    var commitMillis: Int64
    var expireMillis: Int64
}

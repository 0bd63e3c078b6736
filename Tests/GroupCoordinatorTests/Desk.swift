import Testing

@testable import GroupCoordinator

/// A coordinator with a clock and a journal in memory; counts answers, so that each token gets one.
final class Desk {
    private(set) var coordinator: GroupCoordinator
    let settings: GroupSettings
    private(set) var tick: Int64 = 1_000
    /// Payloads as written.
    private(set) var journal: [[UInt8]] = []
    private(set) var replies: [GroupToken: GroupReply] = [:]
    /// Tokens whose answer is still to come.
    private(set) var open: Set<GroupToken> = []
    /// Answers in the order they were given.
    private(set) var arrivals: [GroupToken] = []
    /// The process dies before carrying out this many more actions; nil for never.
    var actionsUntilDeath: Int?
    /// Died with actions undone, and is waiting for ``restart()``.
    private(set) var hasDied = false
    private var lastToken: GroupToken = 0
    private let ids = IdMaker()

    init(_ settings: GroupSettings = GroupSettings()) {
        self.settings = settings
        let ids = ids
        coordinator = GroupCoordinator(settings: settings) { ids.next() }
    }

    /// Unix time runs along the tick.
    var moment: Moment { Moment(tick: tick, now: 1_700_000_000_000 + tick) }

    private func newToken() -> GroupToken {
        lastToken += 1
        open.insert(lastToken)
        return lastToken
    }

    private func carryOut(_ actions: [GroupAction]) {
        for action in actions {
            if let left = actionsUntilDeath {
                if left == 0 {
                    hasDied = true
                    return
                }
                actionsUntilDeath = left - 1
            }
            switch action {
            case .persist(let entry):
                var payload: [UInt8] = []
                entry.encode(into: &payload)
                journal.append(payload)
                coordinator.didPersist(entry)
            case .reply(let token, let reply):
                if open.remove(token) == nil { Issue.record("Token \(token) is answered and was not open") }
                replies[token] = reply
                arrivals.append(token)
            }
        }
    }

    func takeArrivals() -> [GroupToken] {
        defer { arrivals = [] }
        return arrivals
    }

    // MARK: Requests

    func join(_ input: JoinInput) -> GroupToken {
        let token = newToken()
        carryOut(coordinator.join(input, token: token, at: moment))
        return token
    }

    func sync(_ input: SyncInput) -> GroupToken {
        let token = newToken()
        carryOut(coordinator.sync(input, token: token, at: moment))
        return token
    }

    func heartbeat(_ memberId: String, generation: Int32, instanceId: String? = nil, group: String = "g") -> GroupError? {
        let token = newToken()
        let input = HeartbeatInput(groupId: group, generation: generation, memberId: memberId, instanceId: instanceId)
        carryOut(coordinator.heartbeat(input, token: token, at: moment))
        guard case .heartbeat(let error) = replies[token] else { return nil }
        return error
    }

    func leave(_ members: [LeavingMember], group: String = "g") -> LeaveReply? {
        let token = newToken()
        carryOut(coordinator.leave(groupId: group, members: members, token: token, at: moment))
        guard case .leave(let reply) = replies[token] else { return nil }
        return reply
    }

    func commit(_ input: CommitInput) -> [GroupError]? {
        let token = newToken()
        carryOut(coordinator.commit(input, token: token, at: moment))
        guard case .commit(let errors) = replies[token] else { return nil }
        return errors
    }

    func delete(_ groups: [String]) -> [GroupError]? {
        let token = newToken()
        carryOut(coordinator.delete(groupIds: groups, token: token, at: moment))
        guard case .delete(let errors) = replies[token] else { return nil }
        return errors
    }

    func deleteOffsets(_ partitions: [TopicPartition], group: String = "g") -> [GroupError]? {
        let token = newToken()
        carryOut(coordinator.deleteOffsets(groupId: group, partitions: partitions, token: token, at: moment))
        guard case .delete(let errors) = replies[token] else { return nil }
        return errors
    }

    func topicDeleted(_ topic: String) { carryOut(coordinator.topicDeleted(topic, at: moment)) }
    func expireOffsets() { carryOut(coordinator.expireOffsets(at: moment)) }

    func forget(_ token: GroupToken) {
        open.remove(token)
        coordinator.forget(token, at: moment)
    }

    func advance(by millis: Int64) {
        tick += millis
        carryOut(coordinator.advance(to: moment))
    }

    /// The process is killed and starts again: parked requests are gone with their connections.
    func restart() {
        actionsUntilDeath = nil
        hasDied = false
        arrivals = []
        open = []
        let ids = ids
        coordinator = GroupCoordinator(settings: settings) { ids.next() }
        for payload in journal {
            guard let entry = JournalEntry(payload: payload[...]) else {
                Issue.record("An entry does not read back")
                continue
            }
            coordinator.restore(entry)
        }
        coordinator.didRestore(at: moment)
    }

    /// Replaces the journal by what a rewrite would write.
    func rewriteJournal() throws {
        var next: [[UInt8]] = []
        try coordinator.forEachLiveEntry { entry throws(GroupJournalFault) in
            var payload: [UInt8] = []
            entry.encode(into: &payload)
            next.append(payload)
        }
        journal = next
    }

    // MARK: Looking

    func joined(_ token: GroupToken) -> JoinReply? {
        guard case .join(let reply) = replies[token] else { return nil }
        return reply
    }

    func synced(_ token: GroupToken) -> SyncReply? {
        guard case .sync(let reply) = replies[token] else { return nil }
        return reply
    }

    func state(_ group: String = "g") -> GroupState { coordinator.describe(groupId: group, apiVersion: 5).state }
    func describe(_ group: String = "g", apiVersion: Int16 = 5) -> DescribedGroup {
        coordinator.describe(groupId: group, apiVersion: apiVersion)
    }
    func list(states: [String] = [], types: [String] = []) -> [ListedGroup] { coordinator.list(states: states, types: types) }
    func offsets(_ partitions: [TopicPartition]?, group: String = "g") -> [FetchedOffset] {
        coordinator.fetchOffsets(groupId: group, partitions: partitions)
    }
    func offset(_ topic: String, _ partition: Int32, group: String = "g") -> Int64? {
        offsets([TopicPartition(topic: topic, partition: partition)], group: group).first?.offset
    }
    var nextDeadline: Int64? { coordinator.nextDeadline() }
    var waitingCount: Int { coordinator.waitingCount }

    /// What must hold between any two calls.
    func checkInvariants(_ comment: String) {
        if waitingCount != open.count { Issue.record("\(waitingCount) wait, \(open.count) tokens are open: \(comment)") }
        for (id, group) in coordinator.groups {
            let members = group.members
            func expect(_ claim: Bool, _ what: String) {
                if !claim { Issue.record("\(what) in \(id), \(group.state): \(comment)") }
            }
            expect(group.awaitingJoinCount == members.count { $0.isAwaitingJoin }, "Joins are miscounted")
            expect(group.syncDueCount == members.count { $0.isSyncDue }, "Syncs are miscounted")
            expect(group.offsetCount == group.offsets.values.reduce(0) { $0 + $1.count }, "Offsets are miscounted")
            expect(members.isEmpty || group.leaderId.flatMap { group.member($0) } != nil, "There is no leader")
            expect(!(group.state == .empty && !members.isEmpty), "Empty has members")
            expect(!((group.state == .stable || group.state == .completingRebalance) && members.isEmpty), "There are no members")
            expect(Set(members.map(\.id)).count == members.count, "A member is there twice")
            expect(Set(members.compactMap(\.instanceId)).count == members.compactMap(\.instanceId).count, "An instance is there twice")
            if group.state == .stable { expect(members.allSatisfy { $0.syncWait == nil && $0.joinWait == .none }, "Someone waits") }
            if group.state == .completingRebalance { expect(group.syncTimerSerial != nil || group.syncDueCount == 0, "No sync timer") }
            if group.state == .preparingRebalance { expect(group.joinTimerSerial != nil, "There is no join timer") }
            for member in members {
                if member.hasParkedRequest && !member.isNew { continue }
                let deadline = member.sessionDeadline ?? .min
                expect(deadline > tick || (deadline == tick), "A session has outlived its end")
                expect(member.timerSerial != nil && member.timerDeadline <= deadline, "A session has no timer")
            }
        }
    }
}

final class IdMaker {
    private var count = 0
    func next() -> String {
        count += 1
        return "id\(count)"
    }
}

struct SplitMix64: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

extension JoinInput {
    static func of(
        _ memberId: String = "", instance: String? = nil, group: String = "g", protocols: [(String, [UInt8])] = [("range", [1])],
        session: Int32 = 10_000, rebalance: Int32 = 60_000, type: String = "consumer", version: Int16 = 9
    ) -> JoinInput {
        JoinInput(
            groupId: group, memberId: memberId, instanceId: instance, clientId: "c", clientHost: "/127.0.0.1",
            sessionTimeoutMillis: session,
            rebalanceTimeoutMillis: rebalance, protocolType: type, protocols: protocols.map { GroupProtocol(name: $0.0, metadata: $0.1) },
            apiVersion: version)
    }
}

extension SyncInput {
    static func of(
        _ memberId: String, generation: Int32, instance: String? = nil, assign: [(String, [UInt8])] = [], type: String? = "consumer",
        name: String? = "range", group: String = "g"
    ) -> SyncInput {
        SyncInput(
            groupId: group, generation: generation, memberId: memberId, instanceId: instance, protocolType: type, protocolName: name,
            assignments: assign.map { MemberAssignment(memberId: $0.0, assignment: $0.1) })
    }
}

extension CommitInput {
    static func of(
        _ memberId: String, generation: Int32, instance: String? = nil, group: String = "g", topic: String = "t",
        _ offsets: [(Int32, Int64)], metadata: String = "", retention: Int64 = -1, version: Int16 = 8
    ) -> CommitInput {
        CommitInput(
            groupId: group, generation: generation, memberId: memberId, instanceId: instance, retentionMillis: retention,
            partitions: offsets.map { CommitPartition(topic: topic, partition: $0.0, offset: $0.1, leaderEpoch: -1, metadata: metadata) },
            apiVersion: version)
    }

    /// From a consumer outside group management.
    static func of(
        group: String = "g", topic: String = "t", _ offsets: [(Int32, Int64)], metadata: String = "", retention: Int64 = -1
    ) -> CommitInput {
        .of("", generation: -1, group: group, topic: topic, offsets, metadata: metadata, retention: retention)
    }
}

extension Desk {
    /// Brings a group of dynamic members to Stable; the first is the leader. Each gets its index as its assignment.
    func stableGroup(of count: Int, protocols: [(String, [UInt8])] = [("range", [1])], rebalance: Int32 = 60_000) throws -> (
        members: [String], generation: Int32
    ) {
        var members: [String] = []
        var tokens: [GroupToken] = []
        for _ in 0..<count {
            let id = try #require(joined(join(.of(protocols: protocols, rebalance: rebalance)))?.memberId)
            members.append(id)
        }
        // The first join makes a generation of one; it rejoins with the others.
        tokens.append(join(.of(members[0], protocols: protocols, rebalance: rebalance)))
        for id in members.dropFirst() { tokens.append(join(.of(id, protocols: protocols, rebalance: rebalance))) }
        if count > 1 { tokens[0] = join(.of(members[0], protocols: protocols, rebalance: rebalance)) }
        let generation = try #require(joined(tokens[0])?.generation)
        for id in members.dropFirst() { _ = sync(.of(id, generation: generation, name: protocols[0].0)) }
        _ = sync(
            .of(members[0], generation: generation, assign: members.enumerated().map { ($1, [UInt8($0)]) }, name: protocols[0].0))
        #expect(state() == .stable)
        return (members, generation)
    }
}

extension Desk {
    var timerCount: Int { coordinator.timerCount }
    func generation(_ group: String) -> Int32 { coordinator.groups[group]?.generation ?? -1 }
}

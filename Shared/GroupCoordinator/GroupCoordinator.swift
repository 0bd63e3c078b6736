/// The coordinator of all consumer groups: the classic protocol as a state machine, fed with requests and the time, giving
/// answers and facts to write down. No I/O, no clock, no randomness.
///
/// Follows Apache Kafka's coordinator rule by rule (`GroupMetadataManager`, KIP-62, KIP-134, KIP-345, KIP-394, KIP-814), so that a
/// client sees the same answers. Where it differs: a parked request whose connection is known to be gone no longer stands for its
/// member's heartbeats (``forget(_:at:)``), a request that takes the place of an earlier one of the same member answers that one with
/// REBALANCE_IN_PROGRESS, ties in votes go by the leader's order, and a generation's number is never given out twice, not even
/// after a restart.
///
/// Everything a client may wait for is answered by its ``GroupToken``, now or later, once. Offsets and deletions take effect when
/// they have been written (``didPersist(_:)``), so that nobody reads what a restart would take back.
package struct GroupCoordinator: ~Copyable {
    package let settings: GroupSettings
    /// Makes the random part of a member id, a UUID's text.
    private let makeUuidText: () -> String
    var groups: [String: ClassicGroup] = [:]
    /// Who waits behind each token that is not answered yet.
    private var waiting: [GroupToken: (group: ClassicGroup, member: GroupMember)] = [:]
    private var timers = TimerHeap()
    private var outbox: [GroupAction] = []
    /// The time of the call in progress.
    private(set) var moment = Moment(tick: .min, now: 0)
    package private(set) var counters = GroupCounters()

    package init(settings: GroupSettings, makeUuidText: @escaping () -> String) {
        self.settings = settings
        self.makeUuidText = makeUuidText
    }

    package var groupCount: Int { groups.count }
    /// Requests that are parked.
    package var waitingCount: Int { waiting.count }
    /// Deadlines that are kept, those that no longer count too.
    var timerCount: Int { timers.count }

    // MARK: Calls

    mutating func begin(_ moment: Moment) {
        self.moment = Moment(tick: max(moment.tick, self.moment.tick), now: moment.now)
    }

    mutating func finish() -> [GroupAction] {
        defer { outbox = [] }
        return outbox
    }

    mutating func reply(_ token: GroupToken, _ reply: GroupReply) { outbox.append(.reply(token, reply)) }
    mutating func persist(_ entry: JournalEntry) { outbox.append(.persist(entry)) }

    func makeMemberId(prefix: String) -> String { "\(prefix)-\(makeUuidText())" }

    // MARK: Parked requests

    mutating func park(join token: GroupToken, of member: GroupMember, in group: ClassicGroup) {
        answerJoin(of: member, in: group, with: JoinReply(error: .rebalanceInProgress, memberId: member.id))
        group.setJoinWait(member, .parked(token))
        waiting[token] = (group, member)
    }

    mutating func park(sync token: GroupToken, of member: GroupMember, in group: ClassicGroup) {
        answerSync(of: member, with: SyncReply(error: .rebalanceInProgress))
        member.syncWait = token
        waiting[token] = (group, member)
    }

    /// Answers a member's JoinGroup if one is parked.
    mutating func answerJoin(of member: GroupMember, in group: ClassicGroup, with answer: JoinReply) {
        if case .parked(let token) = member.joinWait {
            waiting[token] = nil
            reply(token, .join(answer))
        }
        group.setJoinWait(member, .none)
    }

    /// - Returns: Whether a SyncGroup was parked.
    @discardableResult
    mutating func answerSync(of member: GroupMember, with answer: SyncReply) -> Bool {
        guard let token = member.syncWait else { return false }
        waiting[token] = nil
        member.syncWait = nil
        reply(token, .sync(answer))
        return true
    }

    /// The connection behind a parked request is gone: the request is not answered. Its member stays until its session ends,
    /// which begins anew here.
    package mutating func forget(_ token: GroupToken, at moment: Moment) {
        begin(moment)
        guard let (group, member) = waiting.removeValue(forKey: token) else { return }
        if member.joinWait == .parked(token) { group.setJoinWait(member, .abandoned) }
        if member.syncWait == token { member.syncWait = nil }
        restartSession(of: member, in: group)
    }

    // MARK: Timers

    /// When to call ``advance(to:)``, by the tick; may be earlier than anything is due.
    package func nextDeadline() -> Int64? { timers.first?.deadline }

    /// Does what has become due.
    package mutating func advance(to moment: Moment) -> [GroupAction] {
        begin(moment)
        while let first = timers.first, first.deadline <= self.moment.tick, let entry = timers.popFirst() {
            if entry.isCurrent { fire(entry.target) }
        }
        return finish()
    }

    private mutating func fire(_ target: TimerHeap.Target) {
        switch target {
        case .session(let group, let member):
            member.timerSerial = nil
            guard let deadline = member.sessionDeadline else { return }
            if deadline > moment.tick {
                queueSession(of: member, in: group, deadline: deadline)
            } else if member.hasParkedRequest && !member.isNew {
                member.sessionDeadline = nil
            } else {
                sessionEnded(of: member, in: group)
            }
        case .pending(let group, let pending):
            pendingEnded(pending, in: group)
        case .join(let group):
            group.joinTimerSerial = nil
            joinTimerFired(group)
        case .sync(let group):
            group.syncTimerSerial = nil
            syncTimerFired(group)
        }
    }

    mutating func restartSession(of member: GroupMember, in group: ClassicGroup, millis: Int64? = nil) {
        let deadline = moment.tick + (millis ?? Int64(member.sessionTimeoutMillis))
        member.sessionDeadline = deadline
        if member.timerSerial == nil || deadline < member.timerDeadline { queueSession(of: member, in: group, deadline: deadline) }
    }

    private mutating func queueSession(of member: GroupMember, in group: ClassicGroup, deadline: Int64) {
        member.timerDeadline = deadline
        member.timerSerial = timers.push(deadline: deadline, target: .session(group, member))
    }

    mutating func queuePending(_ pending: PendingMember, in group: ClassicGroup, millis: Int64) {
        pending.timerSerial = timers.push(deadline: moment.tick + millis, target: .pending(group, pending))
    }

    mutating func queueJoinTimer(_ group: ClassicGroup, millis: Int64) {
        group.joinTimerSerial = timers.push(deadline: moment.tick + millis, target: .join(group))
    }

    mutating func queueSyncTimer(_ group: ClassicGroup, millis: Int64) {
        group.syncTimerSerial = timers.push(deadline: moment.tick + millis, target: .sync(group))
    }

    // MARK: Bookkeeping

    mutating func countRebalance() { counters.completedRebalances += 1 }
    mutating func countExpiry() { counters.expiredMembers += 1 }
    mutating func countCommit(_ partitions: Int) { counters.committedOffsets += partitions }

}

/// Totals since the start, for metrics.
package struct GroupCounters: Hashable, Sendable {
    package var completedRebalances = 0
    package var expiredMembers = 0
    package var committedOffsets = 0
}

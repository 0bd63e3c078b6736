/// One member of a group. Owned by the coordinator's thread.
final class GroupMember {
    /// A JoinGroup that is parked until the rebalance is complete.
    enum JoinWait: Hashable {
        case none
        case parked(GroupToken)
        /// Its connection is gone: the member has joined, and its session runs.
        case abandoned
    }

    let id: String
    let instanceId: String?
    let clientId: String
    let clientHost: String
    var sessionTimeoutMillis: Int32
    var rebalanceTimeoutMillis: Int32
    var protocols: [GroupProtocol]
    var assignment: [UInt8] = []
    var joinWait = JoinWait.none
    var syncWait: GroupToken?
    /// Has not synced since its generation began.
    var isSyncDue = false
    /// Joined without ever having got a generation: even a parked join does not keep it longer than its time-out.
    var isNew = false
    var isRemoved = false
    /// When the session ends, by the tick. Nil while a parked request stands for the session.
    var sessionDeadline: Int64?
    /// The heap's entry for this session that counts, and its deadline, which may be earlier than the session's.
    var timerSerial: UInt64?
    var timerDeadline: Int64 = 0

    init(
        id: String, instanceId: String?, clientId: String, clientHost: String, sessionTimeoutMillis: Int32, rebalanceTimeoutMillis: Int32,
        protocols: [GroupProtocol]
    ) {
        self.id = id
        self.instanceId = instanceId
        self.clientId = clientId
        self.clientHost = clientHost
        self.sessionTimeoutMillis = sessionTimeoutMillis
        self.rebalanceTimeoutMillis = rebalanceTimeoutMillis
        self.protocols = protocols
    }

    var isAwaitingJoin: Bool { joinWait != .none }

    /// Whether a parked request stands for the member's heartbeats.
    var hasParkedRequest: Bool {
        if case .parked = joinWait { return true }
        return syncWait != nil
    }

    func metadata(of protocolName: String?) -> [UInt8] {
        protocols.first { $0.name == protocolName }?.metadata ?? []
    }
}

/// An id that was given out and not joined with yet.
final class PendingMember {
    let id: String
    var timerSerial: UInt64?

    init(id: String) { self.id = id }
}

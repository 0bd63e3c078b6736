// What the coordinator is asked and what it answers, free of the wire format.

/// Names one request that is to be answered; the caller's choice, unique among those not answered yet.
package typealias GroupToken = UInt64

/// One assignor that a member offers, with the member's subscription for it; opaque bytes.
package struct GroupProtocol: Hashable, Sendable {
    package var name: String
    package var metadata: [UInt8]

    package init(name: String, metadata: [UInt8]) {
        self.name = name
        self.metadata = metadata
    }
}

package struct JoinInput: Hashable, Sendable {
    package var groupId: String
    package var memberId: String
    package var instanceId: String?
    package var clientId: String
    package var clientHost: String
    package var sessionTimeoutMillis: Int32
    /// Negative stands for the session's (JoinGroup v0 has none).
    package var rebalanceTimeoutMillis: Int32
    package var protocolType: String
    package var protocols: [GroupProtocol]
    /// JoinGroup's version: from 4 a dynamic member must come with an id, from 9 a leader may be told to skip the assignment.
    package var apiVersion: Int16

    package init(
        groupId: String, memberId: String, instanceId: String?, clientId: String, clientHost: String, sessionTimeoutMillis: Int32,
        rebalanceTimeoutMillis: Int32, protocolType: String, protocols: [GroupProtocol], apiVersion: Int16
    ) {
        self.groupId = groupId
        self.memberId = memberId
        self.instanceId = instanceId
        self.clientId = clientId
        self.clientHost = clientHost
        self.sessionTimeoutMillis = sessionTimeoutMillis
        self.rebalanceTimeoutMillis = rebalanceTimeoutMillis
        self.protocolType = protocolType
        self.protocols = protocols
        self.apiVersion = apiVersion
    }
}

/// A member as its leader sees it.
package struct JoinedMember: Hashable, Sendable {
    package var memberId: String
    package var instanceId: String?
    package var metadata: [UInt8]
}

package struct JoinReply: Hashable, Sendable {
    package var error: GroupError
    package var generation: Int32 = -1
    package var protocolType: String?
    package var protocolName: String?
    package var leaderId = ""
    package var skipAssignment = false
    package var memberId: String
    /// All members for the leader, empty for everyone else.
    package var members: [JoinedMember] = []

    init(error: GroupError, memberId: String) {
        self.error = error
        self.memberId = memberId
    }
}

package struct MemberAssignment: Hashable, Sendable {
    package var memberId: String
    package var assignment: [UInt8]

    package init(memberId: String, assignment: [UInt8]) {
        self.memberId = memberId
        self.assignment = assignment
    }
}

package struct SyncInput: Hashable, Sendable {
    package var groupId: String
    package var generation: Int32
    package var memberId: String
    package var instanceId: String?
    /// Nil before SyncGroup v5.
    package var protocolType: String?
    package var protocolName: String?
    package var assignments: [MemberAssignment]

    package init(
        groupId: String, generation: Int32, memberId: String, instanceId: String?, protocolType: String?, protocolName: String?,
        assignments: [MemberAssignment]
    ) {
        self.groupId = groupId
        self.generation = generation
        self.memberId = memberId
        self.instanceId = instanceId
        self.protocolType = protocolType
        self.protocolName = protocolName
        self.assignments = assignments
    }
}

package struct SyncReply: Hashable, Sendable {
    package var error: GroupError
    package var protocolType: String?
    package var protocolName: String?
    package var assignment: [UInt8] = []

    init(error: GroupError) { self.error = error }
}

package struct HeartbeatInput: Hashable, Sendable {
    package var groupId: String
    package var generation: Int32
    package var memberId: String
    package var instanceId: String?

    package init(groupId: String, generation: Int32, memberId: String, instanceId: String?) {
        self.groupId = groupId
        self.generation = generation
        self.memberId = memberId
        self.instanceId = instanceId
    }
}

/// One who leaves: by member id, or with an empty one by instance id.
package struct LeavingMember: Hashable, Sendable {
    package var memberId: String
    package var instanceId: String?

    package init(memberId: String, instanceId: String?) {
        self.memberId = memberId
        self.instanceId = instanceId
    }
}

package struct LeaveReply: Hashable, Sendable {
    package struct Member: Hashable, Sendable {
        package var memberId: String
        package var instanceId: String?
        package var error: GroupError
    }
    package var error: GroupError
    /// In the order of the request. Before LeaveGroup v3 the only member's error is the response's.
    package var members: [Member]
}

/// One partition's offset to commit.
package struct CommitPartition: Hashable, Sendable {
    package var topic: String
    package var partition: Int32
    package var offset: Int64
    /// -1 when the client does not know.
    package var leaderEpoch: Int32
    package var metadata: String

    package init(topic: String, partition: Int32, offset: Int64, leaderEpoch: Int32, metadata: String) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.leaderEpoch = leaderEpoch
        self.metadata = metadata
    }
}

package struct CommitInput: Hashable, Sendable {
    package var groupId: String
    /// -1 with an empty member id: a consumer outside group management.
    package var generation: Int32
    package var memberId: String
    package var instanceId: String?
    /// OffsetCommit v2 to v4 may say how long to keep; -1 is the node's retention.
    package var retentionMillis: Int64
    package var partitions: [CommitPartition]
    /// OffsetCommit's version: from 9 a group that is not known is GROUP_ID_NOT_FOUND, before it ILLEGAL_GENERATION.
    package var apiVersion: Int16

    package init(
        groupId: String, generation: Int32, memberId: String, instanceId: String?, retentionMillis: Int64, partitions: [CommitPartition],
        apiVersion: Int16
    ) {
        self.groupId = groupId
        self.generation = generation
        self.memberId = memberId
        self.instanceId = instanceId
        self.retentionMillis = retentionMillis
        self.partitions = partitions
        self.apiVersion = apiVersion
    }
}

package struct TopicPartition: Hashable, Sendable, Comparable {
    package var topic: String
    package var partition: Int32

    package init(topic: String, partition: Int32) {
        self.topic = topic
        self.partition = partition
    }

    package static func < (left: Self, right: Self) -> Bool { (left.topic, left.partition) < (right.topic, right.partition) }
}

/// What OffsetFetch answers for a partition; offset and leader epoch are -1 where nothing is committed.
package struct FetchedOffset: Hashable, Sendable {
    package var topic: String
    package var partition: Int32
    package var offset: Int64
    package var leaderEpoch: Int32
    package var metadata: String
}

package enum GroupState: String, Hashable, Sendable, CaseIterable {
    case empty = "Empty"
    case preparingRebalance = "PreparingRebalance"
    case completingRebalance = "CompletingRebalance"
    case stable = "Stable"
    /// Only said of groups that are not known.
    case dead = "Dead"
}

package struct DescribedGroup: Hashable, Sendable {
    package struct Member: Hashable, Sendable {
        package var memberId: String
        package var instanceId: String?
        package var clientId: String
        package var clientHost: String
        /// Empty unless the group is stable, as is `assignment`.
        package var metadata: [UInt8]
        package var assignment: [UInt8]
    }
    package var error: GroupError
    package var groupId: String
    package var state: GroupState
    package var protocolType = ""
    /// The chosen protocol's name; empty unless the group is stable.
    package var protocolData = ""
    package var members: [Member] = []
}

package struct ListedGroup: Hashable, Sendable {
    package var groupId: String
    package var protocolType: String
    package var state: GroupState
    /// `classic`: the one type there is here.
    package var type: String
}

package enum GroupReply: Hashable, Sendable {
    case join(JoinReply)
    case sync(SyncReply)
    case heartbeat(GroupError)
    case leave(LeaveReply)
    /// One error for each partition of the request, in its order.
    case commit([GroupError])
    /// One error for each group id (DeleteGroups) or each partition (OffsetDelete), in the request's order.
    case delete([GroupError])

    /// The same answer when what it promises could not be written.
    func refused(_ error: GroupError) -> GroupReply {
        switch self {
        case .join(let reply): .join(JoinReply(error: error, memberId: reply.memberId))
        case .sync: .sync(SyncReply(error: error))
        case .heartbeat: .heartbeat(error)
        case .leave(let reply): .leave(reply)
        case .commit(let errors): .commit(errors.map { $0 == .none ? error : $0 })
        case .delete(let errors): .delete(errors.map { $0 == .none ? error : $0 })
        }
    }
}

/// What is to be done, in this order: an answer behind a `persist` promises what that entry says.
package enum GroupAction: Hashable, Sendable {
    /// Write it, then tell the coordinator with `didPersist(_:)`; ``GroupJournal/carryOut(_:on:)`` does both.
    case persist(JournalEntry)
    case reply(GroupToken, GroupReply)
}

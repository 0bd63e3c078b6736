/// One fact of the journal.
package enum JournalEntry: Hashable, Sendable {
    /// Offsets committed by one request.
    case offsets(groupId: String, [JournalledOffset])
    /// Offsets that were deleted or have expired.
    case offsetsRemoved(groupId: String, [TopicPartition])
    /// A stable generation with its members and assignments, or an empty group.
    case group(GroupRecord)
    /// A generation that members were told of and that may never become stable: its number is not given out again.
    case generation(groupId: String, Int32)
    /// The group is gone with its offsets.
    case groupRemoved(groupId: String)
}

package struct JournalledOffset: Hashable, Sendable {
    package var topic: String
    package var partition: Int32
    package var offset: Int64
    package var leaderEpoch: Int32
    package var metadata: String
    /// Unix milliseconds.
    package var commitMillis: Int64
    /// Unix milliseconds, -1 for the node's retention.
    package var expireMillis: Int64
}

/// A group as it survives a restart.
package struct GroupRecord: Hashable, Sendable {
    package struct Member: Hashable, Sendable {
        package var memberId: String
        package var instanceId: String?
        package var clientId: String
        package var clientHost: String
        package var sessionTimeoutMillis: Int32
        package var rebalanceTimeoutMillis: Int32
        /// All protocols it offers, in its order: a rejoin with the same ones needs no rebalance after a restart either.
        package var protocols: [GroupProtocol]
        package var assignment: [UInt8]
    }
    package var groupId: String
    package var protocolType: String?
    package var protocolName: String?
    package var generation: Int32
    package var leaderId: String?
    /// Unix milliseconds of the change to this state.
    package var stateSinceMillis: Int64
    /// In joining order; none for an empty group.
    package var members: [Member]
}

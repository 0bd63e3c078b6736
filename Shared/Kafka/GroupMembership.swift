/// As what a consumer joins a group.
package struct GroupMembership: Sendable, Hashable {
    /// How a group's leader shares out the partitions. All members must have one in common.
    package enum Assignor: String, Sendable, CaseIterable {
        /// Neighbouring partitions of each topic together.
        case range
        /// All partitions of all topics in turn.
        case roundRobin = "roundrobin"
        /// Balanced, and what a member keeps it goes on reading during a rebalance. Not to be mixed with the other two.
        case cooperativeSticky = "cooperative-sticky"
    }
    /// Where to begin in a partition of which the group has committed nothing, or of which the committed offset is gone.
    package enum Start: String, Sendable {
        case beginning = "earliest"
        case end = "latest"
        /// A failure of the drain.
        case fail = "error"
    }

    /// `group.id`.
    package var group: String
    /// `group.instance.id`: a static member, which comes back under this name within the session time-out without a rebalance.
    package var instanceId: String?
    /// `partition.assignment.strategy`, the preferred one first.
    package var assignors: [Assignor]
    /// How long a member may be silent before the group goes on without it.
    package var sessionTimeout: Duration
    package var heartbeatInterval: Duration
    /// How long nobody may drain before the member gives up its place by itself.
    package var pollIntervalMax: Duration
    package var start: Start

    package init(
        _ group: String, instanceId: String? = nil, assignors: [Assignor] = [.range], sessionTimeout: Duration = .seconds(45),
        heartbeatInterval: Duration = .seconds(3), pollIntervalMax: Duration = .seconds(300), start: Start = .fail
    ) {
        precondition(!assignors.isEmpty, "a member of a group needs an assignor")
        self.group = group
        self.instanceId = instanceId
        self.assignors = assignors
        self.sessionTimeout = sessionTimeout
        self.heartbeatInterval = heartbeatInterval
        self.pollIntervalMax = pollIntervalMax
        self.start = start
    }

    /// In librdkafka's words.
    var properties: [(String, String)] {
        var properties = [
            ("group.id", group), ("partition.assignment.strategy", assignors.map(\.rawValue).joined(separator: ",")),
            ("session.timeout.ms", "\(sessionTimeout.timeoutMillis)"), ("heartbeat.interval.ms", "\(heartbeatInterval.timeoutMillis)"),
            ("max.poll.interval.ms", "\(pollIntervalMax.timeoutMillis)"), ("auto.offset.reset", start.rawValue),
            ("enable.auto.commit", "false"), ("enable.auto.offset.store", "false"),
        ]
        if let instanceId { properties.append(("group.instance.id", instanceId)) }
        return properties
    }
}

/// What a group does to its member. Called during a drain or the close, on their thread: never call the consumer from here.
package struct GroupHooks: Sendable {
    /// These partitions are the member's from now on, beside those that it has.
    package var assigned: @Sendable ([TopicPartition]) -> Void
    /// These partitions are about to be given up; what this returns is committed first.
    ///
    /// `isLost`: they are somebody else's already, because this member was silent for too long; then nothing can be committed.
    package var revoking: @Sendable (_ partitions: [TopicPartition], _ isLost: Bool) -> [PartitionOffset]

    package init(
        assigned: @escaping @Sendable ([TopicPartition]) -> Void = { _ in },
        revoking: @escaping @Sendable (_ partitions: [TopicPartition], _ isLost: Bool) -> [PartitionOffset] = { _, _ in [] }
    ) {
        self.assigned = assigned
        self.revoking = revoking
    }
}

/// The coordinator's bounds and times. Every list that a client can grow has its limit here.
package struct GroupSettings: Hashable, Sendable {
    /// A member may ask for a session no shorter and no longer than these (`group.min.session.timeout.ms`, `group.max.session.timeout.ms`).
    package var sessionTimeoutMillis: ClosedRange<Int32> = 6_000...1_800_000
    /// How long the first rebalance of an empty group waits for more members (`group.initial.rebalance.delay.ms`); 0 does not wait.
    package var initialRebalanceDelayMillis: Int64 = 0
    /// How long the parked JoinGroup of a member that is new keeps its place: it cannot heartbeat meanwhile. Five minutes, as Apache Kafka.
    package var newMemberJoinTimeoutMillis: Int64 = 300_000
    /// Groups, empty ones too. Beyond it a JoinGroup gets GROUP_MAX_SIZE_REACHED, a commit POLICY_VIOLATION.
    package var groupsMax = 10_000
    /// Members of a group (`group.max.size`); members that have an id but have not joined yet are counted apart against the same limit.
    package var membersPerGroupMax = 10_000
    /// Committed partitions of a group; a commit of one more gets POLICY_VIOLATION.
    package var offsetsPerGroupMax = 100_000
    /// Bytes of the note beside a committed offset (`offset.metadata.max.bytes`).
    package var offsetMetadataBytesMax = 4_096
    /// Bytes of one member's protocols, names and metadata together; beyond it a JoinGroup gets INVALID_REQUEST.
    package var memberMetadataBytesMax = 1 << 20
    /// Bytes of one member's assignment; a leader that sends more gets INVALID_REQUEST.
    package var assignmentBytesMax = 1 << 20
    /// How long offsets of an empty group are kept (`offsets.retention.minutes`).
    package var offsetsRetentionMillis: Int64 = 7 * 24 * 3_600_000

    package init() {}
}

/// The two clocks at one instant.
package struct Moment: Hashable, Sendable {
    /// Monotonic milliseconds; timers go by it.
    package var tick: Int64
    /// Unix milliseconds; commit times and retention go by it.
    package var now: Int64

    package init(tick: Int64, now: Int64) {
        self.tick = tick
        self.now = now
    }
}

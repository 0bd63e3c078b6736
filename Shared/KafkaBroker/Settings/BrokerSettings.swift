/// All that an operator chooses.
package struct BrokerSettings: Hashable, Sendable {
    /// Made if it is missing (its parent must exist); belongs to one broker at a time.
    package var dataDirectory: String
    /// IPv4 or IPv6 address. Anything but loopback shows an unprotected broker to the network.
    package var listenHost = "127.0.0.1"
    /// 0 chooses a free one.
    package var listenPort: UInt16 = 9092
    /// What Metadata tells clients to connect to; nil for the listener's own.
    package var advertisedHost: String?
    package var advertisedPort: UInt16?
    /// For topics created without a count, by a request (-1) or by themselves. Kafka's `num.partitions`.
    package var partitionCountDefault = 1
    /// Whether Metadata creates the topics that a client names and allows to be created. Kafka's `auto.create.topics.enable`.
    package var createsTopicsAutomatically = false
    package var flush = FlushPolicy.never
    /// How often old segments are looked for. Kafka's `log.retention.check.interval.ms`.
    package var retentionCheckMillis: Int64 = 300_000
    /// What a topic has that sets nothing itself, by the topic's names.
    package var topicDefaults = TopicConfig()
    /// The first members of a new group wait so long for company. Kafka's `group.initial.rebalance.delay.ms`.
    package var groupInitialRebalanceDelayMillis: Int64 = 0
    package var groupSessionTimeoutMillis: ClosedRange<Int32> = 6_000...1_800_000
    /// Commits of a group without members are kept so long. Kafka's `offsets.retention.minutes`.
    package var offsetsRetentionMillis: Int64 = 7 * 24 * 3_600_000
    package var limits = BrokerLimits()
    /// Faults from the start on.
    package var faults = FaultSchedule.none

    package init(dataDirectory: String) { self.dataDirectory = dataDirectory }
}

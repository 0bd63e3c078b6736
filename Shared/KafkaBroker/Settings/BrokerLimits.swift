/// How far clients can make the broker grow. Everything that a client adds to is counted against one of these.
package struct BrokerLimits: Hashable, Sendable {
    /// Topics, at most; more are refused with POLICY_VIOLATION.
    package var topicCountMax = 10_000
    /// Partitions of all topics together; each holds a few descriptors. More are refused with POLICY_VIOLATION.
    package var partitionCountMax = 10_000
    /// Partitions of one topic.
    package var topicPartitionCountMax = 2_000
    /// Consumer groups, and members in each.
    package var groupCountMax = 10_000
    package var groupMemberCountMax = 1_000
    /// Open connections; more are closed when they are accepted.
    package var connectionCountMax = 1_024
    /// One request; a larger one closes its connection. Kafka's `socket.request.max.bytes`.
    package var requestBytesMax = 100 << 20
    /// One request of an API other than Produce.
    package var controlRequestBytesMax = 4 << 20
    /// Requests that arrive or wait, all connections together. Kafka's `queued.max.request.bytes`.
    package var requestBytesTotalMax = 256 << 20
    /// One Fetch response, whatever the client allows. Kafka's `fetch.max.bytes`.
    package var fetchBytesMax = 55 << 20
    /// A connection without traffic is closed after this long. Kafka's `connections.max.idle.ms`.
    package var idleMillisMax: Int64 = 600_000
    /// The longest a Fetch waits, whatever the client asks.
    package var fetchWaitMillisMax: Int64 = 300_000

    package init() {}
}

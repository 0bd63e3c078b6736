/// Where an event entered the suite: the record of a public topic that it was read from.
///
/// Together the three numbers name an event for ever; every table and every message carries them.
public struct SourceCoordinates: Hashable, Sendable {
    /// Which public topic: see ``SourceTopic``.
    public var topic: SourceTopic
    public var partition: Int32
    public var offset: Int64

    public init(topic: SourceTopic, partition: Int32, offset: Int64) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
    }
}

/// The public topics that events come from, by the number that is stored.
public enum SourceTopic: UInt8, Hashable, Sendable, CaseIterable {
    case transactions = 0
    case outcomes = 1
}

/// Where one pass accepted a record: its input partition, the message's offset there, and the place in the message's run.
///
/// Ordered, these are the order in which the pass's owner folded its records, which is the order every replay follows.
public struct PassCoordinates: Hashable, Sendable {
    public var partition: Int32
    public var offset: Int64
    /// Place of the record in its message, from 0.
    public var slot: Int32

    public init(partition: Int32, offset: Int64, slot: Int32) {
        self.partition = partition
        self.offset = offset
        self.slot = slot
    }
}

import FrameServer
import KafkaProtocol

/// One request on its way to its answer.
struct RequestContext {
    var connection: ConnectionId
    var api: ApiKey
    var version: Int16
    var correlationId: Int32
    var clientId: String?
    /// Monotonic milliseconds, when the request was read.
    var tick: Int64
    /// Wall clock, Unix milliseconds.
    var now: Int64
    var faults = RequestFaults.none
}

/// Requests about partitions, as fault rules see them.
protocol PartitionTargeting {
    /// A partition of -1 stands for the whole topic.
    var targets: [(topic: String, partition: Int32)] { get }
}

extension ProduceRequest: PartitionTargeting {
    var targets: [(topic: String, partition: Int32)] {
        topicData.flatMap { topic in topic.partitionData.map { (topic.name, $0.index) } }
    }
}

extension ListOffsetsRequest: PartitionTargeting {
    var targets: [(topic: String, partition: Int32)] {
        topics.flatMap { topic in topic.partitions.map { (topic.name, $0.partitionIndex) } }
    }
}

extension OffsetForLeaderEpochRequest: PartitionTargeting {
    var targets: [(topic: String, partition: Int32)] {
        topics.flatMap { topic in topic.partitions.map { (topic.topic, $0.partition) } }
    }
}

extension DeleteRecordsRequest: PartitionTargeting {
    var targets: [(topic: String, partition: Int32)] {
        topics.flatMap { topic in topic.partitions.map { (topic.name, $0.partitionIndex) } }
    }
}

extension OffsetCommitRequest: PartitionTargeting {
    var targets: [(topic: String, partition: Int32)] {
        topics.flatMap { topic in topic.partitions.map { (topic.name, $0.partitionIndex) } }
    }
}

extension MetadataRequest: PartitionTargeting {
    var targets: [(topic: String, partition: Int32)] { (topics ?? []).compactMap { topic in topic.name.map { ($0, -1) } } }
}

extension CreateTopicsRequest: PartitionTargeting {
    var targets: [(topic: String, partition: Int32)] { topics.map { ($0.name, -1) } }
}

extension CreatePartitionsRequest: PartitionTargeting {
    var targets: [(topic: String, partition: Int32)] { topics.map { ($0.name, -1) } }
}

extension DeleteTopicsRequest: PartitionTargeting {
    var targets: [(topic: String, partition: Int32)] {
        topicNames.map { ($0, -1) } + topics.compactMap { topic in topic.name.map { ($0, -1) } }
    }
}

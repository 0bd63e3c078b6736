internal import CLibrdkafka

/// Owns an `rd_kafka_topic_partition_list_t`.
@safe struct PartitionList: ~Copyable {
    let raw: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

    /// - Parameter places: topic, partition, offset (or a logical one).
    init(_ places: [(topic: String, partition: Int32, offset: Int64)]) {
        guard let raw = unsafe rd_kafka_topic_partition_list_new(Int32(clamping: places.count)) else {
            preconditionFailure("rd_kafka_topic_partition_list_new gave nothing")
        }
        unsafe self.raw = raw
        for place in places {
            guard let entry = unsafe rd_kafka_topic_partition_list_add(raw, place.topic, place.partition) else {
                preconditionFailure("rd_kafka_topic_partition_list_add gave nothing")
            }
            unsafe entry.pointee.offset = place.offset
        }
    }

    deinit { unsafe rd_kafka_topic_partition_list_destroy(raw) }

    /// Every entry that has no error; the first that has one throws.
    func offsets(_ operation: String) throws(KafkaFailure) -> [PartitionOffset] { try unsafe partitionOffsets(raw, operation) }
}

/// One partition of a topic.
package struct TopicPartition: Hashable, Sendable, Comparable, CustomStringConvertible {
    package var topic: String
    package var partition: Int32

    package init(_ topic: String, _ partition: Int32) {
        self.topic = topic
        self.partition = partition
    }

    package var description: String { "\(topic)/\(partition)" }
    package static func < (a: Self, b: Self) -> Bool { (a.topic, a.partition) < (b.topic, b.partition) }
}

/// A place in a log.
package struct PartitionOffset: Hashable, Sendable {
    package var topic: String
    package var partition: Int32
    package var offset: Int64

    package init(topic: String, partition: Int32, offset: Int64) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
    }
}

/// Reads a list that somebody else owns.
func partitionOffsets(
    _ list: UnsafePointer<rd_kafka_topic_partition_list_t>, _ operation: String
) throws(KafkaFailure) -> [PartitionOffset] {
    var offsets: [PartitionOffset] = []
    for index in 0..<Int(unsafe list.pointee.cnt) {
        let entry = unsafe list.pointee.elems[index]
        let topic = unsafe String(cString: entry.topic)
        let code = unsafe entry.err
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw KafkaFailure(code, operation: "\(operation) of \(topic)/\(unsafe entry.partition)")
        }
        unsafe offsets.append(PartitionOffset(topic: topic, partition: entry.partition, offset: entry.offset))
    }
    return offsets
}

internal import CLibrdkafka

extension KafkaAdmin {
    /// Sets a group's committed offsets, so that lag tools see them; joins nothing. The group must have no members.
    ///
    /// - Parameter offsets: the next offset to be read, by partition.
    package func commitOffsets(
        _ offsets: [PartitionOffset], group: String, within limit: Duration = .seconds(10)
    ) async throws(KafkaFailure) {
        if offsets.isEmpty { return }
        let operation = "commit offsets of group \"\(group)\""
        try await unsafe request(
            operation, RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS, within: limit,
            send: { (client, options, queue) throws(KafkaFailure) in
                let list = PartitionList(offsets.map { ($0.topic, $0.partition, $0.offset) })
                var orders = unsafe [rd_kafka_AlterConsumerGroupOffsets_new(group, list.raw)]
                unsafe rd_kafka_AlterConsumerGroupOffsets(client, &orders, orders.count, options, queue)
                unsafe orders.forEach { unsafe rd_kafka_AlterConsumerGroupOffsets_destroy($0) }
            },
            read: { (event) throws(KafkaFailure) in
                var count = 0
                let groups = unsafe rd_kafka_AlterConsumerGroupOffsets_result_groups(
                    rd_kafka_event_AlterConsumerGroupOffsets_result(event), &count)
                _ = try unsafe groupOffsets(groups, count, operation)
            })
    }

    /// A group's committed offsets, by topic and partition; empty for a group nobody knows.
    ///
    /// - Parameter partitions: topic and partition of those wanted (their `offset` is not looked at); nil is all.
    package func committedOffsets(
        group: String, partitions: [PartitionOffset]? = nil, within limit: Duration = .seconds(10)
    ) async throws(KafkaFailure) -> [PartitionOffset] {
        let operation = "list offsets of group \"\(group)\""
        if partitions?.isEmpty == true { return [] }
        return try await unsafe request(
            operation, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, within: limit,
            send: { (client, options, queue) throws(KafkaFailure) in
                var order: OpaquePointer?
                if let partitions {
                    let list = PartitionList(partitions.map { ($0.topic, $0.partition, noOffset) })
                    unsafe order = rd_kafka_ListConsumerGroupOffsets_new(group, list.raw)
                } else {
                    unsafe order = rd_kafka_ListConsumerGroupOffsets_new(group, nil)
                }
                unsafe rd_kafka_ListConsumerGroupOffsets(client, &order, 1, options, queue)
                unsafe rd_kafka_ListConsumerGroupOffsets_destroy(order)
            },
            read: { (event) throws(KafkaFailure) in
                var count = 0
                let groups = unsafe rd_kafka_ListConsumerGroupOffsets_result_groups(
                    rd_kafka_event_ListConsumerGroupOffsets_result(event), &count)
                return try unsafe groupOffsets(groups, count, operation)
                    .filter { $0.offset >= 0 }
                    .sorted { ($0.topic, $0.partition) < ($1.topic, $1.partition) }
            })
    }
}

/// `RD_KAFKA_OFFSET_INVALID`, a macro that Swift does not see.
private let noOffset: Int64 = -1001

private func groupOffsets(
    _ groups: UnsafeMutablePointer<OpaquePointer?>?, _ count: Int, _ operation: String
) throws(KafkaFailure) -> [PartitionOffset] {
    guard let groups = unsafe groups else { return [] }
    var offsets: [PartitionOffset] = []
    for index in 0..<count {
        let group = unsafe groups[index]
        if let error = unsafe rd_kafka_group_result_error(group) {
            throw unsafe KafkaFailure(
                rd_kafka_error_code(error), operation: operation, message: String(cString: rd_kafka_error_string(error)))
        }
        if let list = unsafe rd_kafka_group_result_partitions(group) { offsets += try unsafe partitionOffsets(list, operation) }
    }
    return offsets
}

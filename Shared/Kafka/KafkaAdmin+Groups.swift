internal import CLibrdkafka

extension KafkaAdmin {
    /// Sets a group's committed offsets, so that lag tools see them; joins nothing. The group must have no members.
    ///
    /// The first call for a group starts a client of that `group.id`, which lives until ``close()``. (The admin API's calls for group
    /// offsets are not used: up to 2.4 at least, librdkafka crashes in them when the coordinator is not ready and the client is no
    /// consumer: confluentinc/librdkafka issue 5040.)
    ///
    /// - Parameter offsets: the next offset to be read, by partition.
    /// - Throws: what still failed at the limit; faults that a retry cures are retried until then.
    package func commitOffsets(
        _ offsets: [PartitionOffset], group: String, within limit: Duration = .seconds(10)
    ) async throws(KafkaFailure) {
        if offsets.isEmpty { return }
        let operation = "commit offsets of group \"\(group)\""
        let member = try groupClient(group)
        try await retrying(operation, within: limit) { (left) async throws(KafkaFailure) in
            try await member.blocking(operation) { (client) throws(KafkaFailure) in
                try unsafe commitAwaited(offsets, client.raw, left, operation)
            }
        }
    }

    /// The offsets a group has committed of a topic's partitions; those without one are absent.
    ///
    /// - Throws: like ``commitOffsets(_:group:within:)``.
    package func committedOffsets(
        group: String, topic: String, partitions: some Sequence<Int32>, within limit: Duration = .seconds(10)
    ) async throws(KafkaFailure) -> [Int32: Int64] {
        let places = partitions.map { (topic, $0, KafkaOffset.none) }
        if places.isEmpty { return [:] }
        let operation = "read committed offsets of group \"\(group)\""
        let member = try groupClient(group)
        let found = try await retrying(operation, within: limit) { (left) async throws(KafkaFailure) in
            try await member.blocking(operation) { (client) throws(KafkaFailure) in
                let list = PartitionList(places)
                let code = unsafe rd_kafka_committed(client.raw, list.raw, left.timeoutMillis)
                if code != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaFailure(code, operation: operation) }
                return try list.offsets(operation)
            }
        }
        return Dictionary(found.filter { $0.offset >= 0 }.map { ($0.partition, $0.offset) }) { _, last in last }
    }
}

/// `rd_kafka_commit` of the synchronous kind knows no limit, so the answer comes to a queue instead.
///
/// A member commits with its generation, anybody else with none. Call inside a lease.
func commitAwaited(
    _ offsets: [PartitionOffset], _ client: OpaquePointer, _ limit: Duration, _ operation: String
) throws(KafkaFailure) {
    guard let queue = unsafe rd_kafka_queue_new(client) else { preconditionFailure("rd_kafka_queue_new gave nothing") }
    defer { unsafe rd_kafka_queue_destroy(queue) }
    let list = PartitionList(offsets.map { ($0.topic, $0.partition, $0.offset) })
    let code = unsafe rd_kafka_commit_queue(client, list.raw, queue, nil, nil)
    if code != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaFailure(code, operation: operation) }
    guard let event = unsafe rd_kafka_queue_poll(queue, limit.timeoutMillis) else {
        throw KafkaFailure(RD_KAFKA_RESP_ERR__TIMED_OUT, operation: operation)
    }
    defer { unsafe rd_kafka_event_destroy(event) }
    let outcome = unsafe rd_kafka_event_error(event)
    if outcome != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaFailure(outcome, operation: operation) }
    // The request as a whole may succeed and a partition of it not.
    if let list = unsafe rd_kafka_event_topic_partition_list(event) { _ = try unsafe partitionOffsets(list, operation) }
}

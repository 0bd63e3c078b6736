internal import CLibrdkafka

/// The bounds of a partition's log.
package struct Watermarks: Hashable, Sendable {
    /// The first offset still there.
    package var low: Int64
    /// The next offset to be written.
    package var high: Int64

    package init(low: Int64, high: Int64) {
        self.low = low
        self.high = high
    }
}

extension KafkaAdmin {
    /// Both bounds of one partition, asked of its leader.
    package func watermarks(
        of topic: String, partition: Int32, within limit: Duration = .seconds(10)
    ) async throws(KafkaFailure) -> Watermarks {
        let operation = "read watermarks of \(topic)/\(partition)"
        return try await client.blocking(operation) { (client) throws(KafkaFailure) in
            var low: Int64 = 0
            var high: Int64 = 0
            let code = unsafe rd_kafka_query_watermark_offsets(client.raw, topic, partition, &low, &high, limit.timeoutMillis)
            if code != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaFailure(code, operation: operation) }
            return Watermarks(low: low, high: high)
        }
    }

    /// The high watermarks of many partitions: one request to each broker that leads some of them.
    ///
    /// - Returns: by partition.
    package func highWatermarks(
        of topic: String, partitions: some Sequence<Int32>, within limit: Duration = .seconds(10)
    ) async throws(KafkaFailure) -> [Int32: Int64] {
        try await listOffsets(of: topic, Array(partitions), KafkaOffset.end, limit)
    }

    /// The low watermarks of many partitions, likewise.
    package func lowWatermarks(
        of topic: String, partitions: some Sequence<Int32>, within limit: Duration = .seconds(10)
    ) async throws(KafkaFailure) -> [Int32: Int64] {
        try await listOffsets(of: topic, Array(partitions), KafkaOffset.beginning, limit)
    }

    /// The first offsets whose record is at `timestampMillis` or later; -1 where there is none.
    package func offsets(
        of topic: String, partitions: some Sequence<Int32>, atOrAfter timestampMillis: Int64, within limit: Duration = .seconds(10)
    ) async throws(KafkaFailure) -> [Int32: Int64] {
        guard timestampMillis >= 0 else { throw .invalid("list offsets of \(topic)", "\(timestampMillis) ms is before 1970") }
        return try await listOffsets(of: topic, Array(partitions), timestampMillis, limit)
    }

    /// ListOffsets takes -1 for the end and -2 for the beginning where a timestamp stands, and librdkafka passes them through.
    private func listOffsets(
        of topic: String, _ partitions: [Int32], _ timestamp: Int64, _ limit: Duration
    ) async throws(KafkaFailure) -> [Int32: Int64] {
        if partitions.isEmpty { return [:] }
        let operation = "list offsets of \(topic)"
        return try await client.blocking(operation) { (client) throws(KafkaFailure) in
            let list = PartitionList(partitions.map { (topic, $0, timestamp) })
            let code = unsafe rd_kafka_offsets_for_times(client.raw, list.raw, limit.timeoutMillis)
            if code != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaFailure(code, operation: operation) }
            return try Dictionary(list.offsets(operation).map { ($0.partition, $0.offset) }) { _, last in last }
        }
    }

    /// Removes records before these offsets, or all (``KafkaOffset/end``).
    ///
    /// - Returns: the new low watermarks.
    package func deleteRecords(
        before offsets: [PartitionOffset], within limit: Duration = .seconds(15)
    ) async throws(KafkaFailure) -> [PartitionOffset] {
        if offsets.isEmpty { return [] }
        return try await unsafe request(
            "delete records", RD_KAFKA_ADMIN_OP_DELETERECORDS, within: limit,
            send: { (client, options, queue) throws(KafkaFailure) in
                let list = PartitionList(offsets.map { ($0.topic, $0.partition, $0.offset) })
                var orders = unsafe [rd_kafka_DeleteRecords_new(list.raw)]
                unsafe rd_kafka_DeleteRecords(client, &orders, orders.count, options, queue)
                for index in unsafe orders.indices { unsafe rd_kafka_DeleteRecords_destroy(orders[index]) }
            },
            read: { (event) throws(KafkaFailure) in
                guard let list = unsafe rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event)) else { return [] }
                return try unsafe partitionOffsets(list, "delete records")
            })
    }
}

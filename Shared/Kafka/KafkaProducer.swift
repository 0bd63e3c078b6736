internal import CLibrdkafka

/// A topic as a producer knows it; valid as long as its producer.
@safe package struct ProducerTopic: Sendable {
    package let name: String
    /// Owned by the producer's service thread, which destroys it with the client; used inside the client's lease only.
    nonisolated(unsafe) let raw: OpaquePointer
}

/// Sends messages with idempotence on and `acks=all`; the partition is always the caller's choice (see ``Murmur2``).
///
/// Thread-safe. Acknowledgements are awaited in bulk through a ``DeliveryTicket``; a full queue is an answer, not a wait.
package final class KafkaProducer: Sendable {
    package enum Admission: Sendable {
        case queued
        /// Nothing was sent: ``KafkaProducer/awaitRoom()``, then again.
        case queueFull
    }

    private let client: Client

    /// Starts the client's threads; connects in the background.
    ///
    /// Defaults where the configuration is silent: `compression.type=lz4`, `linger.ms=0`.
    package init(_ configuration: KafkaConfiguration, hooks: KafkaHooks = KafkaHooks()) throws(KafkaFailure) {
        var fixed = [("enable.idempotence", "true"), ("acks", "all")]
        let given = configuration.properties
        if given["compression.type"] == nil && given["compression.codec"] == nil { fixed.append(("compression.type", "lz4")) }
        if given["linger.ms"] == nil && given["queue.buffering.max.ms"] == nil { fixed.append(("linger.ms", "0")) }
        client = try Client(RD_KAFKA_PRODUCER, configuration, fixed: fixed, hooks: hooks, operation: "start producer")
    }

    /// The handle for ``produce(to:partition:key:value:headers:timestampMillis:ticket:)``; look it up once and keep it.
    package func topic(_ name: String) throws(KafkaFailure) -> ProducerTopic { try client.topic(name) }

    /// Copies one message into the send queue. Never blocks.
    ///
    /// - Parameters:
    ///   - key: nil is a null key.
    ///   - value: nil is a null value (a tombstone), which is not an empty one.
    ///   - timestampMillis: since 1970; nil is now.
    ///   - ticket: counts this message until it is acknowledged or has failed.
    /// - Throws: what makes this message or this producer impossible (message too large, unknown partition, fatal error).
    package func produce(
        to topic: ProducerTopic, partition: Int32, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
        headers: OutgoingHeaders? = nil, timestampMillis: Int64? = nil, ticket: DeliveryTicket
    ) throws(KafkaFailure) -> Admission {
        // A null base with no bytes means null to librdkafka; an empty value needs some address.
        guard partition >= 0 else { throw .invalid("produce", "partition \(partition) of \(topic.name) is negative") }
        try client.enter("produce")
        defer { client.leave() }
        ticket.begin()
        let list = unsafe headers?.makeList()
        let code = unsafe shim_produce(
            client.raw, topic.raw, partition, Self.address(key, topic.raw), key?.count ?? 0, Self.address(value, topic.raw),
            value?.count ?? 0, list, timestampMillis ?? 0, ticket.opaque)
        if code == RD_KAFKA_RESP_ERR_NO_ERROR { return .queued }
        if let list = unsafe list { unsafe rd_kafka_headers_destroy(list) }
        ticket.settle(1)
        if code == RD_KAFKA_RESP_ERR__QUEUE_FULL { return .queueFull }
        if code == RD_KAFKA_RESP_ERR__FATAL, let fatal = client.state.fatalFailure { throw fatal }
        throw KafkaFailure(code, operation: "produce to \(topic.name)/\(partition)")
    }

    /// The same by the topic's name, for the rare message.
    package func produce(
        to topic: String, partition: Int32, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
        headers: OutgoingHeaders? = nil, timestampMillis: Int64? = nil, ticket: DeliveryTicket
    ) throws(KafkaFailure) -> Admission {
        try unsafe produce(
            to: self.topic(topic), partition: partition, key: key, value: value, headers: headers, timestampMillis: timestampMillis,
            ticket: ticket)
    }

    private static func address(_ bytes: UnsafeRawBufferPointer?, _ some: OpaquePointer) -> UnsafeRawPointer? {
        unsafe bytes.map { unsafe $0.baseAddress ?? UnsafeRawPointer(some) }
    }

    /// Returns when the queue may have room again: after the next delivery reports, or at once if it is empty.
    ///
    /// - Throws: closed, or cancelled.
    package func awaitRoom() async throws(KafkaFailure) {
        try client.enter("await room")
        let client = client
        let roomy = await client.state.room.wait { unsafe rd_kafka_outq_len(client.raw) > 0 }
        client.leave()
        if !roomy { throw client.isClosed ? .closed("await room") : .cancelled("await room") }
    }

    /// Messages and reports not yet settled.
    package var queuedCount: Int {
        guard (try? client.enter("count")) != nil else { return 0 }
        defer { client.leave() }
        return Int(unsafe rd_kafka_outq_len(client.raw))
    }

    /// Sends at once what lingers and waits until everything is settled.
    ///
    /// - Throws: ``KafkaFailure/isTimedOut`` if something is still unsettled then.
    package func flush(within limit: Duration) async throws(KafkaFailure) {
        try await client.blocking("flush") { (client) throws(KafkaFailure) in
            let code = unsafe rd_kafka_flush(client.raw, limit.timeoutMillis)
            if code != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaFailure(code, operation: "flush") }
        }
    }

    /// Gives up everything unsent and in flight; its tickets fail with `_PURGE_QUEUE` or `_PURGE_INFLIGHT` (the latter may have
    /// reached the log all the same).
    package func purge() async throws(KafkaFailure) {
        try await client.blocking("purge") { (client) throws(KafkaFailure) in
            let code = unsafe rd_kafka_purge(client.raw, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
            if code != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaFailure(code, operation: "purge") }
        }
    }

    /// Flushes, fails what is left, and ends the client. Idempotent.
    package func close(flushingWithin limit: Duration = .seconds(10)) async {
        try? await flush(within: limit)
        await client.close(within: .seconds(10))  // purging has its own bound of half that
    }

    /// The error after which this producer can do nothing more, if there was one.
    package var fatalFailure: KafkaFailure? { client.state.fatalFailure }
    /// Faults seen so far that librdkafka works on by itself.
    package var faultCount: Int { client.state.faultCount }
    /// The last statistics, if `statistics.interval.ms` is set.
    package var statistics: KafkaStatistics? { client.state.statistics }
}

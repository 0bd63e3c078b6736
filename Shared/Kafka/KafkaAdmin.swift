internal import CLibrdkafka
internal import Synchronization

/// Questions and orders to the cluster: topics, watermarks, group offsets.
///
/// Thread-safe. Every call waits on the client's own queue, one after the other, and never longer than its time limit.
package final class KafkaAdmin: Sendable {
    private struct Groups {
        var isClosed = false
        var clients: [String: Client] = [:]
    }
    let client: Client
    private let configuration: KafkaConfiguration
    private let hooks: KafkaHooks
    private let groups = Mutex(Groups())

    /// Starts the client's threads; connects in the background.
    package init(_ configuration: KafkaConfiguration, hooks: KafkaHooks = KafkaHooks()) throws(KafkaFailure) {
        self.configuration = configuration
        self.hooks = hooks
        // Without this, a question about a topic that is not there makes it, where the brokers allow that.
        let fixed = [("allow.auto.create.topics", "false")]
        client = try Client(RD_KAFKA_PRODUCER, configuration, fixed: fixed, hooks: hooks, operation: "start admin client")
    }

    /// Ends the client and those of the groups, waiting no longer than the limit for each. Idempotent.
    package func close(within limit: Duration = .seconds(5)) async {
        let members = groups.withLock {
            $0.isClosed = true
            return Array($0.clients.values)
        }
        for member in members { await member.close(within: limit) }
        await client.close(within: limit)
    }

    /// A client of a group, which commits and asks for it and never joins; made at its first use.
    func groupClient(_ group: String) throws(KafkaFailure) -> Client {
        let operation = "start client of group \"\(group)\""
        return try groups.withLock { (groups) throws(KafkaFailure) -> Client in
            if groups.isClosed { throw .closed(operation) }
            if let known = groups.clients[group] { return known }
            let fixed = [
                ("group.id", group), ("enable.auto.commit", "false"), ("enable.auto.offset.store", "false"), ("auto.offset.reset", "error"),
            ]
            let member = try Client(RD_KAFKA_CONSUMER, configuration, fixed: fixed, hooks: hooks, operation: operation)
            groups.clients[group] = member
            return member
        }
    }

    /// The cluster's own name of itself, by which a cluster that was made anew is known.
    package func clusterId(within limit: Duration = .seconds(10)) async throws(KafkaFailure) -> String {
        try await client.blocking("read cluster id") { (client) throws(KafkaFailure) in
            guard let text = unsafe rd_kafka_clusterid(client.raw, limit.timeoutMillis) else {
                throw KafkaFailure(RD_KAFKA_RESP_ERR__TIMED_OUT, operation: "read cluster id")
            }
            defer { unsafe rd_kafka_mem_free(client.raw, text) }
            return unsafe String(cString: text)
        }
    }

    /// Sends one request of the admin API and waits for its result.
    func request<Value: Sendable>(
        _ operation: String, _ kind: rd_kafka_admin_op_t, within limit: Duration,
        send: @escaping @Sendable (_ client: OpaquePointer, _ options: OpaquePointer, _ queue: OpaquePointer) throws(KafkaFailure) -> Void,
        read: @escaping @Sendable (_ result: OpaquePointer) throws(KafkaFailure) -> Value
    ) async throws(KafkaFailure) -> Value {
        try await client.blocking(operation) { (client) throws(KafkaFailure) in
            guard let options = unsafe rd_kafka_AdminOptions_new(client.raw, kind), let queue = unsafe rd_kafka_queue_new(client.raw) else {
                preconditionFailure("librdkafka could not allocate an admin request")
            }
            defer {
                unsafe rd_kafka_queue_destroy(queue)
                unsafe rd_kafka_AdminOptions_destroy(options)
            }
            // 0 ms is not a limit to it, and its own maximum is an hour.
            let millis = min(limit.timeoutMillis, 3_600_000)
            let set = unsafe rd_kafka_AdminOptions_set_request_timeout(options, millis, nil, 0)
            if set != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaFailure(set, operation: operation) }
            unsafe try send(client.raw, options, queue)
            // librdkafka keeps the limit and says so in the result; the bound here is only a net beneath it.
            guard let event = unsafe rd_kafka_queue_poll(queue, millis &+ 5_000) else {
                throw KafkaFailure(RD_KAFKA_RESP_ERR__TIMED_OUT, operation: operation)
            }
            defer { unsafe rd_kafka_event_destroy(event) }
            let code = unsafe rd_kafka_event_error(event)
            if code != RD_KAFKA_RESP_ERR_NO_ERROR {
                throw unsafe KafkaFailure(code, operation: operation, message: String(cString: rd_kafka_event_error_string(event)))
            }
            return try unsafe read(event)
        }
    }

    /// Tries again what a retry cures, until the limit: a fresh cluster's coordinators load for a moment, a new topic's metadata is not
    /// with every broker at once, and librdkafka 2.0.2 hands both on.
    func retrying<Value: Sendable>(
        _ operation: String, within limit: Duration, _ attempt: (_ left: Duration) async throws(KafkaFailure) -> Value
    ) async throws(KafkaFailure) -> Value {
        let clock = ContinuousClock()
        let deadline = clock.now + limit
        while true {
            do throws(KafkaFailure) {
                return try await attempt(deadline - clock.now)
            } catch {
                let pause = Duration.milliseconds(100)  // Kafka's own retry.backoff.ms
                guard error.remedy == .retry, clock.now + pause < deadline else { throw error }
                do { try await clock.sleep(for: pause) } catch { throw .cancelled(operation) }
            }
        }
    }
}

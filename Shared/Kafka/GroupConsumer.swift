internal import CLibrdkafka
internal import Synchronization

/// A member of a consumer group: reads the partitions that the group gives it, from the offsets that the group has committed.
///
/// Rebalances are answered inside ``drain(into:countMax:byteCountMax:)``, so a member must be drained whenever it is woken; it is
/// woken at least once a second for that. Nothing is ever committed by itself. One task at a time drains; all else may come from any.
@safe package final class GroupConsumer: Sendable {
    private struct State {
        var isOpen = true
        /// Met behind messages that had to be delivered first.
        var pending: KafkaFailure?
    }
    private let client: Client
    private let session: GroupSession
    private let state = Mutex(State())
    /// Destroyed by ``shut()`` alone, under the lock and after `isOpen` is taken back; used under the lock while `isOpen`.
    private nonisolated(unsafe) let queue: OpaquePointer

    /// Starts the client's threads; joins with ``subscribe(to:within:)``.
    ///
    /// Defaults where the configuration is silent: `fetch.error.backoff.ms=100`, and at most 100,000 messages or 64 MiB wait in the one
    /// queue of all partitions (`queued.min.messages`, `queued.max.messages.kbytes`).
    package init(
        _ configuration: KafkaConfiguration, _ membership: GroupMembership, groupHooks: GroupHooks = GroupHooks(),
        hooks: KafkaHooks = KafkaHooks()
    ) throws(KafkaFailure) {
        var fixed = membership.properties
        let defaults = [
            ("fetch.error.backoff.ms", "100"), ("queued.min.messages", "100000"), ("queued.max.messages.kbytes", "65536"),
        ]
        for (name, value) in defaults where configuration.properties[name] == nil { fixed.append((name, value)) }
        session = GroupSession(hooks: groupHooks)
        client = try Client(
            RD_KAFKA_CONSUMER, configuration, fixed: fixed, hooks: hooks, operation: "start member of group \"\(membership.group)\"",
            group: session)
        guard let queue = unsafe rd_kafka_queue_get_consumer(client.raw) else {
            preconditionFailure("a librdkafka consumer without its queue")
        }
        unsafe self.queue = queue
        // Retained for the callback; `shut` releases it after the callback is off.
        unsafe rd_kafka_queue_cb_event_enable(queue, queueFilled, Unmanaged.passRetained(session.wakeup).toOpaque())
        client.state.register(session.wakeup)
    }

    /// Raised when there is something to drain, a rebalance or a failure included, and once a second; ends with the member.
    package var wakeup: Wakeup { session.wakeup }
    /// What the group has given this member, in order.
    package var assignment: [TopicPartition] { session.standing.assigned.sorted() }
    /// Assignments received so far, empty ones included.
    package var assignmentCount: Int { session.standing.assignmentCount }
    /// Partitions that were somebody else's before this member had given them up.
    package var lostCount: Int { session.standing.lostCount }

    /// The broker's name for this member, empty before it has joined.
    package var memberId: String {
        guard (try? client.enter("read member id")) != nil else { return "" }
        defer { client.leave() }
        guard let text = unsafe rd_kafka_memberid(client.raw) else { return "" }
        defer { unsafe rd_kafka_mem_free(client.raw, text) }
        return unsafe String(cString: text)
    }

    /// Joins the group, or says to it what is wanted from now on. A name that begins with `^` is a regular expression.
    package func subscribe(to topics: [String]) async throws(KafkaFailure) {
        let operation = "subscribe to \(topics.joined(separator: ", "))"
        try await client.blocking(operation) { (client) throws(KafkaFailure) in
            let list = PartitionList(topics.map { ($0, -1, KafkaOffset.none) })
            let code = unsafe rd_kafka_subscribe(client.raw, list.raw)
            if code != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaFailure(code, operation: operation) }
        }
    }

    /// Replaces the batch's messages by those that are there now, without waiting, and answers the rebalances among them.
    ///
    /// - Parameters and return value: as ``PartitionReader/drain(into:countMax:byteCountMax:)``; the messages are of all assigned
    ///   partitions, each one's in its order.
    /// - Throws: what stopped a partition or the membership (offset out of range, unknown topic, `_MAX_POLL_EXCEEDED`, fatal error).
    package func drain(into batch: inout MessageBatch, countMax: Int, byteCountMax: Int = .max) throws(KafkaFailure) -> Int {
        batch.clear()
        try client.enter("drain group")
        defer { client.leave() }
        if let fatal = client.state.fatalFailure { throw fatal }
        return try state.withLock { (state) throws(KafkaFailure) -> Int in
            guard state.isOpen else { throw .closed("drain group") }
            if let pending = state.pending.take() { throw pending }
            while batch.count < countMax, batch.byteCount < byteCountMax {
                // Single polls: the batch call of librdkafka 2.0.x can lose messages around a rebalance.
                guard let event = unsafe rd_kafka_queue_poll(queue, 0) else { return batch.count }
                if unsafe rd_kafka_event_type(event) == RD_KAFKA_EVENT_FETCH, let message = unsafe rd_kafka_event_message_next(event) {
                    unsafe batch.append(event, message, of: client)
                    continue
                }
                let failure = unsafe judge(event)
                unsafe rd_kafka_event_destroy(event)
                guard let failure else { continue }
                if batch.isEmpty { throw failure }
                state.pending = failure
                break
            }
            wakeup.raise()
            return batch.count
        }
    }

    /// - Returns: a failure that the owner must know of; nil for what is only noted.
    private func judge(_ event: OpaquePointer) -> KafkaFailure? {
        if unsafe rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE { unsafe session.rebalance(event, client) }
        guard unsafe rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR else { return nil }
        let code = unsafe rd_kafka_event_error(event)
        if code == RD_KAFKA_RESP_ERR__PARTITION_EOF { return nil }
        let failure = unsafe KafkaFailure(
            code, operation: "consume as a group's member", message: String(cString: rd_kafka_event_error_string(event)))
        if unsafe code == RD_KAFKA_RESP_ERR__FATAL || rd_kafka_event_error_is_fatal(event) != 0 {
            client.state.noteFatal(failure)
            return failure
        }
        guard KafkaFailure.healsByItself(failure.code) else { return failure }
        client.state.note(failure)
        return nil
    }

    /// Commits the next offsets to be read, as the member of the generation that it is in.
    ///
    /// - Throws: `ILLEGAL_GENERATION`, `UNKNOWN_MEMBER_ID` or `REBALANCE_IN_PROGRESS` when the group has gone on; nothing is committed then.
    package func commit(_ offsets: [PartitionOffset], within limit: Duration = .seconds(10)) async throws(KafkaFailure) {
        if offsets.isEmpty { return }
        try await client.blocking("commit offsets") { (client) throws(KafkaFailure) in
            try unsafe commitAwaited(offsets, client.raw, limit, "commit offsets")
        }
    }

    /// Gives everything back to the group, leaves it, and ends the client; messages already in a batch stay valid. A static member
    /// keeps its place until the session time-out. Waits no longer than the limit for each of the two. Idempotent.
    package func close(within limit: Duration = .seconds(5)) async {
        _ = try? await client.blocking("leave group") { (_) throws(KafkaFailure) in
            self.shut()
            self.leaveGroup(within: limit)
        }
        await client.close(within: limit)
    }

    /// Ends the client as if its process had been killed: the group learns of it by the session time-out alone.
    package func vanish(within limit: Duration = .seconds(5)) async {
        client.vanish()
        _ = try? await client.blocking("vanish") { (_) throws(KafkaFailure) in self.shut() }
        await client.close(within: limit)
    }

    deinit {
        guard state.withLock({ $0.isOpen }) else { return client.abandon {} }
        // Sent on: its only other user has just gone.
        nonisolated(unsafe) let queue = unsafe queue
        client.abandon { [client, session] in unsafe Self.release(queue, client, session) }
    }

    /// Nothing is drained from here on.
    private func shut() {
        state.withLock {
            guard $0.isOpen else { return }
            $0.isOpen = false
            unsafe Self.release(queue, client, session)
        }
    }

    private static func release(_ queue: OpaquePointer, _ client: Client, _ session: GroupSession) {
        unsafe rd_kafka_queue_cb_event_enable(queue, nil, nil)  // waits for a callback that is under way
        unsafe rd_kafka_queue_destroy(queue)
        client.state.unregister(session.wakeup)
        session.wakeup.finish()
        unsafe Unmanaged.passUnretained(session.wakeup).release()
    }

    /// The rebalance that gives everything up is answered here.
    private func leaveGroup(within limit: Duration) {
        guard unsafe rd_kafka_consumer_closed(client.raw) == 0 else { return }
        guard let rest = unsafe rd_kafka_queue_new(client.raw) else { preconditionFailure("rd_kafka_queue_new gave nothing") }
        defer { unsafe rd_kafka_queue_destroy(rest) }
        if let error = unsafe rd_kafka_consumer_close_queue(client.raw, rest) {
            client.state.note(unsafe KafkaFailure(consuming: error, operation: "leave group"))
            return
        }
        let deadline = ContinuousClock.now + limit
        while unsafe rd_kafka_consumer_closed(client.raw) == 0, ContinuousClock.now < deadline {
            guard let event = unsafe rd_kafka_queue_poll(rest, 100) else { continue }
            if unsafe rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE { unsafe session.rebalance(event, client) }
            unsafe rd_kafka_event_destroy(event)
        }
    }
}

/// librdkafka's threads call this with the queue's lock held: no call into librdkafka from here.
private func queueFilled(_ client: OpaquePointer?, _ opaque: UnsafeMutableRawPointer?) {
    guard let opaque = unsafe opaque else { return }
    unsafe Unmanaged<Wakeup>.fromOpaque(opaque).takeUnretainedValue().raise()
}

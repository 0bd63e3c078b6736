internal import CLibrdkafka
internal import Synchronization

/// One assigned partition with a queue of its own, drained independently of all others: what is not drained holds back its own
/// fetching and nobody else's.
///
/// One task at a time drains; `close` may come from any.
@safe package final class PartitionReader: Sendable {
    package let topic: String
    package let partition: Int32
    /// Raised when there is something to drain, a failure included; ends with the reader.
    package let wakeup = Wakeup()

    private struct State {
        var isOpen = true
        /// Met behind messages that had to be delivered first.
        var pending: KafkaFailure?
    }
    private let client: Client
    private let state = Mutex(State())
    /// Destroyed by ``shut()`` alone, under the lock and after `isOpen` is taken back; used under the lock while `isOpen`.
    private nonisolated(unsafe) let queue: OpaquePointer
    private let forget: @Sendable () -> Void

    /// Call inside a lease. The queue is cut off from the client's common one before the partition is assigned, so that no message
    /// takes the other way.
    init(_ client: Client, topic: String, partition: Int32, forget: @escaping @Sendable () -> Void) throws(KafkaFailure) {
        guard let queue = unsafe rd_kafka_queue_get_partition(client.raw, topic, partition) else {
            throw KafkaFailure(RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, operation: "open \(topic)/\(partition)")
        }
        unsafe self.queue = queue
        self.client = client
        self.topic = topic
        self.partition = partition
        self.forget = forget
        unsafe rd_kafka_queue_forward(queue, nil)
        // Retained for the callback; `shut` releases it after the callback is off.
        unsafe rd_kafka_queue_cb_event_enable(queue, queueFilled, Unmanaged.passRetained(wakeup).toOpaque())
        client.state.register(wakeup)
        wakeup.raise()  // the callback tells of a change from empty only, and the queue may be older than it
    }

    /// Replaces the batch's messages by those that are there now, without waiting.
    ///
    /// - Parameters:
    ///   - countMax: at least 1.
    ///   - byteCountMax: keys and values; the message that passes it is the last one, so one message always fits.
    /// - Returns: the batch's count; 0 means that the queue is empty and ``wakeup`` will tell of more. When a limit ended the drain,
    ///   `wakeup` is raised again, so a caller that stops half-way forgets nothing.
    /// - Throws: what stopped this partition (offset out of range, topic gone, fatal error), after every message before it was handed
    ///   out. Faults that librdkafka heals itself go to the hooks.
    /// - Complexity: allocates nothing once the batch is warm.
    package func drain(into batch: inout MessageBatch, countMax: Int, byteCountMax: Int = .max) throws(KafkaFailure) -> Int {
        batch.clear()
        try client.enter("drain \(topic)/\(partition)")
        defer { client.leave() }
        if let fatal = client.state.fatalFailure { throw fatal }
        return try state.withLock { (state) throws(KafkaFailure) -> Int in
            guard state.isOpen else { throw .closed("drain \(topic)/\(partition)") }
            if let pending = state.pending.take() { throw pending }
            while batch.count < countMax, batch.byteCount < byteCountMax {
                // Single polls: the batch call of librdkafka 2.0.x can skip messages.
                guard let event = unsafe rd_kafka_queue_poll(queue, 0) else { return batch.count }
                if unsafe rd_kafka_event_type(event) == RD_KAFKA_EVENT_FETCH, let message = unsafe rd_kafka_event_message_next(event) {
                    unsafe batch.append(event, message, of: client)
                    continue
                }
                let failure = unsafe judge(event, &batch)
                unsafe rd_kafka_event_destroy(event)
                guard let failure else { continue }
                if batch.isEmpty { throw failure }
                state.pending = failure
                wakeup.raise()
                return batch.count
            }
            wakeup.raise()
            return batch.count
        }
    }

    /// - Returns: a failure that ends the reading; nil for what is only noted.
    private func judge(_ event: OpaquePointer, _ batch: inout MessageBatch) -> KafkaFailure? {
        guard unsafe rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR else { return nil }
        let code = unsafe rd_kafka_event_error(event)
        if code == RD_KAFKA_RESP_ERR__PARTITION_EOF {
            if let place = unsafe rd_kafka_event_topic_partition(event) {
                batch.endOffset = unsafe place.pointee.offset
                unsafe rd_kafka_topic_partition_destroy(place)
            }
            return nil
        }
        let failure = unsafe KafkaFailure(
            code, operation: "fetch \(topic)/\(partition)", message: String(cString: rd_kafka_event_error_string(event)))
        guard KafkaFailure.healsByItself(failure.code) else { return failure }
        client.state.note(failure)
        return nil
    }

    /// Stops fetching and gives up the assignment; messages already in a batch stay valid. Idempotent.
    package func close() async {
        _ = try? await client.blocking("close \(topic)/\(partition)") { (_) throws(KafkaFailure) in self.shut() }
    }

    /// Blocks for a round trip to librdkafka's main thread. Call inside a lease.
    func shut() {
        let isFirst = state.withLock { state in
            defer { state.isOpen = false }
            return state.isOpen
        }
        guard isFirst else { return }
        let list = PartitionList([(topic, partition, 0)])
        if let error = unsafe rd_kafka_incremental_unassign(client.raw, list.raw) {
            client.state.note(unsafe KafkaFailure(consuming: error, operation: "unassign \(topic)/\(partition)"))
        }
        discardQueue()
        forget()
    }

    /// Only for a reader whose partition could not be assigned, and at the end of ``shut()``.
    func discardQueue() {
        state.withLock {
            $0.isOpen = false
            unsafe rd_kafka_queue_cb_event_enable(queue, nil, nil)  // waits for a callback that is under way
            while let event = unsafe rd_kafka_queue_poll(queue, 0) { unsafe rd_kafka_event_destroy(event) }
            // What still comes goes to the client's common queue, which is served to the end. Left here, it would hold on to the partition
            // whose queue it lies in, and through that to the broker's thread, and destroying the client would wait for ever.
            let common = unsafe rd_kafka_queue_get_consumer(client.raw)
            unsafe rd_kafka_queue_forward(queue, common)
            if let common = unsafe common { unsafe rd_kafka_queue_destroy(common) }
            unsafe rd_kafka_queue_destroy(queue)
        }
        client.state.unregister(wakeup)
        wakeup.finish()
        unsafe Unmanaged.passUnretained(wakeup).release()
    }
}

/// librdkafka's threads call this with the queue's lock held: no call into librdkafka from here.
private func queueFilled(_ client: OpaquePointer?, _ opaque: UnsafeMutableRawPointer?) {
    guard let opaque = unsafe opaque else { return }
    unsafe Unmanaged<Wakeup>.fromOpaque(opaque).takeUnretainedValue().raise()
}

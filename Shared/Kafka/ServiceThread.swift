internal import CLibrdkafka
internal import Foundation
internal import Synchronization

/// Waits on a client's event queue, hands out delivery reports, faults and statistics, and destroys the client at the end.
@safe final class ServiceThread: Sendable {
    enum Role {
        case producer
        /// Reads partitions that were assigned by hand: its common queue holds nothing but events.
        case reader
        /// Belongs to a group: whoever drains its common queue answers the rebalances in it, so that one is left alone here.
        case member
    }
    private struct Progress: ~Copyable {
        var handle: ClientHandle?
        var topics: [String: ProducerTopic] = [:]
        var isEndRequested = false
        var vanishes = false
        var hasEnded = false
        var nextId: UInt64 = 0
        var waiters: [UInt64: CheckedContinuation<Bool, Never>] = [:]
    }

    private let progress: Mutex<Progress>
    /// Of the thread from its start; `requestEnd` uses it under the lock, before the thread may destroy it.
    private nonisolated(unsafe) let queue: OpaquePointer
    private let role: Role
    private let state: ClientState

    /// The yield of `requestEnd` ends the wait at once; this bound is only a net beneath it.
    private static let waitMillisMax: Int32 = 1_000

    init(_ handle: consuming ClientHandle, _ role: Role, state: ClientState) {
        if role == .reader { unsafe _ = rd_kafka_poll_set_consumer(handle.raw) }
        let queue =
            if role == .reader { unsafe rd_kafka_queue_get_consumer(handle.raw) } else { unsafe rd_kafka_queue_get_main(handle.raw) }
        guard let queue = unsafe queue else { preconditionFailure("a librdkafka client without its event queue") }
        unsafe self.queue = queue
        self.role = role
        self.state = state
        progress = Mutex(Progress(handle: handle))
    }

    func start() {
        let thread = Thread { self.run() }
        thread.name = role == .producer ? "kafka-producer" : "kafka-consumer"
        thread.start()
    }

    func requestEnd() {
        progress.withLock {
            $0.isEndRequested = true
            unsafe rd_kafka_queue_yield(queue)
        }
    }

    /// Before `requestEnd`.
    func vanish() { progress.withLock { $0.vanishes = true } }

    /// - Returns: false if the limit passed first; the thread goes on by itself then.
    func ended(within limit: Duration) async -> Bool {
        let deadline = DispatchTime.now() + .milliseconds(Int(limit.timeoutMillis))
        return await withCheckedContinuation { (done: CheckedContinuation<Bool, Never>) in
            let id: UInt64? = progress.withLock {
                if $0.hasEnded { return nil }
                $0.nextId += 1
                $0.waiters[$0.nextId] = done
                return $0.nextId
            }
            guard let id else { return done.resume(returning: true) }
            DispatchQueue.global().asyncAfter(deadline: deadline) {
                self.progress.withLock { $0.waiters.removeValue(forKey: id) }?.resume(returning: false)
            }
        }
    }

    /// A topic of a producer, made at its first use and destroyed with the client. Call inside a lease.
    func topic(_ name: String, of client: OpaquePointer) throws(KafkaFailure) -> ProducerTopic {
        let found = progress.withLock { progress -> ProducerTopic? in
            if let known = progress.topics[name] { return known }
            guard let raw = unsafe rd_kafka_topic_new(client, name, nil) else { return nil }
            let topic = unsafe ProducerTopic(name: name, raw: raw)
            progress.topics[name] = topic
            return topic
        }
        guard let found else { throw KafkaFailure(rd_kafka_last_error(), operation: "open topic \"\(name)\"") }
        return found
    }

    private func run() {
        let handle = progress.withLock { $0.handle.take() }
        guard let handle else { preconditionFailure("a service thread was started twice") }
        while !progress.withLock({ $0.isEndRequested }) {
            serve(waitMillis: Self.waitMillisMax)
            state.group?.wakeup.raise()  // a member that never polls is put out of its group
        }
        end(handle)
    }

    /// Serves one event, if one comes in time.
    private func serve(waitMillis: Int32) {
        guard let event = unsafe rd_kafka_queue_poll(queue, waitMillis) else { return }
        switch unsafe rd_kafka_event_type(event) {
        case RD_KAFKA_EVENT_DR: unsafe settle(event)
        case RD_KAFKA_EVENT_ERROR:
            if unsafe rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__PARTITION_EOF { break }  // of a reader that has gone
            let failure = unsafe KafkaFailure(
                rd_kafka_event_error(event), operation: "background work", message: String(cString: rd_kafka_event_error_string(event)))
            if unsafe failure.code == RD_KAFKA_RESP_ERR__FATAL.rawValue || rd_kafka_event_error_is_fatal(event) != 0 {
                state.noteFatal(failure)
            } else {
                state.note(failure)
            }
        case RD_KAFKA_EVENT_STATS:
            if let statistics = unsafe KafkaStatistics(json: String(cString: rd_kafka_event_stats(event))) { state.note(statistics) }
        default: break
        }
        unsafe rd_kafka_event_destroy(event)
        state.room.wake()  // after the event is gone: only then has its share of the queue been given back
    }

    /// Delivery reports arrive many at a time and mostly of one ticket: each run of one ticket is one subtraction.
    private func settle(_ event: OpaquePointer) {
        var current: UnsafeMutableRawPointer? = nil
        var count = 0
        while let message = unsafe rd_kafka_event_message_next(event) {
            guard let opaque = unsafe message.pointee._private else { continue }
            if unsafe opaque != current {
                unsafe DeliveryTicket.acknowledge(current, count)
                unsafe current = opaque
                count = 0
            }
            count += 1
            let code = unsafe message.pointee.err
            if code != RD_KAFKA_RESP_ERR_NO_ERROR { unsafe DeliveryTicket.fail(opaque, KafkaFailure(code, operation: "produce")) }
        }
        unsafe DeliveryTicket.acknowledge(current, count)
    }

    private func end(_ handle: consuming ClientHandle) {
        let vanishes = progress.withLock { $0.vanishes }
        if role != .producer {
            if !vanishes { unsafe _ = rd_kafka_consumer_close(handle.raw) }
            while let event = unsafe rd_kafka_queue_poll(queue, 0) { unsafe rd_kafka_event_destroy(event) }
        } else {
            // Whatever nobody flushed is reported as purged, so that no ticket waits for ever.
            unsafe _ = rd_kafka_purge(handle.raw, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
            for _ in 0..<50 where unsafe rd_kafka_outq_len(handle.raw) > 0 { serve(waitMillis: 100) }
        }
        // Under the lock: the one who asked for the end may still be inside its yield.
        let topics = progress.withLock {
            let topics = $0.topics
            $0.topics = [:]
            unsafe rd_kafka_queue_destroy(queue)
            return topics
        }
        for topic in topics.values { unsafe rd_kafka_topic_destroy(topic.raw) }
        if vanishes { handle.destroyWithoutLeaving() } else { _ = consume handle }  // rd_kafka_destroy
        state.room.finish()
        let waiters = progress.withLock {
            $0.hasEnded = true
            let waiters = $0.waiters
            $0.waiters = [:]
            return waiters
        }
        unsafe Unmanaged.passUnretained(state).release()  // the client's callbacks are over
        for waiter in waiters.values { waiter.resume(returning: true) }
    }
}

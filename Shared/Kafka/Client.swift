internal import CLibrdkafka
internal import Foundation
internal import Synchronization

/// One librdkafka client, the service thread that answers its events and at last destroys it, and the leases that keep it alive
/// while a call or a batch of messages still uses it.
///
/// The thread owns the handle. It ends when the last lease is gone: the owner's (given back by ``close()`` or `deinit`), one per call
/// in progress, one per batch that holds messages.
@safe final class Client: Sendable {
    /// The thread destroys it only when no lease is left, and every use is inside a lease.
    nonisolated(unsafe) let raw: OpaquePointer
    let state: ClientState
    private let service: ServiceThread
    private let leases = Atomic<Int>(1)
    private let heldBatches = Atomic<Int>(0)
    private let isClosing = Atomic<Bool>(false)
    /// Calls that block wait here, one after the other, off the cooperative pool.
    private let lane = DispatchQueue(label: "kafka.blocking")

    init(
        _ type: rd_kafka_type_t, _ configuration: KafkaConfiguration, fixed: [(String, String)], hooks: KafkaHooks, operation: String,
        group: GroupSession? = nil
    ) throws(KafkaFailure) {
        let state = ClientState(hooks: hooks, group: group)
        // Retained for the client's callbacks; the service thread releases it after the client is destroyed.
        let opaque = unsafe Unmanaged.passRetained(state)
        do throws(KafkaFailure) {
            let properties = try PropertyHandle(configuration, fixed)
            let handle = try unsafe properties.start(type, hooks: opaque.toOpaque(), isMember: group != nil, operation: operation)
            unsafe raw = handle.raw
            service = ServiceThread(handle, type == RD_KAFKA_PRODUCER ? .producer : group == nil ? .reader : .member, state: state)
        } catch {
            unsafe opaque.release()
            throw error
        }
        self.state = state
        service.start()
    }

    deinit { release() }

    /// Asks for the end and waits for it. A batch that still holds messages puts the end off until it is cleared; then this
    /// returns without waiting. More calls wait for the same end.
    ///
    /// Past the limit the end is left to the service thread, with a line in the log: librdkafka can wait for ever for a partition
    /// whose topic was deleted just then (confluentinc/librdkafka issue 4362), and a stage that stops must not.
    func close(within limit: Duration) async {
        release()
        guard heldBatches.load(ordering: .acquiring) == 0, await !service.ended(within: limit) else { return }
        state.hooks.log(.warning, "CLOSE", "the client did not end within \(limit); its threads are left to themselves")
    }

    /// From here on the end is that of a process that was killed: a group's member says no farewell.
    func vanish() { service.vanish() }

    /// The owner went away without closing: the same, waiting for nothing. `last` runs before the end, on the blocking queue.
    func abandon(after last: @escaping @Sendable () -> Void) {
        guard (try? enter("abandon")) != nil else { return }
        lane.async {
            last()
            self.release()
            self.leave()
        }
    }

    private func release() {
        if !isClosing.exchange(true, ordering: .acquiringAndReleasing) { leave() }
    }

    var isClosed: Bool { isClosing.load(ordering: .acquiring) }

    /// Takes a lease.
    func enter(_ operation: @autoclosure () -> String) throws(KafkaFailure) {
        var count = leases.load(ordering: .relaxed)
        while count > 0, !isClosing.load(ordering: .acquiring) {
            let (exchanged, original) = leases.weakCompareExchange(
                expected: count, desired: count + 1, ordering: .acquiringAndReleasing)
            if exchanged { return }
            count = original
        }
        throw .closed(operation())
    }

    func leave() {
        if leases.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { service.requestEnd() }
    }

    /// A lease for a batch, to be taken inside another one.
    func holdBatch() {
        heldBatches.add(1, ordering: .acquiringAndReleasing)
        leases.add(1, ordering: .acquiringAndReleasing)
    }

    func releaseBatch() {
        heldBatches.subtract(1, ordering: .acquiringAndReleasing)
        leave()
    }

    /// A topic to produce to, the same at every call.
    func topic(_ name: String) throws(KafkaFailure) -> ProducerTopic {
        try enter("open topic")
        defer { leave() }
        return try unsafe service.topic(name, of: raw)
    }

    /// Runs a call that may block on the client's own queue, inside a lease.
    func blocking<Value: Sendable>(
        _ operation: String, _ body: @escaping @Sendable (Client) throws(KafkaFailure) -> Value
    ) async throws(KafkaFailure) -> Value {
        try enter(operation)
        let result = await withCheckedContinuation { (done: CheckedContinuation<Result<Value, KafkaFailure>, Never>) in
            lane.async {
                do throws(KafkaFailure) { done.resume(returning: .success(try body(self))) } catch {
                    done.resume(returning: .failure(error))
                }
            }
        }
        leave()
        return try result.get()
    }
}

extension Duration {
    /// Whole milliseconds for a C time limit, 1 at least.
    var timeoutMillis: Int32 {
        let millis = components.seconds.multipliedReportingOverflow(by: 1_000)
        guard !millis.overflow else { return .max }
        return Int32(clamping: max(1, millis.partialValue + components.attoseconds / 1_000_000_000_000_000))
    }
}

internal import Synchronization

/// Awaits the acknowledgements of any number of messages at once.
///
/// Produce everything under the ticket, then await ``delivered()``. A message costs one atomic addition here; the ticket is kept
/// alive by its unacknowledged messages. A failure stays with the ticket: use a new one to send again.
package final class DeliveryTicket: Sendable {
    private struct Waiting {
        var failure: KafkaFailure?
        var nextId: UInt64 = 0
        var tasks: [UInt64: CheckedContinuation<Bool, Never>] = [:]
    }
    private let unacknowledged = Atomic<Int>(0)
    private let waiting = Mutex(Waiting())

    package init() {}

    /// Messages produced under this ticket of which nothing has been heard yet.
    package var unacknowledgedCount: Int { unacknowledged.load(ordering: .acquiring) }

    /// The first failure reported, if any.
    package var failure: KafkaFailure? { waiting.withLock { $0.failure } }

    /// Returns once every message produced so far is acknowledged.
    ///
    /// - Throws: the first failure, without waiting for the rest; or ``KafkaFailure/isCancelled`` when the waiting task is cancelled
    ///   (the messages go on). Never waits longer than librdkafka's `message.timeout.ms`.
    package func delivered() async throws(KafkaFailure) {
        let id = waiting.withLock {
            $0.nextId += 1
            return $0.nextId
        }
        let answered = await withTaskCancellationHandler {
            await withCheckedContinuation { (task: CheckedContinuation<Bool, Never>) in
                let answer: Bool? = waiting.withLock {
                    // Read under the lock: the last acknowledgement takes it after its subtraction.
                    if $0.failure != nil || unacknowledgedCount == 0 { return true }
                    if Task.isCancelled { return false }
                    $0.tasks[id] = task
                    return nil
                }
                if let answer { task.resume(returning: answer) }
            }
        } onCancel: {
            waiting.withLock { $0.tasks.removeValue(forKey: id) }?.resume(returning: false)
        }
        if let failure { throw failure }
        if !answered { throw .cancelled("await delivery") }
    }

    /// Before a message is handed to librdkafka with ``opaque``.
    func begin() {
        // The first unacknowledged message retains the ticket, the last one to be settled releases it.
        if unacknowledged.add(1, ordering: .acquiringAndReleasing).oldValue == 0 { unsafe _ = Unmanaged.passRetained(self) }
    }

    /// What a message carries through librdkafka.
    var opaque: UnsafeMutableRawPointer { unsafe Unmanaged.passUnretained(self).toOpaque() }

    /// `count` messages are settled, well or badly.
    func settle(_ count: Int) {
        guard unacknowledged.subtract(count, ordering: .acquiringAndReleasing).newValue == 0 else { return }
        resumeAll()
        unsafe Unmanaged.passUnretained(self).release()
    }

    private func note(_ failure: KafkaFailure) {
        waiting.withLock { $0.failure = $0.failure ?? failure }
        resumeAll()
    }

    private func resumeAll() {
        let tasks = waiting.withLock { waiting -> [UInt64: CheckedContinuation<Bool, Never>] in
            if waiting.tasks.isEmpty { return [:] }
            defer { waiting.tasks = [:] }
            return waiting.tasks
        }
        for task in tasks.values { task.resume(returning: true) }
    }

    /// From the service thread, with a message's opaque.
    static func acknowledge(_ opaque: UnsafeMutableRawPointer?, _ count: Int) {
        guard let opaque = unsafe opaque, count > 0 else { return }
        unsafe Unmanaged<DeliveryTicket>.fromOpaque(opaque).takeUnretainedValue().settle(count)
    }

    /// From the service thread, before the message is counted as settled.
    static func fail(_ opaque: UnsafeMutableRawPointer, _ failure: KafkaFailure) {
        unsafe Unmanaged<DeliveryTicket>.fromOpaque(opaque).takeUnretainedValue().note(failure)
    }
}

internal import Dispatch

/// The serial executor of one connection: a serial dispatch queue.
///
/// libpq blocks, and the cooperative pool has one thread per core, so blocking calls run here. A serial queue targets the
/// over-committing root queue, which adds threads when others are blocked: ten waiting connections do not starve an eleventh.
final class QueueExecutor: SerialExecutor {
    let queue: DispatchQueue

    init(label: String) { queue = DispatchQueue(label: label) }

    func enqueue(_ job: consuming ExecutorJob) {
        let unowned = UnownedJob(job)
        queue.async { unsafe unowned.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor { unsafe UnownedSerialExecutor(ordinary: self) }

    func checkIsolated() { dispatchPrecondition(condition: .onQueue(queue)) }
}

internal import CLinuxProcess
internal import Dispatch
internal import Glibc
internal import Synchronization

/// Tells once that a process has ended, woken by the kernel through the process's descriptor; collects it if it is our child.
///
/// `@unchecked Sendable`: a dispatch source may be used from any thread, and this reference to it never changes.
final class ExitWatch: @unchecked Sendable {
    private let source: any DispatchSourceRead

    /// - Parameters:
    ///   - descriptor: The process's; closed by the watch.
    ///   - perform: Runs on a queue of its own, at most once, with the exit status (128 + signal when a signal ended the
    ///     process), or nil where it was not our child.
    init(adopting descriptor: Int32, perform: @escaping @Sendable (Int32?) -> Void) {
        source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: DispatchQueue(label: "assay.exit-watch"))
        let isFirst = OneShot()
        source.setEventHandler {
            // A descriptor stays readable, so the handler runs again until the watch is cancelled.
            guard isFirst.take() else { return }
            let status = clinux_pidfd_reap(descriptor)
            perform(status < 0 ? nil : status)
        }
        source.setCancelHandler { close(descriptor) }
        source.resume()
    }

    deinit { source.cancel() }
}

/// True once.
private final class OneShot: Sendable {
    private let isTaken = Atomic(false)
    func take() -> Bool { !isTaken.exchange(true, ordering: .acquiringAndReleasing) }
}

/// Waits until a process has ended, at most `limit`.
///
/// - Returns: `ended` with the status where it was our child; `running` when the limit came first.
func exit(of process: ProcessIdentity, within limit: Duration) async -> ProcessEnd {
    guard let descriptor = process.openDescriptor() else { return .ended(status: nil) }
    let answer = Answer()
    let end = await withCheckedContinuation { continuation in
        answer.wait(continuation)
        answer.keep(ExitWatch(adopting: descriptor) { answer.give(.ended(status: $0)) })
        let millis = Int(limit.components.seconds) * 1_000 + Int(limit.components.attoseconds / 1_000_000_000_000_000)
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(millis)) { answer.give(.running) }
    }
    answer.drop()
    return end
}

/// What became of a wait for a process.
enum ProcessEnd: Hashable, Sendable {
    case running
    case ended(status: Int32?)
}

/// Resumes its waiter with the first answer given.
private final class Answer: Sendable {
    private struct State {
        var continuation: CheckedContinuation<ProcessEnd, Never>?
        var watch: ExitWatch?
    }
    private let state = Mutex(State())

    func wait(_ continuation: CheckedContinuation<ProcessEnd, Never>) { state.withLock { $0.continuation = continuation } }
    func keep(_ watch: ExitWatch) { state.withLock { $0.watch = watch } }
    /// The watch is released outside the lock: its end may run code of its own.
    func drop() { _ = state.withLock { $0.watch.take() } }
    func give(_ end: ProcessEnd) { state.withLock { $0.continuation.take() }?.resume(returning: end) }
}

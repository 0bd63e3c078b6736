internal import Synchronization

/// Tasks that wait until the producer's queue may have room again.
final class RoomWaiters: Sendable {
    private struct Waiting {
        var isFinished = false
        var nextId: UInt64 = 0
        var tasks: [UInt64: CheckedContinuation<Bool, Never>] = [:]
    }
    private let waiting = Mutex(Waiting())

    /// - Parameter mustWait: asked under the lock, so that a wake-up after it cannot be missed.
    /// - Returns: false if the task was cancelled or the client has ended.
    func wait(while mustWait: @Sendable () -> Bool) async -> Bool {
        let id = waiting.withLock {
            $0.nextId += 1
            return $0.nextId
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { (task: CheckedContinuation<Bool, Never>) in
                let answer: Bool? = waiting.withLock {
                    if $0.isFinished || Task.isCancelled { return false }
                    if !mustWait() { return true }
                    $0.tasks[id] = task
                    return nil
                }
                if let answer { task.resume(returning: answer) }
            }
        } onCancel: {
            waiting.withLock { $0.tasks.removeValue(forKey: id) }?.resume(returning: false)
        }
    }

    func wake() { resumeAll(true) }

    func finish() {
        waiting.withLock { $0.isFinished = true }
        resumeAll(false)
    }

    private func resumeAll(_ answer: Bool) {
        let tasks = waiting.withLock { waiting -> [UInt64: CheckedContinuation<Bool, Never>] in
            if waiting.tasks.isEmpty { return [:] }
            defer { waiting.tasks = [:] }
            return waiting.tasks
        }
        for task in tasks.values { task.resume(returning: answer) }
    }
}

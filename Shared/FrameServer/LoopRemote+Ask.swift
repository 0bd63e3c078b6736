internal import Dispatch
internal import Synchronization

extension LoopRemote {
    /// Has `question` answered on the loop's thread and waits for it. For threads that may block, such as an admin endpoint's.
    ///
    /// - Returns: Nil if the loop has ended, is full of calls, or did not come to it in time; it may still be asked then.
    package func ask<Answer: Sendable>(withinMillis limit: Int, _ question: @escaping @Sendable () -> Answer) -> Answer? {
        precondition(!isOnLoop, "the loop cannot wait for itself")
        let reply = Reply<Answer>()
        guard perform({ reply.give(question()) }) else { return nil }
        return reply.wait(limit)
    }

    private final class Reply<Answer: Sendable>: Sendable {
        private let answer = Mutex<Answer?>(nil)
        private let isThere = DispatchSemaphore(value: 0)

        func give(_ given: Answer) {
            answer.withLock { $0 = given }
            isThere.signal()
        }

        func wait(_ limit: Int) -> Answer? {
            _ = isThere.wait(timeout: .now() + .milliseconds(limit))
            return answer.withLock { $0 }
        }
    }
}

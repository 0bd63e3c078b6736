/// Keeps a signal that arrives while nobody is waiting. One task at a time iterates ``signals``.
package final class Wakeup: Sendable {
    /// One element stands for any number of raises since the last; ends after ``finish()``.
    package let signals: AsyncStream<Void>
    private let latch: AsyncStream<Void>.Continuation

    package init() { (signals, latch) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    /// Any thread; never blocks.
    package func raise() { latch.yield() }

    /// A signal still latched is delivered first.
    package func finish() { latch.finish() }
}

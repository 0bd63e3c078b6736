/// When messages are due at a constant rate: message `n` at `n / rate` seconds, whatever happened before.
///
/// The schedule does not slip: after a stall the messages that fell due meanwhile are due at once, so the load offered stays the load
/// asked for and a slow receiver cannot hide its own delay.
package struct PaceSchedule: Hashable, Sendable {
    /// Messages a second; 0 is as fast as possible.
    package let rate: Double
    /// How finely the load is cut: sleeps are no shorter.
    package static let slice: Duration = .milliseconds(2)

    /// - Precondition: finite and not negative.
    package init(rate: Double) {
        precondition(rate.isFinite && rate >= 0)
        self.rate = rate
    }

    /// How many messages are due by then, the first at zero.
    package func due(at elapsed: Duration) -> Int {
        guard rate > 0 else { return .max }
        let count = (PaceSchedule.seconds(elapsed) * rate).rounded(.down)
        return count < 9e15 ? Int(max(0, count)) + 1 : .max
    }

    /// When, from the beginning, to look again after `sent` messages: at the next one's instant, or a slice from now if that is later.
    package func wake(after sent: Int, now elapsed: Duration) -> Duration {
        guard rate > 0 else { return elapsed }
        let next = Duration.seconds(Double(sent) / rate)
        return max(next, elapsed + PaceSchedule.slice)
    }

    private static func seconds(_ duration: Duration) -> Double { duration / .seconds(1) }
}

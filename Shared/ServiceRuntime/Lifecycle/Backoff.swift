/// Waiting times between attempts: exponential, capped, with jitter from the caller's generator.
package struct Backoff: Hashable, Sendable {
    package var initial: Duration
    package var multiplier: Double
    package var cap: Duration
    /// Share of the delay that is random, 0...1: 0 waits exactly, 1 anywhere from nothing to the whole delay ("full jitter").
    package var jitter: Double

    package init(initial: Duration = .milliseconds(100), multiplier: Double = 2, cap: Duration = .seconds(30), jitter: Double = 0.5) {
        precondition(initial > .zero && cap >= initial && multiplier >= 1 && (0...1).contains(jitter))
        self.initial = initial
        self.multiplier = multiplier
        self.cap = cap
        self.jitter = jitter
    }

    /// The delay before attempt `attempt + 1`.
    ///
    /// - Parameter attempt: How many attempts have failed so far, from 1.
    package func delay(afterAttempt attempt: Int, using generator: inout some RandomNumberGenerator) -> Duration {
        var seconds = initial / .seconds(1)
        let limit = cap / .seconds(1)
        for _ in 1..<max(1, min(attempt, 1_024)) where seconds < limit { seconds *= multiplier }
        seconds = min(seconds, limit)
        if jitter > 0 { seconds -= seconds * jitter * Double.random(in: 0...1, using: &generator) }
        return .microseconds(Int64((seconds * 1e6).rounded()))
    }
}

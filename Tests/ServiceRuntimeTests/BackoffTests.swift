import Testing

@testable import ServiceRuntime

private struct Lcg: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ (state >> 32)
    }
}

@Suite struct BackoffTests {
    @Test func delaysDoubleUpToTheCap() {
        var generator = Lcg(state: 1)
        let backoff = Backoff(initial: .milliseconds(100), multiplier: 2, cap: .seconds(1), jitter: 0)
        let delays = [1, 2, 3, 4, 5, 1_000_000].map { backoff.delay(afterAttempt: $0, using: &generator) }
        #expect(delays == [100, 200, 400, 800, 1_000, 1_000].map { .milliseconds($0) })
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func jitterShortensWithinItsShareAndRepeatsForASeed(seed: UInt64) {
        var first = Lcg(state: seed)
        var second = Lcg(state: seed)
        let backoff = Backoff(initial: .milliseconds(100), multiplier: 3, cap: .seconds(30), jitter: 0.4)
        for attempt in 1...10 {
            let delay = backoff.delay(afterAttempt: attempt, using: &first)
            #expect(delay == backoff.delay(afterAttempt: attempt, using: &second))
            let exact = Backoff(initial: .milliseconds(100), multiplier: 3, cap: .seconds(30), jitter: 0)
                .delay(afterAttempt: attempt, using: &second)
            _ = second
            first = second
            #expect(delay <= exact && delay >= exact * 0.6 - .microseconds(1))
        }
    }
}

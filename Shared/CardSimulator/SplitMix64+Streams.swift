package import RiskDomain

/// Many short streams, one per customer and day, and draws from them.
extension SplitMix64 {
    /// The stream of one purpose: `words` are folded into the seed one by one, each through the mixer.
    init(seed: UInt64, purpose words: UInt64...) {
        var key = SplitMix64.mixed(seed &+ SplitMix64.increment)
        for word in words { key = SplitMix64.mixed((key ^ word) &+ SplitMix64.increment) }
        self.init(seed: key)
    }

    /// Uniform in [`low`, `high`).
    package mutating func uniform(_ low: Double, _ high: Double) -> Double {
        low + (high - low) * nextUnit()
    }

    /// `count` different indices out of `0 ..< bound`, or all of them when there are fewer; in the order drawn.
    mutating func sample(_ count: Int, below bound: Int) -> [Int] {
        if count * 4 > bound {
            var pool = Array(0..<bound)
            let taken = min(count, bound)
            for position in 0..<taken { pool.swapAt(position, position + next(below: bound - position)) }
            return Array(pool[..<taken])
        }
        var drawn: [Int] = []
        while drawn.count < count {
            let candidate = next(below: bound)
            if !drawn.contains(candidate) { drawn.append(candidate) }
        }
        return drawn
    }
}

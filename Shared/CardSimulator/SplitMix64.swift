/// SplitMix64: a 64-bit counter behind a bijective mixer. Small, fast, equal on every machine.
///
/// Many short streams are needed (one per customer and day), and a stream here costs one word, not a table.
/// Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014; constants of Vigna's version.
package struct SplitMix64: Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    /// The stream of one purpose: `words` are folded into the seed one by one, each through the mixer.
    init(seed: UInt64, stream words: UInt64...) {
        var key = SplitMix64.mixed(seed &+ SplitMix64.increment)
        for word in words { key = SplitMix64.mixed((key ^ word) &+ SplitMix64.increment) }
        state = key
    }

    package mutating func next() -> UInt64 {
        state &+= SplitMix64.increment
        return SplitMix64.mixed(state)
    }

    /// Uniform in [0, 1), a multiple of 2⁻⁵³.
    package mutating func unit() -> Double {
        Double(next() >> 11) * 0x1p-53
    }

    /// Uniform in [`low`, `high`).
    package mutating func uniform(_ low: Double, _ high: Double) -> Double {
        low + (high - low) * unit()
    }

    /// Uniform in `0 ..< bound`, without bias; `bound` must be positive.
    ///
    /// Source: Lemire, "Fast Random Integer Generation in an Interval", TOMACS 2019.
    package mutating func index(below bound: Int) -> Int {
        let bound = UInt64(bound)
        var product = next().multipliedFullWidth(by: bound)
        if product.low < bound {
            let threshold = (0 &- bound) % bound
            while product.low < threshold { product = next().multipliedFullWidth(by: bound) }
        }
        return Int(product.high)
    }

    /// `count` different indices out of `0 ..< bound`, or all of them when there are fewer; in the order drawn.
    mutating func sample(_ count: Int, below bound: Int) -> [Int] {
        if count * 4 > bound {
            var pool = Array(0..<bound)
            let taken = min(count, bound)
            for position in 0..<taken { pool.swapAt(position, position + index(below: bound - position)) }
            return Array(pool[..<taken])
        }
        var drawn: [Int] = []
        while drawn.count < count {
            let candidate = index(below: bound)
            if !drawn.contains(candidate) { drawn.append(candidate) }
        }
        return drawn
    }

    private static let increment: UInt64 = 0x9E37_79B9_7F4A_7C15

    private static func mixed(_ value: UInt64) -> UInt64 {
        var word = value
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

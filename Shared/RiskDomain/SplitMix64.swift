/// A seeded generator of 64-bit numbers, the same on every machine and in every version of the standard library.
///
/// A counter behind a bijective mixer: a stream costs one word, so that there may be one per tree, per replicate, per customer and day.
///
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014; constants as in
/// `java.util.SplittableRandom` (public domain version by Sebastiano Vigna).
package struct SplitMix64: RandomNumberGenerator, Sendable {
    @usableFromInline var state: UInt64

    @inlinable package init(seed: UInt64) { state = seed }

    /// The generator of one of many independent streams, such as one per tree: the same whatever the others draw.
    @inlinable
    package init(seed: UInt64, stream: UInt64) {
        var outer = SplitMix64(seed: seed)
        var inner = SplitMix64(seed: outer.next() ^ (stream &* 0xD1B5_4A32_D192_ED03))
        state = inner.next()
    }

    @inlinable
    package mutating func next() -> UInt64 {
        state &+= SplitMix64.increment
        return SplitMix64.mixed(state)
    }

    /// A number in `0 ..< bound`, every one equally likely.
    ///
    /// Source: Lemire, "Fast random integer generation in an interval", 2019. Own code, for the standard library's may change.
    @inlinable
    package mutating func next(below bound: Int) -> Int {
        precondition(bound > 0)
        let bound = UInt64(bound)
        var product = next().multipliedFullWidth(by: bound)
        if product.low < bound {
            let reject = (0 &- bound) % bound
            while product.low < reject { product = next().multipliedFullWidth(by: bound) }
        }
        return Int(product.high)
    }

    /// A number in `0 ..< 1`, a multiple of 2⁻⁵³.
    @inlinable package mutating func nextUnit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// What the counter grows by: 2⁶⁴ over the golden ratio, made odd.
    @inlinable package static var increment: UInt64 { 0x9E37_79B9_7F4A_7C15 }

    /// The mixer: every bit of `value` shows in every bit of the result, and no two values share one.
    @inlinable
    package static func mixed(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

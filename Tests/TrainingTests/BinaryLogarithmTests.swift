import Foundation
import RiskDomain
import Testing

@testable import Training

@Suite struct BinaryLogarithmTests {
    @Test func logarithmsAreThoseOfTheLibraryWithinRounding() {
        let log2OfX = BinaryLogarithm()
        var random = SplitMix64(seed: 3)
        for _ in 0..<100_000 {
            // Weights and counts, and numbers of all sizes.
            let x = [Double(random.next(below: 1 << 40) + 1), random.nextUnit() + 1e-9, Foundation.exp(random.nextUnit() * 600 - 300)][
                random.next(below: 3)]
            let expected = Foundation.log2(x)
            #expect(abs(log2OfX(x) - expected) <= max(4e-16, 2 * expected.ulp), "\(x)")
        }
    }

    @Test func powersOfTwoAreExact() {
        let log2OfX = BinaryLogarithm()
        for exponent in -1_022...1_023 { #expect(log2OfX(Double(sign: .plus, exponent: exponent, significand: 1)) == Double(exponent)) }
    }
}

import RiskDomain
import Testing

/// Exponentials and logarithms are right, and the same everywhere.
@Suite struct PortableMathTests {
    private func check(
        _ name: String, _ function: (Double) -> Double, _ cases: [(x: Double, value: Double)], ulps: Double
    ) {
        for (x, value) in cases {
            let found = function(x)
            #expect((found - value).magnitude <= ulps * value.ulp, "\(name)(\(x)) is \(found), not \(value)")
        }
    }

    @Test func exponentialsAreWithinAnUlpOfTheTruth() { check("exp", PortableMath.exp, PortableMathValues.exp, ulps: 1) }
    @Test func logarithmsAreWithinAnUlpOfTheTruth() { check("log", PortableMath.log, PortableMathValues.log, ulps: 1) }
    @Test func logarithmsOfNearlyOneAreWithinAnUlpOfTheTruth() { check("log1p", PortableMath.log1p, PortableMathValues.log1p, ulps: 1) }
    @Test func binaryLogarithmsAreWithinTwoUlpsOfTheTruth() { check("log2", PortableMath.log2, PortableMathValues.log2, ulps: 2) }

    @Test func exponentialsOfTheExtremesAreWhatTheyShouldBe() {
        #expect(PortableMath.exp(.nan).isNaN)
        #expect(PortableMath.exp(.infinity) == .infinity)
        #expect(PortableMath.exp(709.782712893384.nextUp) == .infinity)
        #expect(PortableMath.exp(-.infinity) == 0)
        #expect(PortableMath.exp(-745.1332191019412.nextUp) == 0)
        #expect(PortableMath.exp(-745.1332191019411) == .leastNonzeroMagnitude)
        for zero in [0.0, -0.0, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, 1e-300] { #expect(PortableMath.exp(zero) == 1) }
    }

    @Test func logarithmsOfTheExtremesAreWhatTheyShouldBe() {
        for function in [PortableMath.log, PortableMath.log2] {
            #expect(function(0) == -.infinity)
            #expect(function(-0.0) == -.infinity)
            #expect(function(.infinity) == .infinity)
            #expect(function(-1).isNaN)
            #expect(function(-.infinity).isNaN)
            #expect(function(.nan).isNaN)
            #expect(function(1).bitPattern == 0)
        }
        #expect(PortableMath.log1p(-1) == -.infinity)
        #expect(PortableMath.log1p(-1.5).isNaN)
        #expect(PortableMath.log1p(.nan).isNaN)
        #expect(PortableMath.log1p(.infinity) == .infinity)
        #expect(PortableMath.log1p(-0.0).bitPattern == (-0.0).bitPattern)
    }

    @Test func subnormalNumbersAreTakenAndGiven() {
        #expect(PortableMath.exp(-740).bitPattern == 85)
        #expect(PortableMath.exp(-710).bitPattern == 0x3_3802_fd28_b3c3)
        #expect(PortableMath.log(.leastNonzeroMagnitude) == -744.4400719213812)
        #expect(PortableMath.log(.leastNormalMagnitude / 8) == -710.475860073944)
        #expect(PortableMath.log1p(.leastNonzeroMagnitude) == .leastNonzeroMagnitude)
    }

    @Test func powersOfTwoHaveWholeLogarithms() {
        for k in -1_074...1_023 { #expect(PortableMath.log2(Double(sign: .plus, exponent: k, significand: 1)) == Double(k)) }
    }

    @Test func nothingFallsWhereItShouldRise() {
        var (exponential, logarithm) = (0.0, -Double.infinity)
        for step in -40_000...40_000 {
            let x = Double(step) / 64 + 0.001
            #expect(PortableMath.exp(x) >= exponential)
            exponential = PortableMath.exp(x)
            let y = Double(step + 40_001) / 1_024
            #expect(PortableMath.log(y) >= logarithm)
            logarithm = PortableMath.log(y)
        }
    }

    /// The bits of 200,000 values, folded: whatever changes one of them on any machine changes this.
    @Test func theBitsAreTheSameOnEveryMachine() {
        var fold: UInt64 = 0xcbf2_9ce4_8422_2325
        func add(_ value: Double) { fold = (fold ^ value.bitPattern) &* 0x100_0000_01b3 }
        for step in 0..<50_000 {
            let x = Double(step) * 0.0298 - 745
            add(PortableMath.exp(x))
            let y = Double(step + 1) * 0.000_61
            add(PortableMath.log(y))
            add(PortableMath.log1p(y - 1))
            add(PortableMath.log2(y))
        }
        #expect(fold == 0x69_7aa6_ecd9_a2cf, "\(String(fold, radix: 16))")
    }
}

import CardSimulator
import Glibc
import RiskDomain
import Testing

@Suite("Random variates")
struct DistributionTests {
    @Test("The logarithm agrees with the C library's within a few units in the last place")
    func logarithm() {
        var random = SplitMix64(seed: 1)
        for _ in 0..<20_000 {
            let value = random.nextUnit() + 0x1p-60
            #expect(abs(exactLogarithm(value) - log(value)) <= 4 * max(log(value).ulp, 0x1p-60))
        }
    }

    @Test("The exponential agrees with the C library's", arguments: [0.0, 1e-9, 0.1, 1, 2.5, 3.999, 20])
    func exponential(value: Double) {
        #expect(abs(exactNegativeExponential(value) / exp(-value) - 1) < 2e-14)
    }

    @Test("Normal variates have the mean, deviation and tails asked for")
    func normal() {
        var random = SplitMix64(seed: 2)
        let values = (0..<200_000).map { _ in random.normal(mean: 10, deviation: 2) }
        let mean = values.reduce(0, +) / 200_000
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 200_000
        #expect(abs(mean - 10) < 0.02)
        #expect(abs(variance - 4) < 0.06)
        let beyond = Double(values.count { abs($0 - 10) > 4 }) / 200_000
        #expect(abs(beyond - 0.0455) < 0.002)
    }

    @Test("Poisson counts have the mean and variance asked for", arguments: [0.0, 0.3, 1.7, 4])
    func poisson(mean: Double) {
        var random = SplitMix64(seed: 3)
        let counts = (0..<100_000).map { _ in Double(random.poisson(negativeExponential: exactNegativeExponential(mean))) }
        let found = counts.reduce(0, +) / 100_000
        let variance = counts.reduce(0) { $0 + ($1 - found) * ($1 - found) } / 100_000
        #expect(abs(found - mean) < 0.03)
        #expect(abs(variance - mean) < 0.1)
    }

    @Test("Indices are even below a bound")
    func indices() {
        var random = SplitMix64(seed: 4)
        var counts = [0, 0, 0]
        for _ in 0..<30_000 { counts[random.next(below: 3)] += 1 }
        #expect(counts.allSatisfy { abs($0 - 10_000) < 300 })
    }
}

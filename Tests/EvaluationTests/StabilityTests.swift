import Evaluation
import RiskDomain
import Testing
import Training

@Suite struct StabilityTests {
    @Test func theSameDistributionIsSteadyAndAShiftedOneIsNot() throws {
        let values = (0..<1_000).map { Double($0) / 1_000 }
        #expect(try #require(StabilityIndex(earlier: values, later: values).value) == 0)
        let shifted = values.map { $0 + 0.5 }
        #expect(try #require(StabilityIndex(earlier: values, later: shifted).value) > 1)
        #expect(StabilityIndex(earlier: values, later: []).value == nil)
    }

    @Test(
        arguments: [
            // A flag that is mostly 0, one that is mostly 1, risks that are mostly 0.
            ([Double](repeating: 0, count: 95) + [Double](repeating: 1, count: 5), [0.0, 1.0]),
            ([Double](repeating: 1, count: 95) + [Double](repeating: 0, count: 5), [0.0, 1.0]),
            ([Double](repeating: 0, count: 97) + [0.2, 0.5, 1], [0.0, 0.5]),
        ] as [([Double], [Double])])
    func aMassOfRowsIsSetApart(earlier: [Double], apart: [Double]) {
        let bins = StabilityIndex(earlier: earlier, later: []).bins
        #expect(bins.count >= 2)
        func bin(_ value: Double) -> Int? {
            bins.firstIndex { value > ($0.above ?? -.infinity) && value <= ($0.through ?? .infinity) }
        }
        #expect(bin(apart[0]) != bin(apart[1]))
    }

    @Test func missingValuesAreABinOfTheirOwn() throws {
        let earlier = (0..<100).map(Double.init)
        let later = earlier.map { $0 < 30 ? .nan : $0 }
        let index = StabilityIndex(earlier: earlier, later: later)
        #expect(index.bins.last?.laterCount == 30 && index.bins.last?.earlierCount == 0)
        #expect(try #require(index.value) > 0.25)
        #expect(StabilityIndex(earlier: earlier, later: earlier).bins.count == 10)
    }

    @Test func slicesPartAllRows() {
        let rows = arbitraryRows(seed: 3, count: 300)
        var random = SplitMix64(seed: 4)
        let values = (0..<300).map { _ in random.next(below: 10) == 0 ? Double.nan : Double(random.next(below: 100)) }
        let parts = Slice.byValue(values, of: rows, reviewAt: 0.5)
        #expect(parts.count == 6 && parts.last?.name == "missing")
        #expect(parts.reduce(0) { $0 + $1.rowCount } == 300)
        #expect(parts.reduce(0) { $0 + $1.review.alertCount } == rows.scores.count { $0 >= 0.5 })
        let flags = Slice.byValue(values.map { $0.isNaN ? 0 : 1 }, of: rows, reviewAt: 0.5)
        #expect(flags.map(\.name) == ["0", "1"])
        let words = Slice.byCategory((0..<300).map { $0 % 3 == 0 ? "b" : "a" }, of: rows, reviewAt: 0.5)
        #expect(words.map(\.name) == ["a", "b"] && words.map(\.rowCount) == [200, 100])
    }

    @Test func foldsTouchAndEndWithTheLast() {
        let protocols = PrequentialProtocol(last: HandbookProtocol(firstDay: 100), foldCount: 3).folds
        #expect(protocols.map(\.firstDay) == [86, 93, 100])
        #expect(protocols[0].testPeriod.upperBound == protocols[1].testPeriod.lowerBound)
        #expect(PrequentialProtocol(last: HandbookProtocol(firstDay: 100), stepDays: 1, foldCount: 2).folds.map(\.firstDay) == [99, 100])
    }

    @Test(
        arguments: [
            (0.0, "0"), (1, "1"), (-1.5, "-1.5"), (0.00354, "0.00354"), (12.54, "12.5"), (1_240, "1,240"), (99.96, "100"), (0.5, "0.5"),
            (123.4, "123"), (.infinity, "∞"), (2.326e-17, "2.33e-17"), (-9.9996e-8, "-1.00e-7"),
        ] as [(Double, String)])
    func numbersAreShort(value: Double, text: String) {
        #expect(FigureText.short(value) == text)
    }

    @Test func figuresAreRoundedToTheirDecimals() {
        #expect(FigureText.fixed(0.0005) == "0.001" && FigureText.fixed(-0.0001) == "0.000" && FigureText.fixed(nil) == "-")
        #expect(FigureText.fixed(1234.5678, 2) == "1234.57" && FigureText.fixed(1234.5, 0) == "1,235")
        #expect(FigureText.percent(0.0125) == "1.25 %" && FigureText.grouped(-1_234_567) == "-1,234,567")
    }
}

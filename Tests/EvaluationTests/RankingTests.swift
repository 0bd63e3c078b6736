import Evaluation
import Testing

@Suite struct RankingTests {
    @Test func kolmogorovSmirnovIsTheGreatestDistanceOfTheTwoDistributions() {
        #expect(RankingMetrics.kolmogorovSmirnov(scores: [0.1, 0.2, 0.8, 0.9], isFraud: [false, false, true, true]) == 1)
        #expect(RankingMetrics.kolmogorovSmirnov(scores: [0.5, 0.5], isFraud: [false, true]) == 0)
        #expect(RankingMetrics.kolmogorovSmirnov(scores: [0.1, 0.2, 0.3, 0.4], isFraud: [true, false, true, false]) == 0.5)
        // The wrong way round is a distance too.
        #expect(RankingMetrics.kolmogorovSmirnov(scores: [0.1, 0.9], isFraud: [true, false]) == 1)
        #expect(RankingMetrics.kolmogorovSmirnov(scores: [0.1], isFraud: [true]) == nil)
    }

    @Test func atTheTopTiesCountWithTheirShare() {
        let scores = [0.9, 0.5, 0.5, 0.5, 0.1]
        let labels = [true, true, false, false, true]
        let two = RankingMetrics.top(2, scores: scores, isFraud: labels)
        #expect(two.precision == (1 + 1.0 / 3) / 2 && two.recall == (1 + 1.0 / 3) / 3)
        let all = RankingMetrics.top(9, scores: scores, isFraud: labels)
        #expect(all.precision == 0.6 && all.recall == 1)
        #expect(RankingMetrics.top(0, scores: scores, isFraud: labels).precision == nil)
    }

    @Test(arguments: 0..<20 as Range<UInt64>) func theAreaUnderTheCurveIsTheArea(seed: UInt64) throws {
        let rows = arbitraryRows(seed: seed, count: 200)
        let curve = RankingCurve(scores: rows.scores, isFraud: rows.isFraud)
        let roc = curve.roc
        let area = zip(roc, roc.dropFirst()).reduce(0) { $0 + ($1.1.x - $1.0.x) * ($1.0.y + $1.1.y) / 2 }
        #expect(abs(area - (try #require(RankingMetrics.rocAuc(scores: rows.scores, isFraud: rows.isFraud)))) < 1e-12)
        var before = 0.0
        var sum = 0.0
        for point in curve.precisionRecall {
            sum += (point.x - before) * point.y
            before = point.x
        }
        #expect(abs(sum - (try #require(RankingMetrics.averagePrecision(scores: rows.scores, isFraud: rows.isFraud)))) < 1e-12)
        #expect(roc.last?.x == 1 && roc.last?.y == 1)
    }

    @Test func quantilesAreThoseOfNumpy() {
        let quantiles = Quantiles([3, 1, .nan, 2, 10])
        #expect(quantiles.value(at: 0) == 1 && quantiles.value(at: 1) == 10)
        #expect(quantiles.value(at: 0.5) == 2.5 && quantiles.value(at: 0.25) == 1.75)
        #expect(Quantiles([]).value(at: 0.5) == nil && Quantiles([5, 5]).innerEdges(binCount: 4) == [5])
    }
}

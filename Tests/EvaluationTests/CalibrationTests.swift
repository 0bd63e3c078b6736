import Evaluation
import Testing

@Suite struct CalibrationTests {
    @Test func brierAndLogLossAreThoseWorkedOutByHand() throws {
        #expect(ProbabilityMetrics.brier(scores: [0, 1, 0.5, 0.25], isFraud: [false, true, true, false]) == (0.25 + 0.0625) / 4)
        let loss = try #require(ProbabilityMetrics.logLoss(scores: [0.5, 0.5], isFraud: [true, false]))
        #expect(abs(loss - 0.6931471805599453) < 1e-15)
        #expect(ProbabilityMetrics.brier(scores: [], isFraud: []) == nil && ProbabilityMetrics.logLoss(scores: [], isFraud: []) == nil)
    }

    @Test func aCertainMistakeIsDearAndNotInfinite() throws {
        let loss = try #require(ProbabilityMetrics.logLoss(scores: [0], isFraud: [true]))
        #expect(loss > 36 && loss < 37)
    }

    @Test func aBinHoldsItsUpperEdge() {
        let curve = CalibrationCurve(
            scores: [0, 0.1, 0.10000001, 0.2, 1], isFraud: [false, true, false, true, true], binning: .uniform, binCount: 10)
        #expect(curve.bins.map(\.rowCount) == [2, 2, 1])
        #expect(curve.bins.map(\.fraudCount) == [1, 1, 1])
        #expect(curve.bins.map(\.through) == [0.1, 0.2, 1])
    }

    @Test func binsOfEqualCountMeltWhereScoresAreEqual() {
        let curve = CalibrationCurve(
            scores: [0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.7, 0.8], isFraud: [true, false, false, false, false, false, true, true],
            binning: .quantile, binCount: 4)
        #expect(curve.bins.reduce(0) { $0 + $1.rowCount } == 8)
        #expect(curve.bins.allSatisfy { $0.rowCount > 0 && $0.above <= $0.through })
    }

    @Test func aPerfectForecastHasNoCalibrationError() {
        let scores = [Double](repeating: 0.25, count: 8) + [Double](repeating: 0.75, count: 8)
        let labels = (0..<16).map { $0 < 8 ? $0 % 4 == 0 : $0 % 4 != 0 }
        let curve = CalibrationCurve(scores: scores, isFraud: labels)
        #expect(curve.expectedError == 0 && curve.greatestError == 0)
        #expect(CalibrationCurve(scores: [], isFraud: []).expectedError == nil)
    }

    @Test func wilsonsIntervalIsThePublishedOne() {
        // 8 of 10: 0.490 to 0.943 (Newcombe 1998 gives the formula; figures by R's prop.test without correction).
        let interval = wilsonInterval(8, of: 10)
        #expect(abs(interval.lowerBound - 0.4901625) < 1e-6 && abs(interval.upperBound - 0.9433178) < 1e-6)
        #expect(wilsonInterval(0, of: 0) == 0...1 && wilsonInterval(0, of: 5).lowerBound == 0)
    }
}

import Evaluation
import RiskDomain
import Testing
import Training

@Suite struct CostTests {
    @Test func eachOutcomeHasItsPrice() {
        let costs = OutcomeCosts(missedFraud: 20, missedFraudShare: 0.5, falseDecline: 7, falseDeclineShare: 0.1, review: 3)
        #expect(costs.cost(of: .approve, isFraud: true, amount: 100) == 70)
        #expect(costs.cost(of: .approve, isFraud: false, amount: 100) == 0)
        #expect(costs.cost(of: .review, isFraud: true, amount: 100) == 3 && costs.cost(of: .review, isFraud: false, amount: 1) == 3)
        #expect(costs.cost(of: .decline, isFraud: true, amount: 100) == 0)
        #expect(costs.cost(of: .decline, isFraud: false, amount: 100) == 17)
    }

    /// Against every pair of thresholds tried out.
    @Test(arguments: 0..<40 as Range<UInt64>) func thePairOfLeastCostIsFound(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let rows = arbitraryRows(seed: seed, count: 1 + random.next(below: 120), levels: 12)
        let costs = OutcomeCosts(
            missedFraud: Double(random.next(below: 30)), missedFraudShare: Double(random.next(below: 3)) / 2,
            falseDecline: Double(random.next(below: 40)), falseDeclineShare: Double(random.next(below: 3)) / 4,
            review: Double(random.next(below: 12)))
        let curve = CostCurve(rows, costs)
        // 2 stands for a threshold that no score reaches.
        let candidates = Set(rows.scores).sorted() + [2]
        var least = Double.infinity
        for (place, review) in candidates.enumerated() {
            for decline in candidates[place...] {
                least = min(least, costs.total(of: rows, with: DecisionThresholds(review: review, decline: decline)))
            }
        }
        #expect(abs(curve.least - least) < 1e-9)
        let chosen = DecisionThresholds(review: min(curve.review, 2), decline: min(curve.decline, 2))
        #expect(abs(costs.total(of: rows, with: chosen) - least) < 1e-9)
        for point in curve.points {
            let threshold = min(point.threshold, 2)
            let reviewed = costs.total(of: rows, with: DecisionThresholds(review: threshold, decline: 2))
            let declined = costs.total(of: rows, with: DecisionThresholds(review: threshold, decline: threshold))
            #expect(abs(point.costIfReviewed - reviewed) < 1e-9 && abs(point.costIfDeclined - declined) < 1e-9)
        }
    }

    @Test func withoutRowsNothingCosts() {
        let curve = CostCurve(ScoredRows(scores: [], isFraud: [], times: [], customers: []), OutcomeCosts())
        #expect(curve.least == 0 && curve.points.count == 1 && curve.thresholds == DecisionThresholds(review: 1, decline: 1))
    }

    @Test func anAlertBudgetChoosesTheLowestThresholdWithinIt() {
        let scores = [0.9, 0.8, 0.8, 0.6, 0.3, 0.1]
        let labels = [true, true, false, true, false, false]
        #expect(ThresholdChoice.lowest(withinAlerts: 3, scores: scores, isFraud: labels)?.threshold == 0.8)
        #expect(ThresholdChoice.lowest(withinAlerts: 2, scores: scores, isFraud: labels)?.threshold == 0.9)
        #expect(ThresholdChoice.lowest(withinAlerts: 0, scores: scores, isFraud: labels) == nil)
        #expect(ThresholdChoice.greatest(reachingRecall: 0.5, scores: scores, isFraud: labels)?.threshold == 0.8)
        #expect(ThresholdChoice.greatest(reachingRecall: 1, scores: scores, isFraud: labels)?.threshold == 0.6)
        #expect(ThresholdChoice.greatest(reachingRecall: 1, scores: [1], isFraud: [false]) == nil)
    }
}

import Foundation
import RiskDomain
import Testing
import Training

@Suite struct CalibrationTests {
    @Test func logisticRegressionFindsTheWeightsThatMadeTheLabels() throws {
        var random = SplitMix64(seed: 1)
        let columns = [(0..<20_000).map { _ in random.nextUnit() * 4 - 2 }, (0..<20_000).map { _ in random.nextUnit() * 100 }]
        let labels = (0..<20_000).map { row in
            random.nextUnit() < 1 / (1 + exp(-(1.5 * columns[0][row] - 0.04 * columns[1][row] + 0.5)))
        }
        let set = try trainingSet(columns, labels)
        let model = try LogisticRegression(set, rows: Array(0..<20_000), strength: 1e-6)
        #expect(abs(model.weights[0] / model.deviations[0] - 1.5) < 0.05)
        #expect(abs(model.weights[1] / model.deviations[1] + 0.04) < 0.002)
        #expect(abs(model.margin([0, 0]) - 0.5) < 0.1)
        // At the minimum the scores add up to the frauds.
        let sum = model.scores(of: Array(0..<20_000), in: set).reduce(0, +)
        #expect(abs(sum - Double(labels.count { $0 })) < 1e-6)
    }

    @Test func regularisationShrinksWeightsAndSeparableClassesDoNotDiverge() throws {
        let set = try trainingSet([[1, 2, 3, 10, 11, 12], [5, 5, 5, 5, 5, 5]], [false, false, false, true, true, true])
        let weak = try LogisticRegression(set, rows: Array(0..<6), strength: 0.01)
        let strong = try LogisticRegression(set, rows: Array(0..<6), strength: 100)
        #expect(weak.weights[0] > strong.weights[0] && strong.weights[0] > 0 && weak.weights[0].isFinite)
        #expect(weak.weights[1] == 0 && weak.deviations[1] == 1)
        #expect(weak.score([Double.nan, 5]) > 0.4 && weak.score([Double.nan, 5]) < 0.6)
        #expect(throws: TrainingFailure.self) { try LogisticRegression(set, rows: [0, 1, 2]) }
    }

    @Test func plattFindsTheSigmoidThatMadeTheLabels() {
        var random = SplitMix64(seed: 2)
        let scores = (0..<50_000).map { _ in random.nextUnit() * 6 - 3 }
        let labels = scores.map { random.nextUnit() < 1 / (1 + exp(-2 * $0 + 1)) }
        let platt = PlattCalibration(scores: scores, isFraud: labels)
        #expect(abs(platt.a + 2) < 0.06 && abs(platt.b - 1) < 0.06)
        #expect(platt.probability(1) > platt.probability(0.5))
    }

    /// Worked out by hand: 0.2 and 0.3 change places, 0.5 is twice there.
    @Test func isotonicPoolsWhatFalls() {
        let isotonic = IsotonicCalibration(
            scores: [0.1, 0.2, 0.3, 0.5, 0.5, 0.9], isFraud: [false, true, false, true, false, true])
        #expect(isotonic.scores == [0.1, 0.2, 0.5, 0.9])
        #expect(isotonic.probabilities == [0, 0.5, 0.5, 1])
        #expect(isotonic.probability(0) == 0 && isotonic.probability(0.3) == 0.5 && isotonic.probability(2) == 1)
        #expect(abs(isotonic.probability(0.15) - 0.25) < 1e-15)
    }

    @Test func isotonicIsTheBestRisingFunction() {
        var random = SplitMix64(seed: 3)
        for _ in 0..<50 {
            let scores = (0..<12).map { _ in Double(random.next(below: 8)) }
            let labels = (0..<12).map { _ in random.next(below: 2) == 0 }
            let isotonic = IsotonicCalibration(scores: scores, isFraud: labels)
            let fitted = scores.map { isotonic.probability($0) }
            #expect(zip(isotonic.probabilities, isotonic.probabilities.dropFirst()).allSatisfy { $0 <= $1 })
            // The largest of the least means over upper and lower sets (Robertson, Wright, Dykstra, 1988, theorem 1.4.4).
            for (score, value) in zip(scores, fitted) {
                let levels = Set(scores).sorted()
                let best = levels.filter { $0 <= score }.map { low in
                    levels.filter { $0 >= score }.map { high in
                        let rows = scores.indices.filter { scores[$0] >= low && scores[$0] <= high }
                        return Double(rows.count { labels[$0] }) / Double(rows.count)
                    }.min()!
                }.max()!
                #expect(abs(value - best) < 1e-12)
            }
        }
    }
}

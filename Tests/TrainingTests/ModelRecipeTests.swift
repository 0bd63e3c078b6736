import Evaluation
import Forest
import Onnx
import RiskDomain
import Testing
import Training

@Suite struct ModelRecipeTests {
    @Test func aForestMeetsItsTargetsOnOutOfBagScores() async throws {
        let set = try noisySet(rowCount: 2_000, seed: 11)
        let rows = Array(0..<1_500)
        let parameters = ForestParameters(treeCount: 20, tree: TreeParameters(leafRowsMin: 5, featureSample: .squareRoot))
        let recipe = ModelRecipe(
            algorithm: .forest(parameters), seed: 4, targets: ThresholdTargets(alertRateMax: 0.2, declinePrecisionMin: 0.7))
        let forest = try await recipe.fit(set, rows: rows)
        #expect(try await recipe.fit(set, rows: rows).encode() == forest.encode())
        let unseen = set.scores(of: Array(1_500..<2_000), by: ForestScorer(forest))
        let labels = (1_500..<2_000).map { set.isFraud[$0] }
        let review = ThresholdFigures(threshold: forest.thresholds.review, scores: unseen, isFraud: labels)
        let decline = ThresholdFigures(threshold: forest.thresholds.decline, scores: unseen, isFraud: labels)
        #expect(abs(try #require(review.alertRate) - 0.2) < 0.06)
        #expect(try #require(decline.precision) > 0.6)
        let record = try #require(forest.training)
        #expect(record.rowCount == 1_500 && record.seed == 4 && record.fraudCount == set.fraudCount(of: rows))
        #expect(record.parameters.contains(.init("features_per_split", "sqrt")))
        #expect(record.from == set.times[0] && record.until.micros == set.times[1_499].micros + 1)
    }

    @Test func aTargetOutOfReachLeavesTheGreatestScore() async throws {
        let set = try trainingSet([[1, 1, 1]], [false, false, true])
        let model = try await ModelRecipe(algorithm: .tree(TreeParameters(depthMax: 2))).fit(set, rows: [0, 1, 2])
        #expect(model.thresholds == DecisionThresholds(review: 1, decline: 1))
        #expect(model.kind == .tree && model.trees[0].nodeCount == 1)
    }
}

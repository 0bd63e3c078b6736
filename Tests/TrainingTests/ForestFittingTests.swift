import Evaluation
import Forest
import Onnx
import RiskDomain
import Testing
import Training

@Suite struct ForestFittingTests {
    private let parameters = ForestParameters(treeCount: 12, tree: TreeParameters(depthMax: 6, featureSample: .squareRoot))

    @Test func theSameSeedGivesTheSameForestAndAnotherSeedAnother() async throws {
        let set = try noisySet(rowCount: 400, seed: 1, missing: true)
        let trainer = ForestTrainer(set, rows: Array(0..<400))
        let first = await trainer.forest(parameters, seed: 5)
        #expect(await trainer.forest(parameters, seed: 5) == first)
        #expect(await trainer.forest(parameters, seed: 6) != first)
    }

    @Test func aTreeDoesNotDependOnHowManyOthersThereAre() async throws {
        let set = try noisySet(rowCount: 300, seed: 2)
        let trainer = ForestTrainer(set, rows: Array(0..<300))
        var fewer = parameters
        fewer.treeCount = 3
        let few = await trainer.forest(fewer, seed: 7)
        let many = await trainer.forest(parameters, seed: 7)
        #expect(few == Array(many.prefix(3)))
    }

    @Test func outOfBagScoresAreThoseOfTheTreesThatDidNotSeeTheRow() async throws {
        let set = try noisySet(rowCount: 500, seed: 4)
        let trainer = ForestTrainer(set, rows: Array(0..<500))
        let trees = await trainer.forest(parameters, seed: 8)
        let scores = trainer.outOfBagScores(of: trees, parameters, seed: 8)
        let rows = scores.indices.filter { scores[$0] != nil }
        #expect(rows.count > 480)
        let auc = RankingMetrics.rocAuc(scores: rows.map { scores[$0]! }, isFraud: rows.map { set.isFraud[$0] })
        #expect(try #require(auc) > 0.8)
    }

    @Test func withoutBootstrapAndSamplingAllTreesAreTheTree() async throws {
        let set = try noisySet(rowCount: 200, seed: 5)
        let trainer = ForestTrainer(set, rows: Array(0..<200))
        let tree = TreeParameters(criterion: .entropy)
        let trees = await trainer.forest(ForestParameters(treeCount: 2, tree: tree, isBootstrapped: false), seed: 1)
        #expect(trees == [trainer.tree(tree), trainer.tree(tree)])
    }

    @Test func aFittedForestSurvivesItsFile() async throws {
        let set = try noisySet(rowCount: 300, seed: 6, missing: true)
        let trees = await ForestTrainer(set, rows: Array(0..<300)).forest(parameters, seed: 3)
        let forest = try Forest(
            kind: .forest, features: set.features, thresholds: DecisionThresholds(review: 0.3, decline: 0.6), trees: trees)
        #expect(try Forest.load(forest.encode()) == forest)
    }

    /// First numbers of the published generator for seed 1234567, as in its reference implementation.
    @Test func splitMixFollowsItsReference() {
        var random = SplitMix64(seed: 1_234_567)
        #expect((0..<3).map { _ in random.next() } == [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423])
    }
}

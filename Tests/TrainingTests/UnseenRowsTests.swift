import Forest
import RiskDomain
import Testing

@testable import Training

/// What is chosen by rows that trees have not seen, and what is said where there are none.
@Suite struct UnseenRowsTests {
    private func constant(_ value: Double) -> DecisionTree {
        var tree = Tree()
        _ = tree.appendLeaf(value: value, cover: 1)
        return tree.decisionTree
    }

    @Test func droppingOnlyWhatHarmsKeepsWhatHelps() async throws {
        let set = try rareSet(rowCount: 4_000, seed: 22)
        let trees = await ForestTrainer(set, rows: Array(0..<2_000)).forest(
            ForestParameters(treeCount: 15, tree: TreeParameters(depthMax: 5, featureSample: .squareRoot)), seed: 2)
        var bad = Tree()
        _ = bad.appendLeaf(value: 1, cover: 2_000)
        func errors(_ trees: [Tree]) throws -> ForestCompression.Report {
            let forest = try Forest(
                kind: .forest, features: set.features, thresholds: DecisionThresholds(review: 0.5, decline: 0.5), trees: trees)
            return try ForestCompression(errorGrowthMax: 0).compress(forest, on: set, rows: Array(2_000..<4_000)).report
        }
        // The error that the bad tree brought is no leave to drop good ones.
        #expect(try errors(trees + [bad]).errorAfter <= errors(trees).errorBefore)
    }

    /// Each tree leaves one row out, each another one: nothing tells the trees apart, and no row is scored 0 for want of trees.
    @Test func aRowsLastTreeIsNotDroppedForIt() throws {
        let set = try trainingSet([[Double](repeating: 1, count: 1_000)], [Bool](repeating: false, count: 1_000))
        let rows = Array(0..<1_000)
        let trees = (0..<5).map { _ in constant(0.5) }
        let outOfBag = OutOfBag(
            set.columns, rows: rows, sample: .withoutReplacement(999), seed: 1, numbers: Array(0..<5), workerCount: 1)
        try #require(Set((0..<5).flatMap { tree in rows.filter { outOfBag.isOut(tree: tree, place: $0) } }).count == 5)
        #expect(try HelpfulTrees(trees, set, rows, outOfBag).kept(errorGrowthMax: 1) == Array(0..<5))
    }

    @Test func treesThatNoRowJudgesAreNotDropped() async throws {
        let set = try noisySet(rowCount: 200, seed: 3)
        let rows = Array(0..<200)
        let all = OutOfBag(set.columns, rows: rows, sample: .all, seed: 1, numbers: [0, 1], workerCount: 1)
        #expect(throws: ForestFailure.self) {
            try HelpfulTrees([constant(0.5), constant(0.1)], set, rows, all).kept(errorGrowthMax: 0)
        }
        // So large a share of so few rows is all of them.
        let parameters = ForestParameters(treeCount: 3, isBootstrapped: false, sampleFraction: 0.999_999)
        #expect(!parameters.hasOutOfBagRows(of: 200) && parameters.hasOutOfBagRows(of: 10_000_000))
        var recipe = ModelRecipe(algorithm: .forest(parameters))
        recipe.compression = ForestCompression(errorGrowthMax: 0)
        await #expect(throws: ForestFailure.self) { try await recipe.fit(set, rows: rows) }
        recipe.compression = nil
        #expect(try await recipe.fitted(set, rows: rows).basis == .crossFitted)
    }

    /// Beside trees that are at hand, only those are grown that judge.
    @Test func grownTreesAreCountedBeforehand() {
        let forest = ModelRecipe(algorithm: .forest(ForestParameters(treeCount: 10)))
        let extra = ModelRecipe(algorithm: .forest(.extraTrees(treeCount: 10)))
        #expect([false, true].map { forest.grownCount(of: nil, rowCount: 100, isGrown: $0) } == [10, 0])
        #expect([false, true].map { extra.grownCount(of: nil, rowCount: 100, isGrown: $0) } == [60, 50])
    }

    @Test func pruningIsNotChosenWithoutRowsToJudgeBy() async throws {
        let whole = try noisySet(rowCount: 200, seed: 4)
        let set = try trainingSet(whole.columns, whole.isFraud, customers: [Int64](repeating: 7, count: 200))
        var recipe = ModelRecipe(algorithm: .tree(TreeParameters(depthMax: 3)))
        recipe.isChoosingPruning = true
        await #expect(throws: ForestFailure.self) { try await recipe.fit(set, rows: Array(0..<200)) }
    }

    @Test func noPruningCutsNotEvenASplitThatGainsNothing() {
        var tree = Tree()
        let root = tree.appendLeaf(value: 0.5, cover: 8)
        let (left, right) = (tree.appendLeaf(value: 0.5, cover: 4), tree.appendLeaf(value: 0.5, cover: 4))
        tree.split(root, feature: 0, threshold: 1, left: left, right: right, missingGoesLeft: false)
        let path = PruningPath(tree.decisionTree, criterion: .gini)
        #expect(path.pruned(tree.decisionTree, alpha: 0) == tree.decisionTree)
        #expect(path.pruned(tree.decisionTree, alpha: 0.001).nodeCount == 1)
    }

    /// Neighbouring numbers may share a rank, names may not.
    @Test func moreNamesThanRanksAreRefusedUnlessSplitsAreExact() async throws {
        let count = 66_000
        let set = try trainingSet([(0..<count).map(Double.init)], (0..<count).map { $0 % 7 == 0 })
        var recipe = ModelRecipe(algorithm: .tree(TreeParameters(depthMax: 1, categoricalFeatures: [0])))
        let failure = await #expect(throws: ForestFailure.self) { try await recipe.fit(set, rows: Array(0..<count)) }
        #expect("\(try #require(failure))".contains("f0"))
        recipe.splitMode = .exact
        let tree = try await recipe.fit(set, rows: Array(0..<count)).ensemble.trees[0]
        #expect(tree.nodeCount == 3 && [tree.answer(set.columns, row: 0), tree.answer(set.columns, row: 7)] == [1, 1])
        #expect(tree.answer(set.columns, row: 1) == 0)
    }
}

import Forest
import RiskDomain
import Testing

@testable import Training

@Suite struct CompressionTests {
    private func forest(_ set: TrainingSet, _ trees: [Tree]) throws -> Forest {
        try Forest(kind: .forest, features: set.features, thresholds: DecisionThresholds(review: 0.5, decline: 0.5), trees: trees)
    }

    @Test func mergingAndShorteningChangeNoScore() async throws {
        let set = try rareSet(rowCount: 3_000, seed: 21, missing: true)
        let rows = Array(0..<3_000)
        let trees = await ForestTrainer(set, rows: rows).forest(
            ForestParameters(treeCount: 8, tree: TreeParameters(depthMax: 8, featureSample: .count(2))), seed: 1)
        let whole = try forest(set, trees)
        for thresholds in ForestCompression.Thresholds.allCases {
            let (small, report) = try ForestCompression(thresholds: thresholds).compress(whole, on: set, rows: rows)
            #expect(report.scoreChangeMax == 0 && report.errorBefore == report.errorAfter)
            #expect(report.nodesAfter <= report.nodesBefore && small.nodeCount == report.nodesAfter)
            #expect((report.thresholdsChanged > 0) == (thresholds != .kept))
            if thresholds == .float32 {
                let exact = small.trees.flatMap(\.threshold).count { Double(Float($0)) == $0 }
                #expect(Double(exact) > 0.9 * Double(small.nodeCount))
            }
        }
    }

    /// The left side asks twice about a feature and answers 0.25 either way; both sides of the root ask the same.
    @Test func splitsWithEqualSidesGo() throws {
        var tree = Tree()
        let root = tree.appendLeaf(value: 0.5, cover: 8)
        let (left, right) = (tree.appendLeaf(value: 0.5, cover: 4), tree.appendLeaf(value: 0.5, cover: 4))
        tree.split(root, feature: 0, threshold: 1, left: left, right: right, missingGoesLeft: false)
        for side in [left, right] {
            let (low, high) = (tree.appendLeaf(value: 0.25, cover: 2), tree.appendLeaf(value: 0.75, cover: 2))
            tree.split(side, feature: 1, threshold: 3, left: low, right: high, missingGoesLeft: true)
        }
        let (a, b) = (tree.appendLeaf(value: 0.25, cover: 1), tree.appendLeaf(value: 0.25, cover: 1))
        tree.split(Int(tree.left[left]), feature: 2, threshold: 0, left: a, right: b, missingGoesLeft: false)
        let merged = Tree(ForestCompression.merged(tree.decisionTree))
        #expect(
            merged
                == Tree(
                    feature: [1, -1, -1], threshold: [3, 0, 0], left: [1, -1, -1], right: [2, -1, -1],
                    missingGoesLeft: [true, false, false],
                    value: [0.5, 0.25, 0.75], cover: [8, 4, 4]))
    }

    @Test(
        arguments: [
            (0.123456, 0.1..<0.2, 0.1), (0.17, 0.16..<0.18, 0.17), (1234.5, 1230.0..<1240, 1230), (-0.034, -0.0345..<(-0.031), -0.034),
            (-0.0333, -0.0335..<(-0.032), -0.033), (0.5, -1.0..<1, 0), (96.4, 95.0..<101, 100),
        ] as [(Double, Range<Double>, Double)])
    func aThresholdHasAsFewDigitsAsItsNeighboursAllow(value: Double, allowed: Range<Double>, expected: Double) {
        #expect(ForestCompression.shortestDecimal(near: value, in: allowed) == expected)
    }

    @Test func treesThatDoNotHelpAreDropped() async throws {
        let set = try rareSet(rowCount: 4_000, seed: 22)
        let trees = await ForestTrainer(set, rows: Array(0..<2_000)).forest(
            ForestParameters(treeCount: 15, tree: TreeParameters(depthMax: 5, featureSample: .squareRoot)), seed: 2)
        var bad = Tree()
        _ = bad.appendLeaf(value: 1, cover: 2_000)
        let whole = try forest(set, trees + [bad])
        let (small, report) = try ForestCompression(errorGrowthMax: 0).compress(whole, on: set, rows: Array(2_000..<4_000))
        #expect(report.treesAfter < 16 && small.trees.count == report.treesAfter)
        #expect(report.errorAfter <= report.errorBefore && report.scoreChangeMax > 0)
        #expect(!small.trees.contains { $0.nodeCount == 1 })
    }
}

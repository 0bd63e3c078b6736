import Forest
import RiskDomain
import Testing

@Suite struct EngineTests {
    @Test(arguments: 0..<150 as Range<UInt64>)
    func flatEngineAgreesWithReferenceToTheBit(seed: UInt64) throws {
        var random = Seeded(seed)
        let forest = try Forest.arbitrary(using: &random)
        let reference = ReferenceEngine(forest)
        let flat = FlatEngine(forest)
        var contributions = [Double](repeating: .nan, count: forest.features.count)
        let rows = (0..<70).map { _ in forest.arbitraryRow(using: &random) }
        let batch = flat.scores(rows: rows.flatMap(\.self))
        #expect(flat.bias == reference.bias)
        for (row, batched) in zip(rows, batch) {
            let expected = reference.score(row)
            #expect(flat.score(row).bitPattern == expected.bitPattern)
            #expect(flat.score(row.span).bitPattern == expected.bitPattern)
            #expect(batched.bitPattern == expected.bitPattern)
            #expect(flat.explainedScore(row, contributions: &contributions).bitPattern == expected.bitPattern)
            #expect(contributions == reference.contributions(row))
        }
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func biasAndContributionsSumToTheScore(seed: UInt64) throws {
        var random = Seeded(seed &+ 1_000)
        let forest = try Forest.arbitrary(using: &random)
        let flat = FlatEngine(forest)
        var contributions = [Double](repeating: 0, count: forest.features.count)
        for _ in 0..<50 {
            let score = flat.explainedScore(forest.arbitraryRow(using: &random), contributions: &contributions)
            #expect(abs(flat.bias + contributions.reduce(0, +) - score) <= 1e-12)
        }
    }

    @Test(
        arguments: [
            ([219.99, 0], 0.01), ([220, 0], 0.01), ([(220.0).nextUp, 0], 0.9), ([10, 1], 0.2), ([.nan, 0], 0.01), ([.nan, .nan], 0.2),
            ([.infinity, 0], 0.9), ([-.infinity, .infinity], 0.2),
        ] as [([Double], Double)])
    func aTreeDrawnByHandAnswersAsOnPaper(row: [Double], score: Double) throws {
        let forest = try handForest()
        #expect(ReferenceEngine(forest).score(row) == score)
        #expect(FlatEngine(forest).score(row) == score)
    }

    @Test func contributionsFollowThePath() throws {
        let flat = FlatEngine(try handForest())
        var contributions = [0.0, 0.0]
        #expect(flat.explainedScore([10, 1], contributions: &contributions) == 0.2)
        // Of the inner nodes: (70 × 0.01 + 20 × 0.2) / 90, and that with 10 × 0.9.
        let values = handTree().decisionTree.nodeValues
        #expect(abs(values[1] - 4.7 / 90) < 1e-15 && abs(values[0] - 13.7 / 100) < 1e-15)
        #expect(contributions == [values[1] - values[0], 0.2 - values[1]])
        #expect(flat.bias == values[0])
    }

    @Test func aForestAnswersTheMeanOfItsTrees() throws {
        var leaf = Tree()
        _ = leaf.appendLeaf(value: 0.5, cover: 1)
        let forest = try handForest([handTree(), leaf, leaf])
        #expect(FlatEngine(forest).score([300, 0]) == (0.9 + 0.5 + 0.5) / 3)
        #expect(FlatEngine(forest).scores(rows: []) == [])
    }

    @Test func reasonsAreTheGreatestPositiveContributions() {
        let reasons = TopReasons([0.1, -0.5, 0.3, 0.1, 0, 0.2, 0.1])
        #expect(reasons.map(\.feature) == [2, 5, 0, 3])
        #expect(reasons.map(\.contribution) == [0.3, 0.2, 0.1, 0.1])
        #expect(TopReasons([-1, 0, .zero]).isEmpty)
        #expect(TopReasons([0.1, 0.2, 0.3], upTo: 2).map(\.feature) == [2, 1])
        #expect(TopReasons([0.1], upTo: 0).isEmpty)
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func reasonsAgreeWithSorting(seed: UInt64) {
        var random = Seeded(seed)
        let contributions = (0..<Int.random(in: 0...12, using: &random)).map { _ in Double(Int.random(in: -3...4, using: &random)) }
        let sorted = contributions.indices.filter { contributions[$0] > 0 }.sorted { (-contributions[$0], $0) < (-contributions[$1], $1) }
        #expect(TopReasons(contributions).map { Int($0.feature) } == Array(sorted.prefix(4)))
    }
}

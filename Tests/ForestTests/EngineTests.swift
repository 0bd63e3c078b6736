import Forest
import RiskDomain
import Testing

@Suite struct EngineTests {
    @Test(arguments: 0..<150 as Range<UInt64>)
    func flatEngineAgreesWithReferenceToTheBit(seed: UInt64) throws {
        var random = Seeded(seed)
        let forest = try Forest.arbitrary(using: &random)
        let reference = ReferenceEngine(forest)
        let flat = ForestScorer(forest)
        let rows = (0..<70).map { _ in forest.arbitraryRow(using: &random) }
        let batch = flat.scores(rows: rows.flatMap(\.self))
        for (row, batched) in zip(rows, batch) {
            let expected = reference.score(row)
            #expect(flat.score(row).bitPattern == expected.bitPattern)
            #expect(flat.score(row.span).bitPattern == expected.bitPattern)
            #expect(batched.bitPattern == expected.bitPattern)
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
        #expect(ForestScorer(forest).score(row) == score)
    }

    @Test func aForestAnswersTheMeanOfItsTrees() throws {
        var leaf = Tree()
        _ = leaf.appendLeaf(value: 0.5, cover: 1)
        let forest = try handForest([handTree(), leaf, leaf])
        #expect(ForestScorer(forest).score([300, 0]) == (0.9 + 0.5 + 0.5) / 3)
        #expect(ForestScorer(forest).scores(rows: []) == [])
    }
}

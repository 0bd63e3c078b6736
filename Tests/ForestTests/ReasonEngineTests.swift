import Forest
import RiskDomain
import Testing

@Suite struct ReasonEngineTests {
    /// What the scorer tells is what the published algorithm and the words say.
    @Test(arguments: 0..<40 as Range<UInt64>)
    func reasonsAreThoseOfThePublishedAlgorithm(seed: UInt64) throws {
        var random = Seeded(seed)
        let forest = try Forest.arbitrary(using: &random)
        let engine = try ReasonEngine(forest)
        let scratch = engine.makeScratch()
        let reference = try ReferenceShap(forest.ensemble)
        var reasons = TopReasons()
        for _ in 0..<20 {
            let row = forest.arbitraryRow(using: &random)
            row.withUnsafeBufferPointer { engine.explain($0, into: &reasons, using: scratch) }
            let published = try reference.contributions(row)
            #expect(zip(published, scratch.contributions).allSatisfy { abs($0 - $1) < 1e-12 })
            let margin = forest.ensemble.margins(row: row)[0]
            #expect(abs(engine.base + scratch.contributions.reduce(0, +) - margin) < 1e-9)
            var expected = TopReasons()
            forest.words.reasons(contributions: Array(scratch.contributions), row: row, into: &expected)
            #expect(Array(reasons) == Array(expected))
        }
    }

    /// Without covers half of what is not known goes to each side; base and contributions still sum to the margin.
    @Test(arguments: 0..<10 as Range<UInt64>)
    func aModelWithoutCoversIsExplainedToo(seed: UInt64) throws {
        var random = Seeded(seed &+ 50)
        let forest = try Forest.arbitrary(using: &random)
        var (bare, halved) = (forest.ensemble, forest.ensemble)
        for index in bare.trees.indices {
            bare.trees[index].cover = []
            // Every leaf as often as all of its siblings together.
            for node in 0..<halved.trees[index].nodeCount {
                if node == 0 { halved.trees[index].cover[0] = 1 }
                guard !halved.trees[index].isLeaf(node) else { continue }
                let half = halved.trees[index].cover[node] / 2
                halved.trees[index].cover[Int(halved.trees[index].left[node])] = half
                halved.trees[index].cover[Int(halved.trees[index].right[node])] = half
            }
        }
        func reasons(_ ensemble: TreeEnsemble, _ row: [Double]) throws -> [Double] {
            let engine = try ReasonEngine(
                try Forest(
                    kind: forest.kind, features: forest.features, thresholds: forest.thresholds, ensemble: ensemble))
            let scratch = engine.makeScratch()
            var reasons = TopReasons()
            row.withUnsafeBufferPointer { engine.explain($0, into: &reasons, using: scratch) }
            #expect(abs(engine.base + scratch.contributions.reduce(0, +) - ensemble.margins(row: row)[0]) < 1e-9)
            return Array(scratch.contributions)
        }
        for _ in 0..<5 {
            let row = forest.arbitraryRow(using: &random)
            #expect(try reasons(bare, row) == reasons(halved, row))
        }
    }
}

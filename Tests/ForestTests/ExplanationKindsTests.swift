import Forest
import Testing

@Suite struct InterventionalShapTests {
    @Test(arguments: 0..<30 as Range<UInt64>)
    func shapleyValuesAgainstABackgroundAreThoseOfTheirDefinition(seed: UInt64) throws {
        var random = Seeded(seed &+ 2_000)
        let ensemble = TreeEnsemble.arbitrary(using: &random, featureCounts: 1...7)
        let background = (0..<Int.random(in: 1...12, using: &random)).map { _ in ensemble.arbitraryRow(using: &random) }
        let reference = ReferenceInterventionalShap(ensemble, background: background)
        let engine = try InterventionalShapEngine(ensemble, background: background.flatMap(\.self))
        var scratch = engine.makeScratch()
        var contributions = [Double](repeating: .nan, count: ensemble.outputCount * ensemble.featureCount)
        #expect(zip(reference.base, engine.base).allSatisfy { abs($0 - $1) < 1e-12 })
        for _ in 0..<3 {
            let row = ensemble.arbitraryRow(using: &random)
            engine.explain(row, into: &contributions, using: &scratch)
            let published = reference.contributions(row)
            let margins = ensemble.margins(row: row)
            for output in 0..<ensemble.outputCount {
                let expected = bruteForceShapley(featureCount: ensemble.featureCount) { subset in
                    background.reduce(0) { sum, other in
                        let mixed = row.indices.map { subset >> $0 & 1 == 1 ? row[$0] : other[$0] }
                        return sum + ensemble.margins(row: mixed)[output] / Double(background.count)
                    }
                }
                let range = output * ensemble.featureCount..<(output + 1) * ensemble.featureCount
                #expect(zip(expected, contributions[range]).allSatisfy { abs($0 - $1) < 1e-12 })
                #expect(zip(expected, published[range]).allSatisfy { abs($0 - $1) < 1e-12 })
                #expect(abs(engine.base[output] + contributions[range].reduce(0, +) - margins[output]) < 1e-12)
            }
        }
    }

    @Test(arguments: 0..<6 as Range<UInt64>)
    func largeTreesAndBackgroundsAgreeWithPairsOfRows(seed: UInt64) throws {
        var random = Seeded(seed &+ 2_500)
        let ensemble = TreeEnsemble.arbitrary(using: &random, featureCounts: 10...30, splitsMax: 150)
        let background = (0..<40).map { _ in ensemble.arbitraryRow(using: &random) }
        let reference = ReferenceInterventionalShap(ensemble, background: background)
        let engine = try InterventionalShapEngine(ensemble, background: background.flatMap(\.self))
        var scratch = engine.makeScratch()
        var contributions = [Double](repeating: .nan, count: ensemble.outputCount * ensemble.featureCount)
        let row = ensemble.arbitraryRow(using: &random)
        engine.explain(row, into: &contributions, using: &scratch)
        #expect(zip(reference.contributions(row), contributions).allSatisfy { abs($0 - $1) < 1e-11 })
    }
}

@Suite struct PathAttributionTests {
    @Test(arguments: 0..<30 as Range<UInt64>)
    func contributionsSumToTheMargin(seed: UInt64) throws {
        var random = Seeded(seed &+ 3_000)
        let ensemble = TreeEnsemble.arbitrary(using: &random)
        let attribution = try PathAttribution(ensemble)
        #expect(attribution.base == (try ShapEngine(ensemble).base))
        var contributions = [Double](repeating: .nan, count: ensemble.outputCount * ensemble.featureCount)
        for _ in 0..<10 {
            let row = ensemble.arbitraryRow(using: &random)
            attribution.explain(row, into: &contributions)
            for (output, margin) in ensemble.margins(row: row).enumerated() {
                let range = output * ensemble.featureCount..<(output + 1) * ensemble.featureCount
                #expect(abs(attribution.base[output] + contributions[range].reduce(0, +) - margin) < 1e-12)
            }
        }
    }

    @Test func aStumpIsExplainedAlikeByAllKinds() throws {
        // 30 of 100 rows exceed 220 and are worth 0.9, the others 0.1.
        let ensemble = TreeEnsemble(
            featureCount: 2,
            trees: [
                DecisionTree(
                    feature: [1, -1, -1], threshold: [220, 0, 0], left: [1, 0, 1], right: [2, -1, -1], flags: [[], [], []],
                    cover: [100, 70, 30], leafValues: [0.1, 0.9])
            ])
        var path = [0.0, 0.0]
        try PathAttribution(ensemble).explain([0, 300], into: &path)
        let engine = try ShapEngine(ensemble)
        var shap = [0.0, 0.0]
        engine.explain([0, 300], into: &shap, using: engine.makeScratch())
        #expect(path[0] == 0 && shap[0] == 0)
        #expect(abs(path[1] - 0.56) < 1e-15 && abs(shap[1] - 0.56) < 1e-15)
        #expect(try GlobalImportances.gain(ensemble) == [0, 1])
    }

    @Test func modelsWithoutCoverAreRefused() {
        let tree = DecisionTree(
            feature: [0, -1, -1], threshold: [1, 0, 0], left: [1, 0, 1], right: [2, -1, -1], flags: [[], [], []], leafValues: [0, 1])
        let ensemble = TreeEnsemble(featureCount: 1, trees: [tree])
        #expect {
            try ShapEngine(ensemble)
        } throws: { error in
            (error as? ForestFailure)?.place == "trees[0].cover"
        }
    }
}

@Suite struct GlobalImportanceTests {
    @Test func shufflingAFeatureThatMattersCostsAndOneThatDoesNotCostsNothing() {
        var random = Seeded(7)
        let rows = (0..<400).flatMap { _ in [Double.random(in: 0...1, using: &random), .random(in: 0...1, using: &random)] }
        func metric(_ table: [Double]) -> Double {
            // How often the first value still tells on which side of a half its row began.
            Double((0..<400).count { (table[$0 * 2] > 0.5) == (rows[$0 * 2] > 0.5) }) / 400
        }
        let first = GlobalImportances.permutation(rows: rows, featureCount: 2, repeats: 5, seed: 11, metric: metric)
        #expect(abs(first.loss[0] - 0.5) < 0.1 && first.loss[1] == 0 && first.deviation[1] == 0)
        #expect(first == GlobalImportances.permutation(rows: rows, featureCount: 2, repeats: 5, seed: 11, metric: metric))
        #expect(first != GlobalImportances.permutation(rows: rows, featureCount: 2, repeats: 5, seed: 12, metric: metric))
    }

    @Test func meanAbsoluteShapIsTheMeanOverRows() throws {
        var random = Seeded(8)
        let ensemble = TreeEnsemble.arbitrary(using: &random, featureCounts: 3...6)
        let engine = try ShapEngine(ensemble)
        let rows = (0..<20).map { _ in ensemble.arbitraryRow(using: &random) }
        let importances = GlobalImportances.meanAbsoluteShap(engine, rows: rows.flatMap(\.self))
        let reference = try ReferenceShap(ensemble)
        var expected = [Double](repeating: 0, count: importances.count)
        for row in rows { for (index, value) in try reference.contributions(row).enumerated() { expected[index] += abs(value) / 20 } }
        #expect(zip(importances, expected).allSatisfy { abs($0 - $1) < 1e-12 })
    }
}

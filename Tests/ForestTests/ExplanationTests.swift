import Forest
import Testing

@Suite struct ExplanationTests {
    @Test(arguments: 0..<60 as Range<UInt64>)
    func shapleyValuesAreThoseOfTheirDefinition(seed: UInt64) throws {
        var random = Seeded(seed)
        let ensemble = TreeEnsemble.arbitrary(using: &random)
        let reference = try ReferenceShap(ensemble)
        let engine = try ShapEngine(ensemble)
        let scratch = engine.makeScratch()
        var contributions = [Double](repeating: .nan, count: ensemble.outputCount * ensemble.featureCount)
        for _ in 0..<5 {
            let row = ensemble.arbitraryRow(using: &random)
            engine.explain(row, into: &contributions, using: scratch)
            let published = try reference.contributions(row)
            let margins = ensemble.margins(row: row)
            for output in 0..<ensemble.outputCount {
                let expected = bruteForceShapley(featureCount: ensemble.featureCount) {
                    ensemble.margin(knowing: $0, of: row, output: output)
                }
                let range = output * ensemble.featureCount..<(output + 1) * ensemble.featureCount
                #expect(zip(expected, contributions[range]).allSatisfy { abs($0 - $1) < 1e-12 })
                #expect(zip(expected, published[range]).allSatisfy { abs($0 - $1) < 1e-12 })
                #expect(abs(engine.base[output] + contributions[range].reduce(0, +) - margins[output]) < 1e-12)
            }
        }
    }

    @Test(arguments: 0..<12 as Range<UInt64>)
    func theEngineAgreesWithThePublishedAlgorithmOnDeepTrees(seed: UInt64) throws {
        var random = Seeded(seed &+ 500)
        let ensemble = TreeEnsemble.arbitrary(using: &random, featureCounts: 10...40, splitsMax: 250)
        let reference = try ReferenceShap(ensemble)
        let engine = try ShapEngine(ensemble)
        let scratch = engine.makeScratch()
        var contributions = [Double](repeating: .nan, count: ensemble.outputCount * ensemble.featureCount)
        for _ in 0..<4 {
            let row = ensemble.arbitraryRow(using: &random)
            engine.explain(row, into: &contributions, using: scratch)
            let expected = try reference.contributions(row)
            #expect(zip(expected, contributions).allSatisfy { abs($0 - $1) < 1e-10 })
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func everyInstructionSetGivesTheSameBits(seed: UInt64) throws {
        var random = Seeded(seed &+ 900)
        let ensemble = TreeEnsemble.arbitrary(using: &random, featureCounts: 4...25, splitsMax: 120)
        let engine = try ShapEngine(ensemble)
        let scratch = engine.makeScratch()
        for _ in 0..<5 {
            let row = ensemble.arbitraryRow(using: &random)
            let results = ShapEngine.Instructions.allCases.filter { $0 <= .best }.map { instructions in
                var contributions = [Double](repeating: .nan, count: ensemble.outputCount * ensemble.featureCount)
                engine.explain(row, into: &contributions, using: scratch, instructions: instructions)
                return contributions.map(\.bitPattern)
            }
            #expect(results.allSatisfy { $0 == results[0] })
        }
    }
}

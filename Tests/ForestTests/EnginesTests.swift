import Forest
import Testing

/// Every engine gives the bits of the slow walk, whatever the model, the row and the size of the batch.
@Suite struct EnginesTests {
    private static let batchSizes = [0, 1, 7, 8, 9, 31, 32, 33, 63, 64, 65, 127, 128, 129, 191, 193, 255, 256, 257, 1_000]

    /// This machine, and what it would be with narrower vectors and with none.
    private static let processors: Set<ProcessorFeatures> = {
        var narrower = ProcessorFeatures.detected
        narrower.hasAvx512 = false
        return [.detected, narrower, .none]
    }()

    /// Compares all engines, and the automatic choice, on this machine and as on lesser ones.
    private func check(_ ensemble: TreeEnsemble, rowCount: Int, using random: inout Seeded) {
        let questions = ensemble.questions
        let rows = (0..<rowCount).map { _ in TreeEnsemble.arbitraryRow(questions, using: &random) }
        let expected = rows.flatMap { ensemble.margins(row: $0).map(\.bitPattern) }
        let flattened = rows.flatMap(\.self)
        for features in EnginesTests.processors {
            let forest = CompiledForest(ensemble, features: features)
            #expect(forest.margins(rows: flattened, count: rowCount).map(\.bitPattern) == expected, "the chosen engine")
            for engine in forest.engines {
                let margins = forest.margins(rows: flattened, count: rowCount, using: engine).map(\.bitPattern)
                #expect(margins == expected, "\(engine), \(rowCount) rows")
            }
            for (index, row) in rows.prefix(40).enumerated() {
                let wanted = Array(expected[index * ensemble.outputCount..<(index + 1) * ensemble.outputCount])
                #expect(forest.margins(row: row).map(\.bitPattern) == wanted)
                for engine in forest.engines {
                    #expect(forest.margins(rows: row, count: 1, using: engine).map(\.bitPattern) == wanted, "\(engine), one row")
                }
            }
        }
    }

    @Test(arguments: 0..<30 as Range<UInt64>)
    func enginesAgreeWithTheWalkToTheBit(seed: UInt64) {
        var random = Seeded(seed)
        let ensemble = TreeEnsemble.arbitrary(EnsembleShape(), using: &random)
        check(ensemble, rowCount: 200, using: &random)
    }

    @Test(arguments: batchSizes)
    func theSizeOfABatchDoesNotShow(rowCount: Int) {
        var random = Seeded(UInt64(rowCount))
        let ensemble = TreeEnsemble.arbitrary(EnsembleShape(treeCount: 20...20, depth: 1...9), using: &random)
        check(ensemble, rowCount: rowCount, using: &random)
    }

    @Test(arguments: 1...30)
    func treesOfAnyDepthAgree(depth: Int) {
        var random = Seeded(UInt64(depth) &+ 5_000)
        let shape = EnsembleShape(treeCount: 1...9, depth: depth...depth, splitShare: depth > 9 ? 0.6 : 1)
        check(TreeEnsemble.arbitrary(shape, using: &random), rowCount: 140, using: &random)
    }

    @Test(arguments: [1, 2, 15, 16, 17, 63, 64, 65, 127, 128, 129, 500])
    func anyNumberOfTreesAgrees(treeCount: Int) {
        var random = Seeded(UInt64(treeCount) &+ 6_000)
        let shape = EnsembleShape(treeCount: treeCount...treeCount, depth: 1...6)
        check(TreeEnsemble.arbitrary(shape, using: &random), rowCount: 130, using: &random)
    }

    @Test(arguments: 1...3)
    func manyShallowTreesAgree(depth: Int) {
        var random = Seeded(UInt64(depth) &+ 14_000)
        let shape = EnsembleShape(treeCount: 80...80, depth: depth...depth, splitShare: 1)
        check(TreeEnsemble.arbitrary(shape, using: &random), rowCount: 40, using: &random)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func rulesForMissingValuesAgree(seed: UInt64) {
        var random = Seeded(seed &+ 7_000)
        let flags: [DecisionTree.NodeFlags] = [
            [], .missingGoesLeft, .zeroIsMissing, [.zeroIsMissing, .missingGoesLeft], .missingIsZero, [.missingIsZero, .zeroIsMissing],
            [.missingIsZero, .missingGoesLeft],
        ]
        check(TreeEnsemble.arbitrary(EnsembleShape(flags: flags), using: &random), rowCount: 150, using: &random)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func categoricalNodesAgree(seed: UInt64) {
        var random = Seeded(seed &+ 8_000)
        let shape = EnsembleShape(
            treeCount: 1...12, depth: 1...6, flags: [[], .missingGoesLeft, .missingIsZero, .zeroIsMissing, .negativeIsOutside],
            categoricalShare: 0.4)
        check(TreeEnsemble.arbitrary(shape, using: &random), rowCount: 150, using: &random)
    }

    @Test(arguments: 0..<16 as Range<UInt64>)
    func severalOutputsAgree(seed: UInt64) {
        var random = Seeded(seed &+ 9_000)
        let shape = EnsembleShape(treeCount: 1...40, outputCount: 2...7, isVectorValued: seed % 2 == 0)
        check(TreeEnsemble.arbitrary(shape, using: &random), rowCount: 150, using: &random)
    }

    @Test(arguments: [(14, 2), (16, 70), (17, 70), (32, 70), (33, 60), (64, 80), (65, 40), (300, 80)])
    func manyFeaturesAgree(featureCount: Int, treeCount: Int) {
        var random = Seeded(UInt64(featureCount) &+ 10_000)
        let shape = EnsembleShape(treeCount: treeCount...treeCount, featureCount: featureCount...featureCount)
        check(TreeEnsemble.arbitrary(shape, using: &random), rowCount: 140, using: &random)
    }

    @Test(arguments: [1, 254, 255, 256, 257, 5_000])
    func columnsOfManyThresholdsAgree(gridCount: Int) {
        var random = Seeded(UInt64(gridCount) &+ 11_000)
        let shape = EnsembleShape(treeCount: 40...40, depth: 8...9, featureCount: 2...2, splitShare: 1, gridCount: gridCount)
        check(TreeEnsemble.arbitrary(shape, using: &random), rowCount: 300, using: &random)
    }

    @Test func treesOfMoreLeavesThanAByteCountsAgree() {
        var random = Seeded(12_000)
        let shape = EnsembleShape(treeCount: 5...5, depth: 11...12, featureCount: 5...5, splitShare: 0.97, repeatsLeaves: false)
        let ensemble = TreeEnsemble.arbitrary(shape, using: &random)
        #expect(ensemble.trees.contains { $0.leafCount > 300 })
        check(ensemble, rowCount: 400, using: &random)
    }

    /// Their bits would take more memory than is given to them, so the flat engine walks as the reference does.
    @Test func setsOfVeryManyCategoriesAgree() {
        func stump(_ index: Int) -> DecisionTree {
            let members: [Double] = (0..<13).map { Double(index + 5_000 * $0) }
            return DecisionTree(
                feature: [0, -1, -1], threshold: [0, 0, 0], left: [1, 0, 1], right: [2, -1, -1], flags: [.isCategorical, [], []],
                categorySet: [0, 0, 0], categories: [CategorySet(values: members, isTruncating: true)], leafValues: [Double(index), 0.25])
        }
        let trees = (0..<5_000).map(stump)
        let ensemble = TreeEnsemble(featureCount: 1, trees: trees)
        let forest = CompiledForest(ensemble)
        let rows: [Double] = [0, 1, 4_999, 5_000, 64_998, 64_999, 65_000, -1, 17.5, 18.5, .nan]
        let expected = rows.map { ensemble.margins(row: [$0])[0] }
        #expect(forest.engines == [.flat] && Set(expected).count > 5)
        #expect(forest.margins(rows: rows, count: rows.count) == expected)
        #expect(rows.map { forest.margins(row: [$0])[0] } == expected)
    }

    @Test func treesOfOneLeafAndRowsOfNothingAgree() {
        let leaf = DecisionTree(feature: [-1], threshold: [0], left: [0], right: [-1], flags: [[]], leafValues: [0.25])
        let ensemble = TreeEnsemble(featureCount: 0, baseScores: [1], trees: [leaf, leaf])
        let forest = CompiledForest(ensemble)
        #expect(forest.margins(row: []) == [1.5])
        for engine in forest.engines { #expect(forest.margins(rows: [], count: 9, using: engine) == .init(repeating: 1.5, count: 9)) }
    }

    @Test func aModelWithoutTreesAnswersItsBaseScore() {
        let ensemble = TreeEnsemble(featureCount: 2, baseScores: [0.5], trees: [])
        let forest = CompiledForest(ensemble)
        #expect(forest.margins(row: [1, .nan]) == [0.5])
        for engine in forest.engines { #expect(forest.margins(rows: [1, 2, 3, 4], count: 2, using: engine) == [0.5, 0.5]) }
    }

    @Test func manyThreadsMayScoreAtOnce() async {
        var random = Seeded(13_000)
        let ensemble = TreeEnsemble.arbitrary(EnsembleShape(treeCount: 30...30), using: &random)
        let questions = ensemble.questions
        let rows = (0..<300).flatMap { _ in TreeEnsemble.arbitraryRow(questions, using: &random) }
        let forest = CompiledForest(ensemble)
        let expected = forest.margins(rows: rows, count: 300)
        await withTaskGroup(of: [Double].self) { group in
            for _ in 0..<16 { group.addTask { forest.margins(rows: rows, count: 300) } }
            for await margins in group { #expect(margins == expected) }
        }
    }

    @Test func linksTurnMarginsIntoScores() {
        func linked(_ link: TreeEnsemble.Link, _ margins: [Double]) -> [Double] {
            var margins = margins
            margins.withUnsafeMutableBufferPointer { link.apply(to: $0) }
            return margins
        }
        #expect(linked(.identity, [0.5, -3]) == [0.5, -3])
        #expect(linked(.logistic, [0, 800, -800]) == [0.5, 1, 0])
        #expect(linked(.exponential, [0, 1]).map { ($0 * 1e6).rounded() } == [1_000_000, 2_718_282])
        #expect(linked(.softmax, [1_000, 1_000]) == [0.5, 0.5])
        #expect(linked(.normalized, [1, 3]) == [0.25, 0.75])
        #expect(abs(linked(.probit, [0.5])[0]) < 1e-12)
        #expect(abs(linked(.probit, [0.975])[0] - 1.96) < 0.01)
    }
}

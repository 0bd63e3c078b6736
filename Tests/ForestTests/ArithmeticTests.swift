import Forest
import Glibc
import Testing

/// Margins and scores in every library's arithmetic: each against the same written down plainly, and every engine against the slow walk.
@Suite struct ArithmeticTests {
    private static let outputs = [1...1, 3...3]

    private func ensemble(
        _ arithmetic: TreeEnsemble.Arithmetic, seed: UInt64, outputCount: ClosedRange<Int>
    ) -> (ensemble: TreeEnsemble, rows: [[Double]]) {
        var random = Seeded(seed)
        let shape = EnsembleShape(treeCount: 30...90, depth: 1...7, outputCount: outputCount, repeatsLeaves: false)
        var ensemble = TreeEnsemble.arbitrary(shape, using: &random)
        ensemble.arithmetic = arithmetic
        let questions = ensemble.questions
        return (ensemble, (0..<140).map { _ in TreeEnsemble.arbitraryRow(questions, using: &random) })
    }

    @Test(arguments: TreeEnsemble.Arithmetic.allCases, 0..<6 as Range<UInt64>)
    func everyEngineSumsAsTheWalkDoes(arithmetic: TreeEnsemble.Arithmetic, seed: UInt64) {
        let (ensemble, rows) = ensemble(arithmetic, seed: seed, outputCount: Self.outputs[Int(seed % 2)])
        let expected = rows.flatMap { ensemble.margins(row: $0) }
        for features in [ProcessorFeatures.detected, .none] {
            let forest = CompiledForest(ensemble, features: features)
            for engine in forest.engines {
                #expect(forest.margins(rows: rows.flatMap(\.self), count: rows.count, using: engine) == expected, "\(engine)")
            }
            #expect(forest.margins(rows: rows.flatMap(\.self), count: rows.count) == expected)
            for (index, row) in rows.enumerated() {
                #expect(forest.margins(row: row)[...] == expected[index * ensemble.outputCount..<(index + 1) * ensemble.outputCount])
            }
        }
    }

    /// Sums in the type itself, not in one rounded to it.
    private func plainSums<Value: BinaryFloatingPoint>(_ ensemble: TreeEnsemble, _ row: [Double], isBaseLast: Bool, _: Value.Type)
        -> [Value]
    {
        let base = ensemble.baseScores.map { Value($0) }
        let isMean = ensemble.aggregation == .mean
        var sums = isMean || isBaseLast ? base.map { _ in 0 } : base
        for (index, tree) in ensemble.trees.enumerated() {
            let leaf = Int(tree.left[row.withUnsafeBufferPointer { ensemble.leaf(of: index, row: $0) }])
            for value in 0..<tree.valueCount { sums[tree.firstOutput + value] += Value(tree.leafValues[leaf * tree.valueCount + value]) }
        }
        if isMean { for output in sums.indices { sums[output] /= Value(ensemble.trees.count) } }
        if isMean || isBaseLast { for output in sums.indices { sums[output] += base[output] } }
        return sums
    }

    @Test(arguments: TreeEnsemble.Arithmetic.allCases, 0..<6 as Range<UInt64>)
    func sumsAreThoseOfTheType(arithmetic: TreeEnsemble.Arithmetic, seed: UInt64) {
        let (ensemble, rows) = ensemble(arithmetic, seed: 100 + seed, outputCount: Self.outputs[Int(seed % 2)])
        for row in rows {
            let expected: [Double] =
                switch arithmetic {
                case .portable, .float64: plainSums(ensemble, row, isBaseLast: false, Double.self)
                case .xgboost: plainSums(ensemble, row, isBaseLast: false, Float.self).map { Double($0) }
                case .onnxRuntime: plainSums(ensemble, row, isBaseLast: true, Float.self).map { Double($0) }
                case .onnxRuntimeDouble: plainSums(ensemble, row, isBaseLast: true, Double.self).map { Double(Float($0)) }
                }
            #expect(ensemble.margins(row: row) == expected)
        }
    }

    /// 0.1 + 0.2 + 0.3, from the left and from the right.
    @Test func aSumBeginsAtTheBaseScore() {
        let leaves = [0.2, 0.3].map {
            DecisionTree(feature: [-1], threshold: [0], left: [0], right: [-1], flags: [[]], leafValues: [$0])
        }
        var ensemble = TreeEnsemble(featureCount: 1, baseScores: [0.1], trees: leaves)
        #expect(ensemble.margins(row: [0]) == [0.1 + 0.2 + 0.3] && 0.1 + 0.2 + 0.3 != 0.6)
        ensemble.aggregation = .mean
        #expect(ensemble.margins(row: [0]) == [(0.2 + 0.3) / 2 + 0.1])
    }

    @Test func linksAreTheLibrarys() {
        func linked(_ link: TreeEnsemble.Link, _ margins: [Double], _ arithmetic: TreeEnsemble.Arithmetic) -> [Double] {
            var margins = margins
            margins.withUnsafeMutableBufferPointer { link.apply(to: $0, in: arithmetic) }
            return margins
        }
        let margins = (-60...60).map { Double(Float($0) / 6) }
        for margin in margins {
            let single = Float(margin)
            #expect(linked(.logistic, [margin], .float64) == [1 / (1 + exp(-margin))])
            #expect(linked(.logistic, [margin], .xgboost) == [Double(1 / (1 + expf(-single)))])
            // What ONNX Runtime takes from 1 keeps few digits.
            let share = 1 / (1 + expf(-single.magnitude))
            #expect(linked(.logistic, [margin], .onnxRuntime) == [Double(single < 0 ? 1 - share : share)])
            #expect(linked(.exponential, [margin], .xgboost) == [Double(expf(single))])
            #expect(linked(.exponential, [margin], .float64) == [exp(margin)])
        }
        #expect(linked(.logistic, [-200], .xgboost)[0] > 0)
        let powers = [expf(-2), 1, expf(-1)]
        let sum = powers[0] + powers[1] + powers[2]
        #expect(linked(.softmax, [1, 3, 2], .onnxRuntime) == powers.map { Double($0 / sum) })
        let total = Float(Double(powers[0]) + Double(powers[1]) + Double(powers[2]))
        #expect(linked(.softmax, [1, 3, 2], .xgboost) == powers.map { Double($0 / total) })
    }
}

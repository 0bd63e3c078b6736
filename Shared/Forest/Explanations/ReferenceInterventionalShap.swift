/// Interventional Shapley values one pair of rows at a time: slow, obvious, the oracle of ``InterventionalShapEngine``.
///
/// What is not known of a row is taken from a row of a background; the contributions are the mean over the background's rows.
///
/// Source: Lundberg et al., Nature Machine Intelligence 2, 2020, Algorithm 3: only where the two rows part does a walk split, and a
/// leaf reached with `a` features taken from the row alone and `b` from the background alone counts with the weights of the
/// subsets that lead there.
package struct ReferenceInterventionalShap {
    private enum Source { case row, background }

    private let ensemble: TreeEnsemble
    private let background: [[Double]]
    /// By output: the mean margin of the background.
    package let base: [Double]

    /// - Parameter background: At least one row.
    package init(_ ensemble: TreeEnsemble, background: [[Double]]) {
        precondition(!background.isEmpty, "a background has rows")
        self.ensemble = ensemble
        self.background = background
        var base = [Double](repeating: 0, count: ensemble.outputCount)
        for row in background { for (output, margin) in ensemble.margins(row: row).enumerated() { base[output] += margin } }
        self.base = base.map { $0 / Double(background.count) }
    }

    /// `outputCount × featureCount` contributions, row-major; with ``base`` they sum to the margins.
    package func contributions(_ row: [Double]) -> [Double] {
        var result = [Double](repeating: 0, count: ensemble.outputCount * ensemble.featureCount)
        let share = ensemble.treeWeight / Double(background.count)
        for tree in ensemble.trees {
            for other in background {
                walk(tree, row, other, 0, [:]) { leaf, sources in
                    let a = sources.values.count { $0 == .row }
                    let b = sources.count - a
                    for (feature, source) in sources {
                        let weight = source == .row ? SubsetWeights.gain(a, b) : -SubsetWeights.loss(a, b)
                        for value in 0..<tree.valueCount {
                            result[(tree.firstOutput + value) * ensemble.featureCount + Int(feature)] +=
                                weight * share * tree.leafValues[leaf * tree.valueCount + value]
                        }
                    }
                }
            }
        }
        return result
    }

    private func walk(
        _ tree: DecisionTree, _ row: [Double], _ other: [Double], _ node: Int, _ sources: [Int32: Source],
        _ arrive: (Int, [Int32: Source]) -> Void
    ) {
        if tree.isLeaf(node) { return arrive(Int(tree.left[node]), sources) }
        let feature = tree.feature[node]
        func child(_ row: [Double]) -> Int {
            Int(row.withUnsafeBufferPointer { ensemble.goesLeft(tree, node, $0) } ? tree.left[node] : tree.right[node])
        }
        let rows = child(row)
        let others = child(other)
        switch sources[feature] {
        case .row: walk(tree, row, other, rows, sources, arrive)
        case .background: walk(tree, row, other, others, sources, arrive)
        case nil where rows == others: walk(tree, row, other, rows, sources, arrive)
        case nil:
            walk(tree, row, other, rows, sources.merging([feature: .row]) { $1 }, arrive)
            walk(tree, row, other, others, sources.merging([feature: .background]) { $1 }, arrive)
        }
    }
}

/// What a leaf counts for a feature, where `a` features must come from the row for it to be reached and `b` from the background.
enum SubsetWeights {
    /// For one of the `a`: `(a − 1)! b! / (a + b)!`.
    static func gain(_ a: Int, _ b: Int) -> Double { 1 / (Double(a) * binomial(a + b, a)) }

    /// For one of the `b`, to be taken off: `a! (b − 1)! / (a + b)!`.
    static func loss(_ a: Int, _ b: Int) -> Double { 1 / (Double(b) * binomial(a + b, b)) }

    private static func binomial(_ n: Int, _ k: Int) -> Double {
        var product = 1.0
        for step in 0..<min(k, n - k) { product = product * Double(n - step) / Double(step + 1) }
        return product
    }
}

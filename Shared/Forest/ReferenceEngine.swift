/// The slow, obvious engine: the oracle that every other engine must agree with, to the bit.
package struct ReferenceEngine: Sendable {
    package let forest: Forest

    package init(_ forest: Forest) { self.forest = forest }

    /// Probability of fraud: what the trees' leaf values, summed in order, stand for.
    ///
    /// - Precondition: one value per feature; NaN is a missing value, infinities are ordinary values.
    package func score(_ features: [Double]) -> Double { forest.score(margin: forest.ensemble.margins(row: features)[0]) }

    /// What the margin is where nothing is known of a row: the roots' values in place of the leaves'.
    package var bias: Double {
        var sum = 0.0
        for tree in forest.ensemble.trees { sum += tree.nodeValues[0] }
        return sum / divisor + forest.ensemble.baseScores[0]
    }

    /// Per feature, how far the steps that asked about it moved the margin.
    ///
    /// Source: Saabas, "Interpreting random forests", 2014.
    package func contributions(_ features: [Double]) -> [Double] {
        var contributions = [Double](repeating: 0, count: forest.features.count)
        features.withUnsafeBufferPointer { row in
            for tree in forest.ensemble.trees {
                let values = tree.nodeValues
                var node = 0
                while !tree.isLeaf(node) {
                    let child = Int(forest.ensemble.goesLeft(tree, node, row) ? tree.left[node] : tree.right[node])
                    contributions[Int(tree.feature[node])] += values[child] - values[node]
                    node = child
                }
            }
        }
        return contributions.map { $0 / divisor }
    }

    private var divisor: Double { forest.ensemble.aggregation == .mean ? Double(forest.ensemble.trees.count) : 1 }

    /// Nodes from the root to the leaf that a row reaches.
    package func path(of features: [Double], in tree: Tree) -> [Int] {
        precondition(features.count == forest.features.count)
        var path = [0]
        while let node = path.last, !tree.isLeaf(node) {
            let value = features[Int(tree.feature[node])]
            let goesLeft = value.isNaN ? tree.missingGoesLeft[node] : value <= tree.threshold[node]
            path.append(Int(goesLeft ? tree.left[node] : tree.right[node]))
        }
        return path
    }
}

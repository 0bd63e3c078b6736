/// The slow, obvious engine: the oracle that every other engine must agree with, to the bit.
package struct ReferenceEngine: Sendable {
    package let forest: Forest

    package init(_ forest: Forest) { self.forest = forest }

    /// Probability of fraud: the trees' leaf values summed in order, divided by their number.
    ///
    /// - Precondition: one value per feature; NaN is a missing value, infinities are ordinary values.
    package func score(_ features: [Double]) -> Double {
        var sum = 0.0
        for tree in forest.trees { sum += tree.value[path(of: features, in: tree).last!] }
        return sum / Double(forest.trees.count)
    }

    /// What the score is where nothing is known of a row: the mean of the roots' values.
    package var bias: Double {
        var sum = 0.0
        for tree in forest.trees { sum += tree.value[0] }
        return sum / Double(forest.trees.count)
    }

    /// Per feature, how far the steps that asked about it moved the score.
    ///
    /// Source: Saabas, "Interpreting random forests", 2014.
    package func contributions(_ features: [Double]) -> [Double] {
        var contributions = [Double](repeating: 0, count: forest.features.count)
        for tree in forest.trees {
            let path = path(of: features, in: tree)
            for (parent, child) in zip(path, path.dropFirst()) {
                contributions[Int(tree.feature[parent])] += tree.value[child] - tree.value[parent]
            }
        }
        return contributions.map { $0 / Double(forest.trees.count) }
    }

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

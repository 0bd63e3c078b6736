/// The slow, obvious engine: the oracle that every other engine must agree with, to the bit.
package struct ReferenceEngine: Sendable {
    package let forest: Forest

    package init(_ forest: Forest) { self.forest = forest }

    /// Probability of fraud: what the trees' leaf values, summed in order, stand for.
    ///
    /// - Precondition: one value per feature; NaN is a missing value, infinities are ordinary values.
    package func score(_ features: [Double]) -> Double { forest.score(margin: forest.ensemble.margins(row: features)[0]) }

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

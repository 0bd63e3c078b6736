/// The cheap attribution: each step of a row's way through a tree credits its feature with the change of the mean below.
///
/// `base` and the contributions sum to the margin, as Shapley values do, but a feature asked about late gets less than its due: use
/// ``ShapEngine`` where reasons are told to people, this where a row may cost well under a microsecond.
///
/// Source: Saabas, "Interpreting random forests", 2014.
package struct PathAttribution: Sendable {
    private let ensemble: TreeEnsemble
    /// By tree: the mean below each node, `nodeCount × valueCount`.
    private let means: [[Double]]
    /// By output: the margin where nothing is known of a row; the same as ``ShapEngine/base``.
    package let base: [Double]

    /// - Throws: ``ForestFailure`` when a tree does not tell its cover.
    package init(_ ensemble: TreeEnsemble) throws(ForestFailure) {
        self.ensemble = ensemble
        base = try ensemble.expectedMargins()
        var means: [[Double]] = []
        for (index, tree) in ensemble.trees.enumerated() {
            var mean = [Double](repeating: 0, count: tree.nodeCount * tree.valueCount)
            for value in 0..<tree.valueCount where tree.nodeCount > 0 {
                let shares = try CoverShares(tree, value: value, place: "trees[\(index)]")
                for node in 0..<tree.nodeCount { mean[node * tree.valueCount + value] = shares.mean[node] }
            }
            means.append(mean)
        }
        self.means = means
    }

    /// Explains one row.
    ///
    /// - Parameter contributions: `outputCount × featureCount`, row-major, overwritten.
    /// - Complexity: O(trees × depth); allocates nothing.
    package func explain(_ row: UnsafeBufferPointer<Double>, into contributions: inout [Double]) {
        precondition(row.count == ensemble.featureCount, "a row has one value per feature")
        precondition(contributions.count == ensemble.outputCount * ensemble.featureCount, "one contribution per output and feature")
        for index in contributions.indices { contributions[index] = 0 }
        for index in ensemble.trees.indices where ensemble.trees[index].nodeCount > 0 {
            let tree = ensemble.trees[index]
            var node = 0
            while !tree.isLeaf(node) {
                let child = Int(ensemble.goesLeft(tree, node, row) ? tree.left[node] : tree.right[node])
                for value in 0..<tree.valueCount {
                    contributions[(tree.firstOutput + value) * ensemble.featureCount + Int(tree.feature[node])] +=
                        means[index][child * tree.valueCount + value] - means[index][node * tree.valueCount + value]
                }
                node = child
            }
        }
        let weight = ensemble.treeWeight
        if weight != 1 { for index in contributions.indices { contributions[index] *= weight } }
    }

    package func explain(_ row: [Double], into contributions: inout [Double]) {
        row.withUnsafeBufferPointer { explain($0, into: &contributions) }
    }
}

package import Forest

/// The leaves of many rows, walked the slow, obvious way: what comparisons with a model's source need beside its scores.
package struct LeafTable: Hashable, Sendable {
    /// Number of the leaf in its tree, tree after tree: `treeCount × rowCount`.
    package var leaves: [Int32]

    /// - Parameter rows: Row-major, `rowCount × featureCount`.
    package init(_ ensemble: TreeEnsemble, rows: UnsafeBufferPointer<Double>, rowCount: Int) {
        precondition(rows.count == rowCount * ensemble.featureCount)
        leaves = []
        leaves.reserveCapacity(ensemble.trees.count * rowCount)
        for tree in ensemble.trees {
            let nodes = (0..<tree.nodeCount).map { Node(tree, $0) }
            nodes.withUnsafeBufferPointer { nodes in
                for row in 0..<rowCount {
                    let values = UnsafeBufferPointer(rebasing: rows[row * ensemble.featureCount..<(row + 1) * ensemble.featureCount])
                    var node = 0
                    while nodes[node].feature != DecisionTree.none {
                        let value = values[Int(nodes[node].feature)]
                        let goesLeft =
                            nodes[node].isPlain && !value.isNaN
                            ? (ensemble.inputPrecision == .single ? Double(Float(value)) : value) <= nodes[node].threshold
                            : ensemble.goesLeft(tree, node, values)
                        node = Int(goesLeft ? nodes[node].left : nodes[node].right)
                    }
                    leaves.append(nodes[node].left)
                }
            }
        }
    }

    /// A node with all that a plain test needs: millions of rows walk thousands of trees.
    private struct Node {
        var threshold: Double
        var feature: Int32
        var left: Int32
        var right: Int32
        /// Whether a value that is there is compared with the threshold, and nothing else.
        var isPlain: Bool

        init(_ tree: DecisionTree, _ node: Int) {
            threshold = tree.threshold[node]
            feature = tree.feature[node]
            left = tree.left[node]
            right = tree.right[node]
            isPlain = tree.flags[node].isSubset(of: .missingGoesLeft)
        }
    }
}

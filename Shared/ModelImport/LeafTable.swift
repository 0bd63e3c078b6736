package import Forest

/// The leaves and margins of many rows, walked the slow, obvious way: what comparisons with a model's source need.
package struct LeafTable: Hashable, Sendable {
    /// Number of the leaf in its tree, tree after tree: `treeCount × rowCount`.
    package var leaves: [Int32]
    /// As ``TreeEnsemble/margins(row:)`` sums them: `rowCount × outputCount`.
    package var margins: [Double]
    /// As the source sums them: in its precision and order, tree after tree.
    package var marginsSummedAsSource: [Double]

    /// - Parameters:
    ///   - rows: Row-major, `rowCount × featureCount`.
    ///   - isBaseLast: Whether the source adds base scores to the sums (ONNX Runtime) and does not begin with them.
    package init(_ ensemble: TreeEnsemble, rows: UnsafeBufferPointer<Double>, rowCount: Int, isBaseLast: Bool = false) {
        precondition(rows.count == rowCount * ensemble.featureCount)
        let outputCount = ensemble.outputCount
        var leaves: [Int32] = []
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
        self.leaves = leaves
        margins = LeafTable.sums(ensemble, leaves, rowCount, isBaseFirst: false, of: Double.self)
        // Means are taken before the base scores are added.
        let isBaseFirst = ensemble.aggregation == .sum && !isBaseLast
        marginsSummedAsSource =
            switch ensemble.sourceSumPrecision {
            case .single: LeafTable.sums(ensemble, leaves, rowCount, isBaseFirst: isBaseFirst, of: Float.self)
            case .double: LeafTable.sums(ensemble, leaves, rowCount, isBaseFirst: isBaseFirst, of: Double.self)
            }
        assert(margins.count == rowCount * outputCount)
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

    private static func sums<Value: BinaryFloatingPoint>(
        _ ensemble: TreeEnsemble, _ leaves: [Int32], _ rowCount: Int, isBaseFirst: Bool, of type: Value.Type
    ) -> [Double] {
        let outputCount = ensemble.outputCount
        let baseScores = ensemble.baseScores.map { Value($0) }
        var sums = [Value](repeating: 0, count: rowCount * outputCount)
        if isBaseFirst { for index in sums.indices { sums[index] = baseScores[index % outputCount] } }
        for (index, tree) in ensemble.trees.enumerated() {
            for row in 0..<rowCount {
                let leaf = Int(leaves[index * rowCount + row])
                for value in 0..<tree.valueCount {
                    sums[row * outputCount + tree.firstOutput + value] += Value(tree.leafValues[leaf * tree.valueCount + value])
                }
            }
        }
        return sums.indices.map { index in
            var sum = sums[index]
            if ensemble.aggregation == .mean { sum /= Value(ensemble.trees.count) }
            return Double(isBaseFirst ? sum : sum + baseScores[index % outputCount])
        }
    }
}

extension TreeEnsemble {
    /// The margins of a row summed as the source sums; scores of ours are ``margins(row:)``, which sum in `Double` everywhere.
    package func marginsSummedAsSource(row: UnsafeBufferPointer<Double>) -> [Double] {
        LeafTable(self, rows: row, rowCount: 1).marginsSummedAsSource
    }
}

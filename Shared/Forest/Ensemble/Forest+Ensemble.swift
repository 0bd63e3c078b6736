extension Forest {
    /// The same trees in the general form: one output, the mean of the leaves' shares of fraud.
    package var ensemble: TreeEnsemble {
        TreeEnsemble(featureCount: features.count, aggregation: .mean, trees: trees.map(\.decisionTree))
    }
}

extension Tree {
    package var decisionTree: DecisionTree {
        var tree = DecisionTree(
            feature: feature, threshold: threshold, left: left, right: right,
            flags: missingGoesLeft.map { $0 ? .missingGoesLeft : [] }, cover: cover)
        for node in 0..<nodeCount where isLeaf(node) {
            tree.left[node] = Int32(tree.leafValues.count)
            tree.leafValues.append(value[node])
        }
        return tree
    }
}

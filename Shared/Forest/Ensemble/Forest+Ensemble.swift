extension Forest {
    /// The trees one by one, with the values of their inner nodes; made anew at each call.
    ///
    /// - Precondition: ``isPlain``.
    package var trees: [Tree] {
        precondition(isPlain, "only a plain forest's nodes are those of Tree")
        return ensemble.trees.map(Tree.init)
    }

    /// Whether every test is `x <= threshold` of the value as it is, with a direction for NaN.
    package var isPlain: Bool {
        ensemble.inputPrecision == .double
            && ensemble.trees.allSatisfy { $0.flags.allSatisfy { $0.isSubset(of: .missingGoesLeft) } && $0.leafCount > 0 }
    }

    /// The probability of fraud that a margin stands for, `0...1`.
    package func score(margin: Double) -> Double {
        switch ensemble.link {
        case .logistic: ensemble.arithmetic.logistic(margin)
        default: min(max(margin, 0), 1)
        }
    }
}

extension Tree {
    /// The same tree with a value for each node.
    ///
    /// - Precondition: the tree is valid, speaks of one output and has no tests but `x <= threshold`.
    package init(_ tree: DecisionTree) {
        self.init(
            feature: tree.feature, threshold: tree.threshold, left: tree.left, right: tree.right,
            missingGoesLeft: tree.flags.map { $0.contains(.missingGoesLeft) }, value: tree.nodeValues,
            cover: tree.cover.isEmpty ? Array(repeating: 1, count: tree.nodeCount) : tree.cover)
        for node in 0..<nodeCount where isLeaf(node) { left[node] = Tree.none }
    }

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

internal import Forest

extension GrownTree {
    /// Minimal cost-complexity pruning: cuts the subtree whose split lowers the impurity least per leaf, while that is at most `alpha`.
    ///
    /// A node's impurity is its criterion's (Gini or entropy in bits) times its share of the tree's weight.
    ///
    /// Source: Breiman, Friedman, Olshen, Stone, "Classification and regression trees", 1984, section 3.3; as scikit-learn's `ccp_alpha`.
    mutating func prune(alpha: Double, criterion: SplitCriterion) {
        let risk = (0..<tree.nodeCount).map { node in
            let value = tree.value[node]
            return criterion.impurity(value) * tree.cover[node] / tree.cover[0]
        }
        prune(alpha: alpha, risk: risk)
    }

    /// - Parameter risk: By node, its impurity times its share of the tree's weight.
    mutating func prune(alpha: Double, risk: [Double]) {
        let path = PruningPath(
            left: tree.left, right: tree.right, isLeaf: (0..<tree.nodeCount).map { tree.isLeaf($0) }, risk: risk, alphaMax: alpha)
        rebuild { path.alphas[$0] <= alpha }
    }

    /// Makes some inner nodes leaves and drops what is below, nodes kept in their order.
    mutating func rebuild(isLeaf: (Int) -> Bool) {
        var kept = [Bool](repeating: false, count: tree.nodeCount)
        kept[0] = true
        for node in 0..<tree.nodeCount where kept[node] && !tree.isLeaf(node) && !isLeaf(node) {
            kept[Int(tree.left[node])] = true
            kept[Int(tree.right[node])] = true
        }
        var places = [Int](repeating: -1, count: tree.nodeCount)
        var next = GrownTree()
        for node in 0..<tree.nodeCount where kept[node] {
            places[node] = next.tree.appendLeaf(value: tree.value[node], cover: tree.cover[node])
        }
        for node in 0..<tree.nodeCount where kept[node] && !tree.isLeaf(node) && !isLeaf(node) {
            next.tree.split(
                places[node], feature: Int(tree.feature[node]), threshold: tree.threshold[node], left: places[Int(tree.left[node])],
                right: places[Int(tree.right[node])], missingGoesLeft: tree.missingGoesLeft[node])
            if let set = categories[node] { next.categories[places[node]] = set }
        }
        self = next
    }
}

extension Tree {
    /// Sets each inner node's value to the mean of its children's by cover, as readers of a form without inner values do.
    mutating func deriveInnerValues() {
        for node in (0..<nodeCount).reversed() where !isLeaf(node) {
            let (l, r) = (Int(left[node]), Int(right[node]))
            value[node] = (value[l] * cover[l] + value[r] * cover[r]) / cover[node]
        }
    }
}

extension GrownTree {
    /// The tree in the general form.
    func decisionTree(_ scales: [RankScale]) -> DecisionTree {
        var sets: [Int: CategorySet] = [:]
        for (node, ranks) in categories {
            let scale = scales[Int(tree.feature[node])]
            sets[node] = CategorySet(values: ranks.map { scale.lowest[Int($0)] }, isTruncating: false)
        }
        return tree.decisionTree(categories: sets)
    }
}

extension Tree {
    /// The tree in the general form.
    ///
    /// - Parameter categories: By node, the names that go left at a categorical split.
    func decisionTree(categories: [Int: CategorySet]) -> DecisionTree {
        var general = decisionTree
        guard !categories.isEmpty else { return general }
        general.categorySet = [Int32](repeating: 0, count: nodeCount)
        for node in categories.keys.sorted() {
            general.flags[node].insert(.isCategorical)
            general.categorySet[node] = Int32(general.categories.count)
            general.categories.append(categories[node]!)
        }
        return general
    }
}

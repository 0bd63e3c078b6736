internal import Forest
internal import Glibc

extension GrownTree {
    /// Minimal cost-complexity pruning: cuts the subtree whose split lowers the impurity least per leaf, while that is at most `alpha`.
    ///
    /// A node's impurity is its criterion's (Gini or entropy in bits) times its share of the tree's weight.
    ///
    /// Source: Breiman, Friedman, Olshen, Stone, "Classification and regression trees", 1984, section 3.3; as scikit-learn's `ccp_alpha`.
    mutating func prune(alpha: Double, criterion: SplitCriterion) {
        let risk = (0..<tree.nodeCount).map { node in
            let value = tree.value[node]
            let impurity =
                switch criterion {
                case .gini: 1 - value * value - (1 - value) * (1 - value)
                case .entropy: -[value, 1 - value].reduce(0) { $1 > 0 ? $0 + $1 * log2($1) : $0 }
                }
            return impurity * tree.cover[node] / tree.cover[0]
        }
        prune(alpha: alpha, risk: risk)
    }

    /// - Parameter risk: By node, its impurity times its share of the tree's weight.
    mutating func prune(alpha: Double, risk: [Double]) {
        let count = tree.nodeCount
        var isLeaf = (0..<count).map { tree.isLeaf($0) }
        var leafRisk = risk
        var leafCount = [Int](repeating: 1, count: count)
        while !isLeaf[0] {
            for node in (0..<count).reversed() {
                guard !isLeaf[node] else {
                    leafRisk[node] = risk[node]
                    leafCount[node] = 1
                    continue
                }
                let (left, right) = (Int(tree.left[node]), Int(tree.right[node]))
                leafRisk[node] = leafRisk[left] + leafRisk[right]
                leafCount[node] = leafCount[left] + leafCount[right]
            }
            var weakest: (node: Int, alpha: Double)?
            var reached = [Bool](repeating: false, count: count)
            reached[0] = true
            for node in 0..<count where reached[node] && !isLeaf[node] {
                reached[Int(tree.left[node])] = true
                reached[Int(tree.right[node])] = true
                let gain = (risk[node] - leafRisk[node]) / Double(leafCount[node] - 1)
                if gain < weakest?.alpha ?? .infinity { weakest = (node, gain) }
            }
            guard let weakest, weakest.alpha <= alpha else { break }
            isLeaf[weakest.node] = true
        }
        rebuild { isLeaf[$0] }
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
        var general = tree.decisionTree
        guard !categories.isEmpty else { return general }
        general.categorySet = [Int32](repeating: 0, count: tree.nodeCount)
        for node in categories.keys.sorted() {
            let scale = scales[Int(tree.feature[node])]
            general.flags[node].insert(.isCategorical)
            general.categorySet[node] = Int32(general.categories.count)
            general.categories.append(CategorySet(values: categories[node]!.map { scale.lowest[Int($0)] }, isTruncating: false))
        }
        return general
    }
}

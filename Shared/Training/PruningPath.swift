internal import Forest
internal import RiskDomain

/// The order in which cost-complexity pruning cuts a tree's subtrees: always the one whose splits lower the impurity least per leaf.
///
/// Source: Breiman, Friedman, Olshen, Stone, "Classification and regression trees", 1984, section 3.3.
struct PruningPath {
    /// By node, the least strength that makes it a leaf; infinite for the tree's own leaves and for nodes that go before, with a node above.
    let alphas: [Double]

    /// - Parameters:
    ///   - left: By inner node, its children's places, which are behind it.
    ///   - risk: By node, its impurity times its share of the tree's weight.
    ///   - alphaMax: What is cut by greater strengths alone is not looked for, and counts as never cut.
    /// - Complexity: O(nodes × splits cut).
    init(left: [Int32], right: [Int32], isLeaf own: [Bool], risk: [Double], alphaMax: Double = .infinity) {
        let count = own.count
        var alphas = [Double](repeating: .infinity, count: count)
        var isLeaf = own
        var leafRisk = risk
        var leafCount = [Int](repeating: 1, count: count)
        var alpha = 0.0
        while !isLeaf[0] {
            for node in (0..<count).reversed() {
                guard !isLeaf[node] else {
                    leafRisk[node] = risk[node]
                    leafCount[node] = 1
                    continue
                }
                let (left, right) = (Int(left[node]), Int(right[node]))
                leafRisk[node] = leafRisk[left] + leafRisk[right]
                leafCount[node] = leafCount[left] + leafCount[right]
            }
            var weakest: (node: Int, alpha: Double)?
            var reached = [Bool](repeating: false, count: count)
            reached[0] = true
            for node in 0..<count where reached[node] && !isLeaf[node] {
                reached[Int(left[node])] = true
                reached[Int(right[node])] = true
                let gain = (risk[node] - leafRisk[node]) / Double(leafCount[node] - 1)
                if gain < weakest?.alpha ?? .infinity { weakest = (node, gain) }
            }
            guard let weakest, weakest.alpha <= alphaMax else { break }
            // Rounding aside, each is at least the one before it.
            alpha = max(alpha, weakest.alpha)
            alphas[weakest.node] = alpha
            isLeaf[weakest.node] = true
        }
        self.alphas = alphas
    }

    /// The path of a tree as it is written to a file: inner nodes' shares of fraud follow from the leaves'.
    init(_ tree: DecisionTree, criterion: SplitCriterion) {
        let values = tree.nodeValues
        let risk = values.indices.map { criterion.impurity(values[$0]) * tree.cover[$0] / tree.cover[0] }
        self.init(left: tree.left, right: tree.right, isLeaf: values.indices.map { tree.isLeaf($0) }, risk: risk)
    }

    /// The tree with what the strength cuts made leaves; 0 cuts nothing, not even splits that gain nothing.
    func pruned(_ tree: DecisionTree, alpha: Double) -> DecisionTree {
        guard alpha > 0, alphas.contains(where: { $0 <= alpha }) else { return tree }
        let values = tree.nodeValues
        var pruned = Tree()
        var sets: [Int: CategorySet] = [:]
        var pending = [(node: pruned.appendLeaf(value: values[0], cover: tree.cover[0]), source: 0)]
        while let (node, source) = pending.popLast() {
            if tree.isLeaf(source) || alphas[source] <= alpha { continue }
            let (left, right) = (Int(tree.left[source]), Int(tree.right[source]))
            let children = [left, right].map { pruned.appendLeaf(value: values[$0], cover: tree.cover[$0]) }
            pruned.split(
                node, feature: Int(tree.feature[source]), threshold: tree.threshold[source], left: children[0], right: children[1],
                missingGoesLeft: tree.flags[source].contains(.missingGoesLeft))
            if tree.flags[source].contains(.isCategorical) { sets[node] = tree.categories[Int(tree.categorySet[source])] }
            pending.append((children[1], right))
            pending.append((children[0], left))
        }
        return pruned.decisionTree(categories: sets)
    }
}

extension SplitCriterion {
    /// Of a node in which the share `fraud` of the weight is fraud.
    package func impurity(_ fraud: Double) -> Double {
        switch self {
        case .gini: 1 - fraud * fraud - (1 - fraud) * (1 - fraud)
        case .entropy: -[fraud, 1 - fraud].reduce(0) { $1 > 0 ? $0 + $1 * PortableMath.log2($1) : $0 }
        }
    }
}

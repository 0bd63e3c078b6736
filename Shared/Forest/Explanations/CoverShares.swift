/// How a tree's training rows divide: what "not knowing a feature" means to path-dependent explanations.
struct CoverShares {
    /// By node: the share of an inner node's rows that went left, `0...1`; 0 for a leaf.
    let left: [Double]
    /// By node: the mean of the leaf values below it, weighted by these shares.
    let mean: [Double]

    /// - Parameter value: Which of the tree's values, `0 ..< valueCount`.
    /// - Throws: ``ForestFailure`` when the tree does not tell its cover, or one is negative, infinite or NaN.
    ///
    /// A share is taken of the children's sum, not of the parent's own figure, so the shares of a node sum to 1 even where a file has
    /// rounded them. Where no row reached either child each gets half.
    init(_ tree: DecisionTree, value: Int, place: String) throws(ForestFailure) {
        guard tree.cover.count == tree.nodeCount else {
            throw ForestFailure(at: "\(place).cover", "the model does not tell how many training rows reached each node")
        }
        var left = [Double](repeating: 0, count: tree.nodeCount)
        var mean = left
        // Children stand behind their parents, so backwards every child is done before its parent.
        for node in (0..<tree.nodeCount).reversed() {
            guard tree.cover[node].isFinite, tree.cover[node] >= 0 else {
                throw ForestFailure(at: "\(place).cover[\(node)]", "\(tree.cover[node]) is no weight of rows")
            }
            if tree.isLeaf(node) {
                mean[node] = tree.leafValues[Int(tree.left[node]) * tree.valueCount + value]
                continue
            }
            let leftChild = Int(tree.left[node])
            let rightChild = Int(tree.right[node])
            let sum = tree.cover[leftChild] + tree.cover[rightChild]
            left[node] = sum > 0 ? tree.cover[leftChild] / sum : 0.5
            mean[node] = left[node] * mean[leftChild] + (1 - left[node]) * mean[rightChild]
        }
        self.left = left
        self.mean = mean
    }

    /// The share of a node's rows that went to one side.
    func share(_ node: Int, goingRight: Bool) -> Double { goingRight ? 1 - left[node] : left[node] }
}

extension TreeEnsemble {
    /// What a tree's value is multiplied with in a margin.
    var treeWeight: Double { aggregation == .mean ? 1 / Double(max(1, trees.count)) : 1 }

    /// The margins where nothing is known of a row: base scores and the trees' means, weighted by cover.
    ///
    /// - Throws: ``ForestFailure`` when a tree does not tell its cover.
    package func expectedMargins() throws(ForestFailure) -> [Double] {
        var sums = [Double](repeating: 0, count: outputCount)
        for (index, tree) in trees.enumerated() where tree.nodeCount > 0 {
            for value in 0..<tree.valueCount {
                sums[tree.firstOutput + value] += try CoverShares(tree, value: value, place: "trees[\(index)]").mean[0]
            }
        }
        for output in 0..<outputCount {
            if aggregation == .mean { sums[output] /= Double(max(1, trees.count)) }
            sums[output] += baseScores[output]
        }
        return sums
    }
}

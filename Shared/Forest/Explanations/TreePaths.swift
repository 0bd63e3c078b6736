/// What the way from the root to each node has already asked.
struct TreePaths {
    /// By node: its parent; -1 for the root.
    let parent: [Int32]
    /// By node: whether it is its parent's right child.
    let isRight: [Bool]
    /// By inner node: the nearest node above it that asks about the same feature; -1 if there is none.
    let earlier: [Int32]
    /// By inner node with an earlier one: the side of that on which this node hangs.
    let isRightOfEarlier: [Bool]
    /// Different features on the path that has most.
    let featureCountMax: Int

    /// - Complexity: O(nodes × depth).
    init(_ tree: DecisionTree) {
        let count = tree.nodeCount
        var parent = [Int32](repeating: -1, count: count)
        var isRight = [Bool](repeating: false, count: count)
        var earlier = parent
        var isRightOfEarlier = isRight
        var featureCounts = [Int](repeating: 0, count: count)
        var most = 0
        for node in 0..<count where !tree.isLeaf(node) {
            var below = node
            var above = parent[node]
            while above >= 0, tree.feature[Int(above)] != tree.feature[node] {
                below = Int(above)
                above = parent[below]
            }
            earlier[node] = above
            isRightOfEarlier[node] = above >= 0 && isRight[below]
            featureCounts[node] = (parent[node] >= 0 ? featureCounts[Int(parent[node])] : 0) + (above < 0 ? 1 : 0)
            most = max(most, featureCounts[node])
            for (child, right) in [(Int(tree.left[node]), false), (Int(tree.right[node]), true)] {
                parent[child] = Int32(node)
                isRight[child] = right
            }
        }
        self.parent = parent
        self.isRight = isRight
        self.earlier = earlier
        self.isRightOfEarlier = isRightOfEarlier
        featureCountMax = most
    }
}

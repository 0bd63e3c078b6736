extension DecisionTree {
    /// What the tree answers on average below each node: a leaf's own value, an inner node's the mean of its children's weighted by
    /// their covers, or the plain mean where nothing reached them or the covers are not known.
    ///
    /// Files hold the leaves' values alone, so this is the one place where the others come from, for a tree just grown too.
    ///
    /// - Precondition: the tree is valid and speaks of one output.
    /// - Complexity: O(nodes).
    package var nodeValues: [Double] {
        precondition(valueCount == 1, "a node has one value where the tree speaks of one output")
        var values = [Double](repeating: 0, count: nodeCount)
        for node in stride(from: nodeCount - 1, through: 0, by: -1) {
            if isLeaf(node) {
                values[node] = leafValues[Int(left[node])]
                continue
            }
            let (left, right) = (Int(left[node]), Int(right[node]))
            let weight = cover.isEmpty ? 0 : cover[left] + cover[right]
            values[node] =
                weight > 0
                ? (values[left] * cover[left] + values[right] * cover[right]) / weight : values[left] / 2 + values[right] / 2
        }
        return values
    }
}

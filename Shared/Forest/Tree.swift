/// One binary decision tree as parallel arrays; node 0 is the root.
///
/// A row that reaches an inner node goes left when `features[feature] <= threshold`, right when it is greater, and where
/// `missingGoesLeft` says when it is NaN. Children stand behind their parent, so no walk can run in a circle.
package struct Tree: Hashable, Sendable {
    /// What a leaf has in place of a feature or a child.
    package static let none: Int32 = -1

    /// Index of the feature an inner node asks about; ``none`` for a leaf.
    package var feature: [Int32]
    /// The greatest value that still goes left, finite; 0 for a leaf.
    package var threshold: [Double]
    /// Node index of the left child; ``none`` for a leaf.
    package var left: [Int32]
    /// Node index of the right child; ``none`` for a leaf.
    package var right: [Int32]
    /// Whether NaN goes left; false for a leaf.
    package var missingGoesLeft: [Bool]
    /// Share of fraud by weight among the training rows that reached the node, `0...1`; a leaf's is the tree's answer.
    package var value: [Double]
    /// Weight of the training rows that reached the node, finite and positive.
    package var cover: [Double]

    package init(
        feature: [Int32], threshold: [Double], left: [Int32], right: [Int32], missingGoesLeft: [Bool], value: [Double], cover: [Double]
    ) {
        self.feature = feature
        self.threshold = threshold
        self.left = left
        self.right = right
        self.missingGoesLeft = missingGoesLeft
        self.value = value
        self.cover = cover
    }

    /// A tree without nodes, to be appended to; not valid in a ``Forest`` until it has a root.
    package init() {
        self.init(feature: [], threshold: [], left: [], right: [], missingGoesLeft: [], value: [], cover: [])
    }

    package var nodeCount: Int { feature.count }

    package func isLeaf(_ node: Int) -> Bool { feature[node] == Tree.none }

    /// Appends a leaf and returns its index.
    package mutating func appendLeaf(value: Double, cover: Double) -> Int {
        feature.append(Tree.none)
        threshold.append(0)
        left.append(Tree.none)
        right.append(Tree.none)
        missingGoesLeft.append(false)
        self.value.append(value)
        self.cover.append(cover)
        return nodeCount - 1
    }

    /// Turns a leaf into an inner node.
    package mutating func split(
        _ node: Int, feature: Int, threshold: Double, left: Int, right: Int, missingGoesLeft: Bool
    ) {
        self.feature[node] = Int32(feature)
        self.threshold[node] = threshold
        self.left[node] = Int32(left)
        self.right[node] = Int32(right)
        self.missingGoesLeft[node] = missingGoesLeft
    }

    /// Edges from the root to the deepest leaf. The tree must be valid.
    package var depth: Int {
        var depths = [Int](repeating: 0, count: nodeCount)
        var deepest = 0
        for node in 0..<nodeCount where !isLeaf(node) {
            depths[Int(left[node])] = depths[node] + 1
            depths[Int(right[node])] = depths[node] + 1
            deepest = max(deepest, depths[node] + 1)
        }
        return deepest
    }
}

// The engine of the scorer: scores by the compiled forest, and walks with reasons.
//
// Idea of the explaining walk: all trees' nodes lie in one array of 16-byte records, siblings side by side. A step loads one record and one
// value, compares, and adds the outcome to the index of the left child. A leaf keeps its value where an inner node keeps its threshold.
//
// Layout of a tree: root, then each inner node's two children as a pair, in the order in which their parents are met breadth first.
// The first levels, which every row visits, thus share a few cache lines. What a step adds to a feature's contribution (the
// child's value minus its parent's) lies in a parallel array.
//
// Limits: those of ``ForestLimits``; the index of a feature and the default direction share 32 bits.

/// Scores rows with the fastest engine for the model and says why; agrees with ``ReferenceEngine`` to the bit.
///
/// A value of this type never changes, so any thread may score with it; scoring allocates nothing once warm.
package struct FlatEngine: Sendable {
    private struct Node {
        /// The greatest value that goes left; a leaf's value.
        var threshold: Double
        /// Index of the left child, the right one follows; 0 marks a leaf, for no child is the first node.
        var left: Int32
        /// Index of the feature shifted left by one, then a bit that says whether NaN goes right.
        var feature: Int32
    }

    package let featureCount: Int
    package let treeCount: Int
    /// The margin where nothing is known of a row: what the roots' values come to.
    package let bias: Double
    private let forest: Forest
    /// What the sum of the leaves is divided by.
    private let divisor: Double
    /// Whether some node asks for more than `x <= threshold`, so that the reference must walk the trees.
    private let needsReference: Bool
    private let nodes: [Node]
    private let roots: [Int32]
    /// By node: its value minus its parent's; 0 for a root.
    private let deltas: [Double]
    /// Scores without reasons.
    private let compiled: CompiledForest

    package init(_ forest: Forest) {
        var nodes: [Node] = []
        var deltas: [Double] = []
        var roots: [Int32] = []
        nodes.reserveCapacity(forest.nodeCount)
        deltas.reserveCapacity(forest.nodeCount)
        self.forest = forest
        featureCount = forest.features.count
        treeCount = forest.ensemble.trees.count
        divisor = forest.ensemble.aggregation == .mean ? Double(treeCount) : 1
        needsReference = !forest.isPlain
        bias = ReferenceEngine(forest).bias
        for tree in forest.ensemble.trees where !needsReference {
            let values = tree.nodeValues
            roots.append(Int32(nodes.count))
            var queue = [0]
            let base = nodes.count
            nodes.append(Node(threshold: 0, left: 0, feature: 0))
            deltas.append(0)
            var next = 0
            while next < queue.count {
                let source = queue[next]
                if tree.isLeaf(source) {
                    nodes[base + next] = Node(threshold: values[source], left: 0, feature: 0)
                } else {
                    nodes[base + next] = Node(
                        threshold: tree.threshold[source], left: Int32(nodes.count),
                        feature: tree.feature[source] << 1 | (tree.flags[source].contains(.missingGoesLeft) ? 0 : 1))
                    for child in [Int(tree.left[source]), Int(tree.right[source])] {
                        queue.append(child)
                        nodes.append(Node(threshold: 0, left: 0, feature: 0))
                        deltas.append(values[child] - values[source])
                    }
                }
                next += 1
            }
        }
        self.nodes = nodes
        self.deltas = deltas
        self.roots = roots
        compiled = CompiledForest(forest.ensemble)
    }

    /// The score that a sum of leaf values stands for.
    @inline(__always)
    private func score(sum: Double) -> Double { forest.score(margin: sum / divisor + forest.ensemble.baseScores[0]) }

    /// Probability of fraud of one row, `0...1`.
    ///
    /// - Precondition: one value per feature, in the model's order; NaN is a missing value, infinities are ordinary values.
    /// - Complexity: O(trees × depth); allocates nothing once warm.
    package func score(_ features: UnsafeBufferPointer<Double>) -> Double {
        forest.score(margin: compiled.margin(row: features))
    }

    package func score(_ features: Span<Double>) -> Double { features.withUnsafeBufferPointer { score($0) } }

    package func score(_ features: [Double]) -> Double { features.withUnsafeBufferPointer { score($0) } }

    /// Scores rows that lie one behind the other.
    ///
    /// - Parameters:
    ///   - rows: Row-major, `scores.count × featureCount`.
    ///   - scores: One score per row, written in place.
    /// - Complexity: O(rows × trees × depth); allocates nothing once warm. Each row's sum runs over the trees in order, as for one row.
    package func score(rows: UnsafeBufferPointer<Double>, into scores: inout [Double]) {
        scores.withUnsafeMutableBufferPointer { scores in
            compiled.margins(rows: rows, into: scores)
            for row in scores.indices { scores[row] = forest.score(margin: scores[row]) }
        }
    }

    package func scores(rows: [Double]) -> [Double] {
        var scores = [Double](repeating: 0, count: rows.count / featureCount)
        rows.withUnsafeBufferPointer { score(rows: $0, into: &scores) }
        return scores
    }

    /// Scores one row and says why, in one walk.
    ///
    /// - Parameter contributions: Overwritten: per feature, how far the steps that asked about it moved the margin from ``bias``.
    ///   `bias` and the contributions sum to the margin (of a forest grown here: the score) within 1e-12; the score itself is summed
    ///   from the leaves, as in ``score(_:)``, with the same bits.
    /// - Precondition: `contributions.count == featureCount`.
    /// - Complexity: O(trees × depth); allocates nothing.
    ///
    /// Source: Saabas, "Interpreting random forests", 2014.
    package func explainedScore(_ features: UnsafeBufferPointer<Double>, contributions: inout [Double]) -> Double {
        precondition(features.count == featureCount, "a row has one value per feature")
        precondition(contributions.count == featureCount, "one contribution per feature")
        if needsReference {
            contributions = ReferenceEngine(forest).contributions(Array(features))
            return score(features)
        }
        return contributions.withUnsafeMutableBufferPointer { contributions in
            deltas.withUnsafeBufferPointer { deltas in
                nodes.withUnsafeBufferPointer { nodes in
                    contributions.update(repeating: 0)
                    var sum = 0.0
                    for root in roots {
                        var node = nodes[Int(root)]
                        while node.left != 0 {
                            let feature = Int(node.feature >> 1)
                            let child = FlatEngine.child(of: node, features[feature])
                            contributions[feature] += deltas[child]
                            node = nodes[child]
                        }
                        sum += node.threshold
                    }
                    for feature in contributions.indices { contributions[feature] /= divisor }
                    return score(sum: sum)
                }
            }
        }
    }

    package func explainedScore(_ features: Span<Double>, contributions: inout [Double]) -> Double {
        features.withUnsafeBufferPointer { explainedScore($0, contributions: &contributions) }
    }

    package func explainedScore(_ features: [Double], contributions: inout [Double]) -> Double {
        features.withUnsafeBufferPointer { explainedScore($0, contributions: &contributions) }
    }

    /// The child that a value leads to: greater goes right, and so does NaN where the node's bit says so.
    @inline(__always)
    private static func child(of node: Node, _ value: Double) -> Int {
        let isGreater: Int = value > node.threshold ? 1 : 0
        let isMissing: Int = value.isNaN ? 1 : 0
        return Int(node.left) + (isGreater | isMissing & Int(node.feature & 1))
    }
}

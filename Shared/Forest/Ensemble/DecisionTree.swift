/// One binary tree of a ``TreeEnsemble`` as parallel arrays; node 0 is the root, children stand behind their parent.
///
/// An inner node asks about one value of the row, after the rounding that ``TreeEnsemble/inputPrecision`` asks for:
///
/// - missing (NaN; with ``NodeFlags/zeroIsMissing`` also `|x|` at most ``zeroMagnitudeMax``): left if ``NodeFlags/missingGoesLeft``, else right;
///   with ``NodeFlags/missingIsZero`` NaN is taken for 0 instead, and tested;
/// - numeric: left if `x <= threshold` (importers turn `<` into this by stepping to the next lower value of the input's type);
/// - categorical (``NodeFlags/isCategorical``): left if the value is in ``categories`` of the node.
package struct DecisionTree: Hashable, Sendable {
    package struct NodeFlags: OptionSet, Hashable, Sendable, BitwiseCopyable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }
        package static let missingGoesLeft = NodeFlags(rawValue: 1)
        package static let zeroIsMissing = NodeFlags(rawValue: 2)
        package static let missingIsZero = NodeFlags(rawValue: 4)
        /// The node asks for membership; ``DecisionTree/threshold`` is 0 and ``DecisionTree/categorySet`` says which set.
        package static let isCategorical = NodeFlags(rawValue: 8)
        /// Of a categorical node: no negative value is in the set, not even one over -1 that would be cut to 0 (XGBoost).
        package static let negativeIsOutside = NodeFlags(rawValue: 16)
    }

    /// LightGBM's zero: its constant is a `Float`, and is a little over 1e-35 as a `Double`.
    package static let zeroMagnitudeMax = Double(1e-35 as Float)

    /// What a leaf has in place of a feature.
    package static let none: Int32 = -1

    /// Index of the value an inner node asks for; ``none`` for a leaf.
    package var feature: [Int32]
    /// The greatest value that goes left, never NaN, infinities allowed; 0 for a leaf and a categorical node.
    package var threshold: [Double]
    /// Left child; for a leaf its number, 0, 1, … in node order, which is its row in ``leafValues``.
    package var left: [Int32]
    /// Right child; ``none`` for a leaf.
    package var right: [Int32]
    package var flags: [NodeFlags]
    /// Weight of the training rows that reached the node; empty where the source does not tell (then no path-dependent explanation).
    package var cover: [Double]
    /// Index into ``categories`` of a categorical node; empty where the tree has none, else 0 for the other nodes.
    package var categorySet: [Int32]
    package var categories: [CategorySet]
    /// The tree speaks of outputs `firstOutput ..< firstOutput + valueCount`.
    package var firstOutput: Int
    package var valueCount: Int
    /// `leafCount × valueCount`, row-major.
    package var leafValues: [Double]

    package init(
        feature: [Int32] = [], threshold: [Double] = [], left: [Int32] = [], right: [Int32] = [], flags: [NodeFlags] = [],
        cover: [Double] = [], categorySet: [Int32] = [], categories: [CategorySet] = [], firstOutput: Int = 0, valueCount: Int = 1,
        leafValues: [Double] = []
    ) {
        self.feature = feature
        self.threshold = threshold
        self.left = left
        self.right = right
        self.flags = flags
        self.cover = cover
        self.categorySet = categorySet
        self.categories = categories
        self.firstOutput = firstOutput
        self.valueCount = valueCount
        self.leafValues = leafValues
    }

    package var nodeCount: Int { feature.count }
    package var leafCount: Int { valueCount == 0 ? 0 : leafValues.count / valueCount }
    package func isLeaf(_ node: Int) -> Bool { feature[node] == DecisionTree.none }

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

/// Categories that go left.
package struct CategorySet: Hashable, Sendable {
    /// Ascending, no NaN, no repeats.
    package var values: [Double]
    /// Whether the value is cut to an integer before it is looked up (LightGBM, XGBoost); values that do not fit an `Int32` are in no set.
    package var isTruncating: Bool

    package init(values: [Double], isTruncating: Bool) {
        self.values = values
        self.isTruncating = isTruncating
    }

    /// Whether a node with these flags sends the value left.
    package func contains(_ value: Double, under flags: DecisionTree.NodeFlags) -> Bool {
        if flags.contains(.negativeIsOutside), value < 0 { return false }
        return contains(value)
    }

    package func contains(_ value: Double) -> Bool {
        var value = value
        if isTruncating {
            guard value > -2_147_483_649, value < 2_147_483_648 else { return false }
            value = value.rounded(.towardZero)
        }
        let place = values.countLess(than: value)
        return place < values.count && values[place] == value
    }
}

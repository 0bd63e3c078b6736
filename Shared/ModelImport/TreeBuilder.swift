internal import Forest

/// Makes a ``DecisionTree`` node by node, parents before children.
struct TreeBuilder {
    /// Where the next node hangs.
    struct Slot {
        var parent: Int32
        var isLeft: Bool
        /// Edges from the root.
        var depth: Int
        static let root = Slot(parent: DecisionTree.none, isLeft: false, depth: 0)
    }

    private(set) var tree: DecisionTree
    /// The source's number of each leaf.
    private(set) var sourceLeaves: [Int32] = []
    private let place: String
    private let limits: ImportLimits

    init(place: String, limits: ImportLimits, firstOutput: Int = 0, valueCount: Int = 1) {
        self.place = place
        self.limits = limits
        tree = DecisionTree(firstOutput: firstOutput, valueCount: valueCount)
    }

    /// - Returns: Where the children hang.
    mutating func addTest(
        at slot: Slot, feature: Int, threshold: Double, flags: DecisionTree.NodeFlags, cover: Double?
    ) throws(ImportFailure) -> (left: Slot, right: Slot) {
        let node = try add(at: slot, feature: Int32(feature), threshold: threshold, flags: flags, cover: cover)
        if !tree.categorySet.isEmpty { tree.categorySet.append(0) }
        return children(of: node, slot)
    }

    /// The children of a test for membership.
    mutating func addMembership(
        at slot: Slot, feature: Int, set: CategorySet, flags: DecisionTree.NodeFlags, cover: Double?
    ) throws(ImportFailure) -> (left: Slot, right: Slot) {
        if tree.categorySet.isEmpty { tree.categorySet = [Int32](repeating: 0, count: tree.nodeCount) }
        let node = try add(at: slot, feature: Int32(feature), threshold: 0, flags: flags.union(.isCategorical), cover: cover)
        tree.categorySet.append(Int32(tree.categories.count))
        tree.categories.append(set)
        return children(of: node, slot)
    }

    mutating func addLeaf(at slot: Slot, values: some Collection<Double>, cover: Double?, source: Int32) throws(ImportFailure) {
        let node = try add(at: slot, feature: DecisionTree.none, threshold: 0, flags: [], cover: cover)
        if !tree.categorySet.isEmpty { tree.categorySet.append(0) }
        for value in values where !value.isFinite {
            throw ImportFailure(.malformed, at: place, "leaf \(source) has the value \(value), which is no number to add")
        }
        tree.left[Int(node)] = Int32(sourceLeaves.count)
        tree.leafValues.append(contentsOf: values)
        sourceLeaves.append(source)
    }

    private mutating func add(
        at slot: Slot, feature: Int32, threshold: Double, flags: DecisionTree.NodeFlags, cover: Double?
    ) throws(ImportFailure) -> Int32 {
        guard tree.nodeCount < limits.treeNodeCountMax else {
            throw ImportFailure(.tooLarge, at: place, "more than \(limits.treeNodeCountMax) nodes")
        }
        guard slot.depth <= limits.treeDepthMax else {
            throw ImportFailure(.tooLarge, at: place, "deeper than \(limits.treeDepthMax)")
        }
        guard !threshold.isNaN else { throw ImportFailure(.malformed, at: place, "a threshold is NaN") }
        let node = Int32(tree.nodeCount)
        if slot.parent != DecisionTree.none {
            if slot.isLeft { tree.left[Int(slot.parent)] = node } else { tree.right[Int(slot.parent)] = node }
        }
        tree.feature.append(feature)
        tree.threshold.append(threshold)
        tree.left.append(DecisionTree.none)
        tree.right.append(DecisionTree.none)
        tree.flags.append(flags)
        if let cover {
            guard cover.isFinite, cover >= 0 else {
                throw ImportFailure(.malformed, at: place, "a node's count of training rows is \(cover)")
            }
            tree.cover.append(cover)
        }
        return node
    }

    private func children(of node: Int32, _ slot: Slot) -> (left: Slot, right: Slot) {
        (Slot(parent: node, isLeft: true, depth: slot.depth + 1), Slot(parent: node, isLeft: false, depth: slot.depth + 1))
    }
}

internal import Forest

/// One tree as it stands: a node is its index in every array, a leaf has no left child.
struct XGBoostTree {
    private let place: String
    private let left: [Int32]
    private let right: [Int32]
    private let feature: [Int32]
    /// Of a leaf its value.
    private let condition: [Double]
    private let missingGoesLeft: [Double]
    private let cover: [Double]
    /// 1 where the node asks for membership; empty before version 1.3.
    private let splitType: [Int32]
    /// Categories that go right, by node.
    private var categories: [Int: [Int32]] = [:]
    /// Values of a leaf; over 1 with `multi_strategy=multi_output_tree`.
    private let valueCount: Int
    /// `leaf × valueCount` and the leaf of a node, where ``valueCount`` is over 1.
    private var leafVectors: [Double] = []
    private var leafIsNode = true

    init(_ tree: DocumentPlace, outputCount: Int) throws(ImportFailure) {
        place = tree.path
        let parameters = try tree["tree_param"]
        let size = try parameters.member("size_leaf_vector")?.integer(in: 0...max(outputCount, 1)) ?? 1
        valueCount = max(size, 1)
        guard valueCount == 1 || valueCount == outputCount else {
            throw tree.fault("size_leaf_vector: \(valueCount) values for \(outputCount) outputs")
        }
        left = try tree["left_children"].integers()
        right = try tree["right_children"].integers()
        feature = try tree["split_indices"].integers()
        condition = try tree["split_conditions"].numbers()
        missingGoesLeft = try tree["default_left"].numbers()
        cover = try tree["sum_hessian"].numbers()
        splitType = try tree.member("split_type")?.integers() ?? []
        let nodeCount = try parameters["num_nodes"].integer(in: 1...Int(Int32.max))
        for (name, count) in [
            ("left_children", left.count), ("right_children", right.count), ("split_indices", feature.count),
            ("split_conditions", condition.count), ("default_left", missingGoesLeft.count), ("sum_hessian", cover.count),
        ] where count != nodeCount {
            throw tree.fault("\(name): \(count) values for \(nodeCount) nodes")
        }
        guard splitType.isEmpty || splitType.count == nodeCount else { throw tree.fault("split_type: \(splitType.count) values") }
        try readCategories(tree)
        if valueCount > 1 { try readLeafVectors(tree) }
    }

    /// Set `i` belongs to node `categories_nodes[i]` and is `categories_sizes[i]` values from `categories_segments[i]` on.
    private mutating func readCategories(_ tree: DocumentPlace) throws(ImportFailure) {
        guard let nodes = try tree.member("categories_nodes")?.integers(), !nodes.isEmpty else { return }
        let values = try tree["categories"].integers()
        let starts = try tree["categories_segments"].integers()
        let sizes = try tree["categories_sizes"].integers()
        guard starts.count == nodes.count, sizes.count == nodes.count else {
            throw tree.fault("categories_nodes: starts or sizes are missing")
        }
        var end = 0
        for (index, node) in nodes.enumerated() {
            guard starts[index] == end, sizes[index] >= 0, Int(sizes[index]) <= values.count - end else {
                throw tree.fault("categories_segments[\(index)]: \(starts[index]) is not where the set before ends")
            }
            let set = values[end..<end + Int(sizes[index])]
            end += set.count
            guard set.allSatisfy({ $0 >= 0 }), categories.updateValue(Array(set), forKey: Int(node)) == nil else {
                throw tree.fault("categories_nodes[\(index)]: node \(node) has a negative category or two sets")
            }
        }
    }

    /// From version 3.1 on the right child of a leaf numbers it and `leaf_weights` has its values; before, `base_weights` has every node's.
    private mutating func readLeafVectors(_ tree: DocumentPlace) throws(ImportFailure) {
        if let weights = try tree.member("leaf_weights")?.numbers() {
            leafVectors = weights
            leafIsNode = false
        } else {
            leafVectors = try tree["base_weights"].numbers()
        }
    }

    /// - Parameter weight: What DART multiplies the leaves with.
    func decisionTree(
        featureCount: Int, output: Int, weight: Float?, limits: ImportLimits
    ) throws(ImportFailure) -> (DecisionTree, sourceLeaves: [Int32]) {
        var builder = TreeBuilder(place: place, limits: limits, firstOutput: valueCount > 1 ? 0 : output, valueCount: valueCount)
        var isSeen = [Bool](repeating: false, count: left.count)
        var pending: [(slot: TreeBuilder.Slot, node: Int)] = [(.root, 0)]
        while let (slot, node) = pending.popLast() {
            guard isSeen.indices.contains(node) else { throw fault("a child is \(node), which is no node") }
            guard !isSeen[node] else { throw fault("node \(node) has two parents") }
            isSeen[node] = true
            guard left[node] >= 0 else {
                let values = try leafValues(node).map { value in
                    let value = Float(value)
                    return Double(weight.map { value * $0 } ?? value)
                }
                try builder.addLeaf(at: slot, values: values, cover: cover[node], source: Int32(node))
                continue
            }
            guard (0..<featureCount).contains(Int(feature[node])) else {
                throw fault("split_indices[\(node)] is \(feature[node]) of \(featureCount)")
            }
            let isMembership = !splitType.isEmpty && splitType[node] == 1
            let children = try isMembership ? addMembership(node, at: slot, to: &builder) : addTest(node, at: slot, to: &builder)
            pending.append((children.right, Int(right[node])))
            pending.append((children.left, Int(left[node])))
        }
        return (builder.tree, builder.sourceLeaves)
    }

    /// `x < t` in `Float` is `x <= t`'s lower neighbour.
    private func addTest(
        _ node: Int, at slot: TreeBuilder.Slot, to builder: inout TreeBuilder
    ) throws(ImportFailure) -> (left: TreeBuilder.Slot, right: TreeBuilder.Slot) {
        let threshold = Float(condition[node])
        let flags: DecisionTree.NodeFlags = missingGoesLeft[node] != 0 ? .missingGoesLeft : []
        if threshold == -.infinity {
            // Nothing is less, and no threshold says so: an empty set does.
            let nothing = CategorySet(values: [], isTruncating: true)
            return try builder.addMembership(at: slot, feature: Int(feature[node]), set: nothing, flags: flags, cover: cover[node])
        }
        return try builder.addTest(
            at: slot, feature: Int(feature[node]), threshold: Double(threshold.nextDown), flags: flags, cover: cover[node])
    }

    /// Categories of the set go right, all else, negative values too, goes left: the children change places.
    private func addMembership(
        _ node: Int, at slot: TreeBuilder.Slot, to builder: inout TreeBuilder
    ) throws(ImportFailure) -> (left: TreeBuilder.Slot, right: TreeBuilder.Slot) {
        guard let categories = categories[node] else { throw fault("node \(node) asks for a set that is not there") }
        let values = Set(categories).sorted().map { Double($0) }
        let children = try builder.addMembership(
            at: slot, feature: Int(feature[node]), set: CategorySet(values: values, isTruncating: true),
            flags: missingGoesLeft[node] != 0 ? .negativeIsOutside : [.missingGoesLeft, .negativeIsOutside], cover: cover[node])
        return (children.right, children.left)
    }

    private func leafValues(_ node: Int) throws(ImportFailure) -> ArraySlice<Double> {
        guard valueCount > 1 else { return condition[node...node] }
        let row = leafIsNode ? node : Int(right[node])
        guard row >= 0, row < leafVectors.count / valueCount else { throw fault("leaf \(node) has no values") }
        return leafVectors[row * valueCount..<(row + 1) * valueCount]
    }

    private func fault(_ problem: String) -> ImportFailure { ImportFailure(.malformed, at: place, problem) }
}

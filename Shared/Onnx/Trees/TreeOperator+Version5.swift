internal import Forest

extension TreeOperator {
    /// Reads operator TreeEnsemble, version 5: inner nodes and leaves in lists of their own, set membership, a target for each leaf.
    ///
    /// - Parameters:
    ///   - nodeCovers: Covers of inner nodes, where the file has them beside the operator; else empty.
    ///   - leafCovers: Covers by leaf, for which the operator has no place; empty where they are not known.
    ///   - isTruncating: Whether values are cut to integers before they are looked up in a set.
    init(
        readingVersion5 attributes: inout NodeAttributes, featureCount: Int, precision: TreeEnsemble.Precision, trustsCover: Bool,
        nodeCovers: [Double], leafCovers: [Double], isTruncating: Bool
    ) throws(ForestFailure) {
        let place = attributes.place
        let aggregate = try attributes.int("aggregate_function") ?? 1
        guard aggregate == 0 || aggregate == 1 else {
            let name = aggregate == 2 ? "MIN" : aggregate == 3 ? "MAX" : "\(aggregate)"
            throw ForestFailure(at: "\(place).aggregate_function", "\(name), which is not read; SUM and AVERAGE are")
        }
        let transformCode = Int(clamping: try attributes.int("post_transform") ?? 0)
        guard transformCode != 1, transformCode != 2 else {
            throw ForestFailure(
                at: "\(place).post_transform",
                "\(transformCode), which is SOFTMAX or LOGISTIC to the specification and the other to ONNX Runtime; put Softmax or Sigmoid behind"
            )
        }
        guard let transform = PostTransform(rawValue: transformCode) else {
            throw ForestFailure(at: "\(place).post_transform", "\(transformCode), which is not read")
        }
        let outputCount = Int(clamping: try attributes.int("n_targets") ?? 1)
        guard (1...ForestLimits.outputCountMax).contains(outputCount) else {
            throw ForestFailure(at: "\(place).n_targets", "\(outputCount) outputs; 1...\(ForestLimits.outputCountMax) are read")
        }
        var lists = try NodeLists(
            &attributes, featureCount: featureCount, outputCount: outputCount, precision: precision, nodeCovers: nodeCovers,
            leafCovers: leafCovers)
        let roots = try attributes.ints("tree_roots")
        try attributes.refuseRest()
        guard (1...ForestLimits.treeCountMax).contains(roots.count) else {
            throw ForestFailure(at: "\(place).tree_roots", "\(roots.count) trees; 1...\(ForestLimits.treeCountMax) are read")
        }
        var trees: [DecisionTree] = []
        for (index, root) in roots.enumerated() {
            var table = try lists.table(root: root, place: "\(place) tree \(index)")
            if !trustsCover { table.dropCoverThatDoesNotAddUp() }
            var tree = try table.tree(root: 0)
            if isTruncating { for set in tree.categories.indices { tree.categories[set].isTruncating = true } }
            trees.append(tree)
        }
        ensemble = TreeEnsemble(
            featureCount: featureCount, inputPrecision: precision, sourceArithmetic: precision == .single ? .onnxRuntime : .float64,
            outputCount: outputCount,
            baseScores: Array(repeating: 0, count: outputCount), aggregation: aggregate == 0 ? .mean : .sum, trees: trees)
        postTransform = transform
        isWeighted = Array(repeating: true, count: outputCount)
        outputPrecision = precision
        try ensemble.validate(at: place)
    }
}

/// The lists of operator TreeEnsemble.
private struct NodeLists {
    private var features: [Int64]
    private var tests: [NodeTest]
    private var trueIDs: [Int64]
    private var falseIDs: [Int64]
    private var isTrueLeaf: [Bool]
    private var isFalseLeaf: [Bool]
    private var hitrates: [Double]
    private var leafTargets: [Int64]
    private var leafWeights: [Double]
    private var leafCovers: [Double]
    /// By inner node: whether a tree has it already.
    private var isTaken: [Bool]
    private let place: String

    init(
        _ attributes: inout NodeAttributes, featureCount: Int, outputCount: Int, precision: TreeEnsemble.Precision, nodeCovers: [Double],
        leafCovers: [Double]
    ) throws(ForestFailure) {
        place = attributes.place
        features = try attributes.ints("nodes_featureids")
        let count = features.count
        guard (1...ForestLimits.nodeCountMax).contains(count) else {
            throw ForestFailure(at: "\(place).nodes_featureids", "\(count) nodes; 1...\(ForestLimits.nodeCountMax) are read")
        }
        let splits = try attributes.tensor("nodes_splits")?.numbers(at: "\(place).nodes_splits") ?? []
        guard case .integers(let modes)? = try attributes.tensor("nodes_modes")?.elements else {
            throw ForestFailure(at: "\(place).nodes_modes", "missing, or not a tensor of small integers")
        }
        trueIDs = try attributes.ints("nodes_truenodeids")
        falseIDs = try attributes.ints("nodes_falsenodeids")
        isTrueLeaf = try attributes.ints("nodes_trueleafs").map { $0 != 0 }
        isFalseLeaf = try attributes.ints("nodes_falseleafs").map { $0 != 0 }
        let missing = try attributes.ints("nodes_missing_value_tracks_true")
        hitrates = try attributes.tensor("nodes_hitrates")?.numbers(at: "\(place).nodes_hitrates") ?? []
        leafTargets = try attributes.ints("leaf_targetids")
        leafWeights = try attributes.tensor("leaf_weights")?.numbers(at: "\(place).leaf_weights") ?? []
        let members = try attributes.tensor("membership_values")?.numbers(at: "\(place).membership_values") ?? []
        isTaken = Array(repeating: false, count: count)
        tests = []
        self.leafCovers = leafCovers.count == leafWeights.count ? leafCovers : []
        if nodeCovers.count == count { hitrates = nodeCovers }
        for (name, found) in [
            ("nodes_splits", splits.count), ("nodes_modes", modes.count), ("nodes_truenodeids", trueIDs.count),
            ("nodes_falsenodeids", falseIDs.count), ("nodes_trueleafs", isTrueLeaf.count), ("nodes_falseleafs", isFalseLeaf.count),
        ] where found != count {
            throw ForestFailure(at: "\(place).\(name)", "\(found) entries for \(count) nodes")
        }
        for (name, found) in [("nodes_missing_value_tracks_true", missing.count), ("nodes_hitrates", hitrates.count)]
        where found != count && found != 0 {
            throw ForestFailure(at: "\(place).\(name)", "\(found) entries for \(count) nodes")
        }
        guard leafTargets.count == leafWeights.count else {
            throw ForestFailure(at: "\(place).leaf_weights", "\(leafWeights.count) for \(leafTargets.count) leaves")
        }
        for (leaf, target) in leafTargets.enumerated() where !(0..<Int64(outputCount)).contains(target) {
            throw ForestFailure(at: "\(place).leaf_targetids[\(leaf)]", "target \(target) of \(outputCount)")
        }
        var rest = members[...]
        tests.reserveCapacity(count)
        for node in 0..<count {
            guard let mode = BranchMode(rawValue: Int(clamping: modes[node])) else {
                throw ForestFailure(at: "\(place).nodes_modes[\(node)]", "mode \(modes[node]), which is not read")
            }
            guard (0..<Int64(featureCount)).contains(features[node]) else {
                throw ForestFailure(at: "\(place).nodes_featureids[\(node)]", "feature \(features[node]) of \(featureCount)")
            }
            var set: [Double] = []
            if mode == .member {
                // Sets stand one behind the other, each closed by NaN; the last one may lack it.
                set = Array(rest.prefix { !$0.isNaN })
                rest = rest.dropFirst(set.count + 1)
                set = Set(set.map { $0 == 0 ? 0 : $0 }).sorted()
            }
            tests.append(
                try NodeTest(
                    mode, splits[node], members: set, missingTracksTrue: !missing.isEmpty && missing[node] == 1, precision: precision,
                    at: "\(place).nodes_splits[\(node)]"))
        }
    }

    /// The tree below an inner node, which no other tree may have.
    mutating func table(root: Int64, place: String) throws(ForestFailure) -> TreeTable {
        guard features.indices.contains(Int(clamping: root)) else {
            throw ForestFailure(at: "\(place).tree_roots", "root \(root) of \(features.count) nodes")
        }
        // A tree of one leaf is written as a node whose branches end at the same leaf.
        let first = Int(root)
        if isTrueLeaf[first], isFalseLeaf[first], trueIDs[first] == falseIDs[first] {
            guard !isTaken[first] else { throw shared(first, place) }
            isTaken[first] = true
            var leaf = try leaf(trueIDs[first], place)
            if !hitrates.isEmpty { leaf.cover = hitrates[first] }
            return TreeTable(nodes: [leaf], place: place)
        }
        var table = TreeTable(nodes: [], place: place)
        var sources = [first]
        table.nodes.append(try inner(first, place))
        var next = 0
        while next < table.nodes.count {
            defer { next += 1 }
            let source = sources[next]
            guard source >= 0, let test = table.nodes[next].test else { continue }
            for isTrue in test.isTrueLeft ? [true, false] : [false, true] {
                let id = isTrue ? trueIDs[source] : falseIDs[source]
                let child = table.nodes.count
                if isTrue ? isTrueLeaf[source] : isFalseLeaf[source] {
                    table.nodes.append(try leaf(id, place))
                    sources.append(-1)
                } else {
                    guard features.indices.contains(Int(clamping: id)) else {
                        throw ForestFailure(at: place, "node \(id) of \(features.count)")
                    }
                    table.nodes.append(try inner(Int(id), place))
                    sources.append(Int(id))
                }
                if isTrue { table.nodes[next].trueChild = child } else { table.nodes[next].falseChild = child }
            }
        }
        return table
    }

    private mutating func inner(_ node: Int, _ place: String) throws(ForestFailure) -> TreeTable.Node {
        guard !isTaken[node] else { throw shared(node, place) }
        isTaken[node] = true
        return TreeTable.Node(feature: Int32(features[node]), test: tests[node], cover: hitrates.isEmpty ? .nan : hitrates[node])
    }

    private func leaf(_ id: Int64, _ place: String) throws(ForestFailure) -> TreeTable.Node {
        guard leafWeights.indices.contains(Int(clamping: id)) else {
            throw ForestFailure(at: place, "leaf \(id) of \(leafWeights.count)")
        }
        let weight = leafWeights[Int(id)]
        guard weight.isFinite else { throw ForestFailure(at: "\(self.place).leaf_weights[\(id)]", "\(weight) is not a finite number") }
        var node = TreeTable.Node(feature: DecisionTree.none)
        node.weights = [(Int(leafTargets[Int(id)]), weight)]
        if !leafCovers.isEmpty { node.cover = leafCovers[Int(id)] }
        return node
    }

    private func shared(_ node: Int, _ place: String) -> ForestFailure {
        ForestFailure(at: "\(place) node \(node)", "reached by two ways; shared subtrees and circles are not read")
    }
}

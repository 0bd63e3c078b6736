internal import Forest

/// The `nodes_…` attributes of TreeEnsembleClassifier and TreeEnsembleRegressor: parallel lists of all trees' nodes.
///
/// A tree's root is the first node with its tree number, as in ONNX Runtime.
struct NodeTable {
    private struct Identity: Hashable {
        var tree: Int64
        var node: Int64
    }

    private var tables: [TreeTable] = []
    /// Where a node lies: its tree in `tables`, then its index there.
    private var places: [Identity: (tree: Int32, node: Int32)] = [:]
    private let place: String

    init(
        _ attributes: inout NodeAttributes, featureCount: Int, precision: TreeEnsemble.Precision, trustsCover: Bool
    ) throws(ForestFailure) {
        place = attributes.place
        let treeIDs = try attributes.ints("nodes_treeids")
        let nodeIDs = try attributes.ints("nodes_nodeids")
        let features = try attributes.ints("nodes_featureids")
        let modes = try attributes.strings("nodes_modes")
        let values = try attributes.numbers("nodes_values")
        let trueIDs = try attributes.ints("nodes_truenodeids")
        let falseIDs = try attributes.ints("nodes_falsenodeids")
        let missing = try attributes.ints("nodes_missing_value_tracks_true")
        let hitrates = try attributes.numbers("nodes_hitrates")
        let count = nodeIDs.count
        guard (1...ForestLimits.nodeCountMax).contains(count) else {
            throw ForestFailure(at: "\(place).nodes_nodeids", "\(count) nodes; 1...\(ForestLimits.nodeCountMax) are read")
        }
        let counts = [
            ("nodes_treeids", treeIDs.count), ("nodes_featureids", features.count), ("nodes_modes", modes.count),
            ("nodes_values", values.count), ("nodes_truenodeids", trueIDs.count), ("nodes_falsenodeids", falseIDs.count),
        ]
        for (name, found) in counts where found != count {
            throw ForestFailure(at: "\(place).\(name)", "\(found) entries for \(count) nodes")
        }
        for (name, found) in [("nodes_missing_value_tracks_true", missing.count), ("nodes_hitrates", hitrates.count)]
        where found != count && found != 0 {
            throw ForestFailure(at: "\(place).\(name)", "\(found) entries for \(count) nodes")
        }
        try number(treeIDs, nodeIDs)
        for index in 0..<count {
            let here = places[Identity(tree: treeIDs[index], node: nodeIDs[index])]!
            var node = TreeTable.Node(feature: DecisionTree.none)
            if !hitrates.isEmpty { node.cover = hitrates[index] }
            if modes[index] != "LEAF" {
                guard let mode = BranchMode(name: modes[index]) else {
                    throw ForestFailure(at: "\(place).nodes_modes[\(index)]", "\"\(modes[index].prefix(64))\", which is not read")
                }
                guard (0..<Int64(featureCount)).contains(features[index]) else {
                    throw ForestFailure(at: "\(place).nodes_featureids[\(index)]", "feature \(features[index]) of \(featureCount)")
                }
                node.feature = Int32(features[index])
                node.test = try NodeTest(
                    mode, values[index], missingTracksTrue: !missing.isEmpty && missing[index] == 1, precision: precision,
                    at: "\(place).nodes_values[\(index)]")
                node.trueChild = try child(trueIDs[index], of: treeIDs[index], "nodes_truenodeids[\(index)]")
                node.falseChild = try child(falseIDs[index], of: treeIDs[index], "nodes_falsenodeids[\(index)]")
            }
            tables[Int(here.tree)].nodes[Int(here.node)] = node
        }
        if !trustsCover { for index in tables.indices { tables[index].dropCoverThatDoesNotAddUp() } }
    }

    /// Gives every node its place, in the file's order.
    private mutating func number(_ treeIDs: [Int64], _ nodeIDs: [Int64]) throws(ForestFailure) {
        var tree: Int32 = 0
        var trees: [Int64: Int32] = [:]
        places.reserveCapacity(nodeIDs.count)
        for index in nodeIDs.indices {
            let treeID = treeIDs[index]
            if index == 0 || treeIDs[index - 1] != treeID {
                if let known = trees[treeID] {
                    tree = known
                } else {
                    guard tables.count < ForestLimits.treeCountMax else {
                        throw ForestFailure(at: "\(place).nodes_treeids", "more than \(ForestLimits.treeCountMax) trees")
                    }
                    tree = Int32(tables.count)
                    trees[treeID] = tree
                    tables.append(TreeTable(nodes: [], place: "\(place) tree \(treeID)"))
                }
            }
            let node = Int32(tables[Int(tree)].nodes.count)
            tables[Int(tree)].nodes.append(TreeTable.Node(feature: DecisionTree.none))
            guard places.updateValue((tree, node), forKey: Identity(tree: treeID, node: nodeIDs[index])) == nil else {
                throw ForestFailure(at: "\(place).nodes_nodeids[\(index)]", "node \(nodeIDs[index]) of tree \(treeID) is given twice")
            }
        }
    }

    private func child(_ id: Int64, of tree: Int64, _ list: String) throws(ForestFailure) -> Int {
        guard let place = places[Identity(tree: tree, node: id)] else {
            throw ForestFailure(at: "\(self.place).\(list)", "node \(id) of tree \(tree) is not there")
        }
        return Int(place.node)
    }

    /// The trees with their leaves' weights.
    consuming func trees(
        weightsAt prefix: String, treeIDs: [Int64], nodeIDs: [Int64], outputs: [Int64], weights: [Double], outputCount: Int,
        isWeighted: inout [Bool], areAllPositive: inout Bool
    ) throws(ForestFailure) -> [DecisionTree] {
        guard treeIDs.count == weights.count, nodeIDs.count == weights.count, outputs.count == weights.count else {
            throw ForestFailure(
                at: "\(place).\(prefix)weights",
                "\(weights.count) weights, \(treeIDs.count) tree numbers, \(nodeIDs.count) node numbers, \(outputs.count) outputs")
        }
        for index in weights.indices {
            guard let leaf = places[Identity(tree: treeIDs[index], node: nodeIDs[index])] else {
                throw ForestFailure(
                    at: "\(place).\(prefix)nodeids[\(index)]", "node \(nodeIDs[index]) of tree \(treeIDs[index]) is not there")
            }
            guard tables[Int(leaf.tree)].nodes[Int(leaf.node)].test == nil else {
                throw ForestFailure(at: "\(place).\(prefix)nodeids[\(index)]", "a weight at a node that is no leaf")
            }
            guard (0..<Int64(outputCount)).contains(outputs[index]) else {
                throw ForestFailure(at: "\(place).\(prefix)ids[\(index)]", "output \(outputs[index]) of \(outputCount)")
            }
            guard weights[index].isFinite else {
                throw ForestFailure(at: "\(place).\(prefix)weights[\(index)]", "\(weights[index]) is not a finite number")
            }
            let output = Int(outputs[index])
            isWeighted[output] = true
            if weights[index] < 0 { areAllPositive = false }
            tables[Int(leaf.tree)].nodes[Int(leaf.node)].weights.append((output, weights[index]))
        }
        var trees: [DecisionTree] = []
        trees.reserveCapacity(tables.count)
        for table in tables { trees.append(try table.tree(root: 0)) }
        return trees
    }
}

extension TreeTable {
    /// Hit rates of other tools are often no weights at all (scikit-learn's converter writes 1 everywhere): used only where every inner
    /// node's is the sum of its children's.
    mutating func dropCoverThatDoesNotAddUp() {
        let addsUp = nodes.allSatisfy { node in
            guard node.test != nil else { return true }
            let sum = nodes[node.trueChild].cover + nodes[node.falseChild].cover
            return (sum - node.cover).magnitude <= 1e-6 * sum.magnitude
        }
        guard !addsUp else { return }
        for index in nodes.indices { nodes[index].cover = .nan }
    }
}

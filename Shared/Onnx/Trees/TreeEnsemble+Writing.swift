// Which operator a model is written with.
//
// TreeEnsembleRegressor, version 3, where it can say all of it: every runtime of the last years knows it, and its `…_as_tensor`
// attributes keep doubles. Its scores come out as floats, which is the operator's type, not ours. Operator TreeEnsemble (version 5) where
// nodes ask for categories, which nothing older can say without copying subtrees.
//
// ONNX Runtime applies no LOGISTIC to a single target, so links stand behind the trees as operators of their own.

package import Forest

extension TreeEnsemble {
    /// Names of the file's only input and of its only output.
    package static let onnxInput = "features"
    package static let onnxOutput = "score"
    /// Constants beside operator TreeEnsemble: it has no place for leaves' covers, and with trees of doubles ONNX Runtime takes hit rates
    /// neither as floats nor as doubles.
    static let leafCoverName = "leaf_cover"
    static let nodeCoverName = "node_cover"
    static let producer = "assay"

    /// The ensemble as an ONNX model: input `features`, doubles, one row each; output `score`, one column per output.
    ///
    /// Read back here, the trees are equal to the bit (nodes that take NaN for 0 come back as nodes with a direction for NaN, which is the
    /// same). ONNX Runtime computes the same sums in double and gives them as floats.
    ///
    /// - Throws: ``ForestFailure`` that names what ONNX has no words for.
    package func onnxModel(metadata: [OnnxModel.Property] = []) throws(ForestFailure) -> OnnxModel {
        try validateForFiles()
        let hasCategories = trees.contains { !$0.categories.isEmpty }
        var model = OnnxModel()
        model.irVersion = hasCategories ? 10 : 8
        model.producerName = TreeEnsemble.producer
        model.operatorSets = [.init("", hasCategories ? 21 : 13), .init("ai.onnx.ml", hasCategories ? 5 : 3)]
        model.metadata = metadata
        model.graph.name = "trees"
        model.graph.inputs = [OnnxValue(TreeEnsemble.onnxInput, type: .double, dimensions: [nil, featureCount])]
        model.graph.outputs = [
            OnnxValue(TreeEnsemble.onnxOutput, type: hasCategories ? .double : .float, dimensions: [nil, outputCount])
        ]
        var input = TreeEnsemble.onnxInput
        if inputPrecision == .single {
            for (type, name) in [(OnnxElementType.float, "single"), (.double, "rounded")] {
                var cast = OnnxNode("Cast", inputs: [input], outputs: [name])
                cast.attributes = [OnnxAttribute("to", .int(Int64(type.rawValue)))]
                model.graph.nodes.append(cast)
                input = name
            }
        }
        let links = try linkNodes(input: "margin", output: TreeEnsemble.onnxOutput)
        let treesOutput = links.isEmpty ? TreeEnsemble.onnxOutput : "margin"
        if hasCategories {
            // Operator TreeEnsemble has no place for base scores.
            let hasBase = baseScores.contains { $0 != 0 }
            let columns = CategoryColumns(self)
            columns.append(to: &model.graph, input: &input)
            let (node, nodeCovers, leafCovers) = try version5(input: input, output: hasBase ? "sum" : treesOutput, columns)
            model.graph.nodes.append(node)
            if hasBase {
                model.graph.nodes.append(OnnxNode("Add", inputs: ["sum", "base_scores"], outputs: [treesOutput]))
                model.graph.initializers.append(OnnxTensor("base_scores", doubles: baseScores))
            }
            if !leafCovers.isEmpty {
                model.graph.initializers.append(OnnxTensor(TreeEnsemble.nodeCoverName, doubles: nodeCovers))
                model.graph.initializers.append(OnnxTensor(TreeEnsemble.leafCoverName, doubles: leafCovers))
            }
            if categoriesNeedWords { model.metadata.append(.init(MetadataKey.categories, "truncated")) }
        } else {
            model.graph.nodes.append(regressor(input: input, output: treesOutput))
        }
        model.graph.nodes += links
        return model
    }

    private func linkNodes(input: String, output: String) throws(ForestFailure) -> [OnnxNode] {
        var node: OnnxNode
        switch link {
        case .identity: return []
        case .logistic: node = OnnxNode("Sigmoid", inputs: [input], outputs: [output])
        case .exponential: node = OnnxNode("Exp", inputs: [input], outputs: [output])
        case .softmax:
            node = OnnxNode("Softmax", inputs: [input], outputs: [output])
            node.attributes = [OnnxAttribute("axis", .int(1))]
        case .normalized:
            node = OnnxNode("Normalizer", domain: "ai.onnx.ml", inputs: [input], outputs: [output])
            node.attributes = [OnnxAttribute("norm", .string("L1"))]
        case .probit: throw ForestFailure(at: "link", "probit, which is not written")
        }
        return [node]
    }

    private func regressor(input: String, output: String) -> OnnxNode {
        var features: [Int64] = []
        var falseIDs: [Int64] = []
        var trueIDs: [Int64] = []
        var missing: [Int64] = []
        var modes: [String] = []
        var nodeIDs: [Int64] = []
        var treeIDs: [Int64] = []
        var values: [Double] = []
        var covers: [Double] = []
        var targets: [Int64] = []
        var targetNodes: [Int64] = []
        var targetTrees: [Int64] = []
        var weights: [Double] = []
        let hasCover = trees.allSatisfy { !$0.cover.isEmpty }
        for (index, tree) in trees.enumerated() {
            for node in 0..<tree.nodeCount {
                let isLeaf = tree.isLeaf(node)
                features.append(isLeaf ? 0 : Int64(tree.feature[node]))
                falseIDs.append(isLeaf ? 0 : Int64(tree.right[node]))
                trueIDs.append(isLeaf ? 0 : Int64(tree.left[node]))
                missing.append(isLeaf ? 0 : missingGoesLeft(tree, node) ? 1 : 0)
                modes.append(isLeaf ? "LEAF" : "BRANCH_LEQ")
                nodeIDs.append(Int64(node))
                treeIDs.append(Int64(index))
                values.append(tree.threshold[node])
                if hasCover { covers.append(tree.cover[node]) }
                guard isLeaf else { continue }
                for value in 0..<tree.valueCount {
                    targets.append(Int64(tree.firstOutput + value))
                    targetNodes.append(Int64(node))
                    targetTrees.append(Int64(index))
                    weights.append(tree.leafValues[Int(tree.left[node]) * tree.valueCount + value])
                }
            }
        }
        var node = OnnxNode("TreeEnsembleRegressor", domain: "ai.onnx.ml", inputs: [input], outputs: [output])
        node.name = "trees"
        node.attributes = [OnnxAttribute("aggregate_function", .string(aggregation == .mean ? "AVERAGE" : "SUM"))]
        if baseScores.contains(where: { $0 != 0 }) {
            node.attributes.append(OnnxAttribute("base_values_as_tensor", .tensor(OnnxTensor("base_values", doubles: baseScores))))
        }
        node.attributes += [
            OnnxAttribute("n_targets", .int(Int64(outputCount))), OnnxAttribute("nodes_falsenodeids", .ints(falseIDs)),
            OnnxAttribute("nodes_featureids", .ints(features)),
        ]
        if hasCover {
            node.attributes.append(OnnxAttribute("nodes_hitrates_as_tensor", .tensor(OnnxTensor("nodes_hitrates", doubles: covers))))
        }
        node.attributes += [
            OnnxAttribute("nodes_missing_value_tracks_true", .ints(missing)), OnnxAttribute("nodes_modes", .strings(modes)),
            OnnxAttribute("nodes_nodeids", .ints(nodeIDs)), OnnxAttribute("nodes_treeids", .ints(treeIDs)),
            OnnxAttribute("nodes_truenodeids", .ints(trueIDs)),
            OnnxAttribute("nodes_values_as_tensor", .tensor(OnnxTensor("nodes_values", doubles: values))),
            OnnxAttribute("post_transform", .string("NONE")), OnnxAttribute("target_ids", .ints(targets)),
            OnnxAttribute("target_nodeids", .ints(targetNodes)), OnnxAttribute("target_treeids", .ints(targetTrees)),
            OnnxAttribute("target_weights_as_tensor", .tensor(OnnxTensor("target_weights", doubles: weights))),
        ]
        return node
    }

    private func version5(input: String, output: String, _ columns: CategoryColumns) throws(ForestFailure) -> (
        node: OnnxNode, nodeCovers: [Double], leafCovers: [Double]
    ) {
        var features: [Int64] = []
        var children: [[Int64]] = [[], []]
        var areLeaves: [[Int64]] = [[], []]
        var missing: [Int64] = []
        var modes: [Int64] = []
        var splits: [Double] = []
        var members: [Double] = []
        var covers: [Double] = []
        var leafCovers: [Double] = []
        var targets: [Int64] = []
        var weights: [Double] = []
        var roots: [Int64] = []
        let hasCover = trees.allSatisfy { !$0.cover.isEmpty }
        // Nodes have no numbers of their own here and are read back breadth first: written so, a forest that was read gives the same bytes.
        for (index, tree) in trees.lazy.map(\.breadthFirst).enumerated() {
            guard tree.valueCount == 1 else {
                throw ForestFailure(
                    at: "trees[\(index)]", "\(tree.valueCount) values a leaf in an ensemble with categories; a leaf has one")
            }
            // Places of the nodes: inner ones among all inner ones, leaves among all leaves.
            let firstInner = Int64(features.count)
            let firstLeaf = Int64(weights.count)
            var places: [Int64] = []
            var innerCount: Int64 = 0
            for node in 0..<tree.nodeCount {
                places.append(tree.isLeaf(node) ? firstLeaf + Int64(tree.left[node]) : firstInner + innerCount)
                if !tree.isLeaf(node) { innerCount += 1 }
            }
            roots.append(firstInner)
            if tree.nodeCount == 1 {
                // A tree of one leaf: a node that leads there whatever it finds.
                features.append(0)
                splits.append(0)
                modes.append(0)
                missing.append(0)
                for side in 0...1 {
                    children[side].append(firstLeaf)
                    areLeaves[side].append(1)
                }
                if hasCover { covers.append(tree.cover[0]) }
            }
            for node in 0..<tree.nodeCount {
                if tree.isLeaf(node) {
                    targets.append(Int64(tree.firstOutput))
                    weights.append(tree.leafValues[Int(tree.left[node])])
                    if hasCover { leafCovers.append(tree.cover[node]) }
                    continue
                }
                features.append(Int64(columns.column(of: tree, node)))
                missing.append(missingGoesLeft(tree, node) ? 1 : 0)
                for (side, child) in [Int(tree.left[node]), Int(tree.right[node])].enumerated() {
                    children[side].append(places[child])
                    areLeaves[side].append(tree.isLeaf(child) ? 1 : 0)
                }
                if hasCover { covers.append(tree.cover[node]) }
                splits.append(tree.threshold[node])
                if tree.flags[node].contains(.isCategorical) {
                    modes.append(6)
                    members += columns.members(of: tree, node) + [.nan]
                } else {
                    modes.append(0)
                }
            }
        }
        var node = OnnxNode("TreeEnsemble", domain: "ai.onnx.ml", inputs: [input], outputs: [output])
        node.name = "trees"
        node.attributes = [
            OnnxAttribute("aggregate_function", .int(aggregation == .mean ? 0 : 1)), OnnxAttribute("leaf_targetids", .ints(targets)),
            OnnxAttribute("leaf_weights", .tensor(OnnxTensor("leaf_weights", doubles: weights))),
            OnnxAttribute("membership_values", .tensor(OnnxTensor("membership_values", doubles: members))),
            OnnxAttribute("n_targets", .int(Int64(outputCount))), OnnxAttribute("nodes_falseleafs", .ints(areLeaves[1])),
            OnnxAttribute("nodes_falsenodeids", .ints(children[1])), OnnxAttribute("nodes_featureids", .ints(features)),
        ]
        let modesTensor = OnnxTensor("nodes_modes", dimensions: [modes.count], type: .uint8, elements: .integers(modes))
        node.attributes += [
            OnnxAttribute("nodes_missing_value_tracks_true", .ints(missing)), OnnxAttribute("nodes_modes", .tensor(modesTensor)),
            OnnxAttribute("nodes_splits", .tensor(OnnxTensor("nodes_splits", doubles: splits))),
            OnnxAttribute("nodes_trueleafs", .ints(areLeaves[0])), OnnxAttribute("nodes_truenodeids", .ints(children[0])),
            OnnxAttribute("post_transform", .int(0)), OnnxAttribute("tree_roots", .ints(roots)),
        ]
        return (node, covers, leafCovers)
    }

    /// Where NaN goes at an inner node.
    private func missingGoesLeft(_ tree: DecisionTree, _ node: Int) -> Bool {
        tree.flags[node].contains(.missingIsZero) ? tree.goesLeft(0, at: node) : tree.flags[node].contains(.missingGoesLeft)
    }
}

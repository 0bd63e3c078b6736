internal import Forest

/// Columns beside the row's own: values as sets of categories take them, so that ONNX, which looks exact values up, finds them.
struct CategoryColumns {
    private let featureCount: Int
    /// Features whose values are rounded down, and those whose values are cut to integers, ascending.
    private var floors: [Int32] = []
    private var cuts: [Int32] = []
    /// Whether the file says in words that values are cut.
    private let hasWords: Bool

    init(_ ensemble: TreeEnsemble) {
        featureCount = ensemble.featureCount
        hasWords = ensemble.categoriesNeedWords
        guard !hasWords else { return }
        var found: [CategoryLookup: Set<Int32>] = [:]
        for tree in ensemble.trees {
            for node in 0..<tree.nodeCount where tree.flags[node].contains(.isCategorical) {
                if let lookup = tree.categoryLookup(at: node) { found[lookup, default: []].insert(tree.feature[node]) }
            }
        }
        floors = found[.floor, default: []].sorted()
        cuts = found[.cut, default: []].sorted()
    }

    /// Puts the columns behind the row's; `input` names the row, and then both.
    func append(to graph: inout OnnxGraph, input: inout String) {
        var parts = [input]
        func add(_ name: String, _ given: String, _ output: String, _ attribute: OnnxAttribute?, second: String? = nil) {
            var node = OnnxNode(name, inputs: [given] + (second.map { [$0] } ?? []), outputs: [output])
            node.attributes = attribute.map { [$0] } ?? []
            graph.nodes.append(node)
        }
        func pick(_ features: [Int32], _ name: String) {
            graph.initializers.append(
                OnnxTensor("\(name)_features", dimensions: [features.count], type: .int64, elements: .integers(features.map(Int64.init))))
            add("Gather", input, "\(name)_values", OnnxAttribute("axis", .int(1)), second: "\(name)_features")
            parts.append(name)
        }
        if !floors.isEmpty {
            pick(floors, "floors")
            add("Floor", "floors_values", "floors", nil)
        }
        if !cuts.isEmpty {
            pick(cuts, "cuts")
            add("Cast", "cuts_values", "cuts_integers", OnnxAttribute("to", .int(Int64(OnnxElementType.int64.rawValue))))
            add("Cast", "cuts_integers", "cuts", OnnxAttribute("to", .int(Int64(OnnxElementType.double.rawValue))))
        }
        guard parts.count > 1 else { return }
        var node = OnnxNode("Concat", inputs: parts, outputs: ["columns"])
        node.attributes = [OnnxAttribute("axis", .int(1))]
        graph.nodes.append(node)
        input = "columns"
    }

    /// The column that a node asks for.
    func column(of tree: DecisionTree, _ node: Int) -> Int {
        let feature = tree.feature[node]
        guard !hasWords, tree.flags[node].contains(.isCategorical) else { return Int(feature) }
        switch tree.categoryLookup(at: node) {
        case .floor: return featureCount + (floors.firstIndex(of: feature) ?? 0)
        case .cut: return featureCount + floors.count + (cuts.firstIndex(of: feature) ?? 0)
        case .exact, nil: return Int(feature)
        }
    }

    /// The values that its column is looked up among: rounded down, no negative one may be.
    func members(of tree: DecisionTree, _ node: Int) -> [Double] {
        let values = tree.categories[Int(tree.categorySet[node])].values
        return !hasWords && tree.categoryLookup(at: node) == .floor ? values.filter { $0 >= 0 } : values
    }
}

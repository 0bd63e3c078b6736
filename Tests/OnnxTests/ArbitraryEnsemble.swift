import Forest
import Onnx
import RiskDomain

/// A seeded generator for this suite's properties (SplitMix64).
struct Seeded: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

extension TreeEnsemble {
    /// Any valid ensemble that a file can say.
    ///
    /// - Parameters:
    ///   - categories: Whether some nodes ask for categories; such trees give one output each.
    ///   - range: Of the leaves' values.
    static func arbitrary(
        using random: inout Seeded, categories: Bool = false, outputs: Int = 1, precision: Precision = .double, depth: Int = 6,
        treeCount: Int? = nil, range: ClosedRange<Double> = -2...2
    ) throws -> TreeEnsemble {
        let featureCount = Int.random(in: 1...9, using: &random)
        let isTruncating = Bool.random(using: &random)
        let hasCover = Bool.random(using: &random)
        let trees = (0..<(treeCount ?? .random(in: 1...12, using: &random))).map { index in
            var tree = DecisionTree()
            tree.valueCount = categories ? 1 : outputs
            tree.firstOutput = categories ? index % outputs : 0
            tree.grow(
                featureCount: featureCount, depth: depth, categories: categories, isTruncating: isTruncating, precision: precision,
                range: range, using: &random)
            if hasCover { tree.cover = (0..<tree.nodeCount).map { _ in .random(in: 0.5...9, using: &random) } }
            return tree
        }
        let ensemble = TreeEnsemble(
            featureCount: featureCount, inputPrecision: precision, outputCount: outputs,
            baseScores: (0..<outputs).map { _ in Bool.random(using: &random) ? 0 : .random(in: -1...1, using: &random) },
            aggregation: Bool.random(using: &random) ? .mean : .sum, trees: trees)
        try ensemble.validate()
        return ensemble
    }

    /// Rows that hit what is delicate: thresholds, categories and their neighbours in both types, missing values, infinities, zeros.
    func arbitraryRow(using random: inout Seeded) -> [Double] {
        let tree = trees.randomElement(using: &random)!
        return (0..<featureCount).map { feature in
            let nodes = (0..<tree.nodeCount).filter { tree.feature[$0] == feature }
            let threshold = nodes.map { tree.threshold[$0] }.randomElement(using: &random) ?? 0
            switch Int.random(in: 0..<11, using: &random) {
            case 0: return .nan
            case 1: return .infinity
            case 2: return -.infinity
            case 3: return threshold
            case 4: return threshold.nextUp
            case 5: return threshold.nextDown
            case 6: return Double(Float(threshold).nextUp)
            case 7: return Double(Float(threshold).nextDown)
            case 8: return Bool.random(using: &random) ? 0.0 : -0.0
            case 9: return Double(Int.random(in: -3...9, using: &random))
            default: return Double.random(in: -10...10, using: &random)
            }
        }
    }
}

extension DecisionTree {
    fileprivate mutating func grow(
        featureCount: Int, depth: Int, categories hasCategories: Bool, isTruncating: Bool, precision: TreeEnsemble.Precision,
        range: ClosedRange<Double>, using random: inout Seeded
    ) {
        let special = [0.0, -0.0, 1.5, -1.5, .leastNonzeroMagnitude, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 0.1, .infinity]
        // Breadth first: a node is appended as a leaf and made an inner one when its turn comes.
        var depths = [0]
        appendNode()
        var node = 0
        while node < nodeCount {
            defer { node += 1 }
            guard depths[node] < depth, nodeCount < 60, node == 0 || Int.random(in: 0..<3, using: &random) > 0 else { continue }
            feature[node] = .random(in: 0..<Int32(featureCount), using: &random)
            flags[node] = Bool.random(using: &random) ? .missingGoesLeft : []
            if hasCategories, Bool.random(using: &random) {
                flags[node].insert(.isCategorical)
                categorySet[node] = Int32(categories.count)
                let values = Set((0..<Int.random(in: 1...4, using: &random)).map { _ in Double(Int.random(in: 0...9, using: &random)) })
                categories.append(CategorySet(values: values.sorted(), isTruncating: isTruncating))
            } else {
                let value = Bool.random(using: &random) ? special.randomElement(using: &random)! : .random(in: -10...10, using: &random)
                threshold[node] = precision == .single ? Double(Float(value)) : value
            }
            left[node] = Int32(nodeCount)
            right[node] = Int32(nodeCount + 1)
            for _ in 0..<2 {
                appendNode()
                depths.append(depths[node] + 1)
            }
        }
        var leaves: Int32 = 0
        for node in 0..<nodeCount where isLeaf(node) {
            left[node] = leaves
            leaves += 1
            for _ in 0..<valueCount { leafValues.append(.random(in: range, using: &random)) }
        }
        if categories.isEmpty { categorySet = [] }
    }

    private mutating func appendNode() {
        feature.append(DecisionTree.none)
        threshold.append(0)
        left.append(0)
        right.append(DecisionTree.none)
        flags.append([])
        categorySet.append(0)
    }
}

/// A tree anyone can check by hand: amount <= 220 ? (night <= 0.5 ? 0.01 : 0.2) : 0.9.
func handForest() throws -> Forest {
    let tree = Tree(
        feature: [0, 1, -1, -1, -1], threshold: [220, 0.5, 0, 0, 0], left: [1, 3, -1, -1, -1], right: [2, 4, -1, -1, -1],
        missingGoesLeft: [true, false, false, false, false], value: [0.1, 0.05, 0.9, 0.01, 0.2], cover: [100, 90, 10, 70, 20])
    return try Forest(
        kind: .tree, features: ["amount", "night"], thresholds: DecisionThresholds(review: 0.2, decline: 0.5), trees: [tree])
}

/// A fraud model of any trees.
func arbitraryForest(using random: inout Seeded, categories: Bool = false) throws -> Forest {
    var ensemble = try TreeEnsemble.arbitrary(
        using: &random, categories: categories, precision: Bool.random(using: &random) ? .single : .double)
    ensemble.link = .logistic
    let review = Double.random(in: 0...1, using: &random)
    return try Forest(
        kind: ensemble.trees.count == 1 ? .tree : .forest, features: (0..<ensemble.featureCount).map { "feature \"\($0)\" ü\\" },
        thresholds: DecisionThresholds(review: review, decline: Double.random(in: review...1, using: &random)),
        training: TrainingRecord(
            from: EventTime(micros: 1_532_476_800_000_000), until: EventTime(micros: 1_533_081_600_000_001), rowCount: 67_240,
            fraudCount: 598, seed: random.next(), parameters: [.init("trees", "100"), .init("criterion", "gini")],
            metrics: [.init("auc", Double.random(in: 0...1, using: &random)), .init("tiny", .leastNonzeroMagnitude)]),
        ensemble: ensemble)
}

import Forest
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

extension Forest {
    /// Any valid forest: lop-sided trees, thresholds that repeat, extreme ones among them.
    static func arbitrary(using random: inout Seeded) throws -> Forest {
        let featureCount = Int.random(in: 1...9, using: &random)
        let trees = (0..<Int.random(in: 1...12, using: &random)).map { _ in Tree.arbitrary(featureCount: featureCount, using: &random) }
        let review = Double.random(in: 0...1, using: &random)
        return try Forest(
            kind: trees.count == 1 ? .tree : .forest, features: (0..<featureCount).map { "feature \"\($0)\" ü\\" },
            thresholds: DecisionThresholds(review: review, decline: Double.random(in: review...1, using: &random)),
            training: TrainingRecord(
                from: EventTime(micros: 1_532_476_800_000_000), until: EventTime(micros: 1_533_081_600_000_001), rowCount: 67_240,
                fraudCount: 598, seed: random.next(), parameters: [.init("trees", "100"), .init("criterion", "gini")],
                metrics: [.init("auc", Double.random(in: 0...1, using: &random)), .init("tiny", .leastNonzeroMagnitude)]),
            trees: trees)
    }

    /// Rows that hit what is delicate: the thresholds, their neighbours, missing values, infinities, both zeros.
    func arbitraryRow(using random: inout Seeded) -> [Double] {
        features.indices.map { feature in
            let thresholds = trees.flatMap { tree in tree.feature.indices.filter { tree.feature[$0] == feature }.map { tree.threshold[$0] }
            }
            let threshold = thresholds.randomElement(using: &random) ?? 0
            switch Int.random(in: 0..<9, using: &random) {
            case 0: return .nan
            case 1: return .infinity
            case 2: return -.infinity
            case 3: return threshold
            case 4: return threshold.nextUp
            case 5: return threshold.nextDown
            case 6: return Bool.random(using: &random) ? 0.0 : -0.0
            case 7: return -.nan
            default: return Double.random(in: -10...10, using: &random)
            }
        }
    }
}

extension Tree {
    static func arbitrary(featureCount: Int, using random: inout Seeded) -> Tree {
        var tree = Tree()
        _ = tree.appendLeaf(value: .random(in: 0...1, using: &random), cover: 100)
        let special = [0.0, -0.0, 1.5, -1.5, .leastNonzeroMagnitude, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 0.1]
        for _ in 0..<Int.random(in: 0...40, using: &random) {
            let leaf = (0..<tree.nodeCount).filter { tree.isLeaf($0) }.randomElement(using: &random)!
            let left = tree.appendLeaf(value: .random(in: 0...1, using: &random), cover: .random(in: 0.5...9, using: &random))
            let right = tree.appendLeaf(value: .random(in: 0...1, using: &random), cover: 3)
            tree.split(
                leaf, feature: .random(in: 0..<featureCount, using: &random),
                threshold: Bool.random(using: &random)
                    ? special.randomElement(using: &random)! : Double.random(in: -10...10, using: &random),
                left: left, right: right, missingGoesLeft: .random(using: &random))
        }
        return tree
    }
}

/// A tree anyone can check by hand: amount <= 220 ? (night <= 0.5 ? 0.01 : 0.2) : 0.9.
func handTree() -> Tree {
    Tree(
        feature: [0, 1, -1, -1, -1], threshold: [220, 0.5, 0, 0, 0], left: [1, 3, -1, -1, -1], right: [2, 4, -1, -1, -1],
        missingGoesLeft: [true, false, false, false, false], value: [0.1, 0.05, 0.9, 0.01, 0.2], cover: [100, 90, 10, 70, 20])
}

func handForest(_ trees: [Tree] = [handTree()]) throws(ForestFailure) -> Forest {
    try Forest(
        kind: trees.count == 1 ? .tree : .forest, features: ["amount", "night"],
        thresholds: DecisionThresholds(review: 0.2, decline: 0.5), trees: trees)
}

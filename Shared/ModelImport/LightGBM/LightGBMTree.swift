internal import Forest

/// The lines of one tree as they stand: inner nodes and leaves are numbered apart, a child `< 0` is leaf `~child`.
struct LightGBMTree {
    private let place: String
    private var leafCount = 0
    private var categoricalCount = 0
    private var isLinear = false
    private var feature: [Int32] = []
    private var threshold: [Double] = []
    private var decision: [UInt8] = []
    private var left: [Int32] = []
    private var right: [Int32] = []
    private var leafValue: [Double] = []
    private var leafRows: [Double] = []
    private var innerRows: [Double] = []
    /// Words `setStarts[i] ..< setStarts[i + 1]` of ``setWords`` are set `i`, bit `b` of word `w` its category `32 w + b`.
    private var setStarts: [Int32] = []
    private var setWords: [UInt32] = []

    /// Reads up to the empty line behind the section.
    init(_ lines: inout TextLines, place: String) throws(ImportFailure) {
        self.place = place
        var keys: Set<String> = []
        while let line = lines.peek(), !line.isEmpty, !line.starts(with: "Tree=".utf8), !line.starts(with: "end of trees".utf8) {
            _ = lines.next()
            guard let (key, value) = TextLines.pair(line), keys.insert(key).inserted else {
                throw ImportFailure(.malformed, at: lines.place, "a key that the tree does not have yet, = and a value were to come")
            }
            switch key {
            case "num_leaves": leafCount = try lines.integer(value, key, in: 1...Int(Int32.max / 2))
            case "num_cat": categoricalCount = try lines.integer(value, key, in: 0...Int(Int32.max / 2))
            case "is_linear": isLinear = try lines.integer(value, key, in: 0...1) == 1
            case "split_feature": feature = try lines.integers(value, key, Int32.self)
            case "threshold": threshold = try lines.doubles(value, key)
            case "decision_type": decision = try lines.integers(value, key, Int8.self).map { UInt8(bitPattern: $0) }
            case "left_child": left = try lines.integers(value, key, Int32.self)
            case "right_child": right = try lines.integers(value, key, Int32.self)
            case "leaf_value": leafValue = try lines.doubles(value, key)
            case "leaf_count": leafRows = try lines.doubles(value, key)
            case "internal_count": innerRows = try lines.doubles(value, key)
            case "cat_boundaries": setStarts = try lines.integers(value, key, Int32.self)
            case "cat_threshold": setWords = try lines.integers(value, key, UInt32.self)
            default: break  // gains, weights and shrinkage (already in the leaves) do not matter to a score
            }
        }
        if isLinear { throw ImportFailure(.unsupported, at: place, "linear_tree: leaves with linear models") }
        try checkCounts()
    }

    private func checkCounts() throws(ImportFailure) {
        guard leafCount > 0, leafValue.count == leafCount else {
            throw ImportFailure(.malformed, at: place, "leaf_value: \(leafValue.count) values for num_leaves \(leafCount)")
        }
        let innerCount = leafCount - 1
        // A tree of one leaf may leave the lines of inner nodes out or empty.
        for (name, count) in [
            ("split_feature", feature.count), ("threshold", threshold.count), ("decision_type", decision.count), ("left_child", left.count),
            ("right_child", right.count),
        ] where count != innerCount {
            throw ImportFailure(.malformed, at: place, "\(name): \(count) values for \(innerCount) inner nodes")
        }
        guard categoricalCount > 0 || !setStarts.isEmpty || !setWords.isEmpty else { return }
        guard setStarts.count == categoricalCount + 1, setStarts[0] == 0, Int(setStarts[categoricalCount]) == setWords.count,
            zip(setStarts, setStarts.dropFirst()).allSatisfy({ $0 <= $1 })
        else { throw ImportFailure(.malformed, at: place, "cat_boundaries: they do not part cat_threshold into num_cat sets") }
    }

    func decisionTree(
        featureCount: Int, output: Int, scale: Double, limits: ImportLimits
    ) throws(ImportFailure) -> (DecisionTree, sourceLeaves: [Int32]) {
        let innerCount = leafCount - 1
        // A stump's counts are not always written.
        let hasCover = leafRows.count == leafCount && innerRows.count == innerCount
        var builder = TreeBuilder(place: place, limits: limits, firstOutput: output)
        var isSeen = [Bool](repeating: false, count: innerCount + leafCount)
        // Nodes may share a set: it is made once, or a small file could ask for much.
        var sets: [Int: CategorySet] = [:]
        var pending: [(slot: TreeBuilder.Slot, node: Int)] = [(.root, innerCount == 0 ? -1 : 0)]
        while let (slot, node) = pending.popLast() {
            guard node < innerCount, node >= -leafCount else {
                throw ImportFailure(.malformed, at: place, "a child is \(node), which is no node")
            }
            let place = node >= 0 ? node : innerCount + ~node
            guard !isSeen[place] else { throw ImportFailure(.malformed, at: self.place, "node \(node) has two parents") }
            isSeen[place] = true
            guard node >= 0 else {
                try builder.addLeaf(
                    at: slot, values: CollectionOfOne(leafValue[~node] * scale), cover: hasCover ? leafRows[~node] : nil,
                    source: Int32(~node))
                continue
            }
            let children = try addTest(
                node, at: slot, featureCount: featureCount, cover: hasCover ? innerRows[node] : nil, sets: &sets, to: &builder)
            pending.append((children.right, Int(right[node])))
            pending.append((children.left, Int(left[node])))
        }
        return (builder.tree, builder.sourceLeaves)
    }

    private func addTest(
        _ node: Int, at slot: TreeBuilder.Slot, featureCount: Int, cover: Double?, sets: inout [Int: CategorySet],
        to builder: inout TreeBuilder
    ) throws(ImportFailure) -> (left: TreeBuilder.Slot, right: TreeBuilder.Slot) {
        guard (0..<featureCount).contains(Int(feature[node])) else {
            throw ImportFailure(.malformed, at: place, "split_feature[\(node)] is \(feature[node]) of \(featureCount)")
        }
        let decision = decision[node]
        guard decision & 1 == 0 else {
            let set = try categories(of: node, in: &sets)
            return try builder.addMembership(at: slot, feature: Int(feature[node]), set: set, flags: [], cover: cover)
        }
        var flags: DecisionTree.NodeFlags = decision & 2 != 0 ? .missingGoesLeft : []
        switch decision >> 2 & 3 {
        case 0: flags = .missingIsZero  // no default: nothing is missing
        case 1: flags.insert(.zeroIsMissing)
        case 2: break
        default: throw ImportFailure(.malformed, at: place, "decision_type[\(node)]: missing type 3")
        }
        let threshold = LightGBMTree.thresholdOfRawValues(threshold[node])
        return try builder.addTest(at: slot, feature: Int(feature[node]), threshold: threshold, flags: flags, cover: cover)
    }

    /// LightGBM's interface takes rows as sparse, so that tests see 0 for any value as small as its zero: `-1e-35` is over `-1e-35`.
    /// The threshold that tells values alike without that step.
    private static func thresholdOfRawValues(_ threshold: Double) -> Double {
        let zero = DecisionTree.zeroMagnitudeMax
        guard threshold.magnitude <= zero else { return threshold }
        return threshold < 0 ? (-zero).nextDown : zero
    }

    /// NaN and negative values are in no set and go right, whatever the missing type.
    private func categories(of node: Int, in sets: inout [Int: CategorySet]) throws(ImportFailure) -> CategorySet {
        guard let set = Int(exactly: threshold[node]), (0..<categoricalCount).contains(set) else {
            throw ImportFailure(.malformed, at: place, "threshold[\(node)] names the set \(threshold[node]) of \(categoricalCount)")
        }
        if let known = sets[set] { return known }
        var values: [Double] = []
        let words = setWords[Int(setStarts[set])..<Int(setStarts[set + 1])]
        // LightGBM looks up `Int32` values only.
        guard words.count <= 1 << 26 else { throw ImportFailure(.tooLarge, at: place, "a set of \(words.count) words") }
        for (index, word) in words.enumerated() {
            for bit in 0..<32 where word >> bit & 1 == 1 { values.append(Double(index * 32 + bit)) }
        }
        let made = CategorySet(values: values, isTruncating: true)
        sets[set] = made
        return made
    }
}

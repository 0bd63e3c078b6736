// Idea: all trees' nodes lie in one array of 16-byte records, siblings side by side, thresholds as they are. A step loads one record and
// one value, compares, and adds the outcome to the index of the left child. A leaf leads to itself: its threshold is NaN, nothing is
// greater, so trees of different depths can take the same number of steps together, eight at a time, with no branch to guess.
//
// This engine takes every model: nodes with other rules for missing values and with categories are walked one tree at a time.

/// A model as flat nodes with its own thresholds; the engine for any model, one row at a time.
struct FlatWalk: Sendable {
    private struct Node: BitwiseCopyable {
        /// The greatest value that goes left; NaN for a leaf.
        var threshold: Double
        /// Index of the left child, the right one follows; a leaf's own index.
        var left: UInt32
        /// The feature's index, and in the highest bit whether NaN goes right.
        var feature: UInt32
    }

    /// What a node needs to know beyond ``Node``, where the model is not plain.
    private struct Rule {
        var flags: DecisionTree.NodeFlags
        var categories: CategorySet?
    }

    private let nodes: AlignedTable<Node>
    private let roots: AlignedTable<UInt32>
    /// By node: a leaf's number.
    private let leafNumbers: AlignedTable<Int32>
    /// By node; empty for a plain model.
    private let rules: [Rule]
    /// By eight trees: steps to their deepest leaf.
    private let depths: [Int]
    private let roundsToFloat: Bool
    let treeCount: Int
    /// Nodes ask `x <= threshold` and send NaN one way, nothing else.
    let isPlain: Bool
    /// Steps of eight trees, summed: what a row costs.
    let stepCount: Int

    init(_ ensemble: TreeEnsemble, _ leaves: LeafTable) {
        var nodes: [Node] = []
        var roots: [UInt32] = []
        var leafNumbers: [Int32] = []
        var rules: [Rule] = []
        var depths = [Int](repeating: 0, count: (ensemble.trees.count + 7) / 8)
        let isPlain = ensemble.trees.allSatisfy { tree in tree.flags.allSatisfy { $0.isSubset(of: .missingGoesLeft) } }
        for (index, tree) in ensemble.trees.enumerated() {
            let root = nodes.count
            roots.append(UInt32(root))
            depths[index / 8] = max(depths[index / 8], tree.depth)
            var queue = [0]
            var next = 0
            nodes.append(Node(threshold: .nan, left: UInt32(root), feature: 0))
            while next < queue.count {
                let node = queue[next]
                let place = root + next
                if tree.isLeaf(node) {
                    nodes[place] = Node(threshold: .nan, left: UInt32(place), feature: 0)
                    leafNumbers.append(leaves.numbers[index][Int(tree.left[node])])
                } else {
                    let flags = tree.flags[node]
                    nodes[place] = Node(
                        threshold: tree.threshold[node], left: UInt32(nodes.count),
                        feature: UInt32(tree.feature[node]) | (flags.contains(.missingGoesLeft) ? 0 : 0x8000_0000))
                    queue += [Int(tree.left[node]), Int(tree.right[node])]
                    let empty = Node(threshold: .nan, left: 0, feature: 0)
                    nodes += [empty, empty]
                    leafNumbers.append(-1)
                }
                if !isPlain {
                    let isCategorical = !tree.isLeaf(node) && tree.flags[node].contains(.isCategorical)
                    rules.append(
                        Rule(
                            flags: tree.flags[node],
                            categories: isCategorical ? tree.categories[Int(tree.categorySet[node])] : nil))
                }
                next += 1
            }
        }
        self.nodes = AlignedTable(nodes)
        self.roots = AlignedTable(roots)
        self.leafNumbers = AlignedTable(leafNumbers)
        self.rules = rules
        self.depths = depths
        self.isPlain = isPlain
        roundsToFloat = ensemble.inputPrecision == .single
        treeCount = ensemble.trees.count
        stepCount = depths.reduce(0) { $0 + $1 + 1 }
    }

    /// Hands out every tree's leaf number, in the trees' order.
    @inline(__always)
    func forEachLeaf(of row: UnsafePointer<Double>, _ body: (_ tree: Int, _ number: Int) -> Void) {
        if !isPlain {
            for tree in 0..<treeCount { body(tree, Int(leafNumbers[leafByRules(Int(roots[tree]), row)])) }
        } else if roundsToFloat {
            walkPlain(row, roundsToFloat: true, body)
        } else {
            walkPlain(row, roundsToFloat: false, body)
        }
    }

    @inline(__always)
    private func walkPlain(_ row: UnsafePointer<Double>, roundsToFloat: Bool, _ body: (_ tree: Int, _ number: Int) -> Void) {
        let nodes = nodes.start
        var tree = 0
        while tree + 8 <= treeCount {
            var a = Int(roots[tree])
            var b = Int(roots[tree + 1])
            var c = Int(roots[tree + 2])
            var d = Int(roots[tree + 3])
            var e = Int(roots[tree + 4])
            var f = Int(roots[tree + 5])
            var g = Int(roots[tree + 6])
            var h = Int(roots[tree + 7])
            for _ in 0..<depths[tree >> 3] {
                a = FlatWalk.step(nodes, a, row, roundsToFloat)
                b = FlatWalk.step(nodes, b, row, roundsToFloat)
                c = FlatWalk.step(nodes, c, row, roundsToFloat)
                d = FlatWalk.step(nodes, d, row, roundsToFloat)
                e = FlatWalk.step(nodes, e, row, roundsToFloat)
                f = FlatWalk.step(nodes, f, row, roundsToFloat)
                g = FlatWalk.step(nodes, g, row, roundsToFloat)
                h = FlatWalk.step(nodes, h, row, roundsToFloat)
            }
            body(tree, Int(leafNumbers[a]))
            body(tree + 1, Int(leafNumbers[b]))
            body(tree + 2, Int(leafNumbers[c]))
            body(tree + 3, Int(leafNumbers[d]))
            body(tree + 4, Int(leafNumbers[e]))
            body(tree + 5, Int(leafNumbers[f]))
            body(tree + 6, Int(leafNumbers[g]))
            body(tree + 7, Int(leafNumbers[h]))
            tree += 8
        }
        while tree < treeCount {
            var node = Int(roots[tree])
            for _ in 0..<depths[tree >> 3] { node = FlatWalk.step(nodes, node, row, roundsToFloat) }
            body(tree, Int(leafNumbers[node]))
            tree += 1
        }
    }

    @inline(__always)
    private static func step(
        _ nodes: UnsafePointer<Node>, _ index: Int, _ row: UnsafePointer<Double>, _ roundsToFloat: Bool
    ) -> Int {
        let node = nodes[index]
        var value = row[Int(node.feature & 0x7fff_ffff)]
        if roundsToFloat { value = Double(Float(value)) }
        let isGreater: Int = value > node.threshold ? 1 : 0
        let isMissing: Int = value.isNaN ? 1 : 0
        return Int(node.left) &+ (isGreater | isMissing & Int(node.feature >> 31))
    }

    /// For any node: what ``TreeEnsemble/goesLeft(_:_:_:)`` says.
    private func leafByRules(_ root: Int, _ row: UnsafePointer<Double>) -> Int {
        var index = root
        while nodes[index].left != UInt32(index) {
            let node = nodes[index]
            let rule = rules[index]
            var value = row[Int(node.feature & 0x7fff_ffff)]
            if roundsToFloat { value = Double(Float(value)) }
            let goesLeft: Bool
            if !rule.flags.contains(.missingIsZero),
                value.isNaN || rule.flags.contains(.zeroIsMissing) && value.magnitude <= DecisionTree.zeroMagnitudeMax
            {
                goesLeft = rule.flags.contains(.missingGoesLeft)
            } else {
                if value.isNaN { value = 0 }
                goesLeft = rule.categories?.contains(value, under: rule.flags) ?? (value <= node.threshold)
            }
            index = Int(node.left) + (goesLeft ? 0 : 1)
        }
        return index
    }
}

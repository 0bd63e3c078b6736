// Idea: all trees' nodes lie in one array of 16-byte records, siblings side by side, thresholds as they are. A step loads one record and
// one value, compares, and adds the outcome to the index of the left child. A leaf leads to itself: its threshold is NaN, nothing is
// greater, so trees of different depths can take the same number of steps together, eight at a time, with no branch to guess.
//
// This engine takes every model. Where nodes have other rules for missing values, or categories, the row is read by these rules first
// (``Readings``), and a step computes both answers, the comparison's and the set's, and takes one. Of such a model blocks are walked tree by
// tree, eight rows at a time.

/// A model as flat nodes with its own thresholds; the engine for any model.
struct FlatWalk: Sendable {
    private struct Node: BitwiseCopyable {
        /// The greatest value that goes left, NaN for a leaf; of a categorical node where its bits begin, as a bit pattern.
        var threshold: Double
        /// Index of the left child, the right one follows; a leaf's own index.
        var left: UInt32
        /// The feature's index, or its reading's. In the highest bit whether NaN goes right, in the next one whether it is categorical.
        var feature: UInt32

        static let nanGoesRight: UInt32 = 0x8000_0000
        static let isCategorical: UInt32 = 0x4000_0000
        static let featureMask = 0x3fff_ffff
    }

    private let nodes: AlignedTable<Node>
    private let roots: AlignedTable<UInt32>
    /// By node: a leaf's number.
    private let leafNumbers: AlignedTable<Int32>
    /// By tree.
    private let depths: [Int]
    /// By eight trees: steps to their deepest leaf.
    private let depthsOfEight: [Int]
    private let roundsToFloat: Bool
    /// Nil for a plain model.
    private let readings: Readings?
    /// The model itself where its readings are too many: walked as the reference does.
    private let slow: (ensemble: TreeEnsemble, numbers: [[Int32]])?
    let treeCount: Int
    /// Nodes ask `x <= threshold` and send NaN one way, nothing else.
    let isPlain: Bool
    /// Steps of eight trees, summed: what a row costs.
    let stepCount: Int
    /// Rows of a model that is not plain that are walked together.
    static let blockRowCount = 64

    init(_ ensemble: TreeEnsemble, _ leaves: LeafTable) {
        let isPlain = ensemble.trees.allSatisfy { tree in tree.flags.allSatisfy { $0.isSubset(of: .missingGoesLeft) } }
        let readings = isPlain ? nil : Readings(ensemble)
        var nodes: [Node] = []
        var roots: [UInt32] = []
        var leafNumbers: [Int32] = []
        for (index, tree) in ensemble.trees.enumerated() {
            let root = nodes.count
            roots.append(UInt32(root))
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
                    let test = readings?.tests[index][node]
                    let isCategorical = flags.contains(.isCategorical)
                    nodes[place] = Node(
                        threshold: isCategorical ? Double(bitPattern: UInt64(test?.firstWord ?? 0)) : tree.threshold[node],
                        left: UInt32(nodes.count),
                        feature: (test?.reading ?? UInt32(tree.feature[node])) | (isCategorical ? Node.isCategorical : 0)
                            | (flags.contains(.missingGoesLeft) ? 0 : Node.nanGoesRight))
                    queue += [Int(tree.left[node]), Int(tree.right[node])]
                    let empty = Node(threshold: .nan, left: 0, feature: 0)
                    nodes += [empty, empty]
                    leafNumbers.append(-1)
                }
                next += 1
            }
        }
        self.nodes = AlignedTable(nodes)
        self.roots = AlignedTable(roots)
        self.leafNumbers = AlignedTable(leafNumbers)
        self.isPlain = isPlain
        self.readings = readings
        slow = !isPlain && readings == nil ? (ensemble, leaves.numbers) : nil
        let depths = ensemble.trees.map(\.depth)
        self.depths = depths
        depthsOfEight = stride(from: 0, to: depths.count, by: 8).map { depths[$0..<min($0 + 8, depths.count)].max() ?? 0 }
        roundsToFloat = ensemble.inputPrecision == .single
        treeCount = ensemble.trees.count
        stepCount = depthsOfEight.reduce(0) { $0 + $1 + 1 }
    }

    /// Whether rows are read before they are walked, into ``readingCount`` places each.
    var hasReadings: Bool { readings != nil }
    var readingCount: Int { readings?.count ?? 0 }

    /// Reads rows that lie `stride` apart.
    func read(
        _ rows: UnsafePointer<Double>, stride: Int, count: Int, into result: UnsafeMutablePointer<Double>
    ) {
        guard let readings else { return }
        for row in 0..<count { readings.read(rows + row * stride, into: result + row * readings.count) }
    }

    /// Hands out every tree's leaf number, in the trees' order.
    ///
    /// - Parameter row: What was read of it, where the model ``hasReadings``.
    @inline(__always)
    func forEachLeaf(of row: UnsafePointer<Double>, _ body: (_ tree: Int, _ number: Int) -> Void) {
        if let slow {
            for tree in 0..<treeCount {
                let values = UnsafeBufferPointer(start: row, count: slow.ensemble.featureCount)
                let leaf = slow.ensemble.trees[tree].left[slow.ensemble.leaf(of: tree, row: values)]
                body(tree, Int(slow.numbers[tree][Int(leaf)]))
            }
        } else if let readings {
            let (nodes, bits) = (nodes.start, readings.bits.start)
            walk(body) { FlatWalk.step(nodes, $0, row, bits) }
        } else {
            let nodes = nodes.start
            if roundsToFloat {
                walk(body) { FlatWalk.step(nodes, $0, row, roundsToFloat: true) }
            } else {
                walk(body) { FlatWalk.step(nodes, $0, row, roundsToFloat: false) }
            }
        }
    }

    @inline(__always)
    private func walk(_ body: (_ tree: Int, _ number: Int) -> Void, _ step: (Int) -> Int) {
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
            for _ in 0..<depthsOfEight[tree >> 3] {
                a = step(a)
                b = step(b)
                c = step(c)
                d = step(d)
                e = step(e)
                f = step(f)
                g = step(g)
                h = step(h)
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
            for _ in 0..<depths[tree] { node = step(node) }
            body(tree, Int(leafNumbers[node]))
            tree += 1
        }
    }

    /// Leaf numbers of one tree for up to ``blockRowCount`` rows that were read; those behind the last one are walked too, where they fill up
    /// eight.
    func leafNumbers(tree: Int, readings rows: UnsafePointer<Double>, rowCount: Int, into numbers: UnsafeMutablePointer<Int32>) {
        guard let readings else { preconditionFailure("checked by the caller") }
        let nodes = nodes.start
        let bits = readings.bits.start
        let stride = readings.count
        let root = Int(roots[tree])
        let depth = depths[tree]
        var row = 0
        while row < rowCount {
            let values = rows + row * stride
            var a = root
            var b = root
            var c = root
            var d = root
            var e = root
            var f = root
            var g = root
            var h = root
            for _ in 0..<depth {
                a = FlatWalk.step(nodes, a, values, bits)
                b = FlatWalk.step(nodes, b, values + stride, bits)
                c = FlatWalk.step(nodes, c, values + 2 * stride, bits)
                d = FlatWalk.step(nodes, d, values + 3 * stride, bits)
                e = FlatWalk.step(nodes, e, values + 4 * stride, bits)
                f = FlatWalk.step(nodes, f, values + 5 * stride, bits)
                g = FlatWalk.step(nodes, g, values + 6 * stride, bits)
                h = FlatWalk.step(nodes, h, values + 7 * stride, bits)
            }
            let to = numbers + row
            to[0] = leafNumbers[a]
            to[1] = leafNumbers[b]
            to[2] = leafNumbers[c]
            to[3] = leafNumbers[d]
            to[4] = leafNumbers[e]
            to[5] = leafNumbers[f]
            to[6] = leafNumbers[g]
            to[7] = leafNumbers[h]
            row += 8
        }
    }

    @inline(__always)
    private static func step(_ nodes: UnsafePointer<Node>, _ index: Int, _ row: UnsafePointer<Double>, roundsToFloat: Bool) -> Int {
        let node = nodes[index]
        var value = row[Int(node.feature) & Node.featureMask]
        if roundsToFloat { value = Double(Float(value)) }
        let isGreater: Int = value > node.threshold ? 1 : 0
        let isMissing: Int = value.isNaN ? 1 : 0
        return Int(node.left) &+ (isGreater | isMissing & Int(node.feature >> 31))
    }

    /// Of a row that was read.
    @inline(__always)
    private static func step(
        _ nodes: UnsafePointer<Node>, _ index: Int, _ row: UnsafePointer<Double>, _ bits: UnsafePointer<UInt64>
    ) -> Int {
        let node = nodes[index]
        let value = row[Int(node.feature) & Node.featureMask]
        let isGreater: Int = value > node.threshold ? 1 : 0
        let isMissing: Int = value.isNaN ? 1 : 0
        let numeric = isGreater | isMissing & Int(node.feature >> 31)
        // All bits of a categorical node, none of another: that one looks at the first word, in vain.
        let mask = 0 &- UInt64(node.feature >> 30 & 1)
        let code = value.bitPattern & mask
        let word = bits[Int(node.threshold.bitPattern & mask &+ code >> 6)]
        let isOutside = Int(~(word &>> (code & 63)) & 1)
        return Int(node.left) &+ (numeric ^ (numeric ^ isOutside) & Int(truncatingIfNeeded: mask))
    }
}

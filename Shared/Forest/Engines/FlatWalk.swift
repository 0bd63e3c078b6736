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
        /// The greatest value that goes left, NaN for a leaf. Where rows are read first, as bits: the greatest reading that goes left, or where
        /// a categorical node's bits begin.
        var threshold: Double
        /// Index of the left child, the right one follows; a leaf's own index.
        var left: UInt32
        /// The feature's index, or its reading's. In the highest bit whether NaN goes right, or whether the node is categorical.
        var feature: UInt32

        static let nanGoesRight: UInt32 = 0x8000_0000
        static let isCategorical = nanGoesRight
        static let featureMask = 0x7fff_ffff
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
        let leafThreshold = readings == nil ? Double.nan : Double(bitPattern: UInt64(bitPattern: Readings.greatest))
        for (index, tree) in ensemble.trees.enumerated() {
            let root = nodes.count
            roots.append(UInt32(root))
            var queue = [0]
            var next = 0
            nodes.append(Node(threshold: leafThreshold, left: UInt32(root), feature: 0))
            while next < queue.count {
                let node = queue[next]
                let place = root + next
                if tree.isLeaf(node) {
                    nodes[place] = Node(threshold: leafThreshold, left: UInt32(place), feature: 0)
                    leafNumbers.append(leaves.numbers[index][Int(tree.left[node])])
                } else {
                    let flags = tree.flags[node]
                    if let test = readings?.tests[index][node] {
                        let isCategorical = flags.contains(.isCategorical)
                        let threshold = isCategorical ? Int64(test.firstWord) : Readings.ordered(tree.threshold[node])
                        nodes[place] = Node(
                            threshold: Double(bitPattern: UInt64(bitPattern: threshold)), left: UInt32(nodes.count),
                            feature: test.reading | (isCategorical ? Node.isCategorical : 0))
                    } else {
                        nodes[place] = Node(
                            threshold: tree.threshold[node], left: UInt32(nodes.count),
                            feature: UInt32(tree.feature[node]) | (flags.contains(.missingGoesLeft) ? 0 : Node.nanGoesRight))
                    }
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
        _ rows: UnsafePointer<Double>, stride: Int, count: Int, into result: UnsafeMutablePointer<Int64>
    ) {
        guard let readings else { return }
        for row in 0..<count { readings.read(rows + row * stride, into: result + row * readings.count) }
    }

    /// Hands out the leaf numbers of a row that was read, in the trees' order.
    @inline(__always)
    func forEachLeaf(ofRead row: UnsafePointer<Int64>, _ body: (_ tree: Int, _ number: Int) -> Void) {
        guard let readings else { preconditionFailure("checked by the caller") }
        let (nodes, bits) = (nodes.start, readings.bits.start)
        walk(body) { FlatWalk.step(nodes, $0, row, bits) }
    }

    /// Hands out every tree's leaf number, in the trees' order; of a model without readings.
    @inline(__always)
    func forEachLeaf(of row: UnsafePointer<Double>, _ body: (_ tree: Int, _ number: Int) -> Void) {
        if let slow {
            for tree in 0..<treeCount {
                let values = UnsafeBufferPointer(start: row, count: slow.ensemble.featureCount)
                let leaf = slow.ensemble.trees[tree].left[slow.ensemble.leaf(of: tree, row: values)]
                body(tree, Int(slow.numbers[tree][Int(leaf)]))
            }
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
            var places = Eight { Int(roots[tree + $0]) }
            places.descend(depthsOfEight[tree >> 3]) { place, _ in step(place) }
            for lane in 0..<8 { body(tree + lane, Int(leafNumbers[places[lane]])) }
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
    func leafNumbers(tree: Int, readings rows: UnsafePointer<Int64>, rowCount: Int, into numbers: UnsafeMutablePointer<Int32>) {
        guard let readings else { preconditionFailure("checked by the caller") }
        let nodes = nodes.start
        let bits = readings.bits.start
        let stride = readings.count
        let root = Int(roots[tree])
        let depth = depths[tree]
        var row = 0
        while row < rowCount {
            let values = rows + row * stride
            var places = Eight { _ in root }
            places.descend(depth) { place, lane in FlatWalk.step(nodes, place, values + lane * stride, bits) }
            for lane in 0..<8 { numbers[row + lane] = leafNumbers[places[lane]] }
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
        _ nodes: UnsafePointer<Node>, _ index: Int, _ row: UnsafePointer<Int64>, _ bits: UnsafePointer<UInt64>
    ) -> Int {
        let node = nodes[index]
        let reading = row[Int(node.feature) & Node.featureMask]
        let threshold = Int64(bitPattern: node.threshold.bitPattern)
        let isGreater: Int = reading > threshold ? 1 : 0
        // All bits of a categorical node, none of another: that one looks at the first word, in vain.
        let mask = Int(Int32(bitPattern: node.feature) >> 31)
        let code = Int(reading) & mask
        let word = bits[Int(threshold) & mask &+ code &>> 6]
        let isOutside = Int(truncatingIfNeeded: ~(word &>> UInt64(truncatingIfNeeded: code)) & 1)
        return Int(node.left) &+ (isGreater ^ (isGreater ^ isOutside) & mask)
    }
}

/// Eight places in trees, which are walked together: in registers.
private struct Eight {
    private var a, b, c, d, e, f, g, h: Int

    @inline(__always)
    init(_ place: (_ lane: Int) -> Int) {
        a = place(0)
        b = place(1)
        c = place(2)
        d = place(3)
        e = place(4)
        f = place(5)
        g = place(6)
        h = place(7)
    }

    @inline(__always)
    subscript(lane: Int) -> Int {
        switch lane {
        case 0: a
        case 1: b
        case 2: c
        case 3: d
        case 4: e
        case 5: f
        case 6: g
        default: h
        }
    }

    /// Steps until all are at leaves, which step to themselves. Trees that grow leaf by leaf are deep in few places: every fourth step looks.
    @inline(__always)
    mutating func descend(_ depth: Int, _ step: (_ place: Int, _ lane: Int) -> Int) {
        var left = depth
        while left > 0 {
            for _ in 1..<min(left, 4) { advance(step) }
            let before = self
            advance(step)
            left -= 4
            let moved = (a ^ before.a) | (b ^ before.b) | (c ^ before.c) | (d ^ before.d)
            if moved | (e ^ before.e) | (f ^ before.f) | (g ^ before.g) | (h ^ before.h) == 0 { return }
        }
    }

    @inline(__always)
    private mutating func advance(_ step: (_ place: Int, _ lane: Int) -> Int) {
        a = step(a, 0)
        b = step(b, 1)
        c = step(c, 2)
        d = step(d, 3)
        e = step(e, 4)
        f = step(f, 5)
        g = step(g, 6)
        h = step(h, 7)
    }
}

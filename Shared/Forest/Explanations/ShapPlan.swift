internal import CShap

/// Collects the trees whose paths need the same number of quadrature points, and lays them out in groves.
struct ShapPlanBuilder {
    private struct Entry {
        var tree: DecisionTree
        var value: Int
        var paths: TreePaths
        var shares: CoverShares
        /// Inner nodes that are no twigs.
        var nodeCount: Int
    }

    /// A node of a grove being laid out: which tree, which node of it.
    private struct Place: Hashable {
        var entry: Int
        var node: Int
    }

    private struct Side: Hashable {
        var place: Place
        var isRight: Bool
    }

    fileprivate struct Test {
        var column: Int32
        var rank: Int32
        /// The ranks that reach the node, as the nodes above it that ask the same column leave them: `low < value <= high`.
        var low = Int32.min
        var high = Int32.max
        /// Which pair of factors holds.
        var factor: Int32
    }

    /// What a grove's walks write takes at most this much of the first-level cache, unless one tree needs more: 32 KiB is the smallest in
    /// use, and nodes and sums want room beside it.
    private static let groveBytesMax = 24 << 10
    /// Vectors that the walks write for a node: two slots with a weight and an expectation each, its left probability and its worth.
    private static let nodeVectors = 6

    let laneCount: Int
    let featureCount: Int
    /// Sums of a feature. Adding takes some nine cycles from load to stored result, a node about as long; with thousands of features the
    /// sums would outgrow the cache.
    let bankCount: Int
    let rule: GaussLegendre
    /// By feature: the bank that its next node adds to.
    private var bank: [Int32]
    private var entries: [Entry] = []
    fileprivate private(set) var groves: [cshap_grove] = []
    fileprivate private(set) var nodes: [cshap_node] = []
    fileprivate private(set) var twigs: [cshap_twig] = []
    fileprivate private(set) var leaves: [cshap_leaf] = []
    fileprivate private(set) var nodeTests: [Test] = []
    fileprivate private(set) var twigTests: [Test] = []
    fileprivate private(set) var repeats: [(isTwig: Bool, index: Int, earlier: Int, isRight: Bool)] = []
    fileprivate private(set) var factors: [Double]
    fileprivate private(set) var slotCount = 1

    init(laneCount: Int, featureCount: Int) {
        self.laneCount = laneCount
        self.featureCount = featureCount
        bankCount = featureCount <= 64 ? 4 : 1
        bank = Array(repeating: 0, count: featureCount)
        rule = GaussLegendre(count: laneCount)
        factors = rule.points.map { 1 - $0 } + Array(repeating: 1, count: laneCount)  // met for the first time
        factors += Array(repeating: 1, count: laneCount) + Array(repeating: 0, count: laneCount)  // dead
    }

    /// Adds one of a tree's values. The tree has an inner node.
    mutating func append(_ tree: DecisionTree, _ value: Int, _ paths: TreePaths, _ shares: CoverShares) {
        let nodeCount = (0..<tree.nodeCount).count { !tree.isLeaf($0) && !tree.isTwig($0) }
        entries.append(Entry(tree: tree, value: value, paths: paths, shares: shares, nodeCount: nodeCount))
    }

    /// Lays out what was appended: trees of the same output one after the other, as many to a grove as fit.
    mutating func finish(_ columns: ShapColumns) {
        var grove: [Int] = []
        var nodeCount = 0
        func output(_ index: Int) -> Int { entries[index].tree.firstOutput + entries[index].value }
        let order = entries.indices.sorted { (output($0), $0) < (output($1), $1) }
        for index in order {
            let bytes = (nodeCount + entries[index].nodeCount) * ShapPlanBuilder.nodeVectors * laneCount * 8
            if let last = grove.last, output(last) != output(index) || bytes > ShapPlanBuilder.groveBytesMax {
                layOut(grove, columns)
                grove = []
                nodeCount = 0
            }
            grove.append(index)
            nodeCount += entries[index].nodeCount
        }
        if !grove.isEmpty { layOut(grove, columns) }
        entries = []
    }

    private mutating func layOut(_ indexes: [Int], _ columns: ShapColumns) {
        let slotBytes = Int32(laneCount * 8)
        var grove = cshap_grove()
        grove.node_first = Int32(nodes.count)
        grove.twig_first = Int32(twigs.count)
        grove.leaf_first = Int32(leaves.count)
        grove.output = Int32(entries[indexes[0]].tree.firstOutput + entries[indexes[0]].value)
        grove.root_count = Int32(indexes.count)
        grove.node_count = Int32(indexes.reduce(0) { $0 + entries[$1].nodeCount })
        slotCount = max(slotCount, Int(2 * grove.node_count + grove.root_count))
        // By side of a node: the product of the shares of the sides that a path through it takes at the nodes of its feature, and the factors.
        var known: [Side: (z: Double, pair: Int32)] = [:]
        // By place: where it lies now.
        var index: [Place: Int] = [:]
        /// Nodes whose feature was asked about under more than one rule.
        var isMixed: Set<Place> = []
        var queue: [(place: Place, slot: Int32)] = []
        for (number, entry) in indexes.enumerated() {
            queue.append((Place(entry: entry, node: 0), 2 * grove.node_count + Int32(number)))
        }
        var next = 0
        while next < queue.count {
            let (place, slot) = queue[next]
            next += 1
            let entry = entries[place.entry]
            let tree = entry.tree
            let node = place.node
            let isTwig = tree.isTwig(node)
            let asked = columns.test(tree, node)
            var test = Test(column: asked.column, rank: asked.rank, factor: factor(of: place, entry, &known))
            if entry.paths.earlier[node] >= 0 {
                let earlier = Place(entry: place.entry, node: Int(entry.paths.earlier[node]))
                let isRight = entry.paths.isRightOfEarlier[node]
                let above = nodeTests[index[earlier]!]
                if above.column == test.column, !isMixed.contains(earlier) {
                    test.low = isRight ? max(above.low, above.rank) : above.low
                    test.high = isRight ? above.high : min(above.high, above.rank)
                } else {
                    isMixed.insert(place)
                    repeats.append((isTwig, isTwig ? twigs.count : nodes.count, index[earlier]!, isRight))
                }
            }
            let leftShare = entry.shares.share(node, goingRight: false)
            let rightShare = entry.shares.share(node, goingRight: true)
            let children = [Int(tree.left[node]), Int(tree.right[node])]
            if isTwig {
                let values = children.map { tree.value(of: $0, entry.value) }
                twigs.append(
                    cshap_twig(
                        value: (values[0], values[1]),
                        difference: ((values[0] - values[1]) * rightShare, (values[1] - values[0]) * leftShare), slot: slot * slotBytes,
                        sum: takeSum(of: tree.feature[node]) * slotBytes))
                twigTests.append(test)
                continue
            }
            index[place] = nodes.count
            let pair = 2 * (Int32(nodes.count) - grove.node_first)
            nodes.append(
                cshap_node(
                    spread: (-rightShare, leftShare), slot: slot * slotBytes, sum: takeSum(of: tree.feature[node]) * slotBytes))
            nodeTests.append(test)
            for (side, child) in children.enumerated() {
                let slot = pair + Int32(side)
                if tree.isLeaf(child) {
                    leaves.append(cshap_leaf(value: tree.value(of: child, entry.value), slot: Int64(slot * slotBytes)))
                } else {
                    queue.append((Place(entry: place.entry, node: child), slot))
                }
            }
        }
        grove.twig_count = Int32(twigs.count) - grove.twig_first
        grove.leaf_count = Int32(leaves.count) - grove.leaf_first
        groves.append(grove)
    }

    /// Which sum a node of the feature adds to: one after the other.
    private mutating func takeSum(of feature: Int32) -> Int32 {
        defer { bank[Int(feature)] = (bank[Int(feature)] + 1) % Int32(bankCount) }
        return feature * Int32(bankCount) + bank[Int(feature)]
    }

    /// Which pair of factors holds at a place: nodes that are below the same side of the same earlier node share one.
    private mutating func factor(of place: Place, _ entry: Entry, _ known: inout [Side: (z: Double, pair: Int32)]) -> Int32 {
        guard let earlier = side(above: place, entry) else { return 0 }
        if let (_, pair) = known[earlier] { return pair }
        let above = side(above: earlier.place, entry).flatMap { known[$0]?.z } ?? 1
        let z = above * entry.shares.share(earlier.place.node, goingRight: earlier.isRight)
        let pair = Int32(factors.count / (2 * laneCount))
        known[earlier] = (z, pair)
        factors += rule.points.map { (1 - $0) * z / ($0 + (1 - $0) * z) }
        factors += rule.points.map { z / (($0 + (1 - $0) * z) * ($0 + (1 - $0) * z)) }
        return pair
    }

    /// The node above that asked about the same feature, and the side of it that the place is on.
    private func side(above place: Place, _ entry: Entry) -> Side? {
        let earlier = Int(entry.paths.earlier[place.node])
        guard earlier >= 0 else { return nil }
        return Side(place: Place(entry: place.entry, node: earlier), isRight: entry.paths.isRightOfEarlier[place.node])
    }
}

extension DecisionTree {
    fileprivate func value(of leaf: Int, _ value: Int) -> Double { leafValues[Int(left[leaf]) * valueCount + value] }
    fileprivate func isTwig(_ node: Int) -> Bool { isLeaf(Int(left[node])) && isLeaf(Int(right[node])) }
}

/// The trees that need the same number of quadrature points, as the walks read them.
///
/// `@unchecked Sendable` is true because nothing changes after `init` but by `deinit`.
final class ShapPlan: @unchecked Sendable {
    let laneCount: Int
    let slotCount: Int
    /// Answers, filled up to whole blocks of tests.
    let answerCount: Int
    /// Doubles of an output's sums.
    let sumCount: Int
    private let bankCount: Int
    private let quadratureWeights: [Double]
    private let groves: UnsafeMutableBufferPointer<cshap_grove>
    private let nodes: UnsafeMutableBufferPointer<cshap_node>
    private let twigs: UnsafeMutableBufferPointer<cshap_twig>
    private let leaves: UnsafeMutableBufferPointer<cshap_leaf>
    /// Columns, ranks, lows, highs and factors of all tests, one kind behind the other.
    private let tests: UnsafeMutableBufferPointer<Int32>
    /// The tests by thirty-two, where they fit.
    private let blocks: UnsafeMutableBufferPointer<cshap_block>
    private let repeats: UnsafeMutableBufferPointer<cshap_repeat>
    private let factors: UnsafeMutableBufferPointer<Double>
    private let plan: UnsafeMutablePointer<cshap_plan>

    /// - Parameter builder: Finished.
    init(_ builder: ShapPlanBuilder) {
        laneCount = builder.laneCount
        slotCount = builder.slotCount
        bankCount = builder.bankCount
        sumCount = builder.featureCount * builder.bankCount * builder.laneCount
        quadratureWeights = builder.rule.weights
        groves = ShapPlan.copy(builder.groves)
        nodes = ShapPlan.copy(builder.nodes)
        twigs = ShapPlan.copy(builder.twigs)
        leaves = ShapPlan.copy(builder.leaves)
        let tests = builder.nodeTests + builder.twigTests
        answerCount = (tests.count + 31) / 32 * 32
        let testCount = tests.count
        let factorBytes = Int32(2 * builder.laneCount * 8)
        self.tests = ShapPlan.copy(
            tests.map(\.column) + tests.map(\.rank) + tests.map(\.low) + tests.map(\.high) + tests.map { $0.factor * factorBytes })
        let twigBase = builder.nodes.count
        repeats = ShapPlan.copy(
            builder.repeats.map {
                cshap_repeat(
                    node: Int32($0.isTwig ? twigBase + $0.index : $0.index), earlier: Int32($0.earlier) << 1 | ($0.isRight ? 1 : 0))
            })
        factors = AlignedDoubles.allocate(builder.factors.count)
        _ = factors.update(fromContentsOf: builder.factors)
        plan = .allocate(capacity: 1)
        plan.initialize(
            to: cshap_plan(
                groves: groves.baseAddress, nodes: nodes.baseAddress, twigs: twigs.baseAddress, leaves: leaves.baseAddress,
                factors: factors.baseAddress,
                tests: cshap_tests(
                    columns: self.tests.baseAddress, ranks: self.tests.baseAddress! + testCount,
                    lows: self.tests.baseAddress! + 2 * testCount, highs: self.tests.baseAddress! + 3 * testCount,
                    factors: self.tests.baseAddress! + 4 * testCount),
                blocks: nil, repeats: repeats.baseAddress, repeat_count: Int64(repeats.count),
                node_count: Int32(nodes.count), twig_count: Int32(twigs.count), grove_count: Int32(groves.count),
                lane_count: Int32(laneCount), sum_count: Int32(builder.featureCount * bankCount)))
        blocks = ShapPlan.copy(Array(repeating: cshap_block(), count: answerCount / 32))
        if cshap_pack(plan, blocks.baseAddress) { plan.pointee.blocks = UnsafePointer(blocks.baseAddress) }
    }

    deinit {
        plan.deallocate()
        groves.deallocate()
        nodes.deallocate()
        twigs.deallocate()
        leaves.deallocate()
        tests.deallocate()
        blocks.deallocate()
        repeats.deallocate()
        factors.deallocate()
    }

    private static func copy<Element>(_ elements: [Element]) -> UnsafeMutableBufferPointer<Element> {
        // On cache lines: a node is one.
        let raw = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, elements.count) * MemoryLayout<Element>.stride, alignment: 64)
        let buffer = UnsafeMutableBufferPointer(
            start: raw.baseAddress!.bindMemory(to: Element.self, capacity: elements.count), count: elements.count)
        _ = buffer.initialize(fromContentsOf: elements)
        return buffer
    }

    /// Adds the sums of these trees' contributions for the row whose columns the scratch holds.
    func add(
        to contributions: UnsafeMutableBufferPointer<Double>, outputCount: Int, _ scratch: ShapScratch,
        _ instructions: ShapEngine.Instructions
    ) {
        let sums = scratch.sums
        for index in 0..<outputCount * sumCount { sums[index] = 0 }
        cshap_answer_all(
            instructions.rawValue, plan, scratch.columns.baseAddress, Int32(scratch.columns.count), scratch.answers.baseAddress)
        var room = cshap_scratch(
            weights: scratch.weights.baseAddress, expectations: scratch.expectations.baseAddress, turns: scratch.turns.baseAddress)
        cshap_add(instructions.rawValue, plan, scratch.answers.baseAddress, &room, sums.baseAddress)
        quadratureWeights.withUnsafeBufferPointer { weights in
            for index in contributions.indices {
                var sum = 0.0
                for lane in 0..<laneCount {
                    var point = 0.0
                    for bank in 0..<bankCount { point += sums[(index * bankCount + bank) * laneCount + lane] }
                    sum += weights[lane] * point
                }
                contributions[index] += sum
            }
        }
    }
}

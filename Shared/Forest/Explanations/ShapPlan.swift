internal import CShap

/// Collects the trees whose paths need the same number of quadrature points, and lays them out in groves.
struct ShapPlanBuilder {
    private struct Entry {
        var tree: DecisionTree
        var value: Int
        var paths: TreePaths
        var shares: CoverShares
        /// By node.
        var shapes: [ShapShape.OfNode]
        /// Inner nodes that are walked on their own.
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
    }

    /// A node and its test, as it will lie with others of its kind.
    fileprivate struct Entered {
        var node: cshap_node
        var test: Test
    }

    /// Where a node lies: on its own, or with those of a shape.
    fileprivate struct Site {
        var shape: ShapShape?
        var index: Int
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
    /// Walked on their own.
    fileprivate private(set) var nodes: [Entered] = []
    fileprivate private(set) var slots: [Int32] = []
    fileprivate private(set) var leaves: [cshap_leaf] = []
    /// By shape.
    fileprivate private(set) var shapeNodes: [[Entered]]
    fileprivate private(set) var shapeSlots: [[Int32]]
    fileprivate private(set) var shapeValues: [[Double]]
    fileprivate private(set) var repeats: [(site: Site, earlier: Site, isRight: Bool)] = []
    fileprivate private(set) var factors: [Double]
    fileprivate private(set) var slotCount = 1

    init(laneCount: Int, featureCount: Int) {
        self.laneCount = laneCount
        self.featureCount = featureCount
        bankCount = featureCount <= 64 ? 4 : 1
        bank = Array(repeating: 0, count: featureCount)
        rule = GaussLegendre(count: laneCount)
        shapeNodes = Array(repeating: [], count: ShapShape.allCases.count)
        shapeSlots = Array(repeating: [], count: ShapShape.allCases.count)
        shapeValues = Array(repeating: [], count: ShapShape.allCases.count)
        factors = rule.points + Array(repeating: 1, count: laneCount)  // met for the first time
    }

    /// Adds one of a tree's values. The tree has an inner node.
    mutating func append(_ tree: DecisionTree, _ value: Int, _ paths: TreePaths, _ shares: CoverShares) {
        let shapes = ShapShape.shapes(of: tree)
        let nodeCount = shapes.count { $0 == .large }
        entries.append(Entry(tree: tree, value: value, paths: paths, shares: shares, shapes: shapes, nodeCount: nodeCount))
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
        grove.nodes = cshap_range(first: Int32(nodes.count), count: indexes.reduce(0) { $0 + Int32(entries[$1].nodeCount) })
        grove.leaves.first = Int32(leaves.count)
        let firstOfShapes = shapeSlots.map(\.count)
        grove.output = Int32(entries[indexes[0]].tree.firstOutput + entries[indexes[0]].value)
        grove.root_count = Int32(indexes.count)
        slotCount = max(slotCount, Int(2 * grove.nodes.count + grove.root_count))
        var layout = GroveLayout()
        var queue: [(place: Place, slot: Int32)] = []
        for (number, entry) in indexes.enumerated() {
            queue.append((Place(entry: entry, node: 0), 2 * grove.nodes.count + Int32(number)))
        }
        var next = 0
        while next < queue.count {
            let (place, slot) = queue[next]
            next += 1
            let entry = entries[place.entry]
            switch entry.shapes[place.node] {
            case .leaf:
                leaves.append(cshap_leaf(value: entry.tree.value(of: place.node, entry.value), slot: Int64(slot * slotBytes)))
            case .small(let shape):
                shapeSlots[shape.rawValue].append(slot * slotBytes)
                append(place, of: shape, columns, &layout)
            case .large:
                let pair = 2 * (Int32(nodes.count) - grove.nodes.first)
                slots.append(slot * slotBytes)
                nodes.append(enter(place, Site(shape: nil, index: nodes.count), firstIsRight: false, columns, &layout))
                queue.append((Place(entry: place.entry, node: Int(entry.tree.left[place.node])), pair))
                queue.append((Place(entry: place.entry, node: Int(entry.tree.right[place.node])), pair + 1))
            }
        }
        grove.leaves.count = Int32(leaves.count) - grove.leaves.first
        withUnsafeMutableBytes(of: &grove.shapes) { bytes in
            let ranges = bytes.bindMemory(to: cshap_range.self)
            for (shape, first) in firstOfShapes.enumerated() {
                ranges[shape] = cshap_range(first: Int32(first), count: Int32(shapeSlots[shape].count - first))
            }
        }
        groves.append(grove)
    }

    /// Adds the nodes and leaves of a small subtree to those of a shape, depth first.
    private mutating func append(_ place: Place, of shape: ShapShape, _ columns: ShapColumns, _ layout: inout GroveLayout) {
        let entry = entries[place.entry]
        guard case .small(let own) = entry.shapes[place.node] else {
            shapeValues[shape.rawValue].append(entry.tree.value(of: place.node, entry.value))
            return
        }
        var children = [Int(entry.tree.left[place.node]), Int(entry.tree.right[place.node])]
        let firstIsRight = own != .T && entry.shapes[children[0]].size < entry.shapes[children[1]].size
        let site = Site(shape: shape, index: shapeNodes[shape.rawValue].count)
        shapeNodes[shape.rawValue].append(enter(place, site, firstIsRight: firstIsRight, columns, &layout))
        guard own != .T else { return }
        if firstIsRight { children.reverse() }
        for child in children { append(Place(entry: place.entry, node: child), of: shape, columns, &layout) }
    }

    /// What is known of a grove's nodes while it is laid out.
    private struct GroveLayout {
        /// By side of a node: the product of the shares of the sides that a path through it takes at the nodes of its feature, and the factors.
        var known: [Side: (z: Double, pair: Int32)] = [:]
        /// By place: where it lies now.
        var sites: [Place: Site] = [:]
        /// Nodes whose feature was asked about under more than one rule.
        var isMixed: Set<Place> = []
    }

    /// A node as the walks read it: takes a sum and a pair of factors.
    private mutating func enter(
        _ place: Place, _ site: Site, firstIsRight: Bool, _ columns: ShapColumns, _ layout: inout GroveLayout
    ) -> Entered {
        let entry = entries[place.entry]
        let tree = entry.tree
        let node = place.node
        let asked = columns.test(tree, node)
        var test = Test(column: asked.column, rank: asked.rank)
        if entry.paths.earlier[node] >= 0 {
            let earlier = Place(entry: place.entry, node: Int(entry.paths.earlier[node]))
            let isRight = entry.paths.isRightOfEarlier[node]
            let earlierSite = layout.sites[earlier]!
            let above = earlierSite.shape.map { shapeNodes[$0.rawValue][earlierSite.index].test } ?? nodes[earlierSite.index].test
            if above.column == test.column, !layout.isMixed.contains(earlier) {
                test.low = isRight ? max(above.low, above.rank) : above.low
                test.high = isRight ? above.high : min(above.high, above.rank)
            } else {
                layout.isMixed.insert(place)
                repeats.append((site, earlierSite, isRight))
            }
        }
        layout.sites[place] = site
        let shares = (left: entry.shares.share(node, goingRight: false), right: entry.shares.share(node, goingRight: true))
        var known = cshap_node(
            change: (shares.right, -shares.left, 0), base: shares.left, sum: takeSum(of: tree.feature[node]) * Int32(laneCount * 8),
            factor: factor(of: place, entry, &layout.known) * Int32(2 * laneCount * 8))
        if firstIsRight {
            known.change = (-shares.right, shares.left, 0)
            known.base = shares.right
        }
        if entry.shapes[node] == .small(.T) {
            let difference = tree.value(of: Int(tree.left[node]), entry.value) - tree.value(of: Int(tree.right[node]), entry.value)
            known.change = (shares.right * difference, -shares.left * difference, 0)
            known.base = entry.shares.mean[node]
        }
        return Entered(node: known, test: test)
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
        factors += rule.points.map { $0 / ($0 + (1 - $0) * z) }
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
    private let points: UnsafeMutableBufferPointer<Double>
    private let groves: UnsafeMutableBufferPointer<cshap_grove>
    private let nodes: UnsafeMutableBufferPointer<cshap_node>
    private let slots: UnsafeMutableBufferPointer<Int32>
    private let values: UnsafeMutableBufferPointer<Double>
    private let leaves: UnsafeMutableBufferPointer<cshap_leaf>
    /// Columns, ranks, lows and highs of all tests, one kind behind the other.
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
        sumCount = builder.featureCount * builder.bankCount * builder.laneCount
        points = AlignedDoubles.allocate(laneCount)
        _ = points.update(fromContentsOf: builder.rule.weights)
        groves = ShapPlan.copy(builder.groves)
        let entered = builder.nodes + builder.shapeNodes.joined()
        nodes = ShapPlan.copy(entered.map(\.node))
        slots = ShapPlan.copy(builder.slots + builder.shapeSlots.joined())
        leaves = ShapPlan.copy(builder.leaves)
        values = ShapPlan.copy(Array(builder.shapeValues.joined()))
        let nodeCount = entered.count
        answerCount = (nodeCount + 31) / 32 * 32
        let tests = entered.map(\.test)
        self.tests = ShapPlan.copy(tests.map(\.column) + tests.map(\.rank) + tests.map(\.low) + tests.map(\.high))
        /// By shape: where what is counted of each begins.
        func firsts(_ base: Int, _ counts: [Int]) -> [Int32] {
            counts.reduce(into: [Int32(base)]) { $0.append($0.last! + Int32($1)) }
        }
        let firstNodes = firsts(builder.nodes.count, builder.shapeNodes.map(\.count))
        func index(_ site: ShapPlanBuilder.Site) -> Int32 { (site.shape.map { firstNodes[$0.rawValue] } ?? 0) + Int32(site.index) }
        repeats = ShapPlan.copy(
            builder.repeats.map { cshap_repeat(node: index($0.site), earlier: index($0.earlier) << 1 | ($0.isRight ? 1 : 0)) })
        factors = AlignedDoubles.allocate(builder.factors.count)
        _ = factors.update(fromContentsOf: builder.factors)
        plan = .allocate(capacity: 1)
        var made = cshap_plan()
        made.groves = UnsafePointer(groves.baseAddress)
        made.grove_count = Int32(groves.count)
        made.nodes = UnsafePointer(nodes.baseAddress)
        made.node_count = Int32(nodeCount)
        made.slots = UnsafePointer(slots.baseAddress)
        made.leaves = UnsafePointer(leaves.baseAddress)
        made.values = UnsafePointer(values.baseAddress)
        made.factors = UnsafePointer(factors.baseAddress)
        made.tests = cshap_tests(
            columns: self.tests.baseAddress!, ranks: self.tests.baseAddress! + nodeCount, lows: self.tests.baseAddress! + 2 * nodeCount,
            highs: self.tests.baseAddress! + 3 * nodeCount)
        made.repeats = UnsafePointer(repeats.baseAddress)
        made.repeat_count = Int64(repeats.count)
        made.lane_count = Int32(laneCount)
        made.bank_count = Int32(builder.bankCount)
        made.sum_count = Int32(builder.featureCount * builder.bankCount)
        made.points = UnsafePointer(points.baseAddress)
        ShapPlan.fill(&made.shape_nodes, firstNodes)
        ShapPlan.fill(&made.shape_slots, firsts(builder.slots.count, builder.shapeSlots.map(\.count)))
        ShapPlan.fill(&made.shape_values, firsts(0, builder.shapeValues.map(\.count)))
        plan.initialize(to: made)
        blocks = ShapPlan.copy(Array(repeating: cshap_block(), count: answerCount / 32))
        if cshap_pack(plan, blocks.baseAddress) { plan.pointee.blocks = UnsafePointer(blocks.baseAddress) }
    }

    deinit {
        plan.deallocate()
        groves.deallocate()
        nodes.deallocate()
        slots.deallocate()
        values.deallocate()
        leaves.deallocate()
        tests.deallocate()
        blocks.deallocate()
        repeats.deallocate()
        factors.deallocate()
        points.deallocate()
    }

    private static func copy<Element>(_ elements: [Element]) -> UnsafeMutableBufferPointer<Element> {
        // On cache lines: a node is one.
        let raw = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, elements.count) * MemoryLayout<Element>.stride, alignment: 64)
        let buffer = UnsafeMutableBufferPointer(
            start: raw.baseAddress!.bindMemory(to: Element.self, capacity: elements.count), count: elements.count)
        _ = buffer.initialize(fromContentsOf: elements)
        return buffer
    }

    /// Fills a C array, which is a tuple here, with the first of the numbers.
    private static func fill<Array>(_ array: inout Array, _ numbers: [Int32]) {
        withUnsafeMutableBytes(of: &array) { bytes in
            let array = bytes.bindMemory(to: Int32.self)
            for index in array.indices { array[index] = numbers[index] }
        }
    }

    /// Adds these trees' contributions for the row whose columns the scratch holds.
    func add(
        to contributions: UnsafeMutableBufferPointer<Double>, outputCount: Int, _ scratch: ShapScratch,
        _ instructions: ShapEngine.Instructions
    ) {
        cshap_answer_all(
            instructions.rawValue, plan, scratch.columns.baseAddress, Int32(scratch.columns.count), scratch.answers.baseAddress)
        var room = cshap_scratch(
            weights: scratch.weights.baseAddress, expectations: scratch.expectations.baseAddress, turns: scratch.turns.baseAddress,
            sums: scratch.sums.baseAddress)
        cshap_add(
            instructions.rawValue, plan, scratch.answers.baseAddress, &room, Int64(outputCount), contributions.baseAddress)
    }
}

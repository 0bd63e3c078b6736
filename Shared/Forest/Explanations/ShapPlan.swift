internal import CShap

/// Collects the trees whose paths need the same number of quadrature points.
struct ShapPlanBuilder {
    let laneCount: Int
    let rule: GaussLegendre
    fileprivate var trees: [cshap_tree] = []
    fileprivate var nodes: [cshap_node] = []
    fileprivate var twigs: [cshap_twig] = []
    fileprivate var leaves: [cshap_leaf] = []
    fileprivate var nodeTests: [cshap_test] = []
    fileprivate var twigTests: [cshap_test] = []
    /// Node and earlier node; a twig is counted from -1 down until all nodes are known.
    fileprivate var repeats: [(node: Int, earlier: Int, isRight: Bool)] = []
    fileprivate var factors: [Double]
    fileprivate var slotCount = 1

    init(laneCount: Int) {
        self.laneCount = laneCount
        rule = GaussLegendre(count: laneCount)
        factors = rule.points.map { 1 - $0 } + Array(repeating: 1, count: laneCount)  // met for the first time
        factors += Array(repeating: 1, count: laneCount) + Array(repeating: 0, count: laneCount)  // dead
    }

    /// Adds one of a tree's values. The tree has an inner node.
    mutating func append(_ tree: DecisionTree, _ value: Int, _ paths: TreePaths, _ shares: CoverShares, _ columns: ShapColumns) {
        var entry = cshap_tree()
        entry.node_first = Int32(nodes.count)
        entry.twig_first = Int32(twigs.count)
        entry.leaf_first = Int32(leaves.count)
        entry.output = Int32(tree.firstOutput + value)
        // By node of the source: the product of the shares of the sides that its path takes at the nodes of its feature.
        var known = [Double](repeating: 1, count: tree.nodeCount)
        var place = [Int](repeating: 0, count: tree.nodeCount)
        var slot = [Int32](repeating: 0, count: tree.nodeCount)
        var queue = [0]
        var next = 0
        var later: [Int] = []
        while next < queue.count {
            let node = queue[next]
            next += 1
            let children = [Int(tree.left[node]), Int(tree.right[node])]
            if children.allSatisfy(tree.isLeaf) {
                later.append(node)
                continue
            }
            let index = nodes.count - Int(entry.node_first)
            place[node] = nodes.count
            let factor = factor(of: node, tree, paths, shares, &known)
            nodes.append(
                cshap_node(
                    other_share: (shares.share(node, goingRight: true), shares.share(node, goingRight: false)), slot: slot[node],
                    factor: factor, feature: tree.feature[node], reserved: 0))
            let test = columns.test(tree, node)
            nodeTests.append(cshap_test(column: test.column, rank: test.rank))
            if paths.earlier[node] >= 0 {
                repeats.append((place[node], place[Int(paths.earlier[node])], paths.isRightOfEarlier[node]))
            }
            for (side, child) in children.enumerated() {
                slot[child] = Int32(2 * index + side)
                if tree.isLeaf(child) {
                    leaves.append(cshap_leaf(value: tree.value(of: child, value), slot: slot[child], reserved: 0))
                } else {
                    queue.append(child)
                }
            }
        }
        entry.node_count = Int32(nodes.count) - entry.node_first
        entry.leaf_count = Int32(leaves.count) - entry.leaf_first
        entry.root_slot = 2 * entry.node_count
        if entry.node_count > 0 { nodes[Int(entry.node_first)].slot = entry.root_slot }
        for node in later {
            let factor = factor(of: node, tree, paths, shares, &known)
            let left = tree.value(of: Int(tree.left[node]), value)
            let right = tree.value(of: Int(tree.right[node]), value)
            let leftShare = shares.share(node, goingRight: false)
            let rightShare = shares.share(node, goingRight: true)
            if paths.earlier[node] >= 0 {
                repeats.append((-1 - twigs.count, place[Int(paths.earlier[node])], paths.isRightOfEarlier[node]))
            }
            twigs.append(
                cshap_twig(
                    value: (left, right), difference: ((left - right) * rightShare, (right - left) * leftShare),
                    slot: node == 0 ? entry.root_slot : slot[node], factor: factor, feature: tree.feature[node], reserved: 0))
            let test = columns.test(tree, node)
            twigTests.append(cshap_test(column: test.column, rank: test.rank))
        }
        entry.twig_count = Int32(twigs.count) - entry.twig_first
        slotCount = max(slotCount, Int(entry.root_slot) + 1)
        trees.append(entry)
    }

    private mutating func factor(
        of node: Int, _ tree: DecisionTree, _ paths: TreePaths, _ shares: CoverShares, _ known: inout [Double]
    ) -> Int32 {
        let earlier = Int(paths.earlier[node])
        guard earlier >= 0 else { return 0 }
        let z = known[earlier] * shares.share(earlier, goingRight: paths.isRightOfEarlier[node])
        known[node] = z
        let pair = factors.count / (2 * laneCount)
        factors += rule.points.map { (1 - $0) * z / ($0 + (1 - $0) * z) }
        factors += rule.points.map { z / (($0 + (1 - $0) * z) * ($0 + (1 - $0) * z)) }
        return Int32(pair)
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
    let testCount: Int
    private let nodeCount: Int
    private let featureCount: Int
    private let quadratureWeights: [Double]
    private let trees: UnsafeMutableBufferPointer<cshap_tree>
    private let nodes: UnsafeMutableBufferPointer<cshap_node>
    private let twigs: UnsafeMutableBufferPointer<cshap_twig>
    private let leaves: UnsafeMutableBufferPointer<cshap_leaf>
    private let tests: UnsafeMutableBufferPointer<cshap_test>
    private let repeats: UnsafeMutableBufferPointer<cshap_repeat>
    private let factors: UnsafeMutableBufferPointer<Double>
    private let plan: cshap_plan

    init(_ builder: ShapPlanBuilder, featureCount: Int) {
        laneCount = builder.laneCount
        slotCount = builder.slotCount
        nodeCount = builder.nodes.count
        self.featureCount = featureCount
        quadratureWeights = builder.rule.weights
        trees = ShapPlan.copy(builder.trees)
        nodes = ShapPlan.copy(builder.nodes)
        twigs = ShapPlan.copy(builder.twigs)
        leaves = ShapPlan.copy(builder.leaves)
        tests = ShapPlan.copy(builder.nodeTests + builder.twigTests)
        testCount = tests.count
        let twigBase = builder.nodes.count
        repeats = ShapPlan.copy(
            builder.repeats.map {
                cshap_repeat(
                    node: Int32($0.node >= 0 ? $0.node : twigBase - 1 - $0.node), earlier: Int32($0.earlier) << 1 | ($0.isRight ? 1 : 0))
            })
        factors = AlignedDoubles.allocate(builder.factors.count)
        _ = factors.update(fromContentsOf: builder.factors)
        plan = cshap_plan(
            trees: trees.baseAddress, nodes: nodes.baseAddress, twigs: twigs.baseAddress, leaves: leaves.baseAddress,
            factors: factors.baseAddress, tree_count: Int32(trees.count), lane_count: Int32(laneCount), feature_count: Int32(featureCount))
    }

    deinit {
        trees.deallocate()
        nodes.deallocate()
        twigs.deallocate()
        leaves.deallocate()
        tests.deallocate()
        repeats.deallocate()
        factors.deallocate()
    }

    private static func copy<Element>(_ elements: [Element]) -> UnsafeMutableBufferPointer<Element> {
        let buffer = UnsafeMutableBufferPointer<Element>.allocate(capacity: elements.count)
        _ = buffer.initialize(fromContentsOf: elements)
        return buffer
    }

    /// Bytes that a row's explanation reads of this plan.
    var byteCount: Int {
        nodes.count * MemoryLayout<cshap_node>.stride + twigs.count * MemoryLayout<cshap_twig>.stride
            + leaves.count * MemoryLayout<cshap_leaf>.stride + tests.count * MemoryLayout<cshap_test>.stride
            + repeats.count * MemoryLayout<cshap_repeat>.stride + factors.count * 8
    }

    /// Adds the sums of these trees' contributions for the row whose columns the scratch holds.
    func add(
        to contributions: UnsafeMutableBufferPointer<Double>, outputCount: Int, _ scratch: ShapScratch,
        _ instructions: ShapEngine.Instructions
    ) {
        let answers = scratch.answers.baseAddress!
        cshap_answer_all(
            instructions.rawValue, tests.baseAddress, Int64(tests.count), repeats.baseAddress, Int64(repeats.count),
            scratch.columns.baseAddress, answers)
        let sums = scratch.sums
        let sumCount = outputCount * featureCount * laneCount
        for index in 0..<sumCount { sums[index] = 0 }
        withUnsafePointer(to: plan) {
            cshap_add(
                instructions.rawValue, $0, answers, answers + nodeCount, scratch.weights.baseAddress, scratch.expectations.baseAddress,
                sums.baseAddress)
        }
        quadratureWeights.withUnsafeBufferPointer { weights in
            for index in contributions.indices {
                var sum = 0.0
                for lane in 0..<laneCount { sum += weights[lane] * sums[index * laneCount + lane] }
                contributions[index] += sum
            }
        }
    }
}

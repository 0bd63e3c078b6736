internal import CForestKernels

// Idea: a record of 64 bytes holds the tests of four levels below a node; a row makes all fifteen at once and leaves by one of sixteen exits,
// so a tree of depth 8 is two steps and touches two cache lines. `subtrees.c` tells how.
//
// Layout: all trees' first records, one behind the other; then tree by tree its leaf values and its other records, breadth first. A leaf's
// value stands just before the records that its record leads to, at most 128 places before the base of the exits. Records that lead to
// leaves only share the tree's values, where those are few, as those of forests are: pure leaves have one of two.
//
// Limits: 64 columns; records at most 2 MiB behind the one that leads to them; 2³¹ places.

/// A model compiled for steps of four levels; needs AVX2.
///
/// Unchecked: `tables` points into `storage`, which never changes and lives as long.
final class SubtreeWalk: @unchecked Sendable {
    private static let levels = 4
    private static let group = Int(ASSAY_FOREST_SUBTREE_GROUP)
    private static let topBytes = Int(ASSAY_FOREST_SUBTREE_TOP_BYTES)

    let tables: assay_forest_subtrees
    /// Places of a row's ranks.
    let rankCount: Int
    /// Records that a row passes: what it costs.
    let stepCount: Int
    private let storage: [AnyObject]

    /// - Parameter numbersOnly: Leaves are told by their number within the tree, not by their value.
    init?(_ ensemble: TreeEnsemble, _ columns: RankColumns, _ leaves: LeafTable, numbersOnly: Bool) {
        guard columns.count <= 64 else { return nil }
        let tableCount = columns.count <= 16 ? 1 : columns.count <= 32 ? 2 : 4
        let treeCount = ensemble.trees.count
        var builder = SubtreeBuilder(rootCount: treeCount)
        var bases: [Int32] = []
        var exits: [Int8] = []
        var tops = [UInt8](repeating: 0, count: (treeCount + 15) / 16 * SubtreeWalk.topBytes)
        var steps = [Int32](repeating: 0, count: (treeCount + SubtreeWalk.group - 1) / SubtreeWalk.group)
        var stepCount = 0
        for (index, tree) in ensemble.trees.enumerated() {
            let values = (0..<leaves.counts[index]).map { number in
                numbersOnly ? UInt64(number) : leaves.values[Int(leaves.starts[index]) + number].bitPattern
            }
            let isAdded = builder.add(
                tree, index: index, tests: columns.tests[index], numbers: leaves.numbers[index], values: values)
            guard isAdded, builder.memory.count < Int32.max / 2 else { return nil }
            let root = builder.root(index)
            bases.append(Int32(root.base))
            exits += root.exits
            SubtreeWalk.put(root, lane: index % 16, into: &tops, at: index / 16 * SubtreeWalk.topBytes)
            let records = max(0, (tree.depth - 1) / SubtreeWalk.levels)
            steps[index / SubtreeWalk.group] = max(steps[index / SubtreeWalk.group], Int32(records))
            stepCount += records + 1
        }
        rankCount = tableCount * 16
        self.stepCount = stepCount
        let (stepTable, topTable, exitTable, baseTable, memoryTable) = (
            AlignedTable(steps), AlignedTable(tops), AlignedTable(exits), AlignedTable(bases), AlignedTable(builder.memory)
        )
        storage = [stepTable, topTable, exitTable, baseTable, memoryTable]
        tables = assay_forest_subtrees(
            tree_count: Int32(treeCount), table_count: Int32(tableCount), steps: stepTable.start, top: OpaquePointer(topTable.start),
            exit: exitTable.start, base: baseTable.start, memory: memoryTable.start)
    }

    /// Sixteen lanes' thresholds of fifteen tests, then their columns.
    private static func put(_ root: SubtreeRecord, lane: Int, into tops: inout [UInt8], at start: Int) {
        for test in 0..<15 {
            let place = 16 * test + lane
            tops[start + 2 * place] = UInt8(truncatingIfNeeded: root.thresholds[test])
            tops[start + 2 * place + 1] = UInt8(truncatingIfNeeded: root.thresholds[test] >> 8)
            tops[start + 2 * 16 * 15 + place] = root.columns[test]
        }
    }
}

/// One record while it is made.
private struct SubtreeRecord {
    var thresholds = [Int16](repeating: .max, count: 15)
    var columns = [UInt8](repeating: 0, count: 16)
    var exits = [Int8](repeating: 0, count: 16)
    /// Place that the exits count from; a multiple of 8.
    var base = 0

    func words(at place: Int) -> [UInt64]? {
        guard let distance = Int16(exactly: (base - place) / 8) else { return nil }
        var bytes = (thresholds + [distance]).flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
        bytes += columns
        bytes += exits.map(UInt8.init(bitPattern:))
        return (0..<8).map { word in (0..<8).reversed().reduce(0) { $0 << 8 | UInt64(bytes[word * 8 + $1]) } }
    }
}

/// Lays out trees' records and leaves.
private struct SubtreeBuilder {
    private(set) var memory: [UInt64]
    private var roots: [SubtreeRecord] = []

    init(rootCount: Int) { memory = [UInt64](repeating: 0, count: rootCount * 8) }

    func root(_ index: Int) -> SubtreeRecord { roots[index] }

    /// False where a record would lie too far from the one that leads to it.
    mutating func add(_ tree: DecisionTree, index: Int, tests: [RankColumns.Test], numbers: [Int32], values: [UInt64]) -> Bool {
        // Leaf number n stands n + 1 places before the base.
        let sharedBase = values.count <= 128 ? append(values) : nil
        var queue = [(node: 0, place: index * 8)]
        var next = 0
        while next < queue.count {
            let (node, place) = queue[next]
            next += 1
            var record = SubtreeRecord()
            let exits = record.fill(tree, from: node, tests: tests)
            let inner = exits.filter { !tree.isLeaf($0.node) }
            let outer = exits.filter { tree.isLeaf($0.node) }.map { (exit: $0.exit, number: Int(numbers[Int(tree.left[$0.node])])) }
            if inner.isEmpty, let sharedBase {
                record.base = sharedBase
                for (exit, number) in outer { record.exits[exit] = Int8(-1 - number) }
            } else {
                var own: [Int] = []
                for (exit, number) in outer {
                    let at = own.firstIndex(of: number) ?? own.count
                    if at == own.count { own.append(number) }
                    record.exits[exit] = Int8(-1 - at)
                }
                record.base = append(own.map { values[$0] })
                for (count, (exit, child)) in inner.enumerated() {
                    record.exits[exit] = Int8(8 * count)
                    queue.append((child, record.base + 8 * count))
                }
                memory += [UInt64](repeating: 0, count: 8 * inner.count)
            }
            if place == index * 8 { roots.append(record) }
            guard let words = record.words(at: place) else { return false }
            memory.replaceSubrange(place..<place + 8, with: words)
        }
        return true
    }

    /// Puts values before the next cache line, the first one last, and answers where that begins.
    private mutating func append(_ values: [UInt64]) -> Int {
        let base = (memory.count + values.count + 7) / 8 * 8
        memory += [UInt64](repeating: 0, count: base - values.count - memory.count)
        memory += values.reversed()
        return base
    }
}

extension SubtreeRecord {
    /// Takes the tests of four levels below a node and answers which exits can be left by, and where to.
    fileprivate mutating func fill(_ tree: DecisionTree, from root: Int, tests: [RankColumns.Test]) -> [(exit: Int, node: Int)] {
        // By place among the tests and, behind them, the exits; -1 where no row comes.
        var nodes = [Int](repeating: -1, count: 31)
        nodes[0] = root
        for place in 0..<15 where nodes[place] >= 0 {
            let node = nodes[place]
            if tree.isLeaf(node) {
                nodes[2 * place + 1] = node
            } else {
                thresholds[place] = Int16(truncatingIfNeeded: Int(tests[node].rank) - 32_768)
                columns[place] = UInt8(tests[node].column)
                nodes[2 * place + 1] = Int(tree.left[node])
                nodes[2 * place + 2] = Int(tree.right[node])
            }
        }
        return (0..<16).compactMap { nodes[15 + $0] >= 0 ? ($0, nodes[15 + $0]) : nil }
    }
}

internal import CForestKernels

// Idea: a record of 64 bytes holds the tests of four levels below a node; a row makes all fifteen at once and leaves by one of sixteen exits,
// so a tree of depth 8 is two steps and touches two cache lines. `subtrees.c` tells how.
//
// Layout: the first levels of sixteen trees together, in tables of their own; then tree by tree its leaf values and its other records, breadth first. A leaf's
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
        var builder = SubtreeBuilder()
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
                tree, tests: columns.tests[index], numbers: leaves.numbers[index], values: values)
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

/// One record while it is made; used again for the next.
private struct SubtreeRecord {
    private(set) var thresholds = [Int16](repeating: .max, count: 15)
    private(set) var columns = [UInt8](repeating: 0, count: 16)
    var exits = [Int8](repeating: 0, count: 16)
    /// Place that the exits count from; a multiple of 8.
    var base = 0
    /// By place among the tests and, behind them, the exits: the tree's node, or -1 where no row comes.
    private var nodes = [Int](repeating: -1, count: 31)

    /// Takes the tests of four levels below a node.
    mutating func fill(_ tree: DecisionTree, from root: Int, tests: [RankColumns.Test]) {
        for place in 1..<31 { nodes[place] = -1 }
        nodes[0] = root
        for place in 0..<15 {
            let node = nodes[place]
            thresholds[place] = .max
            columns[place] = 0
            if node < 0 { continue }
            if tree.isLeaf(node) {
                nodes[2 * place + 1] = node
            } else {
                thresholds[place] = Int16(truncatingIfNeeded: Int(tests[node].rank) - 32_768)
                columns[place] = UInt8(tests[node].column)
                nodes[2 * place + 1] = Int(tree.left[node])
                nodes[2 * place + 2] = Int(tree.right[node])
            }
        }
        for exit in 0..<16 { exits[exit] = 0 }
    }

    /// The node that an exit leads to; nil where no row comes.
    func node(at exit: Int) -> Int? { nodes[15 + exit] >= 0 ? nodes[15 + exit] : nil }

    /// False where the base is too far from the record.
    func write(to memory: inout [UInt64], at place: Int) -> Bool {
        guard let distance = Int16(exactly: (base - place) / 8) else { return false }
        func words(_ count: Int, _ bits: Int, _ value: (Int) -> UInt64) -> UInt64 {
            (0..<count).reversed().reduce(0) { $0 << UInt64(bits) | value($1) }
        }
        for word in 0..<4 {
            memory[place + word] = words(4, 16) { index in
                let test = 4 * word + index
                return UInt64(UInt16(bitPattern: test < 15 ? thresholds[test] : distance))
            }
        }
        for word in 0..<2 {
            memory[place + 4 + word] = words(8, 8) { UInt64(columns[8 * word + $0]) }
            memory[place + 6 + word] = words(8, 8) { UInt64(UInt8(bitPattern: exits[8 * word + $0])) }
        }
        return true
    }
}

/// Lays out trees' records and leaves.
private struct SubtreeBuilder {
    private(set) var memory: [UInt64] = []
    private var roots: [SubtreeRecord] = []
    private var record = SubtreeRecord()
    private var queue: [(node: Int, place: Int)] = []

    func root(_ index: Int) -> SubtreeRecord { roots[index] }

    /// False where a record would lie too far from the one that leads to it.
    mutating func add(_ tree: DecisionTree, tests: [RankColumns.Test], numbers: [Int32], values: [UInt64]) -> Bool {
        // Leaf number n stands n + 1 places before the base.
        let sharedBase = values.count <= 128 ? append(values) : nil
        queue.removeAll(keepingCapacity: true)
        // The root's record has no place: the first step reads the tables of all trees' first levels.
        queue.append((0, -1))
        var next = 0
        var own: [Int] = []
        while next < queue.count {
            let (node, place) = queue[next]
            next += 1
            record.fill(tree, from: node, tests: tests)
            let innerCount = (0..<16).count { exit in record.node(at: exit).map { !tree.isLeaf($0) } ?? false }
            own.removeAll(keepingCapacity: true)
            for exit in 0..<16 {
                guard let node = record.node(at: exit), tree.isLeaf(node) else { continue }
                let number = Int(numbers[Int(tree.left[node])])
                if innerCount == 0, sharedBase != nil {
                    record.exits[exit] = Int8(-1 - number)
                } else {
                    let at = own.firstIndex(of: number) ?? own.count
                    if at == own.count { own.append(number) }
                    record.exits[exit] = Int8(-1 - at)
                }
            }
            if innerCount == 0, let sharedBase {
                record.base = sharedBase
            } else {
                record.base = append(own.map { values[$0] })
                var count = 0
                for exit in 0..<16 {
                    guard let node = record.node(at: exit), !tree.isLeaf(node) else { continue }
                    record.exits[exit] = Int8(8 * count)
                    queue.append((node, record.base + 8 * count))
                    count += 1
                }
                for _ in 0..<8 * innerCount { memory.append(0) }
            }
            if place < 0 {
                roots.append(record)
            } else {
                guard record.write(to: &memory, at: place) else { return false }
            }
        }
        return true
    }

    /// Puts values before the next cache line, the first one last, and answers where that begins.
    private mutating func append(_ values: [UInt64]) -> Int {
        let base = (memory.count + values.count + 7) / 8 * 8
        while memory.count + values.count < base { memory.append(0) }
        memory += values.reversed()
        return base
    }
}

internal import CForestKernels

// Idea: for a block of rows, every inner node of a tree is evaluated, leaves first: its vector of leaf numbers is, row by row, its
// right child's where the row goes right, else its left child's. A leaf's vector is a constant. So there is no branch and nothing is
// gathered; 64 rows take a compare and a select a node, and a tree of up to some hundred leaves costs less than the path of a row would.
//
// Bytes: a column of ranks is cut into byte columns of 255 thresholds each, `byte(x) = rank(x) - base` held within 0...255, and a node
// reads the one its threshold lies in. Leaf numbers are bytes too; a tree with more than 256 different leaves is evaluated twice, once for
// each byte of the number, and where all leaves below a node have the same byte nothing is left to evaluate.
//
// Layout of the region (vectors of a block's 256 bytes): 256 constants, the byte columns, then slots for nodes' vectors. Nodes are in depth-first
// order, the child that needs more slots first, so few slots are needed and what a node reads was written just before: all stays in the
// first-level cache.
//
// Limits: 65,536 different leaves a tree; 1,790 byte columns and slots.

/// A model compiled for evaluating every node for a block of rows.
struct Sieve: Sendable {
    private static let vectorBytes = RankColumns.blockRowCount
    /// Offsets are 16 bits, in units of eight bytes.
    private static let regionVectorsMax = 65_536 * 8 / vectorBytes - 1

    private let nodes: AlignedTable<assay_forest_sieve_node>
    private let planes: AlignedTable<assay_forest_sieve_plane>
    private let byteColumns: AlignedTable<assay_forest_sieve_column>
    private let treeCount: Int
    /// Bytes of the region that a block works in.
    let regionByteCount: Int
    /// Nodes of all planes: what a block costs.
    let nodeCount: Int

    init?(_ ensemble: TreeEnsemble, _ columns: RankColumns, _ leaves: LeafTable) {
        var bytesOfColumn: [Int: Int] = [:]
        var byteColumns: [assay_forest_sieve_column] = []
        var nodes: [assay_forest_sieve_node] = []
        var planes: [assay_forest_sieve_plane] = []
        var slotCountMax = 0
        // Byte columns are numbered when all thresholds are known, so that slots can follow them.
        var used = Set<Int>()
        for (tree, tests) in zip(ensemble.trees, columns.tests) {
            for node in 0..<tree.nodeCount where !tree.isLeaf(node) { used.insert(Sieve.key(tests[node])) }
        }
        for key in used.sorted() {
            bytesOfColumn[key] = byteColumns.count
            byteColumns.append(assay_forest_sieve_column(column: Int32(key >> 16), base: Int32(key & 0xffff) * 255))
        }
        let firstColumn = 256
        let firstSlot = firstColumn + byteColumns.count
        guard firstSlot < Sieve.regionVectorsMax else { return nil }
        for (index, tree) in ensemble.trees.enumerated() {
            guard leaves.counts[index] <= 65_536 else { return nil }
            // The low bytes' vector stays while the high ones are evaluated.
            var taken: Int?
            for plane in 0..<2 {
                if plane == 1, leaves.counts[index] <= 256 {
                    planes.append(assay_forest_sieve_plane(first_node: 0, node_count: 0, result: -1))
                    continue
                }
                var compiler = PlaneCompiler(tree: tree, numbers: leaves.numbers[index], shift: plane * 8, avoiding: taken)
                let firstNode = nodes.count
                let result = compiler.compile { node, left, right, slot in
                    let test = columns.tests[index][node]
                    let column = bytesOfColumn[Sieve.key(test)]!
                    let threshold = UInt32(UInt8(bitPattern: Int8(Int(test.rank) % 255 - 128)))
                    nodes.append(
                        assay_forest_sieve_node(
                            threshold: threshold * 0x0101_0101, column: Sieve.offset(firstColumn + column),
                            left: Sieve.offset(left.vector(firstSlot)), right: Sieve.offset(right.vector(firstSlot)),
                            result: Sieve.offset(firstSlot + slot)))
                }
                slotCountMax = max(slotCountMax, compiler.slotCount)
                guard firstSlot + slotCountMax < Sieve.regionVectorsMax, nodes.count < Int32.max else { return nil }
                if case .slot(let slot) = result { taken = slot }
                planes.append(
                    assay_forest_sieve_plane(
                        first_node: Int32(firstNode), node_count: Int32(nodes.count - firstNode),
                        result: Int32(result.vector(firstSlot) * Sieve.vectorBytes)))
            }
        }
        self.nodes = AlignedTable(nodes)
        self.planes = AlignedTable(planes)
        self.byteColumns = AlignedTable(byteColumns)
        treeCount = ensemble.trees.count
        nodeCount = nodes.count
        regionByteCount = (firstSlot + slotCountMax) * Sieve.vectorBytes
    }

    private static func key(_ test: RankColumns.Test) -> Int { Int(test.column) << 16 | Int(test.rank) / 255 }
    private static func offset(_ vector: Int) -> UInt16 { UInt16(vector * vectorBytes / 8) }

    /// Fills the constants; once for each region.
    static func prepare(_ region: UnsafeMutableRawPointer) {
        for value in 0..<256 {
            (region + value * vectorBytes).initializeMemory(as: UInt8.self, repeating: UInt8(value), count: vectorBytes)
        }
    }

    /// Makes the byte columns of a block's ranks.
    func load(ranks: UnsafePointer<UInt16>, region: UnsafeMutableRawPointer, rowCount: Int, vectorBits: Int32) {
        let bytes = (region + 256 * Sieve.vectorBytes).assumingMemoryBound(to: Int8.self)
        assay_forest_sieve_columns(byteColumns.start, byteColumns.count, ranks, bytes, rowCount, vectorBits)
    }

    /// Adds every tree's leaf values to the sums of a block's rows, for a model of one output.
    func addLeaves(
        _ leaves: LeafTable, starts: AlignedTable<Int32>, region: UnsafeMutableRawPointer, sums: UnsafeMutablePointer<Double>,
        rowCount: Int, vectorBits: Int32
    ) {
        assay_forest_sieve_sums(
            nodes.start, planes.start, starts.start, treeCount, leaves.values.start, region.assumingMemoryBound(to: UInt8.self), sums,
            rowCount, vectorBits)
    }

    /// The leaf numbers of one tree for a block's rows, as low and high bytes; no high bytes where the low ones suffice.
    func leafNumbers(
        tree: Int, region: UnsafeMutableRawPointer, rowCount: Int, vectorBits: Int32
    ) -> (low: UnsafePointer<UInt8>, high: UnsafePointer<UInt8>?) {
        let bytes = region.assumingMemoryBound(to: UInt8.self)
        assay_forest_sieve(nodes.start, planes.start + 2 * tree, bytes, rowCount, vectorBits)
        let low = UnsafePointer(bytes + Int(planes[2 * tree].result))
        guard planes[2 * tree + 1].result >= 0 else { return (low, nil) }
        assay_forest_sieve(nodes.start, planes.start + (2 * tree + 1), bytes, rowCount, vectorBits)
        return (low, UnsafePointer(bytes + Int(planes[2 * tree + 1].result)))
    }
}

/// Orders one tree's nodes and gives them slots.
private struct PlaneCompiler {
    enum Operand: Equatable {
        case constant(UInt8)
        case slot(Int)

        func vector(_ firstSlot: Int) -> Int {
            switch self {
            case .constant(let value): Int(value)
            case .slot(let slot): firstSlot + slot
            }
        }
    }

    let tree: DecisionTree
    /// By node: the byte that all leaves below have, or -1.
    private var constant: [Int]
    /// By node: how many slots its evaluation takes.
    private var need: [Int]
    private(set) var slotCount = 0
    private let avoided: Int?

    /// - Parameter avoided: A slot to leave alone.
    init(tree: DecisionTree, numbers: [Int32], shift: Int, avoiding avoided: Int?) {
        self.tree = tree
        self.avoided = avoided
        constant = [Int](repeating: -1, count: tree.nodeCount)
        need = [Int](repeating: 0, count: tree.nodeCount)
        for node in (0..<tree.nodeCount).reversed() {
            if tree.isLeaf(node) {
                // A low byte of one plane only is whole: with more than 256 numbers the upper one follows.
                constant[node] = Int(numbers[Int(tree.left[node])] >> Int32(shift)) & 0xff
            } else {
                let (left, right) = (Int(tree.left[node]), Int(tree.right[node]))
                if constant[left] >= 0, constant[left] == constant[right] {
                    constant[node] = constant[left]
                } else {
                    need[node] = max(1, need[left] == need[right] ? need[left] + 1 : max(need[left], need[right]))
                }
            }
        }
    }

    /// Hands out the nodes in the order of evaluation and returns where the root's vector is then.
    mutating func compile(_ emit: (_ node: Int, _ left: Operand, _ right: Operand, _ slot: Int) -> Void) -> Operand {
        if constant[0] >= 0 { return .constant(UInt8(constant[0])) }
        var operands: [Operand] = []
        var free: [Int] = []
        // A node stands here twice: first to have its children done, then itself.
        var pending: [(node: Int, isReady: Bool)] = [(0, false)]
        while let (node, isReady) = pending.popLast() {
            if constant[node] >= 0 {
                operands.append(.constant(UInt8(constant[node])))
                continue
            }
            let (left, right) = (Int(tree.left[node]), Int(tree.right[node]))
            let isLeftFirst = need[left] >= need[right]
            if !isReady {
                pending.append((node, true))
                pending.append((isLeftFirst ? right : left, false))
                pending.append((isLeftFirst ? left : right, false))
                continue
            }
            let second = operands.removeLast()
            let first = operands.removeLast()
            for operand in [first, second] { if case .slot(let slot) = operand { free.append(slot) } }
            let slot: Int
            if let reused = free.popLast() {
                slot = reused
            } else {
                if slotCount == avoided { slotCount += 1 }
                slot = slotCount
                slotCount += 1
            }
            emit(node, isLeftFirst ? first : second, isLeftFirst ? second : first, slot)
            operands.append(.slot(slot))
        }
        return operands[0]
    }
}

internal import CForestKernels

// Idea: for a block of rows, every inner node of a tree is evaluated, leaves first: its vector of leaf numbers is, row by row, its
// right child's where the row goes right, else its left child's. A leaf's vector is a constant. So there is no branch and nothing is
// gathered; 64 rows take a compare and a select a node, and a tree of up to some hundred leaves costs less than the path of a row would.
//
// Bytes: a column of ranks is cut into byte columns of 255 thresholds each, `byte(x) = rank(x) - base` held within 0...255, and a node
// reads the one its threshold lies in. Leaf numbers are bytes too; a tree with more than 256 different leaves is evaluated twice, once for
// each byte of the number, and where all leaves below a node have the same byte nothing is left to evaluate.
//
// Tiles: what the kernel waits for is loads and stores of vectors, so up to three nodes are evaluated together (`SieveTiling`), and those
// whose operands are all constants take them from registers. A few trees make a group; its tiles stand in order of their height, and of
// their shape where that is the same, so that the kernel does the same thing many times over.
//
// Layout of the region (vectors of a block's 256 bytes): 256 constants, the byte columns, then slots for tiles' vectors. Groups are small
// enough for all that one needs to stay in the first-level cache.
//
// Limits: 65,536 different leaves a tree; 1,790 byte columns and slots.

/// A model compiled for evaluating every node for a block of rows.
///
/// Unchecked: `tables` points into `storage`, which never changes and lives as long.
final class Sieve: @unchecked Sendable {
    fileprivate static let vectorBytes = RankColumns.blockRowCount
    /// Offsets are 16 bits, in units of eight bytes.
    private static let regionVectorsMax = 65_536 * 8 / vectorBytes - 1
    /// Trees whose leaf values the kernel adds together.
    private static let groupTreeCount = 4

    private let tables: assay_forest_sieve_trees
    private let storage: [AnyObject]
    private let byteColumns: AlignedTable<assay_forest_sieve_column>
    private let groups: AlignedTable<assay_forest_sieve_group>
    private let numbers: AlignedTable<assay_forest_sieve_numbers>
    /// Bytes of the region that a block works in.
    let regionByteCount: Int
    /// What 32 rows cost.
    let cycleCount: Double

    /// - Parameter starts: By tree, where its leaf values start.
    init?(_ ensemble: TreeEnsemble, _ columns: RankColumns, _ leaves: LeafTable, starts: AlignedTable<Int32>) {
        // Byte columns are numbered when all thresholds are known, so that slots can follow them.
        var used = Set<Int>()
        for (tree, tests) in zip(ensemble.trees, columns.tests) {
            for node in 0..<tree.nodeCount where !tree.isLeaf(node) { used.insert(Sieve.key(tests[node])) }
        }
        var vectorOfColumn: [Int: Int32] = [:]
        var byteColumns: [assay_forest_sieve_column] = []
        for key in used.sorted() {
            vectorOfColumn[key] = Int32(256 + byteColumns.count)
            byteColumns.append(assay_forest_sieve_column(column: Int32(key >> 16), base: Int32(key & 0xffff) * 255))
        }
        var builder = SieveBuilder(firstSlot: 256 + byteColumns.count)
        var groups: [assay_forest_sieve_group] = []
        var numbers: [assay_forest_sieve_numbers] = []
        var cycleCount = 0.0
        for first in stride(from: 0, to: ensemble.trees.count, by: Sieve.groupTreeCount) {
            let group = first..<min(first + Sieve.groupTreeCount, ensemble.trees.count)
            let (firstTile, firstRun) = (builder.tiles.count, builder.runs.count)
            var operands: [(low: Int32, high: Int32?)] = []
            for index in group {
                guard leaves.counts[index] <= 65_536 else { return nil }
                func evaluate(_ shift: Int32) -> Int32 {
                    let tiling = SieveTiling(ensemble.trees[index], numbers: leaves.numbers[index], shift: shift)
                    cycleCount += Double(tiling.cycleCount)
                    return builder.add(tiling) { node in
                        let test = columns.tests[index][node]
                        return (vectorOfColumn[Sieve.key(test)]!, Int32(test.rank) % 255 - 128)
                    }
                }
                operands.append((evaluate(0), leaves.counts[index] <= 256 ? nil : evaluate(8)))
            }
            builder.place()
            guard builder.vectorCount < Sieve.regionVectorsMax, builder.tiles.count < Int32.max else { return nil }
            for (low, high) in operands {
                numbers.append(
                    assay_forest_sieve_numbers(
                        low: builder.vector(low) * Int32(Sieve.vectorBytes),
                        high: high.map { builder.vector($0) * Int32(Sieve.vectorBytes) } ?? -1))
            }
            groups.append(
                assay_forest_sieve_group(
                    first_tile: Int32(firstTile), first_run: Int32(firstRun), run_count: Int32(builder.runs.count - firstRun),
                    first_tree: Int32(first), tree_count: Int32(group.count)))
        }
        self.byteColumns = AlignedTable(byteColumns)
        self.groups = AlignedTable(groups)
        self.numbers = AlignedTable(numbers)
        self.cycleCount = cycleCount
        regionByteCount = builder.vectorCount * Sieve.vectorBytes
        let (tiles, runs) = (AlignedTable(builder.tiles), AlignedTable(builder.runs))
        storage = [tiles, runs, starts, leaves.values]
        tables = assay_forest_sieve_trees(
            tiles: tiles.start, runs: runs.start, groups: self.groups.start, group_count: Int32(groups.count), numbers: self.numbers.start,
            leaf_base: starts.start, leaves: leaves.values.start)
    }

    private static func key(_ test: RankColumns.Test) -> Int { Int(test.column) << 16 | Int(test.rank) / 255 }

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
    func addLeaves(region: UnsafeMutableRawPointer, sums: UnsafeMutablePointer<Double>, rowCount: Int, vectorBits: Int32) {
        withUnsafePointer(to: tables) {
            assay_forest_sieve_sums($0, region.assumingMemoryBound(to: UInt8.self), sums, rowCount, vectorBits)
        }
    }

    /// Hands out, tree by tree, the leaf numbers of a block's rows, as low and high bytes; no high bytes where the low ones suffice.
    @inline(__always)
    func forEachTree(
        region: UnsafeMutableRawPointer, rowCount: Int, vectorBits: Int32,
        _ body: (_ tree: Int, _ low: UnsafePointer<UInt8>, _ high: UnsafePointer<UInt8>?) -> Void
    ) {
        let bytes = region.assumingMemoryBound(to: UInt8.self)
        for index in 0..<groups.count {
            withUnsafePointer(to: tables) { assay_forest_sieve($0, Int32(index), bytes, rowCount, vectorBits) }
            let group = groups[index]
            for tree in Int(group.first_tree)..<Int(group.first_tree + group.tree_count) {
                let numbers = numbers[tree]
                body(tree, UnsafePointer(bytes + Int(numbers.low)), numbers.high < 0 ? nil : UnsafePointer(bytes + Int(numbers.high)))
            }
        }
    }
}

/// Puts the tiles of a group of trees in order and gives them slots.
private struct SieveBuilder {
    /// Tiles that are put in order together: half of them have constants only, and each of those takes a slot.
    private static let sortedCount = 128

    private(set) var tiles: [assay_forest_sieve_tile] = []
    private(set) var runs: [assay_forest_sieve_run] = []
    /// Vectors of the region.
    private(set) var vectorCount: Int
    private let firstSlot: Int
    /// The group's tiles; operands count them from the group's first one.
    private var group: [(tile: SieveTile, columns: SIMD4<Int32>, thresholds: SIMD4<Int32>)] = []
    /// By tile of the group: where its vector is.
    private var vectorOfTile: [Int32] = []

    init(firstSlot: Int) {
        self.firstSlot = firstSlot
        vectorCount = firstSlot
    }

    /// Takes a tree into the group, or one byte of its leaf numbers.
    ///
    /// - Returns: The operand that stands for the leaf numbers.
    mutating func add(_ tiling: SieveTiling, test: (_ node: Int) -> (column: Int32, threshold: Int32)) -> Int32 {
        let first = Int32(group.count)
        func moved(_ operand: Int32) -> Int32 { operand < SieveTile.firstTileOperand ? operand : operand + first }
        for var tile in tiling.tiles {
            var (columns, thresholds) = (SIMD4<Int32>(), SIMD4<Int32>())
            for index in 0..<tile.shape.testCount { (columns[index], thresholds[index]) = test(Int(tile.nodes[index])) }
            for index in 0...tile.shape.testCount { tile.operands[index] = moved(tile.operands[index]) }
            group.append((tile, columns, thresholds))
        }
        return moved(tiling.root)
    }

    /// Where an operand of the group is, once the group has its places.
    func vector(_ operand: Int32) -> Int32 {
        operand < SieveTile.firstTileOperand ? operand : vectorOfTile[Int(operand - SieveTile.firstTileOperand)]
    }

    mutating func place() {
        vectorOfTile = [Int32](repeating: 0, count: group.count)
        let firstRun = runs.count
        var free: [Int32] = []
        var next = Int32(firstSlot)
        for start in stride(from: 0, to: group.count, by: SieveBuilder.sortedCount) {
            // Lower ones first, so that what a tile reads still stands before it; among those of one height, shape by shape.
            let order = (start..<min(start + SieveBuilder.sortedCount, group.count)).sorted { left, right in
                let (a, b) = (group[left].tile, group[right].tile)
                if a.height != b.height { return a.height < b.height }
                if a.isConstant != b.isConstant { return a.isConstant }
                if a.shape != b.shape { return a.shape.rawValue < b.shape.rawValue }
                return left < right
            }
            for index in order {
                var tile = group[index].tile
                for operand in 0...tile.shape.testCount {
                    tile.operands[operand] = vector(tile.operands[operand])
                    // Its result may take the place of what it reads.
                    if tile.operands[operand] >= firstSlot { free.append(tile.operands[operand]) }
                }
                if let slot = free.popLast() {
                    vectorOfTile[index] = slot
                } else {
                    vectorOfTile[index] = next
                    next += 1
                }
                emit(tile, group[index].columns, group[index].thresholds, result: vectorOfTile[index])
                // A run does not go on from one group to the next.
                let (shape, isConstant) = (tile.shape.rawValue, tile.isConstant)
                if runs.count > firstRun, let last = runs.last, last.shape == shape, last.is_constant == isConstant, last.count < .max {
                    runs[runs.count - 1].count += 1
                } else {
                    runs.append(assay_forest_sieve_run(shape: shape, is_constant: isConstant, count: 1))
                }
            }
        }
        vectorCount = max(vectorCount, Int(next))
        group.removeAll(keepingCapacity: true)
    }

    /// Takes a tile whose operands are vectors of the region.
    private mutating func emit(_ tile: SieveTile, _ columns: SIMD4<Int32>, _ thresholds: SIMD4<Int32>, result: Int32) {
        func offset(_ vector: Int32) -> UInt16 { UInt16(truncatingIfNeeded: Int(vector) * Sieve.vectorBytes / 8) }
        func bytes(_ threshold: Int32) -> UInt32 { UInt32(UInt8(truncatingIfNeeded: threshold)) * 0x0101_0101 }
        tiles.append(
            assay_forest_sieve_tile(
                threshold: (bytes(thresholds[0]), bytes(thresholds[1]), bytes(thresholds[2])),
                column: (offset(columns[0]), offset(columns[1]), offset(columns[2])),
                operand: (offset(tile.operands[0]), offset(tile.operands[1]), offset(tile.operands[2]), offset(tile.operands[3])),
                result: offset(result)))
    }
}

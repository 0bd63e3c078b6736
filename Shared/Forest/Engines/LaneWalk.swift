internal import CForestKernels

// Idea: sixteen trees take a step at once, one in each lane of a register. The row's ranks are a register or two, in which a word permute
// finds what every lane's node asks for; a gather fetches the next nodes. Sixty-four trees are on their way at a time to hide what a gather
// takes, and the leaves of the sixty-four before are summed meanwhile.
//
// Layout: a node is one word (see `assay_forest_walk`). A tree's nodes are breadth first, siblings side by side, so a child stands a little
// behind its parent and the distance fits a few bits.
//
// Limits: 64 columns; 65,536 different leaves a tree; children no farther than 2,047 (to 32 columns) or 1,023 nodes; 2³¹ nodes.

/// A model compiled for walking sixteen trees a step; needs AVX-512.
///
/// Unchecked: `tables` points into `storage`, which never changes and lives as long.
final class LaneWalk: @unchecked Sendable {
    let tables: assay_forest_walk
    /// Places of a row's ranks.
    let rankCount: Int
    /// Places of a row's leaves.
    let laneCount: Int
    /// Gathers of sixteen trees, and what else takes their time: what a row costs.
    let stepCount: Int
    private let storage: [AnyObject]

    /// - Parameter numbersOnly: Leaves are told by their number within the tree, not by their place in the table of values.
    init?(_ ensemble: TreeEnsemble, _ columns: RankColumns, _ leaves: LeafTable, numbersOnly: Bool) {
        guard columns.count <= 64 else { return nil }
        let columnBits = columns.count <= 32 ? 5 : 6
        let treesAtOnce = Int(ASSAY_FOREST_WALK_TREES)
        let laneCount = max(1, (ensemble.trees.count + treesAtOnce - 1) / treesAtOnce) * treesAtOnce
        // Lanes without a tree stay at this leaf.
        var nodes: [UInt32] = [0xffff_0000]
        var roots = [Int32](repeating: 0, count: laneCount)
        var bases = [Int32](repeating: 0, count: laneCount)
        var depths = [Int32](repeating: 0, count: laneCount / treesAtOnce)
        for (index, tree) in ensemble.trees.enumerated() {
            guard leaves.counts[index] <= 65_536 else { return nil }
            let root = nodes.count
            roots[index] = Int32(root)
            if !numbersOnly { bases[index] = leaves.starts[index] }
            depths[index / treesAtOnce] = max(depths[index / treesAtOnce], Int32(tree.depth))
            nodes.append(0)
            var queue = [0]
            var next = 0
            while next < queue.count {
                let node = queue[next]
                if tree.isLeaf(node) {
                    nodes[root + next] = 0xffff_0000 | UInt32(leaves.numbers[index][Int(tree.left[node])])
                } else {
                    let test = columns.tests[index][node]
                    let distance = nodes.count - (root + next)
                    guard distance < 1 << (16 - columnBits) else { return nil }
                    nodes[root + next] = UInt32(test.rank) << 16 | UInt32(distance) << UInt32(columnBits) | UInt32(test.column)
                    queue += [Int(tree.left[node]), Int(tree.right[node])]
                    nodes += [0, 0]
                }
                next += 1
            }
            guard nodes.count < Int32.max else { return nil }
        }
        self.laneCount = laneCount
        rankCount = 1 << columnBits
        let treeCount = ensemble.trees.count
        stepCount = depths.enumerated().reduce(0) { sum, group in
            sum + (min(treeCount - group.offset * treesAtOnce, treesAtOnce) + 15) / 16 * (max(0, Int(group.element) - 3) + 3)
        }
        let top = LaneWalk.top(nodes, roots, columnBits: columnBits)
        let topTable = AlignedTable(top)
        let (rootTable, baseTable, depthTable, nodeTable) = (
            AlignedTable(roots), AlignedTable(bases), AlignedTable(depths), AlignedTable(nodes)
        )
        storage = [topTable, rootTable, baseTable, depthTable, nodeTable, leaves.values]
        tables = assay_forest_walk(
            tree_count: Int32(ensemble.trees.count), column_bits: Int32(columnBits), depth: depthTable.start, top: topTable.start,
            root: rootTable.start,
            leaf_base: baseTable.start, nodes: nodeTable.start, leaves: leaves.values.start)
    }

    /// The words of the first three levels, by sixteen lanes.
    private static func top(_ nodes: [UInt32], _ roots: [Int32], columnBits: Int) -> [UInt32] {
        func child(_ node: Int, _ side: Int) -> Int {
            nodes[node] >= 0xffff_0000 ? node : node + Int(nodes[node] & 0xffff) >> columnBits + side
        }
        var top: [UInt32] = []
        for first in stride(from: 0, to: roots.count, by: 16) {
            let levels = roots[first..<first + 16].map { root in
                let root = Int(root)
                let (left, right) = (child(root, 0), child(root, 1))
                return [root, left, right, child(left, 0), child(left, 1), child(right, 0), child(right, 1)].map { nodes[$0] }
            }
            for place in 0..<7 { top += levels.map { $0[place] } }
        }
        return top
    }
}

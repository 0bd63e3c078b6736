// Idea: with ranks in place of values a node is eight bytes, and eight rows of a block go down one tree together, so what one step waits
// for is hidden by the others. A leaf leads to itself (nothing is greater than rank 65,535), so all take the tree's depth in steps.
//
// This engine needs nothing of the processor; it is for batches where no kernel fits.

/// A model as eight-byte nodes over ranks, walked by eight rows at a time.
struct RankWalk: Sendable {
    private struct Node: BitwiseCopyable {
        var rank: UInt16
        var column: UInt16
        /// Index of the left child, the right one follows; a leaf's own index.
        var left: UInt32
    }

    private let nodes: AlignedTable<Node>
    private let roots: [Int]
    private let depths: [Int]
    private let leafNumbers: AlignedTable<Int32>
    /// Steps of all trees: what a row costs.
    let stepCount: Int

    init(_ ensemble: TreeEnsemble, _ columns: RankColumns, _ leaves: LeafTable) {
        var nodes: [Node] = []
        var leafNumbers: [Int32] = []
        var roots: [Int] = []
        for (index, tree) in ensemble.trees.enumerated() {
            let root = nodes.count
            roots.append(root)
            var queue = [0]
            var next = 0
            let empty = Node(rank: .max, column: 0, left: 0)
            nodes.append(empty)
            while next < queue.count {
                let node = queue[next]
                if tree.isLeaf(node) {
                    nodes[root + next] = Node(rank: .max, column: 0, left: UInt32(root + next))
                    leafNumbers.append(leaves.numbers[index][Int(tree.left[node])])
                } else {
                    let test = columns.tests[index][node]
                    nodes[root + next] = Node(rank: test.rank, column: test.column, left: UInt32(nodes.count))
                    queue += [Int(tree.left[node]), Int(tree.right[node])]
                    nodes += [empty, empty]
                    leafNumbers.append(-1)
                }
                next += 1
            }
        }
        self.nodes = AlignedTable(nodes)
        self.roots = roots
        self.leafNumbers = AlignedTable(leafNumbers)
        depths = ensemble.trees.map(\.depth)
        stepCount = depths.reduce(0) { $0 + $1 + 1 }
    }

    /// Leaf numbers of one tree for all rows of a block; `ranks` is `column × block`.
    func leafNumbers(tree: Int, ranks: UnsafePointer<UInt16>, rowCount: Int, into numbers: UnsafeMutablePointer<Int32>) {
        let nodes = nodes.start
        let root = roots[tree]
        let depth = depths[tree]
        // Rows behind the last one are walked too: their ranks are whatever the block held before, which leads to some leaf.
        for row in stride(from: 0, to: rowCount, by: 8) {
            let values = ranks + row
            var a = root
            var b = root
            var c = root
            var d = root
            var e = root
            var f = root
            var g = root
            var h = root
            for _ in 0..<depth {
                a = RankWalk.step(nodes, a, values)
                b = RankWalk.step(nodes, b, values + 1)
                c = RankWalk.step(nodes, c, values + 2)
                d = RankWalk.step(nodes, d, values + 3)
                e = RankWalk.step(nodes, e, values + 4)
                f = RankWalk.step(nodes, f, values + 5)
                g = RankWalk.step(nodes, g, values + 6)
                h = RankWalk.step(nodes, h, values + 7)
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
        }
    }

    @inline(__always)
    private static func step(_ nodes: UnsafePointer<Node>, _ index: Int, _ values: UnsafePointer<UInt16>) -> Int {
        let node = nodes[index]
        let isGreater: Int = values[Int(node.column) &* RankColumns.blockRowCount] > node.rank ? 1 : 0
        return Int(node.left) &+ isGreater
    }
}

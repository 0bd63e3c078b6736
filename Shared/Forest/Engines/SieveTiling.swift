// Idea: a node evaluated alone reads three vectors and writes one, for a compare and a select. Together with a child it spares the child's
// vector its way through memory, and operands that are all constants are not read at all. Which nodes go together is chosen, from
// the leaves up, by what it costs.

/// One to three nodes of a tree that are evaluated together.
struct SieveTile {
    /// In the order in which the kernel counts them.
    enum Shape: UInt8, CaseIterable {
        case one, leftTwo, rightTwo, three

        var testCount: Int { self == .one ? 1 : self == .three ? 3 : 2 }

        /// Cycles that 32 rows take, as a core takes them that loads two vectors in one; only comparisons matter.
        func cycleCount(isConstant: Bool) -> Float {
            let tests = Float(testCount)
            let loads = tests + (isConstant ? 0 : tests + 1)
            return max(loads / 2, tests * 0.77, 1) + 0.5 + 0.15 * tests
        }
    }

    var shape: Shape
    /// Whether all operands are constants.
    var isConstant: Bool
    /// Tiles on the longest way to constants, without this one.
    var height: Int32
    /// The nodes, as many as the shape has tests.
    var nodes: SIMD4<Int32>
    /// What is chosen from, from left to right, one more than tests: a constant (0...255), or a tile (256 + its index).
    var operands: SIMD4<Int32>

    static let firstTileOperand: Int32 = 256
}

/// One byte of the leaf numbers of a tree, as tiles.
struct SieveTiling {
    /// A tile stands behind those that it reads.
    private(set) var tiles: [SieveTile] = []
    /// Where the leaf numbers are: an operand.
    private(set) var root: Int32 = 0
    private(set) var cycleCount: Float = 0
    private let tree: DecisionTree
    /// By node: the byte that all leaves below have, or -1.
    private var constant: [Int32]
    /// By node: the shape of the tile that has it on top, whether it has constants only, and what it costs with all below.
    private var best: [(shape: SieveTile.Shape, isConstant: Bool, cycleCount: Float)]

    private static let costs = SieveTile.Shape.allCases.map { shape in
        (some: shape.cycleCount(isConstant: false), constant: shape.cycleCount(isConstant: true))
    }

    init(_ tree: DecisionTree, numbers: [Int32], shift: Int32) {
        self.tree = tree
        constant = [Int32](repeating: -1, count: tree.nodeCount)
        best = [(SieveTile.Shape, Bool, Float)](repeating: (.one, true, 0), count: tree.nodeCount)
        // Children stand behind their parents.
        for node in (0..<tree.nodeCount).reversed() {
            if tree.isLeaf(node) {
                constant[node] = numbers[Int(tree.left[node])] >> shift & 0xff
                continue
            }
            let (left, right) = (Int(tree.left[node]), Int(tree.right[node]))
            if constant[left] >= 0, constant[left] == constant[right] {
                constant[node] = constant[left]
            } else {
                best[node] = cheapest(node, left, right)
            }
        }
        if constant[0] >= 0 { root = constant[0] } else { collect() }
        cycleCount = best[0].cycleCount
    }

    private func cheapest(_ node: Int, _ left: Int, _ right: Int) -> (SieveTile.Shape, Bool, Float) {
        var found: (shape: SieveTile.Shape, isConstant: Bool, cycleCount: Float) = (.one, true, .infinity)
        let (splitsLeft, splitsRight) = (constant[left] < 0, constant[right] < 0)
        for shape in SieveTile.Shape.allCases {
            if shape == .leftTwo || shape == .three, !splitsLeft { continue }
            if shape == .rightTwo || shape == .three, !splitsRight { continue }
            let (_, below) = SieveTiling.nodes(of: tree, node, shape)
            var isConstant = true
            var cycleCount: Float = 0
            for index in 0...shape.testCount {
                let operand = Int(below[index])
                isConstant = isConstant && constant[operand] >= 0
                cycleCount += best[operand].cycleCount
            }
            let costs = SieveTiling.costs[Int(shape.rawValue)]
            cycleCount += isConstant ? costs.constant : costs.some
            if cycleCount < found.cycleCount { found = (shape, isConstant, cycleCount) }
        }
        return found
    }

    /// A tile's nodes, and those that it chooses from.
    private static func nodes(
        of tree: DecisionTree, _ node: Int, _ shape: SieveTile.Shape
    ) -> (inside: SIMD4<Int32>, below: SIMD4<Int32>) {
        let (left, right) = (tree.left[node], tree.right[node])
        let top = Int32(node)
        switch shape {
        case .one: return (SIMD4(top, 0, 0, 0), SIMD4(left, right, 0, 0))
        case .leftTwo: return (SIMD4(top, left, 0, 0), SIMD4(tree.left[Int(left)], tree.right[Int(left)], right, 0))
        case .rightTwo: return (SIMD4(top, right, 0, 0), SIMD4(left, tree.left[Int(right)], tree.right[Int(right)], 0))
        case .three:
            return (
                SIMD4(top, left, right, 0),
                SIMD4(tree.left[Int(left)], tree.right[Int(left)], tree.left[Int(right)], tree.right[Int(right)])
            )
        }
    }

    private mutating func collect() {
        var tileOfNode = [Int32](repeating: 0, count: tree.nodeCount)
        // A node stands here twice: first to have what is below it done, then itself.
        var pending: [(node: Int, isReady: Bool)] = [(0, false)]
        while let (node, isReady) = pending.popLast() {
            let (shape, isConstant, _) = best[node]
            let (inside, below) = SieveTiling.nodes(of: tree, node, shape)
            if !isReady, !isConstant {
                pending.append((node, true))
                for index in 0...shape.testCount where constant[Int(below[index])] < 0 { pending.append((Int(below[index]), false)) }
                continue
            }
            var tile = SieveTile(shape: shape, isConstant: isConstant, height: 0, nodes: inside, operands: SIMD4())
            for index in 0...shape.testCount {
                let operand = Int(below[index])
                if constant[operand] >= 0 {
                    tile.operands[index] = constant[operand]
                } else {
                    tile.operands[index] = SieveTile.firstTileOperand + tileOfNode[operand]
                    tile.height = max(tile.height, tiles[Int(tileOfNode[operand])].height + 1)
                }
            }
            tileOfNode[node] = Int32(tiles.count)
            tiles.append(tile)
        }
        root = SieveTile.firstTileOperand + tileOfNode[0]
    }
}

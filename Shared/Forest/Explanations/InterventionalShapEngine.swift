// Interventional TreeSHAP over a whole background at once.
//
// Idea: of a pair of rows a leaf only needs to know which of the features on its path each row fails. So the background, however large,
// is to a leaf a few distinct sets of failed features with their counts, found once. For a row that fails the set X, every set B of the
// background that shares nothing with X lets the leaf be reached: by taking the features of B from the row and those of X from the background.
//
// Layout: the features on a path are numbered as the path meets them, so a set is one word and a node hands it on to its children. A leaf's
// sets lie behind one another, those with fewer failures first.
//
// Cost: O(nodes + leaves × distinct sets) a row, whatever the size of the background. Limit: 64 different features on a path.

/// Interventional Shapley values of a row's features, exact but for rounding: what is not known of a row is taken from the rows of a background.
///
/// A value of this type never changes, so any thread may explain with it, each with a scratch of its own.
package struct InterventionalShapEngine: Sendable {
    private struct Node {
        var column: Int32
        var rank: Int32
        /// Children within the tree; a leaf's `left` is its number in ``leaves``.
        var left: Int32
        var right: Int32
        /// The bit of its feature in the sets of its path; 0 for a leaf.
        var bit: UInt64
    }

    private struct Leaf {
        /// Its sets in ``sets``.
        var setFirst: Int32
        var setCount: Int32
        /// The features of its path in ``pathFeatures``, in the order of their bits.
        var featureFirst: Int32
        var valueFirst: Int32
    }

    private struct FailedSet {
        var features: UInt64
        /// Rows of the background that fail just these, as a share of all.
        var share: Double
    }

    private struct Root: Sendable {
        var nodeFirst: Int
        var nodeCount: Int
        var firstOutput: Int
        var valueCount: Int
    }

    /// What explaining a row writes to on its way.
    package struct Scratch {
        fileprivate var columns: [Int32]
        fileprivate var failed: [UInt64]
        fileprivate var gains: [Double]
    }

    package let featureCount: Int
    package let outputCount: Int
    /// By output: the mean margin of the background.
    package private(set) var base: [Double]
    private let columns: ShapColumns
    private var roots: [Root] = []
    private var nodes: [Node] = []
    private var leaves: [Leaf] = []
    private var sets: [FailedSet] = []
    private var pathFeatures: [Int32] = []
    private var values: [Double] = []
    private let treeWeight: Double
    private let weights: [Double]

    private static let pathFeaturesMax = 64

    /// Compiles the ensemble, which must be valid, for a background.
    ///
    /// - Parameter background: `rows × featureCount`, row-major; at least one row.
    /// - Throws: ``ForestFailure`` when a path asks about more than 64 features.
    /// - Complexity: O(rows × nodes).
    package init(_ ensemble: TreeEnsemble, background: [Double]) throws(ForestFailure) {
        let rowCount = ensemble.featureCount == 0 ? 0 : background.count / ensemble.featureCount
        precondition(rowCount > 0 && background.count == rowCount * ensemble.featureCount, "a background has whole rows")
        featureCount = ensemble.featureCount
        outputCount = ensemble.outputCount
        base = Array(repeating: 0, count: ensemble.outputCount)
        columns = ShapColumns(ensemble)
        treeWeight = ensemble.treeWeight
        let side = InterventionalShapEngine.pathFeaturesMax + 1
        weights = (0..<side * side).map { index in index % side == 0 ? 0 : SubsetWeights.gain(index % side, index / side) }
        for (index, tree) in ensemble.trees.enumerated() where tree.nodeCount > 1 { try append(tree, place: "trees[\(index)]") }

        var counts = [[UInt64: Int]](repeating: [:], count: leaves.count)
        var scratch = makeScratch()
        background.withUnsafeBufferPointer { background in
            for row in 0..<rowCount {
                let row = UnsafeBufferPointer(rebasing: background[row * featureCount..<(row + 1) * featureCount])
                for (output, margin) in ensemble.margins(row: row).enumerated() { base[output] += margin }
                scratch.columns.withUnsafeMutableBufferPointer { columns.fill($0, from: row) }
                for root in roots { fail(root, &scratch) { leaf, failed in counts[leaf][failed, default: 0] += 1 } }
            }
        }
        for output in base.indices { base[output] /= Double(rowCount) }
        for leaf in leaves.indices {
            leaves[leaf].setFirst = Int32(sets.count)
            leaves[leaf].setCount = Int32(counts[leaf].count)
            let order = counts[leaf].keys.sorted { ($0.nonzeroBitCount, $0) < ($1.nonzeroBitCount, $1) }
            sets += order.map { FailedSet(features: $0, share: Double(counts[leaf][$0]!) / Double(rowCount)) }
        }
    }

    private mutating func append(_ tree: DecisionTree, place: String) throws(ForestFailure) {
        let paths = TreePaths(tree)
        guard paths.featureCountMax <= InterventionalShapEngine.pathFeaturesMax else {
            throw ForestFailure(at: place, "a path asks about \(paths.featureCountMax) different features, the most is 64")
        }
        roots.append(
            Root(nodeFirst: nodes.count, nodeCount: tree.nodeCount, firstOutput: tree.firstOutput, valueCount: tree.valueCount))
        // By node: the features that its path has asked about, in the order of their bits.
        var features = [[Int32]](repeating: [], count: tree.nodeCount)
        for node in 0..<tree.nodeCount {
            if paths.parent[node] >= 0 {
                let parent = Int(paths.parent[node])
                features[node] = features[parent]
                if !features[node].contains(tree.feature[parent]) { features[node].append(tree.feature[parent]) }
            }
            if tree.isLeaf(node) {
                nodes.append(Node(column: 0, rank: 0, left: Int32(leaves.count), right: -1, bit: 0))
                leaves.append(
                    Leaf(setFirst: 0, setCount: 0, featureFirst: Int32(pathFeatures.count), valueFirst: Int32(values.count)))
                pathFeatures += features[node]
                let number = Int(tree.left[node])
                values += tree.leafValues[number * tree.valueCount..<(number + 1) * tree.valueCount]
            } else {
                let test = columns.test(tree, node)
                let bit = features[node].firstIndex(of: tree.feature[node]) ?? features[node].count
                nodes.append(
                    Node(column: test.column, rank: test.rank, left: tree.left[node], right: tree.right[node], bit: 1 << UInt64(bit)))
            }
        }
    }

    /// Tells every leaf of a tree which features of its path a row fails.
    @inline(__always)
    private func fail(_ root: Root, _ scratch: inout Scratch, _ arrive: (Int, UInt64) -> Void) {
        scratch.failed[0] = 0
        for index in 0..<root.nodeCount {
            let node = nodes[root.nodeFirst + index]
            let failed = scratch.failed[index]
            if node.bit == 0 {
                arrive(Int(node.left), failed)
                continue
            }
            let goesRight = scratch.columns[Int(node.column)] > node.rank
            scratch.failed[Int(node.left)] = goesRight ? failed | node.bit : failed
            scratch.failed[Int(node.right)] = goesRight ? failed : failed | node.bit
        }
    }

    package func makeScratch() -> Scratch {
        Scratch(
            columns: Array(repeating: 0, count: columns.count), failed: Array(repeating: 0, count: roots.map(\.nodeCount).max() ?? 0),
            gains: Array(repeating: 0, count: InterventionalShapEngine.pathFeaturesMax))
    }

    /// Explains one row.
    ///
    /// - Parameters:
    ///   - row: One value per feature.
    ///   - contributions: `outputCount × featureCount`, row-major, overwritten; with ``base`` they sum to the margins.
    ///   - scratch: Made by ``makeScratch()`` of this engine.
    /// - Complexity: O(nodes + leaves × distinct sets); allocates nothing.
    package func explain(_ row: UnsafeBufferPointer<Double>, into contributions: inout [Double], using scratch: inout Scratch) {
        precondition(row.count == featureCount, "a row has one value per feature")
        precondition(contributions.count == outputCount * featureCount, "one contribution per output and feature")
        precondition(scratch.columns.count == columns.count, "the scratch belongs to another engine")
        for index in contributions.indices { contributions[index] = 0 }
        scratch.columns.withUnsafeMutableBufferPointer { columns.fill($0, from: row) }
        var gains = scratch.gains
        scratch.gains = []
        for root in roots {
            fail(root, &scratch) { leaf, failed in add(leaves[leaf], failed, root, &gains, &contributions) }
        }
        scratch.gains = gains
        if treeWeight != 1 { for index in contributions.indices { contributions[index] *= treeWeight } }
    }

    package func explain(_ row: [Double], into contributions: inout [Double], using scratch: inout Scratch) {
        row.withUnsafeBufferPointer { explain($0, into: &contributions, using: &scratch) }
    }

    @inline(__always)
    private func add(
        _ leaf: Leaf, _ failed: UInt64, _ root: Root, _ gains: inout [Double], _ contributions: inout [Double]
    ) {
        let side = InterventionalShapEngine.pathFeaturesMax + 1
        let b = failed.nonzeroBitCount
        var touched: UInt64 = 0
        // What each of the row's failed features takes off.
        var loss = 0.0
        for index in Int(leaf.setFirst)..<Int(leaf.setFirst + leaf.setCount) where sets[index].features & failed == 0 {
            let set = sets[index]
            let a = set.features.nonzeroBitCount
            if b > 0 { loss += set.share * weights[a * side + b] }
            if a == 0 { continue }
            let gain = set.share * weights[b * side + a]
            for bit in Bits(set.features & ~touched) { gains[bit] = 0 }
            touched |= set.features
            for bit in Bits(set.features) { gains[bit] += gain }
        }
        for value in 0..<root.valueCount {
            let start = (root.firstOutput + value) * featureCount
            let leafValue = values[Int(leaf.valueFirst) + value]
            for bit in Bits(touched) { contributions[start + Int(pathFeatures[Int(leaf.featureFirst) + bit])] += gains[bit] * leafValue }
            if loss != 0 {
                for bit in Bits(failed) { contributions[start + Int(pathFeatures[Int(leaf.featureFirst) + bit])] -= loss * leafValue }
            }
        }
    }

    /// The places of a word's set bits, ascending.
    private struct Bits: Sequence, IteratorProtocol {
        private var word: UInt64
        init(_ word: UInt64) { self.word = word }

        mutating func next() -> Int? {
            if word == 0 { return nil }
            defer { word &= word - 1 }
            return word.trailingZeroBitCount
        }
    }
}

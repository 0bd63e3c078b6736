// Greedy growth of one tree, exact: every threshold between two values that occur in a node is tried.
//
// Idea: values are ranks (see RankedColumns). To find a node's best split by a feature, its rows are grouped by rank, either by
// counting into one bin per distinct value of the column, or, when the column has many more values than the node has rows, by sorting
// the node's ranks. Both give the same groups of whole numbers, so the choice between them never shows in the tree.
//
// Limits: binary labels; fewer than 2³¹ rows. Scratch memory: about 24 bytes a row and 8 bytes per distinct value of the widest column.

internal import Forest

/// Grows one tree; made for one tree and thrown away.
struct TreeGrower {
    private struct Pending {
        var node: Int
        var rows: Range<Int>
        var counts: ClassCounts
        var depth: Int
    }

    private let columns: RankedColumns
    private let parameters: TreeParameters
    private let scorer: SplitScorer
    private let depthMax: Int
    private var random: SplitMix64
    private var tree = Tree()
    /// Rows drawn at least once; each node owns a range of it.
    private var rows: [UInt32]
    /// By row: how often it was drawn, shifted left by one, then its label.
    private let draws: [UInt32]
    /// By rank, then by label: rows counted; all 0 between searches.
    private var bins: [UInt32]
    private var keys: [UInt64] = []
    private var groups: [ValueGroup] = []
    private var featureOrder: [Int]

    /// - Parameter draws: By row, how often the sample holds it; nil for once each.
    init(_ columns: RankedColumns, draws: [UInt32]?, parameters: TreeParameters, random: SplitMix64) {
        self.columns = columns
        self.parameters = parameters
        self.random = random
        scorer = SplitScorer(criterion: parameters.criterion, weights: parameters.classWeights)
        depthMax = min(parameters.depthMax ?? .max, ForestLimits.depthMax)
        let labelled = (0..<columns.rowCount).map { (draws?[$0] ?? 1) << 1 | (columns.isFraud[$0] ? 1 : 0) }
        rows = (0..<UInt32(columns.rowCount)).filter { labelled[Int($0)] >> 1 > 0 }
        self.draws = labelled
        bins = [UInt32](repeating: 0, count: 2 * (1 + (columns.distinct.map(\.count).max() ?? 0)))
        featureOrder = Array(0..<columns.featureCount)
    }

    consuming func grow() -> Tree {
        let total = counts(of: rows.indices)
        var pending = [Pending(node: appendLeaf(total), rows: rows.indices, counts: total, depth: 0)]
        while let work = pending.popLast() {
            guard work.depth < depthMax, !work.counts.isPure, work.counts.total >= parameters.splitRowsMin,
                work.counts.total >= 2 * parameters.leafRowsMin, let split = bestSplit(of: work)
            else { continue }
            let middle = partition(work.rows, by: split)
            let left = appendLeaf(split.left)
            let right = appendLeaf(split.right)
            tree.split(
                work.node, feature: split.feature, threshold: threshold(of: split), left: left, right: right,
                missingGoesLeft: split.missingGoesLeft)
            pending.append(Pending(node: right, rows: middle..<work.rows.upperBound, counts: split.right, depth: work.depth + 1))
            pending.append(Pending(node: left, rows: work.rows.lowerBound..<middle, counts: split.left, depth: work.depth + 1))
        }
        return tree
    }

    private mutating func appendLeaf(_ counts: ClassCounts) -> Int {
        let legitimate = Double(counts.legitimate) * parameters.classWeights.legitimate
        let fraud = Double(counts.fraud) * parameters.classWeights.fraud
        return tree.appendLeaf(value: fraud / (legitimate + fraud), cover: legitimate + fraud)
    }

    private func counts(of range: Range<Int>) -> ClassCounts {
        var counts = ClassCounts.zero
        for row in rows[range] {
            let draw = draws[Int(row)]
            if draw & 1 == 1 { counts.fraud += Int(draw >> 1) } else { counts.legitimate += Int(draw >> 1) }
        }
        return counts
    }

    /// The best split by the node's sample of features.
    ///
    /// Features are drawn without replacement; drawing goes on past the sample's size until one of them varies within the node, as in
    /// scikit-learn, so that a node is not given up because it drew constants.
    private mutating func bestSplit(of work: Pending) -> Split? {
        let sampleCount = parameters.featureSample.count(of: columns.featureCount)
        var best: Split?
        var hasVaried = false
        for visited in 0..<columns.featureCount {
            if visited >= sampleCount, hasVaried { break }
            if sampleCount < columns.featureCount {
                featureOrder.swapAt(visited, visited + random.next(below: columns.featureCount - visited))
            }
            let feature = featureOrder[visited]
            group(work.rows, by: feature)
            guard groups.count > 1 else { continue }
            hasVaried = true
            let split = scorer.bestSplit(
                of: groups[...], feature: feature, missingRank: UInt32(columns.distinct[feature].count), total: work.counts,
                leafRowsMin: parameters.leafRowsMin, better: best?.quality ?? -.infinity)
            best = split ?? best
        }
        if var split = best, !hasMissing(work.rows, feature: split.feature) {
            // Nothing is known about missing values here: they follow the larger side.
            split.missingGoesLeft = split.left.total > split.right.total
            best = split
        }
        return best
    }

    private func hasMissing(_ range: Range<Int>, feature: Int) -> Bool {
        let missing = UInt32(columns.distinct[feature].count)
        return rows[range].contains { columns.ranks[feature][Int($0)] == missing }
    }

    /// Fills `groups` with a node's rows by a feature's rank.
    private mutating func group(_ range: Range<Int>, by feature: Int) {
        groups.removeAll(keepingCapacity: true)
        let binCount = columns.distinct[feature].count + 1
        // Sorting a key costs some ten times what looking at a bin does.
        if binCount <= 8 * range.count { groupByCounting(range, feature, binCount) } else { groupBySorting(range, feature) }
    }

    private mutating func groupByCounting(_ range: Range<Int>, _ feature: Int, _ binCount: Int) {
        let ranks = columns.ranks[feature]
        ranks.withUnsafeBufferPointer { ranks in
            rows.withUnsafeBufferPointer { rows in
                draws.withUnsafeBufferPointer { draws in
                    bins.withUnsafeMutableBufferPointer { bins in
                        for place in range {
                            let row = Int(rows[place])
                            let draw = draws[row]
                            bins[Int(ranks[row] << 1 | draw & 1)] += draw >> 1
                        }
                        for rank in 0..<binCount {
                            let counts = ClassCounts(legitimate: Int(bins[rank << 1]), fraud: Int(bins[rank << 1 | 1]))
                            guard counts.total > 0 else { continue }
                            bins[rank << 1] = 0
                            bins[rank << 1 | 1] = 0
                            groups.append(ValueGroup(rank: UInt32(rank), counts: counts))
                        }
                    }
                }
            }
        }
    }

    private mutating func groupBySorting(_ range: Range<Int>, _ feature: Int) {
        keys.removeAll(keepingCapacity: true)
        let ranks = columns.ranks[feature]
        for row in rows[range] { keys.append(UInt64(ranks[Int(row)]) << 32 | UInt64(draws[Int(row)])) }
        keys.sort()
        for key in keys {
            let rank = UInt32(key >> 32)
            let count = Int(UInt32(truncatingIfNeeded: key) >> 1)
            let counts = key & 1 == 1 ? ClassCounts(legitimate: 0, fraud: count) : ClassCounts(legitimate: count, fraud: 0)
            if groups.last?.rank == rank {
                groups[groups.count - 1].counts = groups[groups.count - 1].counts + counts
            } else {
                groups.append(ValueGroup(rank: rank, counts: counts))
            }
        }
    }

    /// Moves the rows that go left to the front of the range; returns where the right ones begin.
    private mutating func partition(_ range: Range<Int>, by split: Split) -> Int {
        let ranks = columns.ranks[split.feature]
        let missing = UInt32(columns.distinct[split.feature].count)
        var middle = range.lowerBound
        for place in range {
            let rank = ranks[Int(rows[place])]
            guard rank == missing ? split.missingGoesLeft : rank <= split.rank else { continue }
            rows.swapAt(place, middle)
            middle += 1
        }
        return middle
    }

    /// The middle between the two neighbouring values, as scikit-learn has it: the sum of the halves, which does not overflow, and the
    /// lower value where rounding reaches the upper one.
    private func threshold(of split: Split) -> Double {
        let values = columns.distinct[split.feature]
        let lower = values[Int(split.rank)]
        guard let nextRank = split.nextRank else { return lower }
        let upper = values[Int(nextRank)]
        let middle = lower / 2 + upper / 2
        return middle >= upper || middle < lower ? lower : middle
    }
}

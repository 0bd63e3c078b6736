// Greedy growth of trees, exact: no place between two values that occur in a node can be a better split than the one found.
//
// Idea. Values are ranks (see RankedColumns). Fraud is rare, and an impurity that is concave is least next to a change of class (Fayyad
// and Irani, "On the handling of continuous-valued attributes in decision tree generation", 1992): where only one class occurs between two
// places, one of the two is at least as good as all between them. So a node's rows are kept by class. Those of the rarer one are sorted
// by rank; those of the other are only counted, into the gaps between: by a table from rank to gap, by binary search where the node
// is small, and into one bin per rank where a column has few values. Which way is taken never shows in the tree, for all of them count
// whole numbers. Least rows a leaf can make a place inside a gap the best one: the outermost that is allowed; it is looked for
// where the gap's ends tell that it could win.
//
// Least rows a leaf and a split are counted as scikit-learn counts them: a row that the sample holds several times is one row, and
// weighs as often as it is held in impurities and shares. An entry is a row, so a node knows its number (one drawn more than 15 times,
// less likely than 10⁻¹³ in as many draws as rows, counts as two); how many are left and right of a place is looked for only where the
// weights leave it open, which is near the ends (LeafLimits).
//
// Layout. An entry is a row and how often the sample holds it, 28 and 4 bits: rows drawn never take no space, rows drawn more than
// 15 times take two entries. A node owns one range of each class's entries; a split moves those that go left to the front and keeps the
// order, so that rows are always read in ascending order. Buffers are made once per thread; a node allocates nothing.
//
// Limits: binary labels; fewer than 2²⁷ rows. Scratch memory per thread: 13 bytes a row and 10 bytes per rank of the widest column.

internal import Forest
internal import RiskDomain

/// A tree as grown, and the sets of its categorical splits by node.
struct GrownTree {
    var tree = Tree()
    var categories: [Int: [UInt32]] = [:]
}

/// Grows trees, one after the other, on one thread.
final class TreeGrower<Rank: FixedWidthInteger & UnsignedInteger & BitwiseCopyable & Sendable> {
    struct Pending {
        var node: Int
        var legitimate: Range<Int>
        var fraud: Range<Int>
        var counts: ClassCounts
        var depth: Int
        var place: Place
        /// Each class's entries, and where its rows are counted in ``ClassCounts/packed``.
        var ranges: [2 of (range: Range<Int>, shift: UInt64)] { [(legitimate, 0), (fraud, 32)] }
        /// Different rows.
        var rowCount: Int { legitimate.count + fraud.count }
        /// What the node's answers must stay within, where some feature is monotonic.
        var bounds = (lower: -Double.infinity, upper: Double.infinity)
    }

    /// Where a node's ranks lie, and how much of the blocks' memory it and the nodes above it use.
    struct Place {
        var view: RankTable<Rank>.View
        /// The same rows, row by row.
        var rows: RankTable<Rank>.View
        var blocksEnd: Int
    }

    /// Rows of one value, or of values between which no place can be best.
    struct Group {
        /// Ranks up to this one, above the group before.
        var rank: UInt32
        var counts: ClassCounts
    }

    let table: RankTable<Rank>
    let scales: [RankScale]
    let isFraud: [Bool]
    let parameters: TreeParameters
    let scorer: SplitScorer
    let depthMax: Int
    let isCategorical: [Bool]
    let sampleCount: Int
    let rowCount: Int
    let featureCount: Int

    var random = SplitMix64(seed: 0)
    var grown = GrownTree()
    var featureOrder: [Int]
    var pending: [Pending] = []

    /// Entries of legitimate rows from the front, of frauds from the back.
    let entries: Scratch<UInt32>
    let spill: Scratch<UInt32>
    let draws: Scratch<UInt8>
    /// By rank: rows counted; all 0 between searches.
    let bins: Scratch<UInt64>
    /// By rank: the gap or group it belongs to.
    let places: Scratch<UInt16>
    /// Four times the cells of a node's gaps and groups, so that rows that follow each other do not wait for each other's sum.
    let cells: Scratch<UInt32>
    /// Rows copied together, a block within a block: memory of a stack.
    let blocks: Scratch<UInt64>
    let keys: Scratch<UInt32>
    let keysSpill: Scratch<UInt32>
    let minority: Scratch<Group>
    /// The ranks of the rarer class, ascending, and the missing one.
    let knots: Scratch<UInt32>
    let groups: Scratch<Group>
    var groupCount = 0
    /// How often the sample holds an entry's row, at most.
    var entryWeightMax = 1

    /// Groups of the rarer class up to which its gaps are counted; beyond, bins by rank do better.
    static var minorityMax: Int { 30_000 }

    init(_ table: RankTable<Rank>, _ columns: RankedColumns, isFraud: [Bool], parameters: TreeParameters) {
        self.table = table
        scales = columns.scales
        self.isFraud = isFraud
        self.parameters = parameters
        scorer = SplitScorer(criterion: parameters.criterion, weights: parameters.classWeights)
        depthMax = min(parameters.depthMax ?? .max, ForestLimits.depthMax)
        rowCount = columns.rowCount
        featureCount = columns.featureCount
        isCategorical = (0..<featureCount).map { parameters.categoricalFeatures.contains($0) }
        precondition(parameters.monotonicity.isEmpty || parameters.monotonicity.count == featureCount, "one direction per feature")
        sampleCount = parameters.featureSample.count(of: featureCount)
        featureOrder = Array(0..<featureCount)
        let rankCount = columns.rankCountMax + 1
        entries = Scratch(rowCount)
        spill = Scratch(rowCount)
        draws = Scratch(rowCount)
        bins = Scratch(rankCount)
        bins.clear()
        places = Scratch(rankCount)
        cells = Scratch(4 * (2 * TreeGrower.minorityMax + 2))
        keys = Scratch(rowCount)
        keysSpill = Scratch(rowCount)
        minority = Scratch(min(rowCount, rankCount))
        knots = Scratch(min(rowCount, rankCount) + 1)
        // Each block has an eighth of the rows of the one it lies in, at most.
        blocks = Scratch(rowCount / 7 * (table.rowStride * MemoryLayout<Rank>.size / 8) + 8)
        groups = Scratch(min(2 * rowCount + 1, rankCount) + 1)
    }

    /// - Parameter random: The tree's own stream; the sample of rows is drawn from it first.
    func grow(_ sample: RowSample, random: SplitMix64) -> GrownTree {
        self.random = random
        for feature in 0..<featureCount { featureOrder[feature] = feature }
        grown = GrownTree()
        let (legitimate, fraud, counts) = fillEntries(sample)
        pending.removeAll(keepingCapacity: true)
        let place = Place(view: table.byColumn, rows: table.byRow, blocksEnd: 0)
        push(Pending(node: appendLeaf(counts), legitimate: legitimate, fraud: fraud, counts: counts, depth: 0, place: place))
        let rootWeight = scorer.weight(counts)
        while var work = pending.popLast() {
            moveTogether(&work)
            guard let split = bestSplit(of: work) else { continue }
            if parameters.impurityDecreaseMin > 0 {
                let decrease = (split.quality - scorer.side(work.counts)) / rootWeight
                guard decrease >= parameters.impurityDecreaseMin else { continue }
            }
            apply(split, to: work)
        }
        return grown
    }

    func fillEntries(_ sample: RowSample) -> (legitimate: Range<Int>, fraud: Range<Int>, counts: ClassCounts) {
        sample.draw(rowCount: rowCount, into: draws.base, &random)
        var low = 0
        var high = rowCount
        var counts = ClassCounts.zero
        entryWeightMax = 1
        isFraud.withUnsafeBufferPointer { isFraud in
            let entries = entries.base
            for row in 0..<rowCount {
                var left = draws.base[row]
                if left == 0 { continue }
                counts =
                    counts + (isFraud[row] ? ClassCounts(legitimate: 0, fraud: Int(left)) : ClassCounts(legitimate: Int(left), fraud: 0))
                while left > 0 {
                    let part = min(left, 15)
                    left -= part
                    entryWeightMax = max(entryWeightMax, Int(part))
                    let entry = UInt32(row) << 4 | UInt32(part)
                    if isFraud[row] {
                        high -= 1
                        entries[high] = entry
                    } else {
                        entries[low] = entry
                        low += 1
                    }
                }
            }
        }
        // Frauds came in from the back: their rows ascend again.
        var frauds = UnsafeMutableBufferPointer(start: entries.base + high, count: rowCount - high)
        frauds.reverse()
        return (0..<low, high..<rowCount, counts)
    }

    /// Copies the rows of a node together when they lie far apart, so that the nodes below it read from the near caches.
    func moveTogether(_ work: inout Pending) {
        let count = work.legitimate.count + work.fraud.count
        let stride = table.rowStride
        let rowBytes = stride * MemoryLayout<Rank>.size
        // 32 KiB: what lies in the nearest cache needs no copy.
        guard count * 8 <= work.place.view.rowCount, work.place.view.rowCount * rowBytes > 32_768, count >= 32 else { return }
        let words = rowBytes / 8
        let target = blocks.base + work.place.blocksEnd
        let entries = entries.base
        UnsafeRawPointer(work.place.rows.base).withMemoryRebound(to: UInt64.self, capacity: work.place.rows.rowCount * words) { source in
            var next = 0
            for side in 0..<2 {
                for place in work.ranges[side].range {
                    let entry = entries[place]
                    let row = source + Int(entry >> 4) &* words
                    let copy = target + next &* words
                    for word in 0..<words { copy[word] = row[word] }
                    entries[place] = UInt32(truncatingIfNeeded: next) << 4 | entry & 15
                    next &+= 1
                }
            }
        }
        let base = UnsafeRawPointer(target).assumingMemoryBound(to: Rank.self)
        let view = RankTable<Rank>.View(base: base, rowCount: count, rowStride: stride, featureStride: 1)
        work.place = Place(view: view, rows: view, blocksEnd: work.place.blocksEnd + count * words)
    }

    func appendLeaf(_ counts: ClassCounts, within bounds: (lower: Double, upper: Double)? = nil) -> Int {
        var value = scorer.value(counts)
        if let bounds { value = min(max(value, bounds.lower), bounds.upper) }
        return grown.tree.appendLeaf(value: value, cover: scorer.weight(counts))
    }

    /// Remembers a node unless it must stay a leaf.
    func push(_ work: Pending) {
        guard work.depth < depthMax, !work.counts.isPure else { return }
        guard work.rowCount >= parameters.splitRowsMin, work.rowCount >= 2 * parameters.leafRowsMin else { return }
        pending.append(work)
    }

    func apply(_ split: Split, to work: Pending) {
        var isLeftRank: UnsafeMutablePointer<UInt16>?
        if isCategorical[split.feature] {
            places.base.update(repeating: 0, count: scales[split.feature].count + 1)
            for rank in split.leftRanks { places.base[Int(rank)] = 1 }
            isLeftRank = places.base
        }
        var ranks = (left: -1, right: Int.max)
        let legitimate = partition(work.legitimate, work.place.view, split, isLeftRank, &ranks)
        let fraud = partition(work.fraud, work.place.view, split, isLeftRank, &ranks)
        var leftBounds = work.bounds
        var rightBounds = work.bounds
        let isMonotonic = !parameters.monotonicity.isEmpty
        if isMonotonic, parameters.monotonicity[split.feature] != .free {
            let left = clamp(scorer.value(split.left), work.bounds)
            let right = clamp(scorer.value(split.right), work.bounds)
            let middle = left / 2 + right / 2
            if parameters.monotonicity[split.feature] == .rising {
                leftBounds.upper = middle
                rightBounds.lower = middle
            } else {
                leftBounds.lower = middle
                rightBounds.upper = middle
            }
        }
        let left = appendLeaf(split.left, within: isMonotonic ? leftBounds : nil)
        let right = appendLeaf(split.right, within: isMonotonic ? rightBounds : nil)
        let threshold: Double
        if isLeftRank != nil {
            threshold = 0
            grown.categories[work.node] = split.leftRanks
        } else {
            threshold =
                split.threshold
                ?? scales[split.feature].threshold(
                    from: ranks.left, to: ranks.right < scales[split.feature].count ? ranks.right : nil)
        }
        // Nothing is known about missing values where the node has none: they follow the larger side.
        let missingGoesLeft = split.isMissingKnown ? split.missingGoesLeft : split.left.total > split.right.total
        grown.tree.split(
            work.node, feature: split.feature, threshold: threshold, left: left, right: right, missingGoesLeft: missingGoesLeft)
        push(
            Pending(
                node: right, legitimate: legitimate..<work.legitimate.upperBound, fraud: fraud..<work.fraud.upperBound,
                counts: split.right, depth: work.depth + 1, place: work.place, bounds: rightBounds))
        push(
            Pending(
                node: left, legitimate: work.legitimate.lowerBound..<legitimate, fraud: work.fraud.lowerBound..<fraud,
                counts: split.left, depth: work.depth + 1, place: work.place, bounds: leftBounds))
    }

    func clamp(_ value: Double, _ bounds: (lower: Double, upper: Double)) -> Double { min(max(value, bounds.lower), bounds.upper) }

    /// Moves the entries that go left to the front of the range, order kept; returns where the right ones begin.
    ///
    /// - Parameter neighbours: Widened to the greatest number's rank that went left and the least rank that went right.
    func partition(
        _ range: Range<Int>, _ view: RankTable<Rank>.View, _ split: Split, _ isLeftRank: UnsafeMutablePointer<UInt16>?,
        _ neighbours: inout (left: Int, right: Int)
    ) -> Int {
        let entries = entries.base
        let spill = spill.base
        let column = view.column(split.feature)
        let stride = view.rowStride
        var left = range.lowerBound
        var right = 0
        if let isLeftRank {
            if split.missingGoesLeft { isLeftRank[scales[split.feature].count] = 1 }
            for place in range {
                let entry = entries[place]
                let goesLeft = Int(isLeftRank[Int(truncatingIfNeeded: column[Int(entry >> 4) &* stride])])
                entries[left] = entry
                spill[right] = entry
                left &+= goesLeft
                right &+= 1 &- goesLeft
            }
        } else {
            // Without branches, which would be guessed wrong every few rows. Where missing values go left, their rank counts as -1.
            let count = scales[split.feature].count
            let missing = split.missingGoesLeft ? count : -1
            let end = split.rank &+ 1
            var greatestLeft = neighbours.left
            var leastRight = neighbours.right
            for place in range {
                let entry = entries[place]
                var rank = Int(truncatingIfNeeded: column[Int(entry >> 4) &* stride])
                rank = rank == missing ? -1 : rank
                // All ones for a rank that goes left, else all zeroes.
                let mask = (rank &- end) >> 63
                greatestLeft = max(greatestLeft, rank | ~mask)
                leastRight = min(leastRight, rank & ~mask | mask & .max)
                entries[left] = entry
                spill[right] = entry
                left &-= mask
                right &+= 1 &+ mask
            }
            neighbours = (greatestLeft, leastRight)
        }
        (entries + left).update(from: spill, count: right)
        return left
    }
}

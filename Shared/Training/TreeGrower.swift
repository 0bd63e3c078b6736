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
// Layout. An entry is a row and how often the sample holds it, 28 and 4 bits: rows drawn never take no space, rows drawn more than
// 15 times take two entries. A node owns one range of each class's entries; a split moves those that go left to the front and keeps the
// order, so that rows are always read in ascending order. Buffers are made once per thread; a node allocates nothing.
//
// Limits: binary labels; fewer than 2²⁷ rows. Scratch memory per thread: 13 bytes a row and 10 bytes per rank of the widest column.

internal import Forest

/// A tree as grown, and the sets of its categorical splits by node.
struct GrownTree {
    var tree = Tree()
    var categories: [Int: [UInt32]] = [:]
}

/// Grows trees, one after the other, on one thread.
final class TreeGrower<Rank: FixedWidthInteger & UnsignedInteger & BitwiseCopyable & Sendable> {
    private struct Pending {
        var node: Int
        var legitimate: Range<Int>
        var fraud: Range<Int>
        var counts: ClassCounts
        var depth: Int
        var place: Place
        /// Each class's entries, and where its rows are counted in ``ClassCounts/packed``.
        var ranges: [2 of (range: Range<Int>, shift: UInt64)] { [(legitimate, 0), (fraud, 32)] }
        /// What the node's answers must stay within, where some feature is monotonic.
        var bounds = (lower: -Double.infinity, upper: Double.infinity)
    }

    /// Where a node's ranks lie, and how much of the blocks' memory it and the nodes above it use.
    private struct Place {
        var view: RankTable<Rank>.View
        /// The same rows, row by row.
        var rows: RankTable<Rank>.View
        var blocksEnd: Int
    }

    /// Rows of one value, or of values between which no place can be best.
    private struct Group {
        /// Ranks up to this one, above the group before.
        var rank: UInt32
        var counts: ClassCounts
    }

    private let table: RankTable<Rank>
    private let scales: [RankScale]
    private let isFraud: [Bool]
    private let parameters: TreeParameters
    private let scorer: SplitScorer
    private let depthMax: Int
    private let isCategorical: [Bool]
    private let sampleCount: Int
    private let rowCount: Int
    private let featureCount: Int

    private var random = SplitMix64(seed: 0)
    private var grown = GrownTree()
    private var featureOrder: [Int]
    private var pending: [Pending] = []

    /// Entries of legitimate rows from the front, of frauds from the back.
    private let entries: Scratch<UInt32>
    private let spill: Scratch<UInt32>
    private let draws: Scratch<UInt8>
    /// By rank: rows counted; all 0 between searches.
    private let bins: Scratch<UInt64>
    /// By rank: the gap or group it belongs to.
    private let places: Scratch<UInt16>
    /// Four times the cells of a node's gaps and groups, so that rows that follow each other do not wait for each other's sum.
    private let cells: Scratch<UInt32>
    /// Rows copied together, a block within a block: memory of a stack.
    private let blocks: Scratch<UInt64>
    private let keys: Scratch<UInt32>
    private let keysSpill: Scratch<UInt32>
    private let minority: Scratch<Group>
    /// The ranks of the rarer class, ascending, and the missing one.
    private let knots: Scratch<UInt32>
    private let groups: Scratch<Group>
    private var groupCount = 0

    /// Groups of the rarer class up to which its gaps are counted; beyond, bins by rank do better.
    private static var minorityMax: Int { 30_000 }

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

    private func fillEntries(_ sample: RowSample) -> (legitimate: Range<Int>, fraud: Range<Int>, counts: ClassCounts) {
        sample.draw(rowCount: rowCount, into: draws.base, &random)
        var low = 0
        var high = rowCount
        var counts = ClassCounts.zero
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
    private func moveTogether(_ work: inout Pending) {
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

    private func appendLeaf(_ counts: ClassCounts, within bounds: (lower: Double, upper: Double)? = nil) -> Int {
        var value = scorer.value(counts)
        if let bounds { value = min(max(value, bounds.lower), bounds.upper) }
        return grown.tree.appendLeaf(value: value, cover: scorer.weight(counts))
    }

    /// Remembers a node unless it must stay a leaf.
    private func push(_ work: Pending) {
        guard work.depth < depthMax, !work.counts.isPure else { return }
        let total = work.counts.total
        guard total >= parameters.splitRowsMin, total >= 2 * parameters.leafRowsMin else { return }
        pending.append(work)
    }

    private func apply(_ split: Split, to work: Pending) {
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

    private func clamp(_ value: Double, _ bounds: (lower: Double, upper: Double)) -> Double { min(max(value, bounds.lower), bounds.upper) }

    /// Moves the entries that go left to the front of the range, order kept; returns where the right ones begin.
    ///
    /// - Parameter neighbours: Widened to the greatest number's rank that went left and the least rank that went right.
    private func partition(
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

    // MARK: - The best split of a node

    /// The best split by the node's sample of features.
    ///
    /// Features are drawn without replacement; drawing goes on past the sample's size until one of them varies within the node, as in
    /// scikit-learn, so that a node is not given up because it drew constants.
    private func bestSplit(of work: Pending) -> Split? {
        var best: Split?
        var hasVaried = false
        for visited in 0..<featureCount {
            if visited >= sampleCount, hasVaried { break }
            if sampleCount < featureCount { featureOrder.swapAt(visited, visited + random.next(below: featureCount - visited)) }
            let feature = featureOrder[visited]
            if isCategorical[feature] {
                group(work, by: feature, singly: true)
                guard groupCount > 1 else { continue }
                hasVaried = true
                searchSets(work, feature, &best)
            } else if parameters.choice == .random {
                guard drawSplit(work, feature, &best) else { continue }
                hasVaried = true
            } else {
                let gaps = group(work, by: feature, singly: !parameters.monotonicity.isEmpty)
                guard groupCount > 1 else { continue }
                hasVaried = true
                search(work, feature, gaps: gaps, &best)
            }
        }
        return best
    }

    /// Fills `groups` with a node's rows by a feature's rank, ascending, missing ones last.
    ///
    /// - Parameter singly: Whether each group must hold one rank.
    /// - Returns: Whether groups of one class may hold many ranks.
    @discardableResult
    private func group(_ work: Pending, by feature: Int, singly: Bool) -> Bool {
        let rankCount = scales[feature].count + 1
        let entryCount = work.legitimate.count + work.fraud.count
        let fewer = min(work.legitimate.count, work.fraud.count)
        groupCount = 0
        if rankCount <= max(16, min(entryCount / 4, 1_024)) {
            groupByCounting(work, feature, rankCount)
            return false
        }
        // Sorting costs some ten times what looking at a bin does.
        if singly || parameters.leafRowsMin > 1 && entryCount <= 128 {
            if rankCount <= 8 * entryCount { groupByCounting(work, feature, rankCount) } else { groupBySorting(work, feature) }
            return false
        }
        if fewer > TreeGrower.minorityMax || rankCount <= 4 * fewer {
            groupByCounting(work, feature, rankCount)
            return false
        }
        groupByGaps(work, feature, rankCount)
        return true
    }

    private func groupByCounting(_ work: Pending, _ feature: Int, _ rankCount: Int) {
        let view = work.place.view
        let column = view.column(feature)
        let stride = view.rowStride
        let entries = entries.base
        let bins = bins.base
        for side in 0..<2 {
            let (range, shift) = work.ranges[side]
            var place = range.lowerBound
            if rankCount <= 1_024, range.count >= 4 * rankCount {
                let cells = cells.base
                cells.update(repeating: 0, count: 4 * rankCount)
                place = addToLanes(range, view, feature, rankCount)
                for rank in 0..<rankCount {
                    let sum = cells[rank] &+ cells[rank &+ rankCount] &+ cells[rank &+ 2 &* rankCount] &+ cells[rank &+ 3 &* rankCount]
                    bins[rank] &+= UInt64(sum) << shift
                }
            }
            while place < range.upperBound {
                let entry = entries[place]
                bins[Int(truncatingIfNeeded: column[Int(entry >> 4) &* stride])] &+= UInt64(entry & 15) << shift
                place &+= 1
            }
        }
        let groups = groups.base
        var count = 0
        for rank in 0..<rankCount where bins[rank] != 0 {
            groups[count] = Group(rank: UInt32(truncatingIfNeeded: rank), counts: ClassCounts(packed: bins[rank]))
            bins[rank] = 0
            count &+= 1
        }
        groupCount = count
    }

    /// Counts entries by rank into four lanes of cells, so that rows of one rank do not wait for each other's sum; returns where it
    /// stopped, up to three entries before the end.
    private func addToLanes(_ range: Range<Int>, _ view: RankTable<Rank>.View, _ feature: Int, _ rankCount: Int) -> Int {
        let column = view.column(feature)
        let stride = view.rowStride
        let entries = entries.base
        let cells = cells.base
        let (second, third, fourth) = (cells + rankCount, cells + 2 * rankCount, cells + 3 * rankCount)
        @inline(__always) func add(_ entry: UInt32, _ lane: UnsafeMutablePointer<UInt32>) {
            lane[Int(truncatingIfNeeded: column[Int(entry >> 4) &* stride])] &+= entry & 15
        }
        var place = range.lowerBound
        while place &+ 4 <= range.upperBound {
            add(entries[place], cells)
            add(entries[place &+ 1], second)
            add(entries[place &+ 2], third)
            add(entries[place &+ 3], fourth)
            place &+= 4
        }
        return place
    }

    /// Keys of some entries, by rank: the rank above the weight and the class's bit.
    @inline(__always)
    private func writeKeys(_ range: Range<Int>, _ view: RankTable<Rank>.View, _ feature: Int, isFraud: UInt32, from start: Int) {
        let column = view.column(feature)
        let stride = view.rowStride
        let entries = entries.base
        let keys = keys.base
        var next = start
        for place in range {
            let entry = entries[place]
            keys[next] = UInt32(truncatingIfNeeded: column[Int(entry >> 4) &* stride]) << 5 | (entry & 15) << 1 | isFraud
            next &+= 1
        }
    }

    /// Groups sorted keys by rank into `target`; returns how many.
    @inline(__always)
    private func collect(_ keyCount: Int, into target: UnsafeMutablePointer<Group>) -> Int {
        let keys = keys.base
        var count = 0
        var last = UInt32.max
        for place in 0..<keyCount {
            let key = keys[place]
            let weight = UInt64(key >> 1 & 15) << (key & 1 == 1 ? 32 : 0)
            if key >> 5 != last {
                last = key >> 5
                target[count] = Group(rank: last, counts: ClassCounts(packed: weight))
                count &+= 1
            } else {
                target[count &- 1].counts.packed &+= weight
            }
        }
        return count
    }

    private func groupBySorting(_ work: Pending, _ feature: Int) {
        writeKeys(work.legitimate, work.place.view, feature, isFraud: 0, from: 0)
        writeKeys(work.fraud, work.place.view, feature, isFraud: 1, from: work.legitimate.count)
        let count = work.legitimate.count + work.fraud.count
        RankSort.sort(keys.base, count, keysSpill.base)
        groupCount = collect(count, into: groups.base)
    }

    /// Sorts the rarer class and counts the other one into its gaps.
    private func groupByGaps(_ work: Pending, _ feature: Int, _ rankCount: Int) {
        let isFraudRarer = work.fraud.count <= work.legitimate.count
        let rarer = isFraudRarer ? work.fraud : work.legitimate
        let other = isFraudRarer ? work.legitimate : work.fraud
        let view = work.place.view
        writeKeys(rarer, view, feature, isFraud: isFraudRarer ? 1 : 0, from: 0)
        RankSort.sort(keys.base, rarer.count, keysSpill.base)
        let minority = minority.base
        var knotCount = collect(rarer.count, into: minority)
        let missing = UInt32(truncatingIfNeeded: rankCount - 1)
        var missingCounts = ClassCounts.zero
        if minority[knotCount - 1].rank == missing {
            knotCount -= 1
            missingCounts = minority[knotCount].counts
        }
        let knots = knots.base
        for knot in 0..<knotCount { knots[knot] = minority[knot].rank }
        knots[knotCount] = missing
        // Cell 2i is the gap before knot i, 2i + 1 the knot itself; the last knot are the missing values.
        let cellCount = 2 * knotCount + 2
        let lanes = cellCount <= 4_096 ? 4 : 1
        cells.base.update(repeating: 0, count: cellCount * lanes)
        if other.count < 32 {
            countBySearch(other, view, feature, knotCount, cellCount, lanes)
        } else {
            countByBuckets(other, view, feature, knotCount, cellCount, lanes, rankCount)
        }
        let shift: UInt64 = isFraudRarer ? 0 : 32
        let cells = cells.base
        @inline(__always) func cell(_ index: Int) -> UInt64 {
            var sum: UInt32 = 0
            for lane in 0..<lanes { sum &+= cells[lane * cellCount + index] }
            return UInt64(sum) << shift
        }
        let groups = groups.base
        var count = 0
        for knot in 0..<knotCount {
            let before = cell(2 * knot)
            if before != 0 {
                groups[count] = Group(rank: minority[knot].rank &- 1, counts: ClassCounts(packed: before))
                count &+= 1
            }
            groups[count] = Group(
                rank: minority[knot].rank, counts: ClassCounts(packed: minority[knot].counts.packed &+ cell(2 * knot + 1)))
            count &+= 1
        }
        let after = cell(cellCount - 2)
        if after != 0 {
            groups[count] = Group(rank: missing &- 1, counts: ClassCounts(packed: after))
            count &+= 1
        }
        let absent = cell(cellCount - 1) &+ missingCounts.packed
        if absent != 0 {
            groups[count] = Group(rank: missing, counts: ClassCounts(packed: absent))
            count &+= 1
        }
        groupCount = count
    }

    /// Finds a row's knot from its bucket of ranks: the first knot in or after the bucket, or one soon after it.
    private func countByBuckets(
        _ range: Range<Int>, _ view: RankTable<Rank>.View, _ feature: Int, _ knotCount: Int, _ cellCount: Int, _ lanes: Int,
        _ rankCount: Int
    ) {
        let column = view.column(feature)
        let stride = view.rowStride
        let entries = entries.base
        let places = places.base
        let cells = cells.base
        let knots = knots.base
        // At most 8,192 buckets of 2 bytes, a third of the nearest cache, and fewer for few rows.
        let bucketCountMax = min(8_192, 2 * range.count)
        var shift: UInt32 = 0
        while (rankCount - 1) >> Int(shift) >= bucketCountMax { shift += 1 }
        var bucket = 0
        for knot in 0...knotCount {
            let last = Int(knots[knot] >> shift)
            if bucket <= last {
                (places + bucket).update(repeating: UInt16(truncatingIfNeeded: knot), count: last - bucket + 1)
                bucket = last + 1
            }
        }
        @inline(__always) func add(_ entry: UInt32, _ lane: UnsafeMutablePointer<UInt32>) {
            let rank = UInt32(truncatingIfNeeded: column[Int(entry >> 4) &* stride])
            var knot = Int(places[Int(rank >> shift)])
            while knots[knot] < rank { knot &+= 1 }
            lane[2 &* knot &+ (knots[knot] == rank ? 1 : 0)] &+= entry & 15
        }
        var place = range.lowerBound
        if lanes == 4 {
            let (second, third, fourth) = (cells + cellCount, cells + 2 * cellCount, cells + 3 * cellCount)
            while place &+ 4 <= range.upperBound {
                add(entries[place], cells)
                add(entries[place &+ 1], second)
                add(entries[place &+ 2], third)
                add(entries[place &+ 3], fourth)
                place &+= 4
            }
        }
        while place < range.upperBound {
            add(entries[place], cells)
            place &+= 1
        }
    }

    private func countBySearch(
        _ range: Range<Int>, _ view: RankTable<Rank>.View, _ feature: Int, _ knotCount: Int, _ cellCount: Int, _ lanes: Int
    ) {
        let column = view.column(feature)
        let stride = view.rowStride
        let entries = entries.base
        let knots = knots.base
        let cells = cells.base
        for place in range {
            let entry = entries[place]
            let rank = UInt32(truncatingIfNeeded: column[Int(entry >> 4) &* stride])
            // The first knot that is not below; there is one, for the last is the greatest rank.
            var knot = 0
            var length = knotCount &+ 1
            while length > 1 {
                let half = length >> 1
                knot &+= knots[knot &+ half &- 1] < rank ? half : 0
                length &-= half
            }
            let cell = 2 &* knot &+ (knots[knot] == rank ? 1 : 0)
            cells[(place & (lanes &- 1)) &* cellCount &+ cell] &+= entry & 15
        }
    }

    /// Tries every place between two groups, missing values on either side. Of equally good splits the first wins: features in the order
    /// they are looked at, lower thresholds first, missing values right first.
    private func search(_ work: Pending, _ feature: Int, gaps: Bool, _ best: inout Split?) {
        let groups = groups.base
        let missingRank = UInt32(truncatingIfNeeded: scales[feature].count)
        let hasMissing = groups[groupCount - 1].rank == missingRank
        let missing = hasMissing ? groups[groupCount - 1].counts : .zero
        let numberCount = hasMissing ? groupCount - 1 : groupCount
        let leafRowsMin = parameters.leafRowsMin
        let total = work.counts
        let isMonotonic = !parameters.monotonicity.isEmpty
        // Where each class is alone in two groups of one kind, no place between them is best; not so under further conditions.
        let isSkipping = !gaps && leafRowsMin == 1 && !isMonotonic
        var bestQuality = best?.quality ?? -.infinity
        var found: (rank: Int, left: ClassCounts, missingGoesLeft: Bool)?
        @inline(__always) func consider(_ left: ClassCounts, _ rank: Int, _ missingGoesLeft: Bool) {
            let right = total - left
            if leafRowsMin > 1 { guard left.total >= leafRowsMin, right.total >= leafRowsMin else { return } }
            let quality = scorer.quality(left, right)
            guard quality > bestQuality else { return }
            if isMonotonic { guard isAllowed(left, right, feature, work.bounds) else { return } }
            bestQuality = quality
            found = (rank, left, missingGoesLeft)
        }
        var left = ClassCounts.zero
        for index in 0..<numberCount {
            let group = groups[index]
            if gaps, leafRowsMin > 1, group.counts.isPure {
                for missingGoesLeft in [false, true] where !missingGoesLeft || hasMissing {
                    let before = missingGoesLeft ? left + missing : left
                    // The places at the gap's ends bound all between them.
                    let bound = max(quality(before, total), quality(before + group.counts, total))
                    guard bound > bestQuality else { continue }
                    searchInside(
                        work, feature, from: index == 0 ? 0 : Int(groups[index - 1].rank) + 1, through: Int(group.rank), before,
                        group.counts, total, { consider($0, $1, missingGoesLeft) })
                }
            }
            left = left + group.counts
            let isLast = index + 1 == numberCount
            if isSkipping, !isLast {
                let next = groups[index + 1].counts.packed
                let both = group.counts.packed | next
                if both >> 32 == 0 || both & 0xFFFF_FFFF == 0 { continue }
            }
            if !isLast || hasMissing { consider(left, Int(group.rank), false) }
            if !isLast, hasMissing { consider(left + missing, Int(group.rank), true) }
        }
        guard let found else { return }
        best = Split(
            feature: feature, rank: found.rank, missingGoesLeft: found.missingGoesLeft, isMissingKnown: hasMissing, left: found.left,
            right: total - found.left, quality: bestQuality)
    }

    /// A split's quality, also of one that leaves a side empty.
    private func quality(_ left: ClassCounts, _ total: ClassCounts) -> Double {
        let right = total - left
        return (left.isEmpty ? 0 : scorer.side(left)) + (right.isEmpty ? 0 : scorer.side(right))
    }

    private func isAllowed(_ left: ClassCounts, _ right: ClassCounts, _ feature: Int, _ bounds: (lower: Double, upper: Double)) -> Bool {
        let (left, right) = (scorer.value(left), scorer.value(right))
        guard left >= bounds.lower, right >= bounds.lower, left <= bounds.upper, right <= bounds.upper else { return false }
        return switch parameters.monotonicity[feature] {
        case .free: true
        case .rising: left <= right
        case .falling: left >= right
        }
    }

    /// Tries the outermost places inside a gap that leave enough rows on both sides.
    private func searchInside(
        _ work: Pending, _ feature: Int, from first: Int, through last: Int, _ before: ClassCounts, _ gap: ClassCounts,
        _ total: ClassCounts, _ consider: (ClassCounts, Int) -> Void
    ) {
        let view = work.place.view
        let leafRowsMin = parameters.leafRowsMin
        let needLow = leafRowsMin - before.total
        let after = total.total - before.total - gap.total
        let needHigh = leafRowsMin - after
        // Rows of the gap on the left: at least `needLow`, at most all but `needHigh`.
        let most = gap.total - max(needHigh, 0)
        guard needLow > 0 || needHigh > 0, needLow <= most, first < last else { return }
        let column = view.column(feature)
        let stride = view.rowStride
        let entries = entries.base
        let bins = bins.base
        let isFraud = gap.legitimate == 0
        for place in isFraud ? work.fraud : work.legitimate {
            let entry = entries[place]
            let rank = Int(truncatingIfNeeded: column[Int(entry >> 4) &* stride])
            if rank >= first, rank <= last { bins[rank] &+= UInt64(entry & 15) }
        }
        @inline(__always) func side(_ count: Int) -> ClassCounts {
            before + (isFraud ? ClassCounts(legitimate: 0, fraud: count) : ClassCounts(legitimate: count, fraud: 0))
        }
        var sum = 0
        var low: (rank: Int, count: Int)?
        var high: (rank: Int, count: Int)?
        for rank in first...last {
            guard bins[rank] != 0 else { continue }
            sum += Int(bins[rank])
            bins[rank] = 0
            guard sum >= needLow, sum <= most, sum < gap.total else { continue }
            if low == nil { low = (rank, sum) }
            high = (rank, sum)
        }
        if needLow > 0, let low { consider(side(low.count), low.rank) }
        if needHigh > 0, let high { consider(side(high.count), high.rank) }
    }

    // MARK: - Sets and drawn thresholds

    /// Orders a categorical feature's values by their share of fraud and tries every place between two shares.
    private func searchSets(_ work: Pending, _ feature: Int, _ best: inout Split?) {
        let missingRank = UInt32(truncatingIfNeeded: scales[feature].count)
        let hasMissing = groups.base[groupCount - 1].rank == missingRank
        let missing = hasMissing ? groups.base[groupCount - 1].counts : .zero
        let numberCount = hasMissing ? groupCount - 1 : groupCount
        var values = UnsafeMutableBufferPointer(start: groups.base, count: numberCount)
        // f₁ / n₁ < f₂ / n₂ without rounding; the rank parts equals.
        func isLess(_ a: Group, _ b: Group) -> Bool {
            let (x, y) = (a.counts.fraud * b.counts.legitimate, b.counts.fraud * a.counts.legitimate)
            return x != y ? x < y : a.rank < b.rank
        }
        values.sort(by: isLess)
        var left = ClassCounts.zero
        var found: Split?
        for index in 0..<numberCount {
            left = left + values[index].counts
            for missingGoesLeft in [false, true] where !missingGoesLeft || hasMissing {
                guard index + 1 < numberCount || hasMissing && !missingGoesLeft else { continue }
                let side = missingGoesLeft ? left + missing : left
                let other = work.counts - side
                guard side.total >= parameters.leafRowsMin, other.total >= parameters.leafRowsMin else { continue }
                let quality = scorer.quality(side, other)
                guard quality > found?.quality ?? best?.quality ?? -.infinity else { continue }
                if !parameters.monotonicity.isEmpty { guard isAllowed(side, other, feature, work.bounds) else { continue } }
                found = Split(
                    feature: feature, rank: index, missingGoesLeft: missingGoesLeft, isMissingKnown: hasMissing, left: side, right: other,
                    quality: quality)
            }
        }
        guard var found else { return }
        found.leftRanks = values[...found.rank].map(\.rank).sorted()
        best = found
    }

    /// Draws one threshold and weighs it; false when the feature does not vary in the node.
    private func drawSplit(_ work: Pending, _ feature: Int, _ best: inout Split?) -> Bool {
        let view = work.place.view
        let column = view.column(feature)
        let stride = view.rowStride
        let entries = entries.base
        let scale = scales[feature]
        var least = Int.max
        var greatest = -1
        var missing = ClassCounts.zero
        for side in 0..<2 {
            let (range, shift) = work.ranges[side]
            for place in range {
                let entry = entries[place]
                let rank = Int(truncatingIfNeeded: column[Int(entry >> 4) &* stride])
                if rank == scale.count {
                    missing.packed += UInt64(entry & 15) << shift
                } else {
                    least = min(least, rank)
                    greatest = max(greatest, rank)
                }
            }
        }
        guard least < greatest else { return false }
        let (low, high) = (scale.lowest[least], scale.highest[greatest])
        let part = random.nextUnit()
        var threshold = low * (1 - part) + high * part
        if threshold >= high || threshold < low { threshold = low }
        // The last rank whose values all go left; a run of values that the threshold would part goes right whole.
        var (below, above) = (least, greatest)
        while above - below > 1 {
            let middle = (below + above) / 2
            if scale.highest[middle] <= threshold { below = middle } else { above = middle }
        }
        if scale.highest[below] > threshold || scale.lowest[above] <= threshold { threshold = scale.highest[below] }
        var left = ClassCounts.zero
        for side in 0..<2 {
            let (range, shift) = work.ranges[side]
            var sum: UInt64 = 0
            for place in range {
                let entry = entries[place]
                if Int(truncatingIfNeeded: column[Int(entry >> 4) &* stride]) <= below { sum &+= UInt64(entry & 15) }
            }
            left.packed += sum << shift
        }
        for missingGoesLeft in [false, true] where !missingGoesLeft || !missing.isEmpty {
            let side = missingGoesLeft ? left + missing : left
            let other = work.counts - side
            guard side.total >= parameters.leafRowsMin, other.total >= parameters.leafRowsMin else { continue }
            let quality = scorer.quality(side, other)
            guard quality > best?.quality ?? -.infinity else { continue }
            if !parameters.monotonicity.isEmpty { guard isAllowed(side, other, feature, work.bounds) else { continue } }
            best = Split(
                feature: feature, rank: below, threshold: threshold, missingGoesLeft: missingGoesLeft, isMissingKnown: !missing.isEmpty,
                left: side, right: other, quality: quality)
        }
        return true
    }
}

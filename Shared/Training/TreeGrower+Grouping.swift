// How a node's rows are counted by a feature: the hot part of growth. See TreeGrower.swift for the idea.

extension TreeGrower {
    /// Fills `groups` with a node's rows by a feature's rank, ascending, missing ones last.
    ///
    /// - Parameter singly: Whether each group must hold one rank.
    /// - Returns: Whether groups of one class may hold many ranks.
    @discardableResult
    func group(_ work: Pending, by feature: Int, singly: Bool) -> Bool {
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

    func groupByCounting(_ work: Pending, _ feature: Int, _ rankCount: Int) {
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
    func addToLanes(_ range: Range<Int>, _ view: RankTable<Rank>.View, _ feature: Int, _ rankCount: Int) -> Int {
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
    func writeKeys(_ range: Range<Int>, _ view: RankTable<Rank>.View, _ feature: Int, isFraud: UInt32, from start: Int) {
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
    func collect(_ keyCount: Int, into target: UnsafeMutablePointer<Group>) -> Int {
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

    func groupBySorting(_ work: Pending, _ feature: Int) {
        writeKeys(work.legitimate, work.place.view, feature, isFraud: 0, from: 0)
        writeKeys(work.fraud, work.place.view, feature, isFraud: 1, from: work.legitimate.count)
        let count = work.legitimate.count + work.fraud.count
        RankSort.sort(keys.base, count, keysSpill.base)
        groupCount = collect(count, into: groups.base)
    }

    /// Sorts the rarer class and counts the other one into its gaps.
    func groupByGaps(_ work: Pending, _ feature: Int, _ rankCount: Int) {
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
    func countByBuckets(
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

    func countBySearch(
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
}

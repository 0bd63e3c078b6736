extension TreeGrower {
    /// The best split by the node's sample of features.
    ///
    /// Features are drawn without replacement; drawing goes on past the sample's size until one of them varies within the node, as in
    /// scikit-learn, so that a node is not given up because it drew constants.
    func bestSplit(of work: Pending) -> Split? {
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

    /// Tries every place between two groups. Of equally good splits the first wins, as in scikit-learn: features in the order they are
    /// looked at; missing values right first, then left, then apart from all numbers; lower thresholds first.
    func search(_ work: Pending, _ feature: Int, gaps: Bool, _ best: inout Split?) {
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
        let isFraudRarer = work.fraud.count <= work.legitimate.count
        for missingGoesLeft in [false, true] where !missingGoesLeft || hasMissing {
            var left = missingGoesLeft ? missing : .zero
            for index in 0..<numberCount {
                let group = groups[index]
                if gaps, leafRowsMin > 1, group.counts.isPure, group.counts.fraud == 0 ? isFraudRarer : !isFraudRarer {
                    // The places at the gap's ends bound all between them.
                    let bound = max(quality(left, total), quality(left + group.counts, total))
                    if bound > bestQuality {
                        searchInside(
                            work, feature, from: index == 0 ? 0 : Int(groups[index - 1].rank) + 1, through: Int(group.rank), left,
                            group.counts, total, { consider($0, $1, missingGoesLeft) })
                    }
                }
                left = left + group.counts
                guard index + 1 < numberCount else { break }
                if isSkipping {
                    let both = group.counts.packed | groups[index + 1].counts.packed
                    if both >> 32 == 0 || both & 0xFFFF_FFFF == 0 { continue }
                }
                consider(left, Int(group.rank), missingGoesLeft)
            }
        }
        if hasMissing, numberCount > 0 { consider(total - missing, Int(groups[numberCount - 1].rank), false) }
        guard let found else { return }
        best = Split(
            feature: feature, rank: found.rank, missingGoesLeft: found.missingGoesLeft, isMissingKnown: hasMissing, left: found.left,
            right: total - found.left, quality: bestQuality)
    }

    /// A split's quality, also of one that leaves a side empty.
    func quality(_ left: ClassCounts, _ total: ClassCounts) -> Double {
        let right = total - left
        return (left.isEmpty ? 0 : scorer.side(left)) + (right.isEmpty ? 0 : scorer.side(right))
    }

    /// Whether a split by a feature with a direction keeps it. Others are free to leave the bounds; their leaves are cut to them.
    func isAllowed(_ left: ClassCounts, _ right: ClassCounts, _ feature: Int, _ bounds: (lower: Double, upper: Double)) -> Bool {
        if parameters.monotonicity[feature] == .free { return true }
        let (left, right) = (scorer.value(left), scorer.value(right))
        guard left >= bounds.lower, right >= bounds.lower, left <= bounds.upper, right <= bounds.upper else { return false }
        return parameters.monotonicity[feature] == .rising ? left <= right : left >= right
    }

    /// Tries the outermost places inside a gap that leave enough rows on both sides.
    func searchInside(
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
        let keys = keys.base
        let isFraud = gap.legitimate == 0
        var keyCount = 0
        for place in isFraud ? work.fraud : work.legitimate {
            let entry = entries[place]
            let rank = Int(truncatingIfNeeded: column[Int(entry >> 4) &* stride])
            guard rank >= first, rank <= last else { continue }
            keys[keyCount] = UInt32(truncatingIfNeeded: rank) << 5 | (entry & 15) << 1
            keyCount &+= 1
        }
        var sum = 0
        var low: (rank: Int, count: Int)?
        var high: (rank: Int, count: Int)?
        func add(_ count: Int, _ rank: Int) {
            sum += count
            guard sum >= needLow, sum <= most, sum < gap.total else { return }
            if low == nil { low = (rank, sum) }
            high = (rank, sum)
        }
        // As in grouping: sorting costs some ten times what looking at a bin does.
        if last - first > 16 * keyCount {
            RankSort.sort(keys, keyCount, keysSpill.base)
            var place = 0
            while place < keyCount {
                let rank = keys[place] >> 5
                var count = 0
                while place < keyCount, keys[place] >> 5 == rank {
                    count += Int(keys[place] >> 1 & 15)
                    place += 1
                }
                add(count, Int(rank))
            }
        } else {
            let bins = bins.base
            for place in 0..<keyCount { bins[Int(keys[place] >> 5)] &+= UInt64(keys[place] >> 1 & 15) }
            for rank in first...last where bins[rank] != 0 {
                add(Int(bins[rank]), rank)
                bins[rank] = 0
            }
        }
        func side(_ count: Int) -> ClassCounts {
            before + (isFraud ? ClassCounts(legitimate: 0, fraud: count) : ClassCounts(legitimate: count, fraud: 0))
        }
        if needLow > 0, let low { consider(side(low.count), low.rank) }
        if needHigh > 0, let high { consider(side(high.count), high.rank) }
    }
}

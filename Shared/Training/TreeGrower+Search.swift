internal import RiskDomain

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
        // From this weight on a side has enough rows, whatever each weighs.
        let leafWeightEnough = leafRowsMin * entryWeightMax
        let total = work.counts
        let isMonotonic = !parameters.monotonicity.isEmpty
        // Where each class is alone in two groups of one kind, no place between them is best; not so under further conditions.
        let isSkipping = !gaps && leafRowsMin == 1 && !isMonotonic
        var bestQuality = best?.quality ?? -.infinity
        var found: (rank: Int, left: ClassCounts, missingGoesLeft: Bool)?
        var limits: LeafLimits?
        func allowedRanks(_ missingGoesLeft: Bool) -> ClosedRange<Int>? {
            let known = limits ?? leafLimits(work, feature)
            limits = known
            return missingGoesLeft ? known.missingLeft : known.missingRight
        }
        @inline(__always) func consider(_ left: ClassCounts, _ rank: Int, _ missingGoesLeft: Bool) {
            let right = total - left
            if leafRowsMin > 1 { guard left.total >= leafRowsMin, right.total >= leafRowsMin else { return } }
            let quality = scorer.quality(left, right)
            guard quality > bestQuality else { return }
            if leafRowsMin > 1, min(left.total, right.total) < leafWeightEnough {
                guard let allowed = allowedRanks(missingGoesLeft), allowed.contains(rank) else { return }
            }
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
                    let after = total - left - group.counts
                    let bound = max(quality(left, total), quality(left + group.counts, total))
                    if min(left.total, after.total) < leafWeightEnough, bound > bestQuality, let allowed = allowedRanks(missingGoesLeft) {
                        let ranks = (index == 0 ? 0 : Int(groups[index - 1].rank) + 1)...Int(group.rank)
                        searchInside(work, feature, ranks, allowed, left, group.counts) { consider($0, $1, missingGoesLeft) }
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
    ///
    /// - Parameters:
    ///   - ranks: The gap's.
    ///   - allowed: Ranks that may be the last to go left.
    ///   - before: What goes left of the gap.
    ///   - gap: All rows in the gap, of one class.
    func searchInside(
        _ work: Pending, _ feature: Int, _ ranks: ClosedRange<Int>, _ allowed: ClosedRange<Int>, _ before: ClassCounts, _ gap: ClassCounts,
        _ consider: (ClassCounts, Int) -> Void
    ) {
        // The places at the gap's ends are tried anyway.
        let isLowInside = ranks.contains(allowed.lowerBound) && allowed.lowerBound < ranks.upperBound
        let isHighInside = ranks.contains(allowed.upperBound) && allowed.upperBound < ranks.upperBound
        guard isLowInside || isHighInside else { return }
        let view = work.place.view
        let column = view.column(feature)
        let stride = view.rowStride
        let entries = entries.base
        let isFraud = gap.legitimate == 0
        var (low, high) = (0, 0)
        for place in isFraud ? work.fraud : work.legitimate {
            let entry = entries[place]
            let rank = Int(truncatingIfNeeded: column[Int(entry >> 4) &* stride])
            guard ranks.contains(rank) else { continue }
            let weight = Int(entry & 15)
            if rank <= allowed.lowerBound { low &+= weight }
            if rank <= allowed.upperBound { high &+= weight }
        }
        func side(_ count: Int) -> ClassCounts {
            before + (isFraud ? ClassCounts(legitimate: 0, fraud: count) : ClassCounts(legitimate: count, fraud: 0))
        }
        if isLowInside { consider(side(low), allowed.lowerBound) }
        if isHighInside { consider(side(high), allowed.upperBound) }
    }
}

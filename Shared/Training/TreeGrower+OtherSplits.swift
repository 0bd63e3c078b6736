// Splits other than by the best threshold: sets of names, and thresholds that are drawn.

internal import RiskDomain

extension TreeGrower {
    /// Orders a categorical feature's values by their share of fraud and tries every place between two shares.
    func searchSets(_ work: Pending, _ feature: Int, _ best: inout Split?) {
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
        let rows = rowsByRank(work, feature)
        defer { for group in 0..<groupCount { bins.base[Int(groups.base[group].rank)] = 0 } }
        let missingRows = hasMissing ? Int(rows[Int(missingRank)]) : 0
        var leftRows = 0
        var left = ClassCounts.zero
        var found: Split?
        for index in 0..<numberCount {
            left = left + values[index].counts
            leftRows += Int(rows[Int(values[index].rank)])
            for missingGoesLeft in [false, true] where !missingGoesLeft || hasMissing {
                guard index + 1 < numberCount || hasMissing && !missingGoesLeft else { continue }
                let side = missingGoesLeft ? left + missing : left
                let other = work.counts - side
                guard isEnough(missingGoesLeft ? leftRows + missingRows : leftRows, of: work) else { continue }
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

    /// How many rows a node has by a feature's rank, in ``bins``, which the caller clears.
    private func rowsByRank(_ work: Pending, _ feature: Int) -> UnsafeMutablePointer<UInt64> {
        let view = work.place.view
        let column = view.column(feature)
        let bins = bins.base
        for side in 0..<2 {
            for place in work.ranges[side].range {
                bins[Int(truncatingIfNeeded: column[Int(entries.base[place] >> 4) &* view.rowStride])] &+= 1
            }
        }
        return bins
    }

    private func isEnough(_ leftRows: Int, of work: Pending) -> Bool {
        leftRows >= parameters.leafRowsMin && work.rowCount - leftRows >= parameters.leafRowsMin
    }

    /// Draws one threshold and weighs it; false when the feature does not vary in the node.
    func drawSplit(_ work: Pending, _ feature: Int, _ best: inout Split?) -> Bool {
        let view = work.place.view
        let column = view.column(feature)
        let stride = view.rowStride
        let entries = entries.base
        let scale = scales[feature]
        var least = Int.max
        var greatest = -1
        var missing = ClassCounts.zero
        var missingRows = 0
        for side in 0..<2 {
            let (range, shift) = work.ranges[side]
            for place in range {
                let entry = entries[place]
                let rank = Int(truncatingIfNeeded: column[Int(entry >> 4) &* stride])
                if rank == scale.count {
                    missing.packed += UInt64(entry & 15) << shift
                    missingRows += 1
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
        var leftRows = 0
        for side in 0..<2 {
            let (range, shift) = work.ranges[side]
            var sum: UInt64 = 0
            for place in range {
                let entry = entries[place]
                if Int(truncatingIfNeeded: column[Int(entry >> 4) &* stride]) <= below {
                    sum &+= UInt64(entry & 15)
                    leftRows &+= 1
                }
            }
            left.packed += sum << shift
        }
        for missingGoesLeft in [false, true] where !missingGoesLeft || !missing.isEmpty {
            let side = missingGoesLeft ? left + missing : left
            let other = work.counts - side
            guard isEnough(missingGoesLeft ? leftRows + missingRows : leftRows, of: work) else { continue }
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

/// The ranks that may be the last to go left, so that both sides keep enough rows: by where missing values go; nil where none may.
struct LeafLimits {
    var missingRight: ClosedRange<Int>?
    var missingLeft: ClosedRange<Int>?
}

extension TreeGrower {
    /// Least rows a leaf up to which the outermost ranks are kept in order while rows are read; beyond, all ranks are sorted.
    private static var keptCountMax: Int { 32 }

    /// Finds the outermost places that leave ``TreeParameters/leafRowsMin`` rows on both sides, each row counted once.
    ///
    /// - Complexity: one pass over the node's rows, or a sort of them for leaves of many rows.
    func leafLimits(_ work: Pending, _ feature: Int) -> LeafLimits {
        let wanted = parameters.leafRowsMin
        let missingRank = scales[feature].count
        writeKeys(work.legitimate, work.place.view, feature, isFraud: 0, from: 0)
        writeKeys(work.fraud, work.place.view, feature, isFraud: 0, from: work.legitimate.count)
        let keys = keys.base
        var numberCount = 0
        for place in 0..<work.rowCount where Int(keys[place] >> 5) != missingRank {
            keys[numberCount] = keys[place]
            numberCount &+= 1
        }
        let missingCount = work.rowCount - numberCount
        if wanted <= TreeGrower.keptCountMax {
            keepOutermost(min(wanted, numberCount), of: numberCount)
        } else {
            RankSort.sort(keys, numberCount, keysSpill.base)
        }
        /// The k-th least and the k-th greatest rank; beyond all ranks where there are fewer, or where none is needed.
        func least(_ k: Int) -> Int { k <= 0 ? -1 : k <= numberCount ? Int(keys[k - 1] >> 5) : Int.max }
        func greatest(_ k: Int) -> Int { k <= 0 ? Int.max : k <= numberCount ? Int(keys[numberCount - k] >> 5) : -1 }
        func range(_ low: Int, _ high: Int) -> ClosedRange<Int>? { low <= high ? low...high : nil }
        return LeafLimits(
            missingRight: range(least(wanted), greatest(wanted - missingCount) - 1),
            missingLeft: range(least(wanted - missingCount), greatest(wanted) - 1))
    }

    /// Puts the `kept` least of some keys to their front and the greatest to their end, each in ascending order, what lies between being
    /// of no use afterwards; or sorts them all where those would meet.
    private func keepOutermost(_ kept: Int, of count: Int) {
        let keys = keys.base
        guard count > 2 * kept else {
            RankSort.sort(keys, count, keysSpill.base)
            return
        }
        let least = keysSpill.base
        let greatest = least + kept
        for place in 0..<count {
            let key = keys[place]
            if place < kept || key < least[kept &- 1] {
                var slot = min(place, kept &- 1)
                while slot > 0, least[slot &- 1] > key {
                    least[slot] = least[slot &- 1]
                    slot &-= 1
                }
                least[slot] = key
            }
            if place < kept || key > greatest[kept &- 1] {
                var slot = min(place, kept &- 1)
                while slot > 0, greatest[slot &- 1] < key {
                    greatest[slot] = greatest[slot &- 1]
                    slot &-= 1
                }
                greatest[slot] = key
            }
        }
        for slot in 0..<kept {
            keys[slot] = least[slot]
            keys[count &- 1 &- slot] = greatest[slot]
        }
    }
}

internal import Glibc

/// Rows of a node by class, repeated draws counted. Whole numbers, so their sums do not depend on the order of the rows.
struct ClassCounts: Hashable {
    var legitimate: Int
    var fraud: Int

    static let zero = ClassCounts(legitimate: 0, fraud: 0)

    var total: Int { legitimate + fraud }
    var isPure: Bool { legitimate == 0 || fraud == 0 }

    static func + (lhs: ClassCounts, rhs: ClassCounts) -> ClassCounts {
        ClassCounts(legitimate: lhs.legitimate + rhs.legitimate, fraud: lhs.fraud + rhs.fraud)
    }

    static func - (lhs: ClassCounts, rhs: ClassCounts) -> ClassCounts {
        ClassCounts(legitimate: lhs.legitimate - rhs.legitimate, fraud: lhs.fraud - rhs.fraud)
    }
}

/// The rows of a node that share a feature's value.
struct ValueGroup {
    var rank: UInt32
    var counts: ClassCounts
}

/// A way to part a node's rows.
struct Split {
    var feature: Int
    /// Ranks up to this one go left.
    var rank: UInt32
    /// The next rank in the node; nil when all numbers go left and only missing values right.
    var nextRank: UInt32?
    var missingGoesLeft: Bool
    var left: ClassCounts
    var right: ClassCounts
    /// What the criterion makes of it, see ``SplitScorer``: the greater the better, comparable within one node.
    var quality: Double
}

/// The part of a criterion that differs between the splits of one node.
///
/// With class weights `w` and totals `W` per side: Gini's impurity decrease is, up to terms equal for all splits of a node,
/// `Σ_sides Σ_classes w² / W`; entropy's is `Σ_sides (Σ_classes w log₂ w − W log₂ W)`.
struct SplitScorer {
    let criterion: SplitCriterion
    let weights: ClassWeights

    @inline(__always)
    func quality(_ left: ClassCounts, _ right: ClassCounts) -> Double { side(left) + side(right) }

    @inline(__always)
    private func side(_ counts: ClassCounts) -> Double {
        let legitimate = Double(counts.legitimate) * weights.legitimate
        let fraud = Double(counts.fraud) * weights.fraud
        let total = legitimate + fraud
        switch criterion {
        case .gini: return (legitimate * legitimate + fraud * fraud) / total
        case .entropy: return xLogX(legitimate) + xLogX(fraud) - xLogX(total)
        }
    }

    @inline(__always)
    private func xLogX(_ x: Double) -> Double { x == 0 ? 0 : x * log2(x) }

    /// The best split of a node by one feature; nil if none leaves `leafRowsMin` rows on both sides or none beats `best`.
    ///
    /// Every place between two values that occur in the node is tried, with the missing values on either side. Of equally good
    /// splits the first wins: features in the order they are looked at, lower thresholds first, missing values right first.
    ///
    /// - Parameter groups: Ascending by rank; the one with rank `missingRank`, if there, holds the missing values.
    func bestSplit(
        of groups: ArraySlice<ValueGroup>, feature: Int, missingRank: UInt32, total: ClassCounts, leafRowsMin: Int, better best: Double
    ) -> Split? {
        var groups = groups
        var missing = ClassCounts.zero
        if let last = groups.last, last.rank == missingRank {
            missing = last.counts
            groups.removeLast()
        }
        var found: Split?
        var bestQuality = best
        func consider(_ left: ClassCounts, at index: Int, missingGoesLeft: Bool) {
            let right = total - left
            guard left.total >= leafRowsMin, right.total >= leafRowsMin else { return }
            let quality = quality(left, right)
            guard quality > bestQuality else { return }
            bestQuality = quality
            found = Split(
                feature: feature, rank: groups[index].rank, nextRank: index + 1 < groups.endIndex ? groups[index + 1].rank : nil,
                missingGoesLeft: missingGoesLeft, left: left, right: right, quality: quality)
        }
        var left = ClassCounts.zero
        for index in groups.indices {
            left = left + groups[index].counts
            let isLast = index + 1 == groups.endIndex
            if !isLast || missing.total > 0 { consider(left, at: index, missingGoesLeft: false) }
            if !isLast, missing.total > 0 { consider(left + missing, at: index, missingGoesLeft: true) }
        }
        return found
    }
}

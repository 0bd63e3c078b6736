/// Figures that depend only on how scores order the rows; equal scores are ties and treated exactly.
package enum RankingMetrics {
    /// Area under the ROC curve: the chance that a fraud scores above a legitimate row, ties counting half.
    ///
    /// Summed in whole numbers (Mann-Whitney), rounded once.
    /// - Returns: nil unless both classes occur.
    /// - Precondition: one label per score, no NaN.
    package static func rocAuc(scores: [Double], isFraud: [Bool]) -> Double? {
        rocAuc(of: tieGroups(scores: scores, isFraud: isFraud))
    }

    /// Average precision: `Σ (Rₙ − Rₙ₋₁) Pₙ` over the distinct scores from the greatest down, without interpolation, as scikit-learn
    /// defines it.
    ///
    /// - Returns: nil if no fraud occurs.
    package static func averagePrecision(scores: [Double], isFraud: [Bool]) -> Double? {
        averagePrecision(of: tieGroups(scores: scores, isFraud: isFraud))
    }

    /// Kolmogorov-Smirnov: the greatest distance between the two classes' distributions of the score, `0...1`.
    ///
    /// - Returns: nil unless both classes occur.
    package static func kolmogorovSmirnov(scores: [Double], isFraud: [Bool]) -> Double? {
        kolmogorovSmirnov(of: tieGroups(scores: scores, isFraud: isFraud))
    }

    /// What checking the k greatest scores finds on average over the orders of rows with equal scores.
    ///
    /// - Returns: Precision, nil for k = 0 or without rows, and recall, nil without frauds. With fewer than k rows all are checked.
    package static func top(_ k: Int, scores: [Double], isFraud: [Bool]) -> (precision: Double?, recall: Double?) {
        var checked = 0
        var found = 0.0
        var fraudCount = 0
        for group in tieGroups(scores: scores, isFraud: isFraud) {
            let size = group.frauds + group.legitimates
            let taken = min(size, k - checked)
            if taken > 0 { found += Double(taken * group.frauds) / Double(size) }
            checked += taken
            fraudCount += group.frauds
        }
        return (checked > 0 ? found / Double(checked) : nil, fraudCount > 0 ? found / Double(fraudCount) : nil)
    }

    /// The rows that share a score.
    struct TieGroup {
        var score: Double
        var frauds: Int
        var legitimates: Int
    }

    /// Rows by score, the greatest first.
    static func tieGroups(scores: [Double], isFraud: [Bool]) -> [TieGroup] {
        precondition(scores.count == isFraud.count, "one label per score")
        precondition(!scores.contains(where: \.isNaN), "a score is a number")
        var groups: [TieGroup] = []
        for index in scores.indices.sorted(by: { scores[$0] > scores[$1] }) {
            if groups.last?.score != scores[index] { groups.append(TieGroup(score: scores[index], frauds: 0, legitimates: 0)) }
            if isFraud[index] { groups[groups.count - 1].frauds += 1 } else { groups[groups.count - 1].legitimates += 1 }
        }
        return groups
    }

    static func rocAuc(of groups: [TieGroup]) -> Double? {
        var legitimateAbove = 0
        var doubledPairs = 0
        var frauds = 0
        for group in groups {
            // Counted from the top: a fraud wins against the legitimate rows still to come.
            doubledPairs += group.legitimates * (2 * frauds + group.frauds)
            legitimateAbove += group.legitimates
            frauds += group.frauds
        }
        guard frauds > 0, legitimateAbove > 0 else { return nil }
        return Double(doubledPairs) / (2 * Double(frauds) * Double(legitimateAbove))
    }

    static func averagePrecision(of groups: [TieGroup]) -> Double? {
        let fraudCount = groups.reduce(0) { $0 + $1.frauds }
        guard fraudCount > 0 else { return nil }
        var sum = 0.0
        var rows = 0
        var frauds = 0
        for group in groups where group.frauds + group.legitimates > 0 {
            rows += group.frauds + group.legitimates
            frauds += group.frauds
            sum += Double(group.frauds) / Double(fraudCount) * (Double(frauds) / Double(rows))
        }
        return sum
    }

    static func kolmogorovSmirnov(of groups: [TieGroup]) -> Double? {
        let fraudCount = groups.reduce(0) { $0 + $1.frauds }
        let legitimateCount = groups.reduce(0) { $0 + $1.legitimates }
        guard fraudCount > 0, legitimateCount > 0 else { return nil }
        var frauds = 0
        var legitimates = 0
        var greatest = 0
        for group in groups {
            frauds += group.frauds
            legitimates += group.legitimates
            greatest = max(greatest, abs(frauds * legitimateCount - legitimates * fraudCount))
        }
        return Double(greatest) / (Double(fraudCount) * Double(legitimateCount))
    }
}

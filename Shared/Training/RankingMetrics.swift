/// Figures that depend only on how scores order the rows; equal scores are ties and treated exactly.
package enum RankingMetrics {
    /// Area under the ROC curve: the chance that a fraud scores above a legitimate row, ties counting half.
    ///
    /// Summed in whole numbers (Mann-Whitney), rounded once.
    /// - Returns: nil unless both classes occur.
    /// - Precondition: one label per score, no NaN.
    package static func rocAuc(scores: [Double], isFraud: [Bool]) -> Double? {
        var legitimateAbove = 0
        var doubledPairs = 0
        var frauds = 0
        for group in tieGroups(scores: scores, isFraud: isFraud).reversed() {
            doubledPairs += group.frauds * (2 * legitimateAbove + group.legitimates)
            legitimateAbove += group.legitimates
            frauds += group.frauds
        }
        guard frauds > 0, legitimateAbove > 0 else { return nil }
        return Double(doubledPairs) / (2 * Double(frauds) * Double(legitimateAbove))
    }

    /// Average precision: `Σ (Rₙ − Rₙ₋₁) Pₙ` over the distinct scores from the greatest down, without interpolation, as scikit-learn
    /// defines it.
    ///
    /// - Returns: nil if no fraud occurs.
    package static func averagePrecision(scores: [Double], isFraud: [Bool]) -> Double? {
        let groups = tieGroups(scores: scores, isFraud: isFraud)
        let fraudCount = groups.reduce(0) { $0 + $1.frauds }
        guard fraudCount > 0 else { return nil }
        var sum = 0.0
        var rows = 0
        var frauds = 0
        for group in groups {
            rows += group.frauds + group.legitimates
            frauds += group.frauds
            sum += Double(group.frauds) / Double(fraudCount) * (Double(frauds) / Double(rows))
        }
        return sum
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
}

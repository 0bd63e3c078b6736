/// What every possible threshold achieves, the greatest first: the ROC curve and the precision-recall curve are two views of it.
package struct RankingCurve: Hashable, Sendable {
    /// What happens when every row that scores at least `threshold` raises an alert.
    package struct Point: Hashable, Sendable {
        package var threshold: Double
        package var alertCount: Int
        /// Frauds among the alerts.
        package var caughtCount: Int
    }

    /// One per distinct score.
    package let points: [Point]
    package let rowCount: Int
    package let fraudCount: Int

    package init(scores: [Double], isFraud: [Bool]) {
        var alerts = 0
        var caught = 0
        points = RankingMetrics.tieGroups(scores: scores, isFraud: isFraud).map { group in
            alerts += group.frauds + group.legitimates
            caught += group.frauds
            return Point(threshold: group.score, alertCount: alerts, caughtCount: caught)
        }
        rowCount = alerts
        fraudCount = caught
    }

    package var legitimateCount: Int { rowCount - fraudCount }

    /// False positive rate and true positive rate from (0, 0) to (1, 1); empty unless both classes occur.
    package var roc: [(x: Double, y: Double)] {
        guard fraudCount > 0, legitimateCount > 0 else { return [] }
        return [(0, 0)]
            + points.map { point in
                (Double(point.alertCount - point.caughtCount) / Double(legitimateCount), Double(point.caughtCount) / Double(fraudCount))
            }
    }

    /// Recall and precision, recall rising; empty without frauds. Precision holds from the recall before to its own.
    package var precisionRecall: [(x: Double, y: Double)] {
        guard fraudCount > 0 else { return [] }
        return points.map { (Double($0.caughtCount) / Double(fraudCount), Double($0.caughtCount) / Double($0.alertCount)) }
    }
}

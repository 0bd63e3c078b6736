/// What happens when every row that scores at least `threshold` raises an alert.
package struct ThresholdFigures: Hashable, Sendable {
    package var threshold: Double
    package var rowCount: Int
    package var fraudCount: Int
    package var alertCount: Int
    /// Frauds among the alerts.
    package var caughtCount: Int

    package init(threshold: Double, scores: [Double], isFraud: [Bool]) {
        precondition(scores.count == isFraud.count, "one label per score")
        self.threshold = threshold
        rowCount = scores.count
        fraudCount = isFraud.count { $0 }
        alertCount = scores.count { $0 >= threshold }
        caughtCount = scores.indices.count { scores[$0] >= threshold && isFraud[$0] }
    }

    init(threshold: Double, rowCount: Int, fraudCount: Int, alertCount: Int, caughtCount: Int) {
        self.threshold = threshold
        self.rowCount = rowCount
        self.fraudCount = fraudCount
        self.alertCount = alertCount
        self.caughtCount = caughtCount
    }

    /// Share of the alerts that are fraud; nil without alerts.
    package var precision: Double? { alertCount == 0 ? nil : Double(caughtCount) / Double(alertCount) }
    /// Share of the frauds that raise an alert; nil without frauds.
    package var recall: Double? { fraudCount == 0 ? nil : Double(caughtCount) / Double(fraudCount) }
    /// Share of the rows that raise an alert; nil without rows.
    package var alertRate: Double? { rowCount == 0 ? nil : Double(alertCount) / Double(rowCount) }
}

/// Finds thresholds from what they should achieve on some scored rows. Those rows should not be the ones the model learnt by heart:
/// use out-of-bag scores or a later period.
package enum ThresholdChoice {
    /// The lowest score, so the greatest recall, whose alerts are fraud in at least `precision` of the cases; nil if none is.
    package static func lowest(reachingPrecision precision: Double, scores: [Double], isFraud: [Bool]) -> ThresholdFigures? {
        curve(scores: scores, isFraud: isFraud).last { ($0.precision ?? 0) >= precision }
    }

    /// The lowest score at which at most the share `alertRate` of the rows raises an alert; nil if even the greatest exceeds it.
    package static func lowest(withinAlertRate alertRate: Double, scores: [Double], isFraud: [Bool]) -> ThresholdFigures? {
        curve(scores: scores, isFraud: isFraud).last { ($0.alertRate ?? 1) <= alertRate }
    }

    /// Figures at every distinct score, the greatest first.
    package static func curve(scores: [Double], isFraud: [Bool]) -> [ThresholdFigures] {
        let fraudCount = isFraud.count { $0 }
        var alerts = 0
        var caught = 0
        return RankingMetrics.tieGroups(scores: scores, isFraud: isFraud).map { group in
            alerts += group.frauds + group.legitimates
            caught += group.frauds
            return ThresholdFigures(
                threshold: group.score, rowCount: scores.count, fraudCount: fraudCount, alertCount: alerts, caughtCount: caught)
        }
    }
}

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
    /// Share of the legitimate rows that raise an alert; nil without any.
    package var falsePositiveRate: Double? {
        rowCount == fraudCount ? nil : Double(alertCount - caughtCount) / Double(rowCount - fraudCount)
    }
}

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

    /// The lowest score at which at most `alertCount` rows raise an alert, such as what investigators can check in a day times the
    /// days that the rows span; nil if even the greatest exceeds it.
    package static func lowest(withinAlerts alertCount: Int, scores: [Double], isFraud: [Bool]) -> ThresholdFigures? {
        curve(scores: scores, isFraud: isFraud).last { $0.alertCount <= alertCount }
    }

    /// The greatest score, so the fewest alerts, that catches at least the share `recall` of the frauds; nil without frauds.
    package static func greatest(reachingRecall recall: Double, scores: [Double], isFraud: [Bool]) -> ThresholdFigures? {
        curve(scores: scores, isFraud: isFraud).first { figures in figures.recall.map { $0 >= recall } ?? false }
    }

    /// Figures at every distinct score, the greatest first.
    package static func curve(scores: [Double], isFraud: [Bool]) -> [ThresholdFigures] {
        let curve = RankingCurve(scores: scores, isFraud: isFraud)
        return curve.points.map { point in
            ThresholdFigures(
                threshold: point.threshold, rowCount: curve.rowCount, fraudCount: curve.fraudCount, alertCount: point.alertCount,
                caughtCount: point.caughtCount)
        }
    }
}

internal import RiskDomain

/// How far scores can be taken for probabilities of fraud.
package enum ProbabilityMetrics {
    /// Mean square of score minus outcome; nil without rows.
    ///
    /// Source: Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather Review 78, 1950.
    package static func brier(scores: [Double], isFraud: [Bool]) -> Double? {
        precondition(scores.count == isFraud.count, "one label per score")
        guard !scores.isEmpty else { return nil }
        var sum = 0.0
        for (score, isFraud) in zip(scores, isFraud) { sum += squaredError(score, isFraud) }
        return sum / Double(scores.count)
    }

    /// Mean of minus the natural logarithm of the probability that was given to what came; nil without rows.
    ///
    /// Scores are kept 2⁻⁵² away from 0 and 1, as scikit-learn does, so that one certain mistake is dear and not infinite.
    package static func logLoss(scores: [Double], isFraud: [Bool]) -> Double? {
        precondition(scores.count == isFraud.count, "one label per score")
        guard !scores.isEmpty else { return nil }
        var sum = 0.0
        for (score, isFraud) in zip(scores, isFraud) { sum += logarithmicLoss(score, isFraud) }
        return sum / Double(scores.count)
    }

    static func squaredError(_ score: Double, _ isFraud: Bool) -> Double {
        let error = score - (isFraud ? 1 : 0)
        return error * error
    }

    static func logarithmicLoss(_ score: Double, _ isFraud: Bool) -> Double {
        let clipped = min(max(score, .ulpOfOne), 1 - .ulpOfOne)
        return -PortableMath.log(isFraud ? clipped : 1 - clipped)
    }
}

internal import Forest

extension ModelRecipe {
    /// Changes the leaves and the link so that scores are probabilities that hold.
    ///
    /// Platt's sigmoid of a mean, `1 / (1 + e^(a · mean + b))`, is the logistic function of the mean of leaves times `-a`, and of `-b`: a forest
    /// as before, which every engine scores and every reader of the file understands. A rising step function of one tree's answers is that
    /// tree with other leaves; of several trees' mean it is no sum of trees.
    ///
    /// - Parameter fit: With the scores to fit to; those of a tree, which knows its rows too well, are made anew by other trees.
    /// - Returns: The scores as they are now, and what to write into the record.
    func calibrated(
        _ ensemble: inout TreeEnsemble, by method: CalibrationMethod, _ fit: Fit, _ set: TrainingSet, _ rows: [Int],
        _ progress: (@Sendable () -> Void)?
    ) async throws(ForestFailure) -> (scores: [Double], parameters: [TrainingRecord.Parameter]) {
        let unseen = fit.basis == .fitted ? try await crossFitted(set, rows, progress) : (fit.scores, fit.rows)
        let isFraud = unseen.1.map { set.isFraud[$0] }
        guard isFraud.contains(true), isFraud.contains(false) else {
            throw ForestFailure(at: "calibration", "there are not both frauds and others among \(unseen.1.count) rows to calibrate on")
        }
        let basis = fit.basis == .fitted ? Basis.crossFitted : fit.basis
        var parameters: [TrainingRecord.Parameter] = [
            .init("calibration", method.rawValue), .init("calibration_scores", basis.rawValue),
        ]
        switch method {
        case .platt:
            let platt = PlattCalibration(scores: unseen.0, isFraud: isFraud)
            guard platt.a < 0 else {
                throw ForestFailure(at: "calibration", "frauds do not score higher than other rows that the trees have not seen")
            }
            for tree in ensemble.trees.indices {
                for leaf in ensemble.trees[tree].leafValues.indices { ensemble.trees[tree].leafValues[leaf] *= -platt.a }
            }
            ensemble.baseScores = [-platt.b]
            ensemble.link = .logistic
            parameters += [.init("calibration_slope", "\(-platt.a)"), .init("calibration_intercept", "\(-platt.b)")]
            return (fit.scores.map { platt.probability($0) }, parameters)
        case .isotonic:
            guard ensemble.trees.count == 1 else {
                throw ForestFailure(
                    at: "calibration", "a step function of the mean of \(ensemble.trees.count) trees is no sum of trees; platt is one")
            }
            let isotonic = IsotonicCalibration(scores: unseen.0, isFraud: isFraud)
            for leaf in ensemble.trees[0].leafValues.indices {
                ensemble.trees[0].leafValues[leaf] = isotonic.probability(ensemble.trees[0].leafValues[leaf])
            }
            return (fit.scores.map { isotonic.probability($0) }, parameters)
        }
    }
}

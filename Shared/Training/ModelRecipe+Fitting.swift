internal import Evaluation
package import Forest
package import Hashing
package import RiskDomain

extension ModelRecipe {
    /// Fits a model and chooses its thresholds.
    ///
    /// A forest's thresholds are chosen on scores of rows that its trees have not seen: out-of-bag, or where each tree sees all rows by
    /// forests of the same recipe that did not see the row's customer. A tree's are chosen on the rows it was fitted to and are as honest as
    /// the tree is small.
    ///
    /// - Parameters:
    ///   - rows: Indexes into the set, at least one.
    ///   - featureSet: Hash of the feature-set file the columns come from.
    ///   - shard: The part of the forest to grow; nil for the whole. Parts are put together by ``Forest/merged(_:)``.
    ///   - progress: Called after each tree, from any thread.
    /// - Throws: ``ForestFailure`` if the model does not fit a model file (names too long, too many nodes), cannot be calibrated, has a
    ///   categorical feature with more names than are told apart, no rows to choose its pruning or its trees by, or was cancelled.
    package func fit(
        _ set: TrainingSet, rows: [Int], featureSet: ContentHash? = nil, shard: TrainingShard? = nil,
        progress: (@Sendable () -> Void)? = nil
    ) async throws(ForestFailure) -> Forest {
        try await fitted(set, rows: rows, featureSet: featureSet, shard: shard, progress: progress).forest
    }

    /// ``fit(_:rows:featureSet:shard:progress:)`` with the scores that the thresholds were chosen on, for whoever chooses others.
    ///
    /// - Parameter grown: Trees that parts of the same recipe, without what follows growth, have grown of the same rows, in place of growing
    ///   them: the result is the same to the bit.
    package func fitted(
        _ set: TrainingSet, rows: [Int], featureSet: ContentHash? = nil, shard: TrainingShard? = nil, grown: [DecisionTree]? = nil,
        progress: (@Sendable () -> Void)? = nil
    ) async throws(ForestFailure) -> Fit {
        var recipe = resolved(set, rows)
        if isChoosingPruning { recipe.tree.pruningAlpha = 0 }
        let trainer = ForestTrainer(set, rows: rows, mode: splitMode, workerCount: workerCount)
        if let feature = trainer.unrankedNames(of: tree) {
            throw ForestFailure(
                at: "feature \(set.features[feature])",
                "it is categorical and has more than \(RankedColumns.narrowCountMax) names; exact splits tell any number apart")
        }
        let range = try recipe.treeRange(shard)
        var trees: [DecisionTree]
        if let grown {
            guard grown.count == range.count else { throw ForestFailure(at: "trees", "\(grown.count) trees in place of \(range.count)") }
            trees = grown
        } else {
            trees = try await recipe.grow(trainer, range, progress)
        }
        let record = recipe.record(set, rows)
        func forest(_ ensemble: TreeEnsemble, _ record: TrainingRecord, _ thresholds: DecisionThresholds? = nil) throws(ForestFailure)
            -> Forest
        {
            let kind: Forest.Kind = if case .tree = algorithm { .tree } else { .forest }
            return try Forest(
                kind: kind, features: set.features, featureSet: featureSet,
                thresholds: thresholds ?? DecisionThresholds(review: 1, decline: 1),
                training: record, ensemble: ensemble)
        }
        func mean(_ trees: [DecisionTree]) -> TreeEnsemble {
            TreeEnsemble(featureCount: set.features.count, aggregation: .mean, trees: trees)
        }
        if let shard {
            // A part's thresholds say little: they are chosen anew where the parts are put together.
            var record = record
            record.parameters.append(.init(Forest.shardParameter, "\(shard)"))
            return try recipe.part(try forest(mean(trees), record), set, rows, trainer.outOfBag(recipe, Array(range)))
        }
        var kept = Array(range)
        if isChoosingPruning {
            let choice = try await recipe.choosePruning(of: trees, set, rows, trainer, progress)
            recipe.tree.pruningAlpha = choice.alpha
            trees = choice.trees
        }
        var raw = try forest(mean(trees), recipe.record(set, rows))
        var report: ForestCompression.Report?
        if let compression {
            let outOfBag = trainer.outOfBag(recipe, kept)
            guard outOfBag != nil || compression.errorGrowthMax == nil else {
                throw ForestFailure(at: "dropping trees", "each tree sees all \(rows.count) rows: none is left to judge the trees by")
            }
            let result = try compression.compress(raw, on: set, rows: rows, outOfBag: outOfBag)
            raw = result.forest
            report = result.report
            kept = result.kept
        }
        let honest = try await recipe.honestScores(raw, kept, set, rows, trainer, progress)
        var ensemble = raw.ensemble
        var fit = Fit(
            forest: raw, uncalibrated: raw, scores: honest.scores, rows: honest.rows, basis: honest.basis, compression: report)
        var parameters = recipe.record(set, rows).parameters
        if let compression, let report { parameters += compression.parameters(report) }
        if let calibration {
            let calibrated = try await recipe.calibrated(&ensemble, by: calibration, fit, set, rows, progress)
            fit.scores = calibrated.scores
            parameters += calibrated.parameters
        }
        var whole = record
        whole.parameters = parameters
        if fit.basis == .fitted { fit.scores = set.scores(of: fit.rows, by: ForestScorer(try forest(ensemble, whole))) }
        let thresholds = targets.thresholds(scores: fit.scores, isFraud: fit.rows.map { set.isFraud[$0] })
        fit.forest = try forest(ensemble, whole, thresholds)
        fit.uncalibrated = try raw.replacing(thresholds: thresholds, training: whole)
        return fit
    }

    /// The recipe with the class weights that the rows ask for.
    func resolved(_ set: TrainingSet, _ rows: [Int]) -> ModelRecipe {
        guard isBalancing else { return self }
        let fraud = set.fraudCount(of: rows)
        guard fraud > 0, fraud < rows.count else { return self }
        var recipe = self
        let half = Double(rows.count) / 2
        recipe.tree.classWeights = ClassWeights(legitimate: half / Double(rows.count - fraud), fraud: half / Double(fraud))
        return recipe
    }

    /// The numbers of the trees to grow.
    private func treeRange(_ shard: TrainingShard?) throws(ForestFailure) -> Range<Int> {
        switch algorithm {
        case .tree:
            guard shard == nil else { throw ForestFailure(at: "shard", "a single tree has no parts; train a forest") }
            return 0..<1
        case .forest(let parameters):
            let range = shard?.trees(of: parameters.treeCount) ?? 0..<parameters.treeCount
            guard !range.isEmpty else {
                throw ForestFailure(at: "shard", "\(parameters.treeCount) trees do not fill \(shard!.count) parts")
            }
            return range
        }
    }

    func grow(
        _ trainer: ForestTrainer, _ range: Range<Int>, _ progress: (@Sendable () -> Void)?
    ) async throws(ForestFailure) -> [DecisionTree] {
        switch algorithm {
        case .tree(let parameters):
            defer { progress?() }
            return [trainer.decisionTree(parameters, seed: seed)]
        case .forest(let parameters):
            let trees = await trainer.ensemble(parameters, seed: seed, trees: range, progress: progress).trees
            guard trees.count == range.count else { throw ForestFailure(at: "trees", "training was cancelled") }
            return trees
        }
    }

    /// A part of a forest, its thresholds by what its own trees did not see.
    private func part(_ forest: Forest, _ set: TrainingSet, _ rows: [Int], _ outOfBag: OutOfBag?) throws(ForestFailure) -> Fit {
        let scored =
            outOfBag.map { zip($0.scores(of: forest.ensemble.trees), rows).compactMap { score, row in score.map { ($0, row) } } }
            ?? Array(zip(set.scores(of: rows, by: ForestScorer(forest)), rows))
        let thresholds = targets.thresholds(scores: scored.map(\.0), isFraud: scored.map { set.isFraud[$0.1] })
        let part = try forest.replacing(thresholds: thresholds, training: forest.training)
        return Fit(
            forest: part, uncalibrated: part, scores: scored.map(\.0), rows: scored.map(\.1), basis: outOfBag == nil ? .fitted : .outOfBag,
            compression: nil)
    }

    private func honestScores(
        _ forest: Forest, _ numbers: [Int], _ set: TrainingSet, _ rows: [Int], _ trainer: ForestTrainer,
        _ progress: (@Sendable () -> Void)?
    ) async throws(ForestFailure) -> (scores: [Double], rows: [Int], basis: Basis) {
        if let outOfBag = trainer.outOfBag(self, numbers) {
            let scored = zip(outOfBag.scores(of: forest.ensemble.trees), rows).compactMap { score, row in score.map { ($0, row) } }
            if !scored.isEmpty { return (scored.map(\.0), scored.map(\.1), .outOfBag) }
        } else if case .forest = algorithm {
            let scored = try await crossFitted(set, rows, progress)
            if !scored.rows.isEmpty { return (scored.scores, scored.rows, .crossFitted) }
        }
        return (set.scores(of: rows, by: ForestScorer(forest)), rows, .fitted)
    }
}

extension ForestTrainer {
    /// What a recipe's trees did not see; nil where each sees all rows.
    func outOfBag(_ recipe: ModelRecipe, _ numbers: [Int]) -> OutOfBag? {
        guard case .forest(let parameters) = recipe.algorithm, parameters.hasOutOfBagRows(of: rowCount) else { return nil }
        return outOfBag(parameters, seed: recipe.seed, numbers: numbers)
    }
}

extension ThresholdTargets {
    /// The thresholds that reach the targets on some scored rows; 1, the greatest score, where a target cannot be reached.
    package func thresholds(scores: [Double], isFraud: [Bool]) -> DecisionThresholds {
        let review = ThresholdChoice.lowest(withinAlertRate: alertRateMax, scores: scores, isFraud: isFraud)?.threshold ?? 1
        let decline = ThresholdChoice.lowest(reachingPrecision: declinePrecisionMin, scores: scores, isFraud: isFraud)?.threshold ?? 1
        return DecisionThresholds(review: review, decline: max(review, decline))
    }
}

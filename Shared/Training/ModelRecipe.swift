internal import Evaluation
package import Forest
package import Hashing
package import RiskDomain

/// What the thresholds of a new model shall achieve, as far as its training rows tell.
package struct ThresholdTargets: Hashable, Sendable {
    /// At most this share of the transactions is reviewed or declined.
    package var alertRateMax: Double
    /// Declined transactions are fraud in at least this share of the cases.
    package var declinePrecisionMin: Double

    /// - Precondition: both in `0...1`.
    package init(alertRateMax: Double = 0.01, declinePrecisionMin: Double = 0.95) {
        precondition((0...1).contains(alertRateMax) && (0...1).contains(declinePrecisionMin))
        self.alertRateMax = alertRateMax
        self.declinePrecisionMin = declinePrecisionMin
    }
}

/// All that decides, with the rows, what a new model will be.
package struct ModelRecipe: Hashable, Sendable {
    package enum Algorithm: Hashable, Sendable {
        case tree(TreeParameters)
        case forest(ForestParameters)
    }

    /// A new model and how it scores rows it was fitted to.
    package struct Fit: Sendable {
        package var forest: Forest
        /// Of ``rows``.
        package var scores: [Double]
        /// Indexes into the set; those that no tree left out are missing where scores are out-of-bag.
        package var rows: [Int]
        /// Whether every row was scored only by trees that did not see it.
        package var isOutOfBag: Bool
    }

    package var algorithm: Algorithm
    package var seed: UInt64
    package var targets: ThresholdTargets

    /// The recipe of the card-transaction model: 100 trees by information gain, at most 12 deep, 5 rows a leaf, 5 features a split.
    ///
    /// Chosen among 24 (criterion, depth 10, 12 or 15, leaf 1 or 5, 3 or 5 features) by the out-of-bag average precision on the
    /// handbook's training week. Twelve levels also keep a score at about 1,000 steps.
    package static let standard = ModelRecipe(
        algorithm: .forest(
            ForestParameters(
                treeCount: 100, tree: TreeParameters(criterion: .entropy, depthMax: 12, leafRowsMin: 5, featureSample: .count(5)))))

    package init(algorithm: Algorithm, seed: UInt64 = 0, targets: ThresholdTargets = ThresholdTargets()) {
        self.algorithm = algorithm
        self.seed = seed
        self.targets = targets
    }

    /// Fits a model and chooses its thresholds.
    ///
    /// A bootstrapped forest's thresholds are chosen on out-of-bag scores, so they hold for rows it has not seen. A tree's are chosen
    /// on the rows it was fitted to and are as honest as the tree is small.
    ///
    /// - Parameters:
    ///   - rows: Indexes into the set, at least one.
    ///   - featureSet: Hash of the feature-set file the columns come from.
    ///   - shard: The part of the forest to grow; nil for the whole. Parts are put together by ``Forest/merged(_:)``.
    ///   - progress: Called after each tree, from any thread.
    /// - Throws: ``ForestFailure`` if the model does not fit a model file (names too long, too many nodes), or was cancelled.
    package func fit(
        _ set: TrainingSet, rows: [Int], featureSet: ContentHash? = nil, shard: TrainingShard? = nil,
        progress: (@Sendable () -> Void)? = nil
    ) async throws(ForestFailure) -> Forest {
        try await fitted(set, rows: rows, featureSet: featureSet, shard: shard, progress: progress).forest
    }

    /// ``fit(_:rows:featureSet:shard:progress:)`` with the scores that the thresholds were chosen on, for whoever chooses others.
    package func fitted(
        _ set: TrainingSet, rows: [Int], featureSet: ContentHash? = nil, shard: TrainingShard? = nil,
        progress: (@Sendable () -> Void)? = nil
    ) async throws(ForestFailure) -> Fit {
        let trainer = ForestTrainer(set, rows: rows)
        let range: Range<Int>
        let kind: Forest.Kind
        let trees: [Tree]
        var scored: [(score: Double, row: Int)] = []
        switch algorithm {
        case .tree(let parameters):
            guard shard == nil else { throw ForestFailure(at: "shard", "a single tree has no parts; train a forest") }
            kind = .tree
            range = 0..<1
            trees = [trainer.tree(parameters, seed: seed)]
            progress?()
        case .forest(let parameters):
            kind = .forest
            range = shard?.trees(of: parameters.treeCount) ?? 0..<parameters.treeCount
            guard !range.isEmpty else {
                throw ForestFailure(at: "shard", "\(parameters.treeCount) trees do not fill \(shard!.count) parts")
            }
            trees = await trainer.forest(parameters, seed: seed, trees: range, progress: progress)
            guard trees.count == range.count else { throw ForestFailure(at: "trees", "training was cancelled") }
            scored = scores(of: trees, range, set, rows, trainer)
        }
        let record = TrainingRecord(
            from: rows.map { set.times[$0] }.min()!, until: EventTime(micros: rows.map { set.times[$0] }.max()!.micros + 1),
            rowCount: rows.count, fraudCount: set.fraudCount(of: rows), seed: seed,
            parameters: parameterTexts + (shard.map { [.init(Forest.shardParameter, "\($0)")] } ?? []))
        let raw = try Forest(
            kind: kind, features: set.features, featureSet: featureSet, thresholds: DecisionThresholds(review: 1, decline: 1),
            training: record, trees: trees)
        let isOutOfBag = !scored.isEmpty
        if scored.isEmpty { scored = Array(zip(set.scores(of: rows, by: FlatEngine(raw)), rows)) }
        let thresholds = targets.thresholds(scores: scored.map(\.score), isFraud: scored.map { set.isFraud[$0.row] })
        return Fit(
            forest: try raw.replacing(thresholds: thresholds, training: record), scores: scored.map(\.score), rows: scored.map(\.row),
            isOutOfBag: isOutOfBag)
    }

    /// The thresholds that fitting the whole forest would have chosen, for one put together from its parts.
    ///
    /// - Parameters: The set and rows that the parts were fitted to.
    package func thresholds(of forest: Forest, _ set: TrainingSet, rows: [Int]) -> DecisionThresholds {
        var scored = scores(of: forest.trees, 0..<forest.trees.count, set, rows, ForestTrainer(set, rows: rows))
        if scored.isEmpty { scored = Array(zip(set.scores(of: rows, by: FlatEngine(forest)), rows)) }
        return targets.thresholds(scores: scored.map(\.score), isFraud: scored.map { set.isFraud[$0.row] })
    }

    /// Out-of-bag scores, where trees left rows out.
    private func scores(
        of trees: [Tree], _ range: Range<Int>, _ set: TrainingSet, _ rows: [Int], _ trainer: ForestTrainer
    ) -> [(score: Double, row: Int)] {
        guard case .forest(let parameters) = algorithm, parameters.hasOutOfBagRows else { return [] }
        return zip(trainer.outOfBagScores(of: trees, parameters, seed: seed, range: range), rows).compactMap { score, row in
            score.map { ($0, row) }
        }
    }

    private var parameterTexts: [TrainingRecord.Parameter] {
        let tree: TreeParameters
        var texts: [TrainingRecord.Parameter] = []
        switch algorithm {
        case .tree(let parameters): tree = parameters
        case .forest(let parameters):
            tree = parameters.tree
            texts += [.init("trees", "\(parameters.treeCount)"), .init("bootstrap", "\(parameters.isBootstrapped)")]
            if parameters.sampleFraction < 1 { texts.append(.init("sample_fraction", "\(parameters.sampleFraction)")) }
        }
        let sample: String =
            switch tree.featureSample {
            case .all: "all"
            case .squareRoot: "sqrt"
            case .count(let count): "\(count)"
            }
        texts += [
            .init("criterion", tree.criterion.rawValue), .init("depth_max", tree.depthMax.map { "\($0)" } ?? "none"),
            .init("split_rows_min", "\(tree.splitRowsMin)"), .init("leaf_rows_min", "\(tree.leafRowsMin)"),
            .init("features_per_split", sample), .init("weight_legitimate", "\(tree.classWeights.legitimate)"),
            .init("weight_fraud", "\(tree.classWeights.fraud)"), .init("alert_rate_max", "\(targets.alertRateMax)"),
            .init("decline_precision_min", "\(targets.declinePrecisionMin)"),
        ]
        if tree.choice != .best { texts.append(.init("thresholds", tree.choice.rawValue)) }
        if tree.impurityDecreaseMin > 0 { texts.append(.init("impurity_decrease_min", "\(tree.impurityDecreaseMin)")) }
        if tree.pruningAlpha > 0 { texts.append(.init("pruning_alpha", "\(tree.pruningAlpha)")) }
        if !tree.monotonicity.isEmpty {
            texts.append(.init("monotonicity", tree.monotonicity.map { "\($0.rawValue)" }.joined(separator: ",")))
        }
        return texts
    }
}

extension ThresholdTargets {
    /// The thresholds that reach the targets on some scored rows; 1, the greatest score, where a target cannot be reached.
    func thresholds(scores: [Double], isFraud: [Bool]) -> DecisionThresholds {
        let review = ThresholdChoice.lowest(withinAlertRate: alertRateMax, scores: scores, isFraud: isFraud)?.threshold ?? 1
        let decline = ThresholdChoice.lowest(reachingPrecision: declinePrecisionMin, scores: scores, isFraud: isFraud)?.threshold ?? 1
        return DecisionThresholds(review: review, decline: max(review, decline))
    }
}

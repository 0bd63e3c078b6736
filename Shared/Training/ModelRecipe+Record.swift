package import Forest
internal import RiskDomain

extension ModelRecipe {
    /// What the model file says of the rows and of how it was made of them.
    func record(_ set: TrainingSet, _ rows: [Int]) -> TrainingRecord {
        TrainingRecord(
            from: rows.map { set.times[$0] }.min()!, until: EventTime(micros: rows.map { set.times[$0] }.max()!.micros + 1),
            rowCount: rows.count, fraudCount: set.fraudCount(of: rows), seed: seed, parameters: parameters(set.features))
    }

    /// What the file of a model grown by this recipe of these rows says of it, without what follows growth: what parts must agree in.
    package func growthRecord(_ set: TrainingSet, rows: [Int]) -> TrainingRecord { growing.resolved(set, rows).record(set, rows) }

    private func parameters(_ features: [String]) -> [TrainingRecord.Parameter] {
        let tree = self.tree
        var parameters: [TrainingRecord.Parameter] = []
        if case .forest(let forest) = algorithm {
            parameters += [.init("trees", "\(forest.treeCount)"), .init("bootstrap", "\(forest.isBootstrapped)")]
            if forest.sampleFraction < 1 { parameters.append(.init("sample_fraction", "\(forest.sampleFraction)")) }
        }
        let sample: String =
            switch tree.featureSample {
            case .all: "all"
            case .squareRoot: "sqrt"
            case .count(let count): "\(count)"
            }
        parameters += [
            .init("criterion", tree.criterion.rawValue), .init("depth_max", tree.depthMax.map { "\($0)" } ?? "none"),
            .init("split_rows_min", "\(tree.splitRowsMin)"), .init("leaf_rows_min", "\(tree.leafRowsMin)"),
            .init("features_per_split", sample), .init("weight_legitimate", "\(tree.classWeights.legitimate)"),
            .init("weight_fraud", "\(tree.classWeights.fraud)"), .init("alert_rate_max", "\(targets.alertRateMax)"),
            .init("decline_precision_min", "\(targets.declinePrecisionMin)"),
        ]
        if tree.choice != .best { parameters.append(.init("thresholds", tree.choice.rawValue)) }
        if splitMode != .automatic { parameters.append(.init("splits", splitMode.rawValue)) }
        if tree.impurityDecreaseMin > 0 { parameters.append(.init("impurity_decrease_min", "\(tree.impurityDecreaseMin)")) }
        if tree.pruningAlpha > 0 || isChoosingPruning { parameters.append(.init("pruning_alpha", "\(tree.pruningAlpha)")) }
        for (name, direction) in zip(features, tree.monotonicity) where direction != .free {
            parameters.append(.init("monotone.\(name)", direction == .rising ? "up" : "down"))
        }
        for feature in tree.categoricalFeatures { parameters.append(.init("categorical.\(features[feature])", "true")) }
        return parameters
    }
}

extension ForestCompression {
    /// What was done, for a training record.
    func parameters(_ report: Report) -> [TrainingRecord.Parameter] {
        var parameters: [TrainingRecord.Parameter] = []
        if isMerging { parameters.append(.init("compression", thresholds == .kept ? "merge" : thresholds.rawValue)) }
        if let errorGrowthMax {
            parameters += [
                .init("drop_trees", "\(errorGrowthMax)"), .init("trees_dropped", "\(report.treesBefore - report.treesAfter)"),
            ]
        }
        return parameters
    }
}

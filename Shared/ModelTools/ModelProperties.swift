internal import Evaluation
internal import Forest
internal import Hashing
internal import RiskDomain

extension LoadedModel {
    /// What `inspect` shows and `diff` compares, in the order shown.
    package var properties: [(name: String, value: String)] {
        var list: [(name: String, value: String)] = [
            ("format", format.rawValue), ("sha256", hash.description), ("bytes", FigureText.grouped(byteCount)),
            ("trees", FigureText.grouped(ensemble.trees.count)), ("nodes", FigureText.grouped(ensemble.nodeCount)),
            ("leaves", FigureText.grouped(ensemble.trees.reduce(0) { $0 + $1.leafCount })), ("greatest depth", "\(ensemble.depth)"),
            ("features", "\(features.count)"), ("outputs", "\(ensemble.outputCount)"),
            ("aggregation", "\(ensemble.aggregation)"), ("link", "\(ensemble.link)"), ("input precision", "\(ensemble.inputPrecision)"),
        ]
        if ensemble.arithmetic != .portable { list.append(("arithmetic", ensemble.arithmetic.rawValue)) }
        if ensemble.baseScores.contains(where: { $0 != 0 }) {
            list.append(("base scores", ensemble.baseScores.prefix(8).map { "\($0)" }.joined(separator: ", ")))
        }
        let categorical = ensemble.trees.reduce(0) { sum, tree in sum + tree.flags.count { $0.contains(.isCategorical) } }
        if categorical > 0 { list.append(("categorical tests", FigureText.grouped(categorical))) }
        if let featureSet { list.append(("feature set", featureSet.description)) }
        if let thresholds {
            list.append(("review at", "\(thresholds.review)"))
            list.append(("decline at", "\(thresholds.decline)"))
        }
        if let reasons = forest?.reasons {
            list.append(("reasons", "\(reasons.name): \(forest?.words.entries.map(\.code).joined(separator: ", ") ?? "")"))
        }
        if ensemble.trees.contains(where: \.cover.isEmpty) { list.append(("cover", "not told: reasons halve what is not known")) }
        if let training {
            list.append(("trained from", training.from.description))
            list.append(("trained until", training.until.description))
            list.append(("trained rows", FigureText.grouped(training.rowCount)))
            list.append(("trained frauds", FigureText.grouped(training.fraudCount)))
            list.append(("seed", "\(training.seed)"))
            // The number of trees stands above, counted.
            for parameter in training.parameters where parameter.name != "trees" { list.append((parameter.name, parameter.value)) }
            for metric in training.metrics { list.append((metric.name, FigureText.short(metric.value))) }
        }
        return list + metadata
    }

    var propertyNames: [String] { properties.map(\.name) }
    func property(_ name: String) -> String? { properties.first { $0.name == name }?.value }

    /// A feature and how often trees ask about it.
    package struct FeatureUse: Hashable, Sendable {
        package var name: String
        package var splitCount: Int
        package var treeCount: Int
        /// Least and greatest threshold; nil without a numeric test.
        package var thresholds: ClosedRange<Double>?
        /// Different thresholds.
        package var thresholdCount: Int
    }

    /// By feature, in the model's order.
    package var featureUses: [FeatureUse] {
        var uses = features.map { FeatureUse(name: $0, splitCount: 0, treeCount: 0, thresholdCount: 0) }
        var thresholds = [Set<Double>](repeating: [], count: features.count)
        for tree in ensemble.trees {
            var seen = Set<Int>()
            for node in 0..<tree.nodeCount where !tree.isLeaf(node) {
                let feature = Int(tree.feature[node])
                uses[feature].splitCount += 1
                seen.insert(feature)
                if !tree.flags[node].contains(.isCategorical) { thresholds[feature].insert(tree.threshold[node]) }
            }
            for feature in seen { uses[feature].treeCount += 1 }
        }
        for feature in uses.indices {
            uses[feature].thresholdCount = thresholds[feature].count
            if let least = thresholds[feature].min(), let greatest = thresholds[feature].max() {
                uses[feature].thresholds = least...greatest
            }
        }
        return uses
    }
}

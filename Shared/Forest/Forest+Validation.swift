internal import RiskDomain

/// The sizes a model may have: far above any model in use, low enough that a hostile file cannot exhaust a service.
package enum ForestLimits {
    package static let fileBytesMax = 256 << 20
    package static let featureCountMax = 4_096
    package static let treeCountMax = 20_000
    /// Classes or targets that an ensemble speaks of.
    package static let outputCountMax = 4_096
    package static let nodeCountMax = 4 << 20
    /// Edges from a root to a leaf; bounds the time of a score and the recursion of the reference engine.
    package static let depthMax = 256
    package static let nameBytesMax = 512
    /// Parameters, and metrics, in a training record.
    package static let recordEntryCountMax = 1_024
}

extension Forest {
    /// Checks every rule that the engines rely on, so that a walk stays inside the arrays and ends.
    ///
    /// - Complexity: O(nodes).
    func validate() throws(ForestFailure) {
        try Forest.validate(features: features)
        guard thresholds.decline <= 1 else {
            throw ForestFailure(at: "thresholds.decline", "\(thresholds.decline) is above 1, the greatest score there is")
        }
        if let training { try training.validate() }
        guard features.count == ensemble.featureCount else {
            throw ForestFailure(at: "features", "\(features.count) names for rows of \(ensemble.featureCount) values")
        }
        guard kind == .forest || ensemble.trees.count == 1 else {
            throw ForestFailure(at: "kind", "\"tree\" with \(ensemble.trees.count) trees; it has exactly one")
        }
        try ensemble.validate()
        try ensemble.validateForFiles()
        try validateScore()
    }

    /// The output must be a probability.
    private func validateScore() throws(ForestFailure) {
        guard ensemble.outputCount == 1 else {
            throw ForestFailure(at: "outputs", "\(ensemble.outputCount) outputs; a fraud model has one")
        }
        switch ensemble.link {
        case .logistic: return
        case .identity: break
        default:
            throw ForestFailure(
                at: "link", "\(ensemble.link); a fraud model's score is a probability as it is or through the logistic link")
        }
        var least = 0.0
        var greatest = 0.0
        for tree in ensemble.trees {
            least += tree.leafValues.min() ?? 0
            greatest += tree.leafValues.max() ?? 0
        }
        let count = ensemble.aggregation == .mean ? Double(ensemble.trees.count) : 1
        // Shares rounded to 32 bits by the tool that wrote them may sum to a little more than 1.
        let slack = 1e-4
        let bounds = (least / count + ensemble.baseScores[0], greatest / count + ensemble.baseScores[0])
        guard bounds.0 >= -slack, bounds.1 <= 1 + slack else {
            throw ForestFailure(
                at: "leafValues", "scores may reach from \(bounds.0) to \(bounds.1), which are no probabilities; is it a classifier?")
        }
    }

    /// Checks trees before their arrays are taken apart.
    ///
    /// - Complexity: O(nodes).
    static func validate(_ trees: [Tree], featureCount: Int) throws(ForestFailure) {
        guard (1...ForestLimits.treeCountMax).contains(trees.count) else {
            throw ForestFailure(at: "trees", "\(trees.count) trees; 1...\(ForestLimits.treeCountMax) are allowed")
        }
        var nodes = 0
        for (index, tree) in trees.enumerated() {
            nodes += tree.nodeCount
            guard nodes <= ForestLimits.nodeCountMax else {
                throw ForestFailure(at: "trees[\(index)]", "more than \(ForestLimits.nodeCountMax) nodes in all trees together")
            }
            try tree.validate(featureCount: featureCount, at: "trees[\(index)]")
        }
    }

    private static func validate(features: [String]) throws(ForestFailure) {
        guard (1...ForestLimits.featureCountMax).contains(features.count) else {
            throw ForestFailure(at: "features", "\(features.count) names; 1...\(ForestLimits.featureCountMax) are allowed")
        }
        var seen = Set<String>()
        for (index, name) in features.enumerated() {
            try validateName(name, at: "features[\(index)]")
            guard seen.insert(name).inserted else { throw ForestFailure(at: "features[\(index)]", "\"\(name)\" is named twice") }
        }
    }
}

private func validateName(_ name: String, at place: String) throws(ForestFailure) {
    guard (1...ForestLimits.nameBytesMax).contains(name.utf8.count) else {
        throw ForestFailure(at: place, "a name of \(name.utf8.count) bytes; 1...\(ForestLimits.nameBytesMax) are allowed")
    }
    guard !name.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) else {
        throw ForestFailure(at: place, "a name with a control character")
    }
}

extension TrainingRecord {
    func validate() throws(ForestFailure) {
        guard from < until else { throw ForestFailure(at: "training.until", "the period ends before it begins") }
        guard rowCount >= 1 else { throw ForestFailure(at: "training.rows", "\(rowCount) rows; at least 1 is needed") }
        guard (0...rowCount).contains(fraudCount) else {
            throw ForestFailure(at: "training.frauds", "\(fraudCount) frauds among \(rowCount) rows")
        }
        try Self.validate(parameters.map(\.name), at: "training.parameters")
        try Self.validate(metrics.map(\.name), at: "training.metrics")
        for parameter in parameters where parameter.value.utf8.count > ForestLimits.nameBytesMax {
            throw ForestFailure(at: "training.parameters.\(parameter.name)", "longer than \(ForestLimits.nameBytesMax) bytes")
        }
        for metric in metrics where !metric.value.isFinite {
            throw ForestFailure(at: "training.metrics.\(metric.name)", "\(metric.value) is not a finite number")
        }
    }

    private static func validate(_ names: [String], at place: String) throws(ForestFailure) {
        guard names.count <= ForestLimits.recordEntryCountMax else {
            throw ForestFailure(at: place, "\(names.count) entries; at most \(ForestLimits.recordEntryCountMax) are allowed")
        }
        var seen = Set<String>()
        for name in names {
            try validateName(name, at: place)
            guard seen.insert(name).inserted else { throw ForestFailure(at: place, "\"\(name)\" is named twice") }
        }
    }
}

extension Tree {
    func validate(featureCount: Int, at place: String) throws(ForestFailure) {
        guard nodeCount >= 1 else { throw ForestFailure(at: place, "a tree without nodes") }
        let counts = [
            ("threshold", threshold.count), ("left", left.count), ("right", right.count), ("missingGoesLeft", missingGoesLeft.count),
            ("value", value.count), ("cover", cover.count),
        ]
        for (name, count) in counts where count != nodeCount {
            throw ForestFailure(at: "\(place).\(name)", "\(count) entries for \(nodeCount) nodes")
        }
        // Depth of each node, set by its parent; the root's is 0, a node nobody points to keeps -1.
        var depths = [Int16](repeating: -1, count: nodeCount)
        depths[0] = 0
        for node in 0..<nodeCount {
            guard depths[node] >= 0 else { throw ForestFailure(at: "\(place).left[\(node)]", "node \(node) is nobody's child") }
            guard value[node].isFinite, (0...1).contains(value[node]) else {
                throw ForestFailure(at: "\(place).value[\(node)]", "\(value[node]) is not a share in 0...1")
            }
            guard cover[node].isFinite, cover[node] > 0 else {
                throw ForestFailure(at: "\(place).cover[\(node)]", "\(cover[node]) is not a positive finite weight")
            }
            if isLeaf(node) {
                guard left[node] == Tree.none, right[node] == Tree.none, threshold[node] == 0, !missingGoesLeft[node] else {
                    throw ForestFailure(
                        at: "\(place).feature[\(node)]", "a leaf with children, a threshold or a default direction; it has -1, -1, 0 and 0")
                }
                continue
            }
            guard (0..<featureCount).contains(Int(feature[node])) else {
                throw ForestFailure(at: "\(place).feature[\(node)]", "feature \(feature[node]) of \(featureCount)")
            }
            guard threshold[node].isFinite else {
                throw ForestFailure(at: "\(place).threshold[\(node)]", "\(threshold[node]) is not a finite number")
            }
            for (name, child) in [("left", Int(left[node])), ("right", Int(right[node]))] {
                guard child > node, child < nodeCount else {
                    throw ForestFailure(
                        at: "\(place).\(name)[\(node)]",
                        "child \(child) of node \(node); children stand behind their parent, below \(nodeCount)")
                }
                guard depths[child] < 0 else { throw ForestFailure(at: "\(place).\(name)[\(node)]", "node \(child) has two parents") }
                guard Int(depths[node]) < ForestLimits.depthMax else {
                    throw ForestFailure(at: "\(place).\(name)[\(node)]", "deeper than \(ForestLimits.depthMax) edges")
                }
                depths[child] = depths[node] + 1
            }
        }
    }
}

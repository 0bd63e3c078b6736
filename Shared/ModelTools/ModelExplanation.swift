internal import Forest
package import RiskDomain

/// A row's score and what each feature added to it.
package struct ModelExplanation: Hashable, Sendable {
    package struct Part: Hashable, Sendable {
        package var feature: String
        /// NaN for a missing value.
        package var value: Double
        /// Of the margin, above or below ``base``.
        package var contribution: Double
    }

    /// The output explained.
    package var output: Int
    package var scores: [Double]
    package var margin: Double
    /// The margin where nothing is known of a row.
    package var base: Double
    package var decision: Decision?
    /// The greatest contribution, up or down, first; of equal ones the lower feature index.
    package var parts: [Part]
    /// At most four features that pushed the score up most.
    package var reasons: [String]

    /// - Parameter row: One value per feature.
    /// - Throws: ``ModelToolFailure`` for a model that does not tell how many rows came to its nodes.
    package init(_ model: LoadedModel, row: [Double], output: Int = 0) throws {
        precondition(row.count == model.features.count)
        guard (0..<model.ensemble.outputCount).contains(output) else {
            throw ModelToolFailure("\(model.path): the model has \(model.ensemble.outputCount) outputs, the first is 0")
        }
        let margins = model.ensemble.margins(row: row)
        let contributions = try PathAttribution(model, output: output).contributions(row)
        self.output = output
        let scores = model.ensemble.link.scores(of: margins)
        self.scores = scores
        margin = margins[output]
        base = contributions.base
        decision = model.thresholds.map { $0.decision(for: scores[output]) }
        parts = row.indices.map { Part(feature: model.features[$0], value: row[$0], contribution: contributions.values[$0]) }
            .enumerated().sorted { ($1.element.contribution.magnitude, $0.offset) < ($0.element.contribution.magnitude, $1.offset) }
            .map(\.element)
        reasons = TopReasons(contributions.values).map { model.features[Int($0.feature)] }
    }
}

/// What each step of a row's way through the trees moved the margin by, given to the feature that the step asked about.
///
/// Source: Saabas, "Interpreting random forests", 2014.
struct PathAttribution {
    private let ensemble: TreeEnsemble
    private let output: Int
    /// By tree: the mean of the leaves below each node for the output, weighted by cover; empty for trees of other outputs.
    private let values: [[Double]]

    init(_ model: LoadedModel, output: Int) throws {
        ensemble = model.ensemble
        self.output = output
        values = try model.ensemble.trees.enumerated().map { index, tree in
            guard (tree.firstOutput..<tree.firstOutput + tree.valueCount).contains(output) else { return [] }
            guard tree.cover.count == tree.nodeCount else {
                throw ModelToolFailure("\(model.path): tree \(index) does not tell how many rows came to its nodes; it cannot be explained")
            }
            var values = [Double](repeating: 0, count: tree.nodeCount)
            // Children stand behind their parent.
            for node in (0..<tree.nodeCount).reversed() {
                if tree.isLeaf(node) {
                    values[node] = tree.leafValues[Int(tree.left[node]) * tree.valueCount + output - tree.firstOutput]
                } else {
                    let (left, right) = (Int(tree.left[node]), Int(tree.right[node]))
                    let cover = tree.cover[left] + tree.cover[right]
                    values[node] = cover > 0 ? (values[left] * tree.cover[left] + values[right] * tree.cover[right]) / cover : values[left]
                }
            }
            return values
        }
    }

    func contributions(_ row: [Double]) -> (base: Double, values: [Double]) {
        var base = 0.0
        var contributions = [Double](repeating: 0, count: row.count)
        for (tree, values) in zip(ensemble.trees, values) where !values.isEmpty {
            var node = 0
            base += values[0]
            while !tree.isLeaf(node) {
                let goesLeft = row.withUnsafeBufferPointer { ensemble.goesLeft(tree, node, $0) }
                let child = Int(goesLeft ? tree.left[node] : tree.right[node])
                contributions[Int(tree.feature[node])] += values[child] - values[node]
                node = child
            }
        }
        let divisor = ensemble.aggregation == .mean ? Double(ensemble.trees.count) : 1
        return (base / divisor + ensemble.baseScores[output], contributions.map { $0 / divisor })
    }
}

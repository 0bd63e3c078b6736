package import Forest
internal import RiskDomain
package import Training

/// A trained forest made smaller, and what that did to its scores on rows.
package struct ModelCompression: Sendable {
    package var forest: Forest
    package var report: ForestCompression.Report

    /// - Parameters:
    ///   - rows: In the model's order of features: what thresholds must go on telling apart, and what the change of scores is measured on.
    ///   - isFraud: By row; needed where trees may be dropped, and for the errors of the report.
    /// - Throws: ``ModelToolFailure`` for a model that is no forest of the trainer's kind, or rows that do not do; `ForestFailure`.
    package init(_ model: LoadedModel, rows: ModelRows, isFraud: [Bool]?, _ compression: ForestCompression) throws {
        guard var forest = model.forest, forest.isPlain, forest.ensemble.link == .identity, forest.ensemble.baseScores == [0],
            forest.ensemble.aggregation == .mean || forest.treeCount == 1
        else {
            throw ModelToolFailure(
                "\(model.path): only forests as the trainer grows them are compressed: plain thresholds, and the mean of the trees for a score"
            )
        }
        if forest.ensemble.aggregation != .mean {
            // The mean of one tree is its sum.
            var ensemble = forest.ensemble
            ensemble.aggregation = .mean
            forest = try Forest(
                kind: forest.kind, features: forest.features, featureSet: forest.featureSet, thresholds: forest.thresholds,
                training: forest.training, reasons: forest.reasons, ensemble: ensemble)
        }
        guard rows.count > 0 else { throw ModelToolFailure("there are no rows to measure the change of scores on") }
        guard isFraud != nil || compression.errorGrowthMax == nil else {
            throw ModelToolFailure("trees are dropped by their error, which needs labels")
        }
        let columns = (0..<rows.featureCount).map { feature in
            (0..<rows.count).map { rows.values[$0 * rows.featureCount + feature] }
        }
        let indexes = Array(0..<rows.count)
        // Neither times nor customers matter to a forest's size.
        let set = try TrainingSet(
            features: forest.features, columns: columns, isFraud: isFraud ?? Array(repeating: false, count: rows.count),
            times: Array(repeating: EventTime(micros: 0), count: rows.count), customers: Array(repeating: 0, count: rows.count))
        (self.forest, report) = try compression.compress(forest, on: set, rows: indexes)
    }
}

extension ModelRows {
    /// A column of labels, 0 or 1, of the rows that ``init(csv:features:rowCountMax:)`` reads.
    package static func labels(csv path: String, column: String, rowCountMax: Int = .max) throws -> [Bool] {
        try ModelRows(csv: path, features: [column], rowCountMax: rowCountMax).values.enumerated().map { row, value in
            guard value == 0 || value == 1 else {
                throw ModelToolFailure("\(path), row \(row + 1): the label \(column) is \(value); it must be 0 or 1")
            }
            return value == 1
        }
    }
}

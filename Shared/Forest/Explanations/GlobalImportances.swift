internal import RiskDomain

/// How much each feature matters to a model as a whole.
package enum GlobalImportances {
    /// How much the splits on each feature lower the variance of what is predicted, weighted by cover, as shares that sum to 1.
    ///
    /// For a classification forest this is the decrease of Gini impurity; where trees are averaged each tree's shares are taken first,
    /// so it equals scikit-learn's `feature_importances_`. All zero for trees without splits.
    ///
    /// - Throws: ``ForestFailure`` when a tree does not tell its cover.
    package static func gain(_ ensemble: TreeEnsemble) throws(ForestFailure) -> [Double] {
        var sums = [Double](repeating: 0, count: ensemble.featureCount)
        for (index, tree) in ensemble.trees.enumerated() where tree.nodeCount > 1 {
            var own = [Double](repeating: 0, count: ensemble.featureCount)
            for value in 0..<tree.valueCount {
                let shares = try CoverShares(tree, value: value, place: "trees[\(index)]")
                for node in 0..<tree.nodeCount where !tree.isLeaf(node) {
                    let difference = shares.mean[Int(tree.left[node])] - shares.mean[Int(tree.right[node])]
                    own[Int(tree.feature[node])] += tree.cover[node] * shares.left[node] * (1 - shares.left[node]) * difference * difference
                }
            }
            let total = ensemble.aggregation == .mean ? own.reduce(0, +) : 1
            if total > 0 { for feature in own.indices { sums[feature] += own[feature] / total } }
        }
        return normalized(sums)
    }

    /// The mean of the absolute Shapley values over rows, in margin units; `outputCount × featureCount`.
    ///
    /// - Parameter rows: `rows × featureCount`, row-major; at least one row.
    package static func meanAbsoluteShap(_ engine: ShapEngine, rows: [Double]) -> [Double] {
        let rowCount = rows.count / max(1, engine.featureCount)
        precondition(rowCount > 0 && rows.count == rowCount * engine.featureCount, "importances need whole rows")
        let scratch = engine.makeScratch()
        var sums = [Double](repeating: 0, count: engine.outputCount * engine.featureCount)
        var contributions = sums
        rows.withUnsafeBufferPointer { rows in
            contributions.withUnsafeMutableBufferPointer { contributions in
                for row in 0..<rowCount {
                    let row = UnsafeBufferPointer(rebasing: rows[row * engine.featureCount..<(row + 1) * engine.featureCount])
                    engine.explain(row, into: contributions, using: scratch)
                    for index in sums.indices { sums[index] += contributions[index].magnitude }
                }
            }
        }
        return sums.map { $0 / Double(rowCount) }
    }

    /// What a metric loses when a feature's values are dealt out to other rows.
    package struct Permutation: Hashable, Sendable {
        /// By feature: the metric on the rows as they are minus its mean over the shuffles.
        package var loss: [Double]
        /// By feature: the standard deviation of the shuffles' losses.
        package var deviation: [Double]
    }

    /// Permutation importance (Breiman 2001): the score of each feature's shuffles against the rows as they are.
    ///
    /// - Parameters:
    ///   - rows: `rows × featureCount`, row-major.
    ///   - repeats: Shuffles of each feature, at least 1.
    ///   - seed: The same seed gives the same shuffles; each feature's and repeat's is its own.
    ///   - metric: Greater is better; takes the whole table, in the order of the rows.
    package static func permutation(
        rows: [Double], featureCount: Int, repeats: Int, seed: UInt64, metric: ([Double]) -> Double
    ) -> Permutation {
        precondition(repeats > 0 && featureCount > 0 && rows.count % featureCount == 0, "importances need whole rows and a shuffle")
        let rowCount = rows.count / featureCount
        let whole = metric(rows)
        var result = Permutation(loss: [], deviation: [])
        var table = rows
        for feature in 0..<featureCount {
            var losses: [Double] = []
            for turn in 0..<repeats {
                var random = SplitMix64(seed: seed &+ UInt64(feature) << 32 &+ UInt64(turn))
                let order = (0..<rowCount).shuffled(using: &random)
                for (row, source) in order.enumerated() { table[row * featureCount + feature] = rows[source * featureCount + feature] }
                losses.append(whole - metric(table))
            }
            for row in 0..<rowCount { table[row * featureCount + feature] = rows[row * featureCount + feature] }
            let mean = losses.reduce(0, +) / Double(repeats)
            result.loss.append(mean)
            result.deviation.append((losses.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(repeats)).squareRoot())
        }
        return result
    }

    private static func normalized(_ values: [Double]) -> [Double] {
        let sum = values.reduce(0, +)
        return sum > 0 ? values.map { $0 / sum } : values
    }
}

/// Scores rows of a fraud model with the fastest engine for it; agrees with ``ReferenceEngine`` to the bit. ``ReasonEngine`` says why.
///
/// A value of this type never changes, so any thread may score with it; scoring allocates nothing once warm.
package struct ForestScorer: Sendable {
    package let featureCount: Int
    private let forest: Forest
    private let compiled: CompiledForest

    package init(_ forest: Forest) {
        self.forest = forest
        featureCount = forest.features.count
        compiled = CompiledForest(forest.ensemble)
    }

    /// Probability of fraud of one row, `0...1`.
    ///
    /// - Precondition: one value per feature, in the model's order; NaN is a missing value, infinities are ordinary values.
    /// - Complexity: O(trees × depth); allocates nothing once warm.
    package func score(_ features: UnsafeBufferPointer<Double>) -> Double {
        forest.score(margin: compiled.margin(row: features))
    }

    package func score(_ features: Span<Double>) -> Double { features.withUnsafeBufferPointer { score($0) } }

    package func score(_ features: [Double]) -> Double { features.withUnsafeBufferPointer { score($0) } }

    /// Scores rows that lie one behind the other.
    ///
    /// - Parameters:
    ///   - rows: Row-major, `scores.count × featureCount`.
    ///   - scores: One score per row, written in place.
    /// - Complexity: O(rows × trees × depth); allocates nothing once warm. Each row's sum runs over the trees in order, as for one row.
    package func score(rows: UnsafeBufferPointer<Double>, into scores: inout [Double]) {
        scores.withUnsafeMutableBufferPointer { scores in
            compiled.margins(rows: rows, into: scores)
            for row in scores.indices { scores[row] = forest.score(margin: scores[row]) }
        }
    }

    package func scores(rows: [Double]) -> [Double] {
        var scores = [Double](repeating: 0, count: rows.count / featureCount)
        rows.withUnsafeBufferPointer { score(rows: $0, into: &scores) }
        return scores
    }
}

import Evaluation
import Forest
import ServiceRuntime
import Training

/// How much each feature matters on rows that the model has not seen.
struct MeasuredImportance: Sendable {
    struct Entry: Hashable, Sendable {
        var feature: String
        /// Mean size of the feature's Shapley values, of the margin.
        var shap: Double
        /// What average precision loses when the feature's values are dealt out to other rows, mean and standard deviation of three times.
        var loss: Double
        var deviation: Double
    }

    /// The greatest Shapley values first.
    let entries: [Entry]

    /// Shapley values are taken of at most 2,000 rows and permutations of at most 20,000, all frauds among them and the rest evenly chosen:
    /// enough for figures of two digits, and a fraction of the time that fitting takes.
    ///
    /// - Throws: `ForestFailure`, for a model that does not tell its cover.
    init(_ forest: Forest, _ set: TrainingSet, rows: [Int], seed: UInt64, progress: ProgressBar.Output) throws {
        let featureCount = set.features.count
        let explained = MeasuredImportance.values(of: MeasuredImportance.sample(set, rows, count: 2_000), set)
        let shap = GlobalImportances.meanAbsoluteShap(try ShapEngine(forest.ensemble), rows: explained)
        let dealt = MeasuredImportance.sample(set, rows, count: 20_000)
        let isFraud = dealt.map { set.isFraud[$0] }
        let engine = ForestScorer(forest)
        let repeats = 3
        let bar = ProgressBar("Weighing features", total: featureCount * repeats + 1, unit: "shuffles", output: progress)
        let permutation = GlobalImportances.permutation(
            rows: MeasuredImportance.values(of: dealt, set), featureCount: featureCount, repeats: repeats, seed: seed
        ) { values in
            defer { bar.advance() }
            return RankingMetrics.averagePrecision(scores: engine.scores(rows: values), isFraud: isFraud) ?? 0
        }
        bar.finish()
        entries = set.features.indices.map {
            Entry(feature: set.features[$0], shap: shap[$0], loss: permutation.loss[$0], deviation: permutation.deviation[$0])
        }.sorted { ($1.shap, $0.feature) < ($0.shap, $1.feature) }
    }

    subscript(feature: String) -> Entry? { entries.first { $0.feature == feature } }

    /// All frauds, and evenly chosen other rows up to `count`.
    private static func sample(_ set: TrainingSet, _ rows: [Int], count: Int) -> [Int] {
        guard rows.count > count else { return rows }
        let frauds = rows.filter { set.isFraud[$0] }
        let others = rows.filter { !set.isFraud[$0] }
        let wanted = max(count - frauds.count, count / 2)
        guard others.count > wanted else { return rows }
        return frauds.prefix(count) + (0..<wanted).map { others[$0 * others.count / wanted] }
    }

    private static func values(of rows: [Int], _ set: TrainingSet) -> [Double] {
        rows.flatMap { row in set.columns.map { $0[row] } }
    }
}

package import Evaluation
package import Forest

extension TrainingSet {
    /// Scores of some rows beside what became known of them.
    ///
    /// - Parameter amounts: Money at stake of each row of the set; empty where it is not known.
    package func scored(_ rows: [Int], by engine: ForestScorer, amounts: [Double] = []) -> ScoredRows {
        scored(rows, as: scores(of: rows, by: engine), amounts: amounts)
    }

    /// The same with scores of any origin.
    package func scored(_ rows: [Int], as scores: [Double], amounts: [Double] = []) -> ScoredRows {
        ScoredRows(
            scores: scores, isFraud: rows.map { isFraud[$0] }, times: rows.map { times[$0] },
            customers: rows.map { customers[$0] }, amounts: amounts.isEmpty ? [] : rows.map { amounts[$0] })
    }
}

extension EvaluationReport {
    /// - Parameters:
    ///   - rows: Indexes into the set, at least one.
    ///   - k: Cards that can be checked in a day.
    package init(model: String, forest: Forest, on set: TrainingSet, rows: [Int], k: Int = 100) {
        self.init(model: model, set.scored(rows, by: ForestScorer(forest)), thresholds: forest.thresholds, k: k)
    }
}

extension HandbookProtocol {
    /// Indexes of rows to learn from and to test on, in the set's order.
    package func split(_ set: TrainingSet) -> (train: [Int], test: [Int]) {
        split(times: set.times, customers: set.customers, isFraud: set.isFraud)
    }
}

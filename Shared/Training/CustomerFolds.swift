internal import Forest
internal import RiskDomain

/// Rows parted by customer, so that what is learnt from some rows is judged by customers it has not seen.
struct CustomerFolds {
    /// By fold, rows to judge by; together all of them. Folds without customers are left out.
    let heldOut: [[Int]]
    private let all: [Int]

    /// As is usual: Hastie, Tibshirani, Friedman, "The elements of statistical learning", section 7.10.
    static let usualCount = 5

    init(_ set: TrainingSet, _ rows: [Int], count: Int = CustomerFolds.usualCount) {
        var folds = [[Int]](repeating: [], count: count)
        for row in rows {
            let mixed = SplitMix64.mixed(UInt64(bitPattern: set.customers[row]) &+ SplitMix64.increment)
            folds[Int(mixed % UInt64(count))].append(row)
        }
        heldOut = folds.filter { !$0.isEmpty && $0.count < rows.count }
        all = rows
    }

    /// Rows to learn from beside each fold's.
    func learning(besides fold: Int) -> [Int] {
        let out = Set(heldOut[fold])
        return all.filter { !out.contains($0) }
    }
}

extension ModelRecipe {
    /// Scores of each row by trees of this recipe that saw no row of its customer.
    ///
    /// - Complexity: that of fitting five models.
    func crossFitted(
        _ set: TrainingSet, _ rows: [Int], _ progress: (@Sendable () -> Void)?
    ) async throws(ForestFailure) -> (scores: [Double], rows: [Int]) {
        var result: (scores: [Double], rows: [Int]) = ([], [])
        let folds = CustomerFolds(set, rows)
        for fold in folds.heldOut.indices {
            let trainer = ForestTrainer(set, rows: folds.learning(besides: fold), mode: splitMode, workerCount: workerCount)
            let trees = try await grow(trainer, 0..<treeCount, progress)
            result.scores += try meanAnswers(trees, set, folds.heldOut[fold])
            result.rows += folds.heldOut[fold]
        }
        return result
    }

    /// How many trees fitting to so many rows grows in all, those that only judge among them; a bound where there are few customers.
    ///
    /// - Parameter isGrown: Whether the forest's own trees are at hand.
    package func grownCount(of shard: TrainingShard?, rowCount: Int, isGrown: Bool = false) -> Int {
        guard case .forest(let forest) = algorithm else {
            return 1 + CustomerFolds.usualCount * [isChoosingPruning, calibration != nil].count { $0 }
        }
        if let shard { return shard.trees(of: forest.treeCount).count }
        let judging = forest.hasOutOfBagRows(of: rowCount) ? 0 : CustomerFolds.usualCount * (isChoosingPruning ? 2 : 1)
        return treeCount * ((isGrown ? 0 : 1) + judging)
    }

    func meanAnswers(_ trees: [DecisionTree], _ set: TrainingSet, _ rows: [Int]) throws(ForestFailure) -> [Double] {
        let forest = try Forest(
            kind: trees.count == 1 ? .tree : .forest, features: set.features, thresholds: DecisionThresholds(review: 1, decline: 1),
            ensemble: TreeEnsemble(featureCount: set.features.count, aggregation: .mean, trees: trees))
        return set.scores(of: rows, by: ForestScorer(forest))
    }
}

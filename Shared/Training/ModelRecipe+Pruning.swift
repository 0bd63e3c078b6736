internal import Forest
internal import RiskDomain
internal import Synchronization

extension ModelRecipe {
    /// Chooses the strength of cost-complexity pruning with the least mean squared error on rows that trees have not seen: out-of-bag, or
    /// for trees that see all rows by cross-validation over customers. Of equally good ones the strongest.
    ///
    /// Source: Breiman, Friedman, Olshen, Stone, "Classification and regression trees", 1984, section 3.4.
    ///
    /// - Returns: The strength, and the given trees pruned by it.
    /// - Throws: ``ForestFailure`` where no row can be judged by trees that have not seen it.
    func choosePruning(
        of trees: [DecisionTree], _ set: TrainingSet, _ rows: [Int], _ trainer: ForestTrainer, _ progress: (@Sendable () -> Void)?
    ) async throws(ForestFailure) -> (alpha: Double, trees: [DecisionTree]) {
        let paths = self.paths(trees)
        let candidates = ModelRecipe.candidates(paths)
        var errors = [Double](repeating: 0, count: candidates.count)
        var isJudged = false
        func pruned(_ trees: [DecisionTree], _ paths: [PruningPath], _ alpha: Double) -> [DecisionTree] {
            zip(trees, paths).map { $1.pruned($0, alpha: alpha) }
        }
        func error(_ score: Double, _ row: Int) -> Double {
            let difference = score - (set.isFraud[row] ? 1 : 0)
            return difference * difference
        }
        if let outOfBag = trainer.outOfBag(self, Array(trees.indices)) {
            for (place, alpha) in candidates.enumerated() {
                for (score, row) in zip(outOfBag.scores(of: pruned(trees, paths, alpha)), rows) {
                    guard let score else { continue }
                    errors[place] += error(score, row)
                    isJudged = true
                }
            }
        } else {
            let folds = CustomerFolds(set, rows)
            isJudged = !folds.heldOut.isEmpty
            for fold in folds.heldOut.indices {
                let trainer = ForestTrainer(set, rows: folds.learning(besides: fold), mode: splitMode, workerCount: workerCount)
                let grown = try await grow(trainer, 0..<treeCount, progress)
                let paths = self.paths(grown)
                for (place, alpha) in candidates.enumerated() {
                    let scores = try meanAnswers(pruned(grown, paths, alpha), set, folds.heldOut[fold])
                    for (score, row) in zip(scores, folds.heldOut[fold]) { errors[place] += error(score, row) }
                }
            }
        }
        guard isJudged else {
            throw ForestFailure(
                at: "pruning", "none of the \(rows.count) rows can be judged by trees that have not seen it, to choose the strength by")
        }
        var best = 0
        for place in candidates.indices where errors[place] <= errors[best] { best = place }
        return (candidates[best], pruned(trees, paths, candidates[best]))
    }

    private func paths(_ trees: [DecisionTree]) -> [PruningPath] {
        let criterion = tree.criterion
        let paths = Mutex<[PruningPath?]>(Array(repeating: nil, count: trees.count))
        Workers.run(count: trees.count, workerCount: workerCount ?? Workers.processorCount) { index in
            let path = PruningPath(trees[index], criterion: criterion)
            paths.withLock { $0[index] = path }
        }
        return paths.withLock { $0.compactMap(\.self) }
    }

    /// No pruning, and fifteen strengths in equal ratios from one that cuts a tenth of all splits to one that leaves only roots.
    private static func candidates(_ paths: [PruningPath]) -> [Double] {
        let strengths = paths.flatMap(\.alphas).filter { $0.isFinite && $0 > 0 }.sorted()
        guard let greatest = strengths.last else { return [0] }
        let least = strengths[strengths.count / 10]
        let steps = 14
        // The outermost are taken as they are; a root must not stay for a rounding error.
        return [0, least] + (1..<steps).map { least * PortableMath.exp(PortableMath.log(greatest / least) * Double($0) / Double(steps)) }
            + [greatest]
    }
}

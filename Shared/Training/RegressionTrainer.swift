package import Forest
internal import RiskDomain
internal import Synchronization

/// Fits regression trees and forests by squared error.
///
/// Parameters are those of classification trees, except that ``TreeParameters/criterion`` and class weights say nothing here, and
/// impurity is the variance. As there, the result depends on the rows, the parameters and the seed alone.
///
/// Source: Breiman, Friedman, Olshen, Stone, "Classification and regression trees", 1984, chapter 8.
package struct RegressionTrainer: Sendable {
    private let ranked: RankedColumns
    private let targets: [Double]
    private let workerCount: Int

    /// - Parameters:
    ///   - columns: Column-major, NaN for missing, no infinities.
    ///   - targets: One finite number per row.
    /// - Throws: ``TrainingFailure`` when shapes differ or a number is not finite.
    package init(
        columns: [[Double]], targets: [Double], mode: SplitMode = .automatic, workerCount: Int? = nil
    ) throws(TrainingFailure) {
        guard !columns.isEmpty, !targets.isEmpty else { throw TrainingFailure(at: "columns", "at least one column and one row") }
        guard targets.count < 1 << 27 else { throw TrainingFailure(at: "rows", "\(targets.count), at most \(1 << 27 - 1)") }
        for (index, column) in columns.enumerated() {
            guard column.count == targets.count else {
                throw TrainingFailure(at: "column \(index)", "\(column.count) values for \(targets.count) targets")
            }
            guard !column.contains(where: \.isInfinite) else {
                throw TrainingFailure(at: "column \(index)", "an infinite value; a missing value is NaN")
            }
        }
        guard targets.allSatisfy(\.isFinite) else { throw TrainingFailure(at: "targets", "not all are finite") }
        self.targets = targets
        self.workerCount = max(1, workerCount ?? Workers.processorCount)
        ranked = RankedColumns(columns, rows: Array(targets.indices), mode: mode, workerCount: self.workerCount)
    }

    /// The mean of the trees' answers as an ensemble; with fewer trees when the task is cancelled.
    ///
    /// - Precondition: Categorical features have at most 65,535 names each, or the mode is ``SplitMode/exact``.
    package func ensemble(
        _ parameters: ForestParameters, seed: UInt64, trees range: Range<Int>? = nil, progress: (@Sendable () -> Void)? = nil
    ) async -> TreeEnsemble {
        let range = range ?? 0..<parameters.treeCount
        precondition(range.lowerBound >= 0 && range.upperBound <= parameters.treeCount)
        precondition(ranked.unrankedNames(of: parameters.tree) == nil, "more names than ranks")
        let isCancelled = Atomic<Bool>(false)
        let trees = Mutex<[DecisionTree?]>(Array(repeating: nil, count: range.count))
        let sample = parameters.sample(of: targets.count)
        await withTaskCancellationHandler {
            await Workers.detached(workerCount: min(workerCount, range.count)) { next in
                let grow = makeGrower(parameters.tree)
                while !isCancelled.load(ordering: .relaxed), let index = next(range.count) {
                    let tree = grow(sample, SplitMix64(seed: seed, stream: UInt64(range.lowerBound + index)))
                    trees.withLock { $0[index] = tree }
                    progress?()
                }
            }
        } onCancel: {
            isCancelled.store(true, ordering: .relaxed)
        }
        return TreeEnsemble(
            featureCount: ranked.featureCount, aggregation: .mean, trees: trees.withLock { $0.compactMap(\.self) })
    }

    /// One tree over all rows.
    package func tree(_ parameters: TreeParameters, seed: UInt64 = 0) -> DecisionTree {
        makeGrower(parameters)(.all, SplitMix64(seed: seed))
    }

    private func makeGrower(_ parameters: TreeParameters) -> (RowSample, SplitMix64) -> DecisionTree {
        switch ranked.table {
        case .narrow(let table):
            let grower = RegressionGrower(table.byRow, ranked, targets, parameters)
            return { [ranked] in grower.grow($0, random: $1).decisionTree(ranked.scales) }
        case .wide(let table):
            let grower = RegressionGrower(table.byRow, ranked, targets, parameters)
            return { [ranked] in grower.grow($0, random: $1).decisionTree(ranked.scales) }
        }
    }
}

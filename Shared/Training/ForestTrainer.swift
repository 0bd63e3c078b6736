package import Forest
internal import RiskDomain
internal import Synchronization

/// How a random forest is grown.
package struct ForestParameters: Hashable, Sendable {
    package var treeCount: Int
    package var tree: TreeParameters
    /// Whether each tree sees a sample of the rows drawn with replacement; else different rows.
    package var isBootstrapped: Bool
    /// Size of each tree's sample as a share of the rows, above 0 and at most 1.
    package var sampleFraction: Double

    package init(
        treeCount: Int = 100, tree: TreeParameters = TreeParameters(featureSample: .squareRoot), isBootstrapped: Bool = true,
        sampleFraction: Double = 1
    ) {
        precondition((1...ForestLimits.treeCountMax).contains(treeCount) && sampleFraction > 0 && sampleFraction <= 1)
        self.treeCount = treeCount
        self.tree = tree
        self.isBootstrapped = isBootstrapped
        self.sampleFraction = sampleFraction
    }

    /// Extremely randomized trees: all rows, thresholds drawn (Geurts, Ernst, Wehenkel, 2006).
    package static func extraTrees(treeCount: Int = 100, tree: TreeParameters = TreeParameters(featureSample: .squareRoot)) -> Self {
        var tree = tree
        tree.choice = .random
        return ForestParameters(treeCount: treeCount, tree: tree, isBootstrapped: false)
    }

    /// Whether each tree draws its rows, in place of seeing all of them.
    package var isSampling: Bool { isBootstrapped || sampleFraction < 1 }

    /// Whether each tree leaves some of so many rows out; a share near 1 of few rows is all of them.
    package func hasOutOfBagRows(of rowCount: Int) -> Bool { sample(of: rowCount) != .all }

    func sample(of rowCount: Int) -> RowSample {
        let count = max(1, Int((Double(rowCount) * sampleFraction).rounded()))
        if isBootstrapped { return .withReplacement(count) }
        return count < rowCount ? .withoutReplacement(count) : .all
    }
}

/// Fits decision trees and random forests to some rows of a training set.
///
/// The result depends on the rows, the parameters and the seed alone: every tree draws from a stream of its own, so neither the number
/// of threads nor the order in which trees are finished shows.
///
/// Source: Breiman, "Random forests", Machine Learning 45, 2001.
package struct ForestTrainer: Sendable {
    private let columns: [[Double]]
    private let rows: [Int]
    private let ranked: RankedColumns
    private let isFraud: [Bool]
    private let workerCount: Int

    /// - Parameters:
    ///   - rows: Indexes into the set, at least one and fewer than 2²⁷; may repeat.
    ///   - workerCount: Threads that work at the same time; by default as many as there are processors. It does not show in any result.
    /// - Complexity: O(features × rows); the set's columns are shared, not copied.
    package init(_ set: TrainingSet, rows: [Int], mode: SplitMode = .automatic, workerCount: Int? = nil) {
        precondition(!rows.isEmpty, "a tree needs rows")
        columns = set.columns
        self.rows = rows
        self.workerCount = max(1, workerCount ?? Workers.processorCount)
        ranked = RankedColumns(set.columns, rows: rows, mode: mode, workerCount: self.workerCount)
        isFraud = rows.map { set.isFraud[$0] }
    }

    /// One tree over all rows. The seed matters only where features are sampled or thresholds drawn.
    ///
    /// - Precondition: No categorical features, which only ``ensemble(_:seed:trees:progress:)`` can tell of.
    package func tree(_ parameters: TreeParameters, seed: UInt64 = 0) -> Tree {
        precondition(parameters.categoricalFeatures.isEmpty)
        return finished(makeGrower(parameters)(.all, SplitMix64(seed: seed)), parameters).tree
    }

    /// The trees of a forest, grown by threads of their own; stops early, with fewer trees, when the task is cancelled.
    ///
    /// - Parameters:
    ///   - range: The trees to grow, by number; all by default. Those of several ranges make the same forest as all at once.
    ///   - progress: Called after each tree, from any thread.
    /// - Precondition: No categorical features, which only ``ensemble(_:seed:trees:progress:)`` can tell of.
    package func forest(
        _ parameters: ForestParameters, seed: UInt64, trees range: Range<Int>? = nil, progress: (@Sendable () -> Void)? = nil
    ) async -> [Tree] {
        precondition(parameters.tree.categoricalFeatures.isEmpty)
        return await grow(parameters, seed, range ?? 0..<parameters.treeCount, progress).map(\.tree)
    }

    /// The same trees in the general form, which knows categorical splits: the mean of the leaves' shares of fraud.
    ///
    /// - Precondition: Categorical features have at most 65,535 names each, or the mode is ``SplitMode/exact``.
    package func ensemble(
        _ parameters: ForestParameters, seed: UInt64, trees range: Range<Int>? = nil, progress: (@Sendable () -> Void)? = nil
    ) async -> TreeEnsemble {
        let grown = await grow(parameters, seed, range ?? 0..<parameters.treeCount, progress)
        return TreeEnsemble(
            featureCount: ranked.featureCount, aggregation: .mean, trees: grown.map { $0.decisionTree(ranked.scales) })
    }

    private func grow(
        _ parameters: ForestParameters, _ seed: UInt64, _ range: Range<Int>, _ progress: (@Sendable () -> Void)?
    ) async -> [GrownTree] {
        precondition(range.lowerBound >= 0 && range.upperBound <= parameters.treeCount)
        precondition(unrankedNames(of: parameters.tree) == nil, "more names than ranks")
        let isCancelled = Atomic<Bool>(false)
        let trees = Mutex<[GrownTree?]>(Array(repeating: nil, count: range.count))
        let sample = parameters.sample(of: ranked.rowCount)
        await withTaskCancellationHandler {
            await Workers.detached(workerCount: min(workerCount, range.count)) { next in
                let grow = makeGrower(parameters.tree)
                while !isCancelled.load(ordering: .relaxed), let index = next(range.count) {
                    let random = SplitMix64(seed: seed, stream: UInt64(range.lowerBound + index))
                    let tree = finished(grow(sample, random), parameters.tree)
                    trees.withLock { $0[index] = tree }
                    progress?()
                }
            }
        } onCancel: {
            isCancelled.store(true, ordering: .relaxed)
        }
        return trees.withLock { $0.compactMap(\.self) }
    }

    var rowCount: Int { ranked.rowCount }

    /// See ``RankedColumns/unrankedNames(of:)``.
    func unrankedNames(of parameters: TreeParameters) -> Int? { ranked.unrankedNames(of: parameters) }

    private func makeGrower(_ parameters: TreeParameters) -> (RowSample, SplitMix64) -> GrownTree {
        switch ranked.table {
        case .narrow(let table):
            let grower = TreeGrower(table, ranked, isFraud: isFraud, parameters: parameters)
            return { grower.grow($0, random: $1) }
        case .wide(let table):
            let grower = TreeGrower(table, ranked, isFraud: isFraud, parameters: parameters)
            return { grower.grow($0, random: $1) }
        }
    }

    private func finished(_ grown: GrownTree, _ parameters: TreeParameters) -> GrownTree {
        var grown = grown
        if parameters.pruningAlpha > 0 { grown.prune(alpha: parameters.pruningAlpha, criterion: parameters.criterion) }
        grown.tree.deriveInnerValues()
        return grown
    }

    /// One tree over all rows in the general form, which knows categorical splits.
    package func decisionTree(_ parameters: TreeParameters, seed: UInt64 = 0) -> DecisionTree {
        precondition(unrankedNames(of: parameters) == nil, "more names than ranks")
        return finished(makeGrower(parameters)(.all, SplitMix64(seed: seed)), parameters).decisionTree(ranked.scales)
    }

    /// Scores of the rows by only those trees that did not see them: an honest estimate without a test set.
    ///
    /// - Parameters:
    ///   - trees: What ``forest(_:seed:trees:progress:)`` gave for the same parameters, seed and range, with rows left out.
    ///   - range: Their numbers; by default the whole forest's.
    /// - Returns: One score per row given to the trainer; nil for a row that every tree saw.
    package func outOfBagScores(
        of trees: [Tree], _ parameters: ForestParameters, seed: UInt64, range: Range<Int>? = nil
    ) -> [Double?] {
        let range = range ?? 0..<parameters.treeCount
        precondition(trees.count == range.count)
        return outOfBag(parameters, seed: seed, numbers: Array(range)).scores(of: trees.map(\.decisionTree))
    }

    /// What the trees of some numbers did not see.
    func outOfBag(_ parameters: ForestParameters, seed: UInt64, numbers: [Int]) -> OutOfBag {
        precondition(parameters.hasOutOfBagRows(of: ranked.rowCount))
        return OutOfBag(
            columns, rows: rows, sample: parameters.sample(of: ranked.rowCount), seed: seed, numbers: numbers, workerCount: workerCount)
    }
}

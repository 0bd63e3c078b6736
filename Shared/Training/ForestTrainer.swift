package import Forest

/// How a random forest is grown.
package struct ForestParameters: Hashable, Sendable {
    package var treeCount: Int
    package var tree: TreeParameters
    /// Whether each tree sees a sample of the rows drawn with replacement, as many as there are; else all rows once.
    package var isBootstrapped: Bool

    package init(
        treeCount: Int = 100, tree: TreeParameters = TreeParameters(featureSample: .squareRoot), isBootstrapped: Bool = true
    ) {
        precondition((1...ForestLimits.treeCountMax).contains(treeCount))
        self.treeCount = treeCount
        self.tree = tree
        self.isBootstrapped = isBootstrapped
    }
}

/// Fits decision trees and random forests to some rows of a training set.
///
/// The result depends on the rows, the parameters and the seed alone: every tree draws from a stream of its own, so neither the number
/// of threads nor the order in which trees are finished shows.
///
/// Source: Breiman, "Random forests", Machine Learning 45, 2001.
package struct ForestTrainer: Sendable {
    private let columns: RankedColumns

    /// - Parameter rows: Indexes into the set, at least one; may repeat.
    /// - Complexity: O(features × rows × log rows); the set itself is not kept.
    package init(_ set: TrainingSet, rows: [Int]) {
        precondition(!rows.isEmpty, "a tree needs rows")
        columns = RankedColumns(set, rows: rows)
    }

    /// One tree over all rows. The seed matters only where features are sampled.
    package func tree(_ parameters: TreeParameters, seed: UInt64 = 0) -> Tree {
        TreeGrower(columns, draws: nil, parameters: parameters, random: SplitMix64(seed: seed)).grow()
    }

    /// The trees of a forest, grown in parallel on the cooperative pool; stops early, with fewer trees, when the task is cancelled.
    ///
    /// - Parameter progress: Called after each tree, from any thread.
    package func forest(
        _ parameters: ForestParameters, seed: UInt64, progress: (@Sendable () -> Void)? = nil
    ) async -> [Tree] {
        await withTaskGroup(of: (Int, Tree)?.self) { group in
            for index in 0..<parameters.treeCount {
                group.addTask {
                    if Task.isCancelled { return nil }
                    let tree = self.tree(index, parameters, seed)
                    progress?()
                    return (index, tree)
                }
            }
            var trees = [Tree?](repeating: nil, count: parameters.treeCount)
            for await case (let index, let tree)? in group { trees[index] = tree }
            return trees.compactMap(\.self)
        }
    }

    /// Scores of the rows by only those trees that did not see them: an honest estimate without a test set.
    ///
    /// - Parameter trees: What ``forest(_:seed:progress:)`` gave for the same parameters and seed, whole and bootstrapped.
    /// - Returns: One score per row given to the trainer; nil for a row that every tree saw.
    package func outOfBagScores(of trees: [Tree], _ parameters: ForestParameters, seed: UInt64) -> [Double?] {
        precondition(parameters.isBootstrapped && trees.count == parameters.treeCount)
        var sums = [Double](repeating: 0, count: columns.rowCount)
        var counts = [Int](repeating: 0, count: columns.rowCount)
        for (index, tree) in trees.enumerated() {
            var random = SplitMix64(seed: seed, stream: UInt64(index))
            let draws = bootstrap(&random)
            for row in draws.indices where draws[row] == 0 {
                sums[row] += answer(of: tree, row: row)
                counts[row] += 1
            }
        }
        return zip(sums, counts).map { $1 == 0 ? nil : $0 / Double($1) }
    }

    private func tree(_ index: Int, _ parameters: ForestParameters, _ seed: UInt64) -> Tree {
        var random = SplitMix64(seed: seed, stream: UInt64(index))
        let draws = parameters.isBootstrapped ? bootstrap(&random) : nil
        return TreeGrower(columns, draws: draws, parameters: parameters.tree, random: random).grow()
    }

    private func bootstrap(_ random: inout SplitMix64) -> [UInt32] {
        var draws = [UInt32](repeating: 0, count: columns.rowCount)
        for _ in 0..<columns.rowCount { draws[random.next(below: columns.rowCount)] += 1 }
        return draws
    }

    private func answer(of tree: Tree, row: Int) -> Double {
        var node = 0
        while !tree.isLeaf(node) {
            let feature = Int(tree.feature[node])
            let rank = Int(columns.ranks[feature][row])
            let isMissing = rank == columns.distinct[feature].count
            let goesLeft = isMissing ? tree.missingGoesLeft[node] : columns.distinct[feature][rank] <= tree.threshold[node]
            node = Int(goesLeft ? tree.left[node] : tree.right[node])
        }
        return tree.value[node]
    }
}

package import Forest

/// Makes a forest smaller where that changes its scores little or not at all.
package struct ForestCompression: Hashable, Sendable {
    package enum Thresholds: String, Hashable, Sendable, CaseIterable {
        case kept
        /// The number with the fewest digits that parts the rows' values alike.
        case shortestDecimal
        /// A number that 32-bit floats hold and that parts the rows' values alike, where there is one.
        case float32
    }

    /// Whether splits that do not matter go: both sides are equal leaves or equal subtrees.
    package var isMerging: Bool
    package var thresholds: Thresholds
    /// Trees are dropped, the least helpful first, while the mean squared error of the scores on the rows grows by at most this share
    /// of the least it was; 0 drops those that do not help, nil keeps all.
    package var errorGrowthMax: Double?

    package init(isMerging: Bool = true, thresholds: Thresholds = .kept, errorGrowthMax: Double? = nil) {
        self.isMerging = isMerging
        self.thresholds = thresholds
        self.errorGrowthMax = errorGrowthMax
    }

    /// What compression did.
    package struct Report: Hashable, Sendable {
        package var treesBefore: Int
        package var treesAfter: Int
        package var nodesBefore: Int
        package var nodesAfter: Int
        /// Thresholds that got another value.
        package var thresholdsChanged: Int
        /// How far the rows' scores moved.
        package var scoreChangeMax: Double
        package var scoreChangeMean: Double
        /// Mean squared error of the scores against the labels; by trees that did not see a row, where they are known.
        package var errorBefore: Double
        package var errorAfter: Double
    }

    /// - Parameters:
    ///   - rows: Rows to tell values apart by and to weigh trees with; for ``errorGrowthMax`` the model should not have seen them.
    /// - Precondition: The forest's score is the mean of its trees; rows are some, of the forest's features.
    /// - Throws: ``ForestFailure`` from the forest's own checks, or where trees are to be dropped and no row judges them.
    /// - Complexity: O(trees² × rows) when trees are dropped, for which at most 100,000 rows are looked at.
    package func compress(_ forest: Forest, on set: TrainingSet, rows: [Int]) throws(ForestFailure) -> (forest: Forest, report: Report) {
        let result = try compress(forest, on: set, rows: rows, outOfBag: nil)
        return (result.forest, result.report)
    }

    /// The same, trees weighed by the rows that each did not see.
    ///
    /// - Parameter outOfBag: Of the forest's trees and of `rows` in their order; nil where no tree saw any of them.
    /// - Returns: The places of the trees that are left, too.
    func compress(
        _ forest: Forest, on set: TrainingSet, rows: [Int], outOfBag: OutOfBag?
    ) throws(ForestFailure) -> (forest: Forest, kept: [Int], report: Report) {
        precondition(!rows.isEmpty && set.features == forest.features && forest.ensemble.aggregation == .mean)
        var ensemble = forest.ensemble
        var changed = 0
        if thresholds != .kept {
            let values = set.columns.map { column in
                let values = rows.lazy.map { column[$0] }.filter { !$0.isNaN }.sorted()
                return values.indices.filter { $0 == 0 || values[$0] != values[$0 - 1] }.map { values[$0] }
            }
            for index in ensemble.trees.indices { changed += shorten(&ensemble.trees[index], values) }
        }
        if isMerging { ensemble.trees = ensemble.trees.map(ForestCompression.merged) }
        var kept = Array(ensemble.trees.indices)
        if let errorGrowthMax {
            kept = try HelpfulTrees(ensemble.trees, set, rows, outOfBag).kept(errorGrowthMax: errorGrowthMax)
            ensemble.trees = kept.map { ensemble.trees[$0] }
        }
        let compressed = try Forest(
            kind: forest.kind, features: forest.features, featureSet: forest.featureSet, thresholds: forest.thresholds,
            training: forest.training, reasons: forest.reasons, ensemble: ensemble)
        let before = set.scores(of: rows, by: ForestScorer(forest))
        let after = set.scores(of: rows, by: ForestScorer(compressed))
        let changes = zip(before, after).map { abs($0 - $1) }
        func error(_ scores: [Double?]) -> Double {
            var (sum, count) = (0.0, 0)
            for (score, row) in zip(scores, rows) {
                guard let score else { continue }
                let difference = score - (set.isFraud[row] ? 1 : 0)
                sum += difference * difference
                count += 1
            }
            return count > 0 ? sum / Double(count) : 0
        }
        let report = Report(
            treesBefore: forest.treeCount, treesAfter: compressed.treeCount, nodesBefore: forest.nodeCount,
            nodesAfter: compressed.nodeCount,
            thresholdsChanged: changed, scoreChangeMax: changes.max()!, scoreChangeMean: changes.reduce(0, +) / Double(rows.count),
            errorBefore: error(outOfBag?.scores(of: forest.ensemble.trees) ?? before),
            errorAfter: error(outOfBag?.scores(of: ensemble.trees, places: kept) ?? after))
        return (compressed, kept, report)
    }

    // MARK: - Splits that do not matter

    private struct Shape: Hashable {
        var feature: Int32
        var bits: UInt64
        var flags: UInt8
        var categories: CategorySet?
        var left: Int
        var right: Int
    }

    /// The same answers for every row, without splits whose sides are equal.
    static func merged(_ tree: DecisionTree) -> DecisionTree {
        func categories(_ node: Int) -> CategorySet? {
            tree.flags[node].contains(.isCategorical) ? tree.categories[Int(tree.categorySet[node])] : nil
        }
        var numbers: [Shape: Int] = [:]
        var shape = [Int](repeating: 0, count: tree.nodeCount)
        // Where a node's split does not matter, its left child stands for it.
        var standIn = Array(0..<tree.nodeCount)
        for node in (0..<tree.nodeCount).reversed() {
            let key: Shape
            if tree.isLeaf(node) {
                let value = tree.leafValues[Int(tree.left[node])]
                key = Shape(feature: DecisionTree.none, bits: value.bitPattern, flags: 0, left: -1, right: -1)
            } else {
                let (left, right) = (Int(tree.left[node]), Int(tree.right[node]))
                if shape[left] == shape[right] {
                    shape[node] = shape[left]
                    standIn[node] = standIn[left]
                    continue
                }
                key = Shape(
                    feature: tree.feature[node], bits: tree.threshold[node].bitPattern, flags: tree.flags[node].rawValue,
                    categories: categories(node), left: shape[left], right: shape[right])
            }
            let next = numbers.count
            shape[node] = numbers[key] ?? next
            numbers[key] = shape[node]
        }
        var merged = Tree()
        var sets: [Int: CategorySet] = [:]
        // Nodes of the old tree that meet in one of the new: their covers add up.
        var pending = [(node: merged.appendLeaf(value: 0, cover: 0), sources: sources([0]))]
        func sources(_ nodes: [Int]) -> [Int] {
            // All subtrees that a merged split had on either side.
            var result: [Int] = []
            var open = nodes
            while let node = open.popLast() {
                if standIn[node] == node {
                    result.append(node)
                } else {
                    open += [Int(tree.left[node]), Int(tree.right[node])]
                }
            }
            return result.sorted()
        }
        while let work = pending.popLast() {
            let model = work.sources[0]
            if tree.isLeaf(model) { merged.value[work.node] = tree.leafValues[Int(tree.left[model])] }
            if !tree.cover.isEmpty { merged.cover[work.node] = work.sources.reduce(0) { $0 + tree.cover[$1] } }
            guard !tree.isLeaf(model) else { continue }
            let left = merged.appendLeaf(value: 0, cover: 0)
            let right = merged.appendLeaf(value: 0, cover: 0)
            merged.split(
                work.node, feature: Int(tree.feature[model]), threshold: tree.threshold[model], left: left, right: right,
                missingGoesLeft: tree.flags[model].contains(.missingGoesLeft))
            if let set = categories(model) { sets[work.node] = set }
            pending.append((right, sources(work.sources.map { Int(tree.right[$0]) })))
            pending.append((left, sources(work.sources.map { Int(tree.left[$0]) })))
        }
        var result = merged.decisionTree(categories: sets)
        if tree.cover.isEmpty { result.cover = [] }
        return result
    }

    // MARK: - Shorter thresholds

    private func shorten(_ tree: inout DecisionTree, _ values: [[Double]]) -> Int {
        var changed = 0
        for node in 0..<tree.nodeCount where !tree.isLeaf(node) && !tree.flags[node].contains(.isCategorical) {
            let threshold = tree.threshold[node]
            let column = values[Int(tree.feature[node])]
            var (low, high) = (0, column.count)
            while low < high {
                let middle = (low + high) / 2
                if column[middle] <= threshold { low = middle + 1 } else { high = middle }
            }
            // The values around it; beyond the outermost ones nothing is told apart, and nothing is changed.
            guard low > 0, low < column.count else { continue }
            let allowed = column[low - 1]..<column[low]
            let shorter: Double? =
                switch thresholds {
                case .kept: nil
                case .shortestDecimal: ForestCompression.shortestDecimal(near: threshold, in: allowed)
                case .float32:
                    [Float(threshold), Float(threshold).nextDown, Float(threshold).nextUp].map(Double.init).first { allowed.contains($0) }
                }
            guard let shorter, shorter != threshold else { continue }
            tree.threshold[node] = shorter
            changed += 1
        }
        return changed
    }

    /// The number with the fewest significant digits in a range, of several the nearest to the given one.
    static func shortestDecimal(near value: Double, in allowed: Range<Double>) -> Double? {
        if allowed.contains(0) { return 0 }
        guard value != 0, value.isFinite else { return nil }
        // The digits that tell the value from all others, 17 at most, and the power of ten of the last one.
        let text = "\(value.magnitude)".split(separator: "e")
        let places = text[0].split(separator: ".")
        let fraction = places.count > 1 ? places[1] : ""
        let digits = places[0] + fraction
        guard let number = UInt64(digits) else { return nil }
        let exponent = (text.count > 1 ? Int(text[1]) ?? 0 : 0) - fraction.utf8.count
        let sign = value < 0 ? "-" : ""
        var units: [UInt64] = [1]
        while let unit = units.last, unit <= number { units.append(unit * 10) }
        for (cut, unit) in units.enumerated().reversed() {
            // Reading the text rounds once, which multiplying by powers of ten would not.
            let candidates = [number / unit + 1, number / unit]
                .compactMap { Double("\(sign)\($0)e\(exponent + cut)") }.filter { allowed.contains($0) }
            if let nearest = candidates.min(by: { abs($0 - value) < abs($1 - value) }) { return nearest }
        }
        return nil
    }
}

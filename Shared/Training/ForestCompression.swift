package import Forest
internal import Glibc

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
    /// of what it was; nil keeps all.
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
        /// Mean squared error of the scores against the labels.
        package var errorBefore: Double
        package var errorAfter: Double
    }

    /// - Parameters:
    ///   - rows: Rows to tell values apart by and to weigh trees with; for ``errorGrowthMax`` the model should not have seen them.
    /// - Throws: ``ForestFailure`` from the forest's own checks.
    /// - Complexity: O(trees² × rows) when trees are dropped; `trees × rows` numbers of memory then.
    package func compress(_ forest: Forest, on set: TrainingSet, rows: [Int]) throws(ForestFailure) -> (forest: Forest, report: Report) {
        precondition(!rows.isEmpty && set.features == forest.features)
        var trees = forest.trees
        var changed = 0
        if thresholds != .kept {
            let values = set.columns.map { column in
                var values = rows.lazy.map { column[$0] }.filter { !$0.isNaN }.sorted()
                values = values.indices.filter { $0 == 0 || values[$0] != values[$0 - 1] }.map { values[$0] }
                return values
            }
            for index in trees.indices { changed += shorten(&trees[index], values) }
        }
        if isMerging { trees = trees.map(ForestCompression.merged) }
        if let errorGrowthMax { trees = helpful(trees, set, rows, errorGrowthMax) }
        let compressed = try Forest(
            kind: forest.kind, features: forest.features, featureSet: forest.featureSet, thresholds: forest.thresholds,
            training: forest.training, trees: trees)
        let before = set.scores(of: rows, by: FlatEngine(forest))
        let after = set.scores(of: rows, by: FlatEngine(compressed))
        let changes = zip(before, after).map { abs($0 - $1) }
        func error(_ scores: [Double]) -> Double {
            zip(scores, rows).reduce(0) { sum, pair in
                let difference = pair.0 - (set.isFraud[pair.1] ? 1 : 0)
                return sum + difference * difference
            } / Double(rows.count)
        }
        let report = Report(
            treesBefore: forest.trees.count, treesAfter: trees.count, nodesBefore: forest.nodeCount, nodesAfter: compressed.nodeCount,
            thresholdsChanged: changed, scoreChangeMax: changes.max()!, scoreChangeMean: changes.reduce(0, +) / Double(rows.count),
            errorBefore: error(before), errorAfter: error(after))
        return (compressed, report)
    }

    // MARK: - Splits that do not matter

    private struct Shape: Hashable {
        var feature: Int32
        var bits: UInt64
        var missingGoesLeft: Bool
        var left: Int
        var right: Int
    }

    /// The same answers for every row, without splits whose sides are equal.
    static func merged(_ tree: Tree) -> Tree {
        var numbers: [Shape: Int] = [:]
        var shape = [Int](repeating: 0, count: tree.nodeCount)
        // Where a node's split does not matter, its left child stands for it.
        var standIn = Array(0..<tree.nodeCount)
        for node in (0..<tree.nodeCount).reversed() {
            let key: Shape
            if tree.isLeaf(node) {
                key = Shape(feature: Tree.none, bits: tree.value[node].bitPattern, missingGoesLeft: false, left: -1, right: -1)
            } else {
                let (left, right) = (Int(tree.left[node]), Int(tree.right[node]))
                if shape[left] == shape[right] {
                    shape[node] = shape[left]
                    standIn[node] = standIn[left]
                    continue
                }
                key = Shape(
                    feature: tree.feature[node], bits: tree.threshold[node].bitPattern, missingGoesLeft: tree.missingGoesLeft[node],
                    left: shape[left], right: shape[right])
            }
            let next = numbers.count
            shape[node] = numbers[key] ?? next
            numbers[key] = shape[node]
        }
        var merged = Tree()
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
            merged.value[work.node] = tree.value[model]
            merged.cover[work.node] = work.sources.reduce(0) { $0 + tree.cover[$1] }
            guard !tree.isLeaf(model) else { continue }
            let left = merged.appendLeaf(value: 0, cover: 0)
            let right = merged.appendLeaf(value: 0, cover: 0)
            merged.split(
                work.node, feature: Int(tree.feature[model]), threshold: tree.threshold[model], left: left, right: right,
                missingGoesLeft: tree.missingGoesLeft[model])
            pending.append((right, sources(work.sources.map { Int(tree.right[$0]) })))
            pending.append((left, sources(work.sources.map { Int(tree.left[$0]) })))
        }
        merged.deriveInnerValues()
        return merged
    }

    // MARK: - Shorter thresholds

    private func shorten(_ tree: inout Tree, _ values: [[Double]]) -> Int {
        var changed = 0
        for node in 0..<tree.nodeCount where !tree.isLeaf(node) {
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
        let magnitude = Int(floor(log10(abs(value))))
        for digits in -1..<17 {
            // Reading the text rounds once, which multiplying by powers of ten would not.
            let exponent = magnitude - digits
            let scaled = value / pow(10, Double(exponent))
            let candidates = [scaled.rounded(), scaled.rounded(.down), scaled.rounded(.up)]
                .compactMap { Double("\($0)e\(exponent)") }.filter { allowed.contains($0) }
            if let nearest = candidates.min(by: { abs($0 - value) < abs($1 - value) }) { return nearest }
        }
        return nil
    }

    // MARK: - Trees that do not help

    /// Drops the tree without which the error is least, again and again. Errors come from the trees' products over the rows, made once.
    private func helpful(_ trees: [Tree], _ set: TrainingSet, _ rows: [Int], _ growthMax: Double) -> [Tree] {
        let answers = trees.map { tree in
            rows.map { row in
                var node = 0
                while !tree.isLeaf(node) {
                    let value = set.columns[Int(tree.feature[node])][row]
                    let goesLeft = value.isNaN ? tree.missingGoesLeft[node] : value <= tree.threshold[node]
                    node = Int(goesLeft ? tree.left[node] : tree.right[node])
                }
                return tree.value[node]
            }
        }
        let labels = rows.map { set.isFraud[$0] ? 1.0 : 0 }
        func product(_ a: [Double], _ b: [Double]) -> Double {
            var sum = 0.0
            for index in a.indices { sum += a[index] * b[index] }
            return sum
        }
        let count = trees.count
        var products = [[Double]](repeating: [Double](repeating: 0, count: count), count: count)
        for a in 0..<count {
            for b in a..<count {
                products[a][b] = product(answers[a], answers[b])
                products[b][a] = products[a][b]
            }
        }
        let withLabels = answers.map { product($0, labels) }
        let ofLabels = product(labels, labels)
        var kept = Array(0..<count)
        // Of the kept trees' sum S: S·S, S·y and, by tree, S·v.
        var squares = products.reduce(0) { $0 + $1.reduce(0, +) }
        var cross = withLabels.reduce(0, +)
        var sums = products.map { $0.reduce(0, +) }
        func error(_ squares: Double, _ cross: Double, _ count: Int) -> Double {
            squares / Double(count * count) - 2 * cross / Double(count) + ofLabels
        }
        let limit = error(squares, cross, count) * (1 + growthMax)
        while kept.count > 1 {
            var least: (place: Int, error: Double)?
            for (place, tree) in kept.enumerated() {
                let error = error(squares - 2 * sums[tree] + products[tree][tree], cross - withLabels[tree], kept.count - 1)
                if error < least?.error ?? .infinity { least = (place, error) }
            }
            guard let least, least.error <= limit else { break }
            let tree = kept.remove(at: least.place)
            squares += products[tree][tree] - 2 * sums[tree]
            cross -= withLabels[tree]
            for other in kept { sums[other] -= products[tree][other] }
        }
        return kept.map { trees[$0] }
    }
}

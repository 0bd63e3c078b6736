package import Forest
internal import RiskDomain

/// Rows made to find mistakes: both sides of every test of a model, and values that are seldom seen.
package struct ProbeRows: Sendable {
    private let ensemble: TreeEnsemble
    /// By feature: its thresholds and categories, ascending.
    private let marks: [[Double]]
    private var random: SplitMix64

    package init(_ ensemble: TreeEnsemble, seed: UInt64 = 0) {
        self.ensemble = ensemble
        var marks = [[Double]](repeating: [], count: ensemble.featureCount)
        for tree in ensemble.trees {
            for node in 0..<tree.nodeCount where !tree.isLeaf(node) {
                let feature = Int(tree.feature[node])
                if tree.flags[node].contains(.isCategorical) {
                    marks[feature] += tree.categories[Int(tree.categorySet[node])].values.prefix(64)
                } else if tree.threshold[node].isFinite {
                    marks[feature].append(tree.threshold[node])
                }
            }
        }
        self.marks = marks.map { Set($0).sorted() }
        random = SplitMix64(seed: seed)
    }

    /// For nodes of the model, evenly chosen where they are more than `nodeCountMax`: a row that comes to the node with the threshold
    /// itself, with its neighbours on both sides, in `Double` and in `Float`, and with a missing value.
    package mutating func atThresholds(nodeCountMax: Int) -> [[Double]] {
        var rows: [[Double]] = []
        let innerCount = ensemble.trees.reduce(0) { sum, tree in sum + (0..<tree.nodeCount).count { !tree.isLeaf($0) } }
        let step = innerCount <= nodeCountMax ? 1 : (innerCount - 1) / max(1, nodeCountMax) + 1
        var number = 0
        for tree in ensemble.trees {
            let parents = ProbeRows.parents(tree)
            for node in 0..<tree.nodeCount where !tree.isLeaf(node) {
                defer { number += 1 }
                if number % step != 0 { continue }
                var row = arbitrary()
                lead(&row, to: node, of: tree, parents)
                let feature = Int(tree.feature[node])
                for value in ProbeRows.around(tree, node) {
                    row[feature] = value
                    rows.append(row)
                }
            }
        }
        return rows
    }

    /// A row of values as they come: thresholds and their neighbours, numbers between and beyond them, missing values, zeros, infinities.
    package mutating func arbitrary() -> [Double] {
        (0..<ensemble.featureCount).map { feature in
            let marks = marks[feature]
            let choice = random.next(below: 40)
            if choice == 0 { return .nan }
            if choice == 1 { return random.next(below: 2) == 0 ? .infinity : -.infinity }
            if choice == 2 { return random.next(below: 2) == 0 ? 0 : -0.0 }
            guard let least = marks.first, let greatest = marks.last else { return random.nextUnit() * 100 }
            let mark = marks[random.next(below: marks.count)]
            switch choice {
            case 3...8: return mark
            case 9...11: return mark.nextUp
            case 12...14: return mark.nextDown
            case 15...17: return Double(Float(mark).nextUp)
            case 18...20: return Double(Float(mark).nextDown)
            default: return least - (greatest - least + 1) * 0.1 + random.nextUnit() * (greatest - least + 1) * 1.2
            }
        }
    }

    /// Rows of ``arbitrary()``, without infinities: data as a bench would meet it.
    package mutating func ordinary(count: Int) -> [Double] {
        var values: [Double] = []
        values.reserveCapacity(count * ensemble.featureCount)
        for _ in 0..<count {
            for marks in marks {
                guard let least = marks.first, let greatest = marks.last else {
                    values.append(random.nextUnit())
                    continue
                }
                // Half near a threshold, for thresholds lie where data are dense; half spread out.
                if random.next(below: 2) == 0 {
                    values.append(marks[random.next(below: marks.count)] * (0.98 + 0.04 * random.nextUnit()))
                } else {
                    values.append(least + random.nextUnit() * (greatest - least))
                }
            }
        }
        return values
    }

    private static func parents(_ tree: DecisionTree) -> [Int] {
        var parents = [Int](repeating: -1, count: tree.nodeCount)
        for node in 0..<tree.nodeCount where !tree.isLeaf(node) {
            parents[Int(tree.left[node])] = node
            parents[Int(tree.right[node])] = node
        }
        return parents
    }

    /// Sets values so that the row comes to `node`, as far as one value per feature can.
    private func lead(_ row: inout [Double], to node: Int, of tree: DecisionTree, _ parents: [Int]) {
        var lower = [Int: Double]()
        var upper = [Int: Double]()
        var child = node
        while parents[child] >= 0 {
            let parent = parents[child]
            let feature = Int(tree.feature[parent])
            let goesLeft = Int(tree.left[parent]) == child
            child = parent
            if tree.flags[parent].contains(.isCategorical) {
                let set = tree.categories[Int(tree.categorySet[parent])].values
                row[feature] = goesLeft ? set.first ?? .nan : (set.last ?? 0) + 1
            } else if goesLeft {
                upper[feature] = min(upper[feature] ?? .infinity, tree.threshold[parent])
            } else {
                lower[feature] = max(lower[feature] ?? -.infinity, tree.threshold[parent])
            }
        }
        for feature in Set(lower.keys).union(upper.keys) {
            // `Float`'s neighbour is above the threshold in either precision.
            if let high = upper[feature] { row[feature] = high } else { row[feature] = Double(Float(lower[feature]!).nextUp) }
        }
    }

    private static func around(_ tree: DecisionTree, _ node: Int) -> [Double] {
        if tree.flags[node].contains(.isCategorical) {
            let set = tree.categories[Int(tree.categorySet[node])].values
            guard let first = set.first, let last = set.last else { return [0, .nan] }
            return [first, last, first - 1, last + 1, first + 0.5, -first, .nan]
        }
        let threshold = tree.threshold[node]
        let float = Float(threshold)
        return [threshold, threshold.nextUp, threshold.nextDown, Double(float), Double(float.nextUp), Double(float.nextDown), .nan]
    }
}

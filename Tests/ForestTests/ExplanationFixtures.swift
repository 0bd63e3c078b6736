import Forest

extension TreeEnsemble {
    /// Any valid ensemble: several outputs, all rules for missing values, category sets, features that repeat on a path.
    static func arbitrary(
        using random: inout Seeded, featureCounts: ClosedRange<Int> = 1...9, splitsMax: Int = 30, isGeneral: Bool = true
    ) -> TreeEnsemble {
        let featureCount = Int.random(in: featureCounts, using: &random)
        let outputCount = isGeneral ? Int.random(in: 1...3, using: &random) : 1
        var ensemble = TreeEnsemble(
            featureCount: featureCount, inputPrecision: isGeneral && Bool.random(using: &random) ? .single : .double,
            outputCount: outputCount, baseScores: (0..<outputCount).map { _ in .random(in: -1...1, using: &random) },
            aggregation: Bool.random(using: &random) ? .mean : .sum, trees: [])
        for _ in 0..<Int.random(in: 1...8, using: &random) {
            let isVector = Bool.random(using: &random)
            ensemble.trees.append(
                .arbitrary(
                    using: &random, featureCount: featureCount, firstOutput: isVector ? 0 : Int.random(in: 0..<outputCount, using: &random),
                    valueCount: isVector ? outputCount : 1, splits: Int.random(in: 0...splitsMax, using: &random), isGeneral: isGeneral))
        }
        return ensemble
    }

    /// Rows of missing values, zeros, thresholds and their neighbours, categories and strangers.
    func arbitraryRow(using random: inout Seeded) -> [Double] {
        (0..<featureCount).map { feature in
            var thresholds: [Double] = []
            for tree in trees {
                for node in 0..<tree.nodeCount where tree.feature[node] == feature { thresholds.append(tree.threshold[node]) }
            }
            let threshold = thresholds.randomElement(using: &random) ?? 0
            switch Int.random(in: 0..<9, using: &random) {
            case 0: return .nan
            case 1: return Bool.random(using: &random) ? .infinity : -.infinity
            case 2: return threshold
            case 3: return threshold.nextUp
            case 4: return threshold.nextDown
            case 5: return Bool.random(using: &random) ? 0.0 : -0.0
            case 6: return Double(Int.random(in: -1...6, using: &random))
            case 7: return 1e-36
            default: return .random(in: -10...10, using: &random)
            }
        }
    }
}

extension DecisionTree {
    static func arbitrary(
        using random: inout Seeded, featureCount: Int, firstOutput: Int, valueCount: Int, splits: Int, isGeneral: Bool
    ) -> DecisionTree {
        var tree = DecisionTree(firstOutput: firstOutput, valueCount: valueCount)
        func appendNode() {
            tree.feature.append(DecisionTree.none)
            tree.threshold.append(0)
            tree.left.append(0)
            tree.right.append(DecisionTree.none)
            tree.flags.append([])
            tree.categorySet.append(0)
        }
        appendNode()
        for _ in 0..<splits {
            let leaf = (0..<tree.nodeCount).filter { tree.isLeaf($0) }.randomElement(using: &random)!
            tree.feature[leaf] = Int32.random(in: 0..<Int32(featureCount), using: &random)
            tree.left[leaf] = Int32(tree.nodeCount)
            tree.right[leaf] = Int32(tree.nodeCount + 1)
            if isGeneral { tree.flags[leaf] = NodeFlags(rawValue: UInt8.random(in: 0..<8, using: &random)) }
            if isGeneral, Int.random(in: 0..<4, using: &random) == 0 {
                tree.flags[leaf].insert(.isCategorical)
                tree.categorySet[leaf] = Int32(tree.categories.count)
                tree.categories.append(
                    CategorySet(
                        values: (0..<6).filter { _ in Bool.random(using: &random) }.map(Double.init), isTruncating: .random(using: &random))
                )
            } else {
                tree.threshold[leaf] =
                    [0, 1.5, -1.5, Double.random(in: -9...9, using: &random), .infinity, 3][Int.random(in: 0..<6, using: &random)]
            }
            appendNode()
            appendNode()
        }
        var leafCount: Int32 = 0
        for node in 0..<tree.nodeCount where tree.isLeaf(node) {
            tree.left[node] = leafCount
            leafCount += 1
            for _ in 0..<valueCount { tree.leafValues.append(.random(in: -2...2, using: &random)) }
        }
        tree.cover = [Double](repeating: 0, count: tree.nodeCount)
        for node in (0..<tree.nodeCount).reversed() {
            // Now and then nobody reached a leaf.
            tree.cover[node] =
                tree.isLeaf(node)
                ? (Int.random(in: 0..<(isGeneral ? 12 : 1 << 40), using: &random) == 0 ? 0 : .random(in: 1...100, using: &random))
                : tree.cover[Int(tree.left[node])] + tree.cover[Int(tree.right[node])]
        }
        if tree.categories.isEmpty { tree.categorySet = [] }
        return tree
    }
}

/// Shapley values from their definition: every subset of the features, each valued by the given game.
func bruteForceShapley(featureCount: Int, _ value: (UInt) -> Double) -> [Double] {
    var factorial = [1.0]
    for n in 1...max(1, featureCount) { factorial.append(factorial[n - 1] * Double(n)) }
    let values = (0..<(UInt(1) << featureCount)).map(value)
    return (0..<featureCount).map { feature in
        var sum = 0.0
        for subset in 0..<(UInt(1) << featureCount) where subset >> feature & 1 == 0 {
            let size = subset.nonzeroBitCount
            let weight = factorial[size] * factorial[featureCount - size - 1] / factorial[featureCount]
            sum += weight * (values[Int(subset | 1 << feature)] - values[Int(subset)])
        }
        return sum
    }
}

extension TreeEnsemble {
    /// A margin where only the features of a subset are known and the training rows' cover stands for the others.
    func margin(knowing subset: UInt, of row: [Double], output: Int) -> Double {
        func expectation(_ tree: DecisionTree, _ node: Int) -> Double {
            if tree.isLeaf(node) { return tree.leafValues[Int(tree.left[node]) * tree.valueCount + output - tree.firstOutput] }
            let left = Int(tree.left[node])
            let right = Int(tree.right[node])
            if subset >> tree.feature[node] & 1 == 1 {
                return expectation(tree, row.withUnsafeBufferPointer { goesLeft(tree, node, $0) } ? left : right)
            }
            let sum = tree.cover[left] + tree.cover[right]
            let share = sum > 0 ? tree.cover[left] / sum : 0.5
            return share * expectation(tree, left) + (1 - share) * expectation(tree, right)
        }
        let sum = trees.filter { ($0.firstOutput..<$0.firstOutput + $0.valueCount).contains(output) }.reduce(0) { $0 + expectation($1, 0) }
        return sum / (aggregation == .mean ? Double(trees.count) : 1) + baseScores[output]
    }
}

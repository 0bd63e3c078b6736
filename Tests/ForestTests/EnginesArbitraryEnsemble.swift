import Forest

/// What a random ensemble may hold.
struct EnsembleShape {
    var treeCount = 1...20
    var depth = 1...8
    var featureCount = 1...9
    /// How often a node that may be split is.
    var splitShare = 0.85
    var outputCount = 1...1
    /// Every tree gives a value to every output, else to one of them.
    var isVectorValued = false
    var flags: [DecisionTree.NodeFlags] = [[], .missingGoesLeft]
    var categoricalShare = 0.0
    /// Leaves of a tree share values now and then.
    var repeatsLeaves = true
    /// Thresholds are drawn from a grid of so many, or from anywhere.
    var gridCount: Int?
}

extension TreeEnsemble {
    /// Any valid ensemble of a shape: thresholds with repeats, extreme ones among them.
    static func arbitrary(_ shape: EnsembleShape, using random: inout Seeded) -> TreeEnsemble {
        let featureCount = Int.random(in: shape.featureCount, using: &random)
        let outputCount = Int.random(in: shape.outputCount, using: &random)
        let trees = (0..<Int.random(in: shape.treeCount, using: &random)).map { _ in
            var tree = DecisionTree.arbitrary(
                shape, featureCount: featureCount, depth: Int.random(in: shape.depth, using: &random), using: &random)
            tree.valueCount = shape.isVectorValued ? outputCount : 1
            tree.firstOutput = shape.isVectorValued ? 0 : Int.random(in: 0..<outputCount, using: &random)
            let leafCount = tree.feature.count { $0 == DecisionTree.none }
            let few = (0..<3).map { _ in Double.random(in: -1...1, using: &random) }
            tree.leafValues = (0..<leafCount * tree.valueCount).map { _ in
                shape.repeatsLeaves && Bool.random(using: &random)
                    ? few.randomElement(using: &random)! : Double.random(in: -1...1, using: &random)
            }
            return tree
        }
        return TreeEnsemble(
            featureCount: featureCount, inputPrecision: Bool.random(using: &random) ? .single : .double, outputCount: outputCount,
            baseScores: (0..<outputCount).map { _ in Double.random(in: -2...2, using: &random) },
            aggregation: Bool.random(using: &random) ? .mean : .sum, trees: trees)
    }

    /// By feature: the thresholds and categories that nodes ask for.
    var questions: [[Double]] {
        var questions = [[Double]](repeating: [], count: featureCount)
        for tree in trees {
            for node in 0..<tree.nodeCount where !tree.isLeaf(node) {
                questions[Int(tree.feature[node])].append(tree.threshold[node])
                if tree.flags[node].contains(.isCategorical) {
                    questions[Int(tree.feature[node])] += tree.categories[Int(tree.categorySet[node])].values
                }
            }
        }
        return questions
    }

    /// A row that hits what is delicate: thresholds, their neighbours in both precisions, missing values, infinities, zeros.
    static func arbitraryRow(_ questions: [[Double]], using random: inout Seeded) -> [Double] {
        questions.map { values in
            let value = values.randomElement(using: &random) ?? 0
            switch Int.random(in: 0..<16, using: &random) {
            case 0: return .nan
            case 1: return .infinity
            case 2: return -.infinity
            case 3: return value
            case 4: return value.nextUp
            case 5: return value.nextDown
            case 6: return Double(Float(value))
            case 7: return Double(Float(value).nextUp)
            case 8: return Double(Float(value).nextDown)
            case 9:
                return [0, -0.0, 1e-35, -1e-35, 1.1e-35, .leastNonzeroMagnitude, -.leastNonzeroMagnitude].randomElement(using: &random)!
            case 10: return value + Double.random(in: -0.9...0.9, using: &random)
            case 11: return -.nan
            default: return Double.random(in: -10...10, using: &random)
            }
        }
    }
}

extension DecisionTree {
    fileprivate static func arbitrary(
        _ shape: EnsembleShape, featureCount: Int, depth: Int, using random: inout Seeded
    ) -> DecisionTree {
        var tree = DecisionTree()
        let special: [Double] = [
            0, -0.0, 1.5, -1.5, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .leastNormalMagnitude / 1_024, .greatestFiniteMagnitude,
            -.greatestFiniteMagnitude,
            .infinity, -.infinity, 0.1, Double(Float(0.1)),
        ]
        func append() {
            tree.feature.append(DecisionTree.none)
            tree.threshold.append(0)
            tree.left.append(0)
            tree.right.append(DecisionTree.none)
            tree.flags.append([])
            tree.categorySet.append(0)
        }
        append()
        var pending = [(node: 0, depth: 0)]
        // Deep trees are paths with short branches, so that they stay small.
        var budget = 600
        while let (node, level) = pending.popLast() {
            guard level < depth, budget > 0, level == 0 || Double.random(in: 0...1, using: &random) < shape.splitShare else { continue }
            budget -= 1
            tree.feature[node] = Int32.random(in: 0..<Int32(featureCount), using: &random)
            tree.flags[node] = shape.flags.randomElement(using: &random)!
            if Double.random(in: 0...1, using: &random) < shape.categoricalShare {
                tree.flags[node].insert(.isCategorical)
                tree.categorySet[node] = Int32(tree.categories.count)
                let members = Set((0..<Int.random(in: 0...6, using: &random)).map { _ in Double(Int.random(in: -2...9, using: &random)) })
                tree.categories.append(CategorySet(values: members.sorted(), isTruncating: Bool.random(using: &random)))
            } else if let grid = shape.gridCount {
                tree.threshold[node] = Double(Int.random(in: 0..<grid, using: &random)) / Double(grid) * 20 - 10
            } else {
                tree.threshold[node] =
                    Int.random(in: 0..<4, using: &random) == 0
                    ? special.randomElement(using: &random)! : Double.random(in: -10...10, using: &random)
            }
            tree.left[node] = Int32(tree.nodeCount)
            append()
            tree.right[node] = Int32(tree.nodeCount)
            append()
            pending.append((Int(tree.left[node]), level + 1))
            pending.append((Int(tree.right[node]), level + 1))
        }
        var leafCount: Int32 = 0
        for node in 0..<tree.nodeCount where tree.isLeaf(node) {
            tree.left[node] = leafCount
            leafCount += 1
        }
        return tree
    }
}

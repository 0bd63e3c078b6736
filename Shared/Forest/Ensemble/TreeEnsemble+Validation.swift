extension TreeEnsemble {
    /// Checks every rule that walks, engines and explanations rely on, so that a walk stays inside the arrays and ends.
    ///
    /// - Throws: ``ForestFailure`` with the place, such as `trees[3].threshold[17]`.
    /// - Complexity: O(nodes + leaf values + categories).
    package func validate() throws(ForestFailure) {
        guard (1...ForestLimits.featureCountMax).contains(featureCount) else {
            throw ForestFailure(at: "features", "\(featureCount); 1...\(ForestLimits.featureCountMax) are allowed")
        }
        guard (1...ForestLimits.outputCountMax).contains(outputCount) else {
            throw ForestFailure(at: "outputs", "\(outputCount); 1...\(ForestLimits.outputCountMax) are allowed")
        }
        guard baseScores.count == outputCount else {
            throw ForestFailure(at: "baseScores", "\(baseScores.count) for \(outputCount) outputs")
        }
        for (index, score) in baseScores.enumerated() where !score.isFinite {
            throw ForestFailure(at: "baseScores[\(index)]", "\(score) is not a finite number")
        }
        guard (1...ForestLimits.treeCountMax).contains(trees.count) else {
            throw ForestFailure(at: "trees", "\(trees.count) trees; 1...\(ForestLimits.treeCountMax) are allowed")
        }
        var nodes = 0
        var values = 0
        for (index, tree) in trees.enumerated() {
            nodes += tree.nodeCount
            values += tree.leafValues.count + tree.categories.reduce(0) { $0 + $1.values.count }
            guard nodes <= ForestLimits.nodeCountMax, values <= 4 * ForestLimits.nodeCountMax else {
                throw ForestFailure(
                    at: "trees[\(index)]",
                    "more than \(ForestLimits.nodeCountMax) nodes, or four times as many leaf values and categories, in all trees")
            }
            try tree.validate(featureCount: featureCount, outputCount: outputCount, at: "trees[\(index)]")
        }
        if arithmetic.roundsSums { try validateFloats() }
    }

    /// Infinities that rounding makes could cancel to NaN.
    private func validateFloats() throws(ForestFailure) {
        for (index, score) in baseScores.enumerated() where !Float(score).isFinite {
            throw ForestFailure(at: "baseScores[\(index)]", "\(score) is more than a Float holds, in which \(arithmetic.rawValue) sums")
        }
        for (tree, values) in trees.map(\.leafValues).enumerated() {
            for (index, value) in values.enumerated() where !Float(value).isFinite {
                throw ForestFailure(
                    at: "trees[\(tree)].leafValues[\(index)]", "\(value) is more than a Float holds, in which \(arithmetic.rawValue) sums")
            }
        }
    }
}

extension DecisionTree {
    fileprivate func validate(featureCount: Int, outputCount: Int, at place: String) throws(ForestFailure) {
        guard nodeCount >= 1 else { throw ForestFailure(at: place, "a tree without nodes") }
        guard valueCount >= 1, firstOutput >= 0, firstOutput <= outputCount, valueCount <= outputCount - firstOutput else {
            throw ForestFailure(at: "\(place).firstOutput", "outputs \(firstOutput) + \(valueCount) of \(outputCount)")
        }
        let counts = [("threshold", threshold.count), ("left", left.count), ("right", right.count), ("flags", flags.count)]
        for (name, count) in counts where count != nodeCount {
            throw ForestFailure(at: "\(place).\(name)", "\(count) entries for \(nodeCount) nodes")
        }
        for (name, count) in [("cover", cover.count), ("categorySet", categorySet.count)] where count != nodeCount && count != 0 {
            throw ForestFailure(at: "\(place).\(name)", "\(count) entries for \(nodeCount) nodes")
        }
        for (index, set) in categories.enumerated() { try set.validate(at: "\(place).categories[\(index)]") }
        for (index, value) in leafValues.enumerated() where !value.isFinite {
            throw ForestFailure(at: "\(place).leafValues[\(index)]", "\(value) is not a finite number")
        }
        for (node, cover) in cover.enumerated() where !(cover.isFinite && cover >= 0) {
            throw ForestFailure(at: "\(place).cover[\(node)]", "\(cover) is not a finite weight of 0 or more")
        }
        // Depth of each node, set by its parent; the root's is 0, a node nobody points to keeps -1.
        var depths = [Int16](repeating: -1, count: nodeCount)
        depths[0] = 0
        var leaves = 0
        for node in 0..<nodeCount {
            guard depths[node] >= 0 else { throw ForestFailure(at: "\(place).left[\(node)]", "node \(node) is nobody's child") }
            if isLeaf(node) {
                guard left[node] == leaves, right[node] == DecisionTree.none, threshold[node] == 0, flags[node].isEmpty else {
                    throw ForestFailure(
                        at: "\(place).feature[\(node)]", "a leaf that is not number \(leaves), or with a child, a threshold or flags")
                }
                leaves += 1
                continue
            }
            try validateTest(node, featureCount: featureCount, at: place)
            for (name, child) in [("left", Int(left[node])), ("right", Int(right[node]))] {
                guard child > node, child < nodeCount else {
                    throw ForestFailure(
                        at: "\(place).\(name)[\(node)]",
                        "child \(child) of node \(node); children stand behind their parent, below \(nodeCount)")
                }
                guard depths[child] < 0 else { throw ForestFailure(at: "\(place).\(name)[\(node)]", "node \(child) has two parents") }
                guard Int(depths[node]) < ForestLimits.depthMax else {
                    throw ForestFailure(at: "\(place).\(name)[\(node)]", "deeper than \(ForestLimits.depthMax) edges")
                }
                depths[child] = depths[node] + 1
            }
        }
        guard leafValues.count == leaves * valueCount else {
            throw ForestFailure(at: "\(place).leafValues", "\(leafValues.count) for \(leaves) leaves of \(valueCount) values")
        }
    }

    private func validateTest(_ node: Int, featureCount: Int, at place: String) throws(ForestFailure) {
        guard (0..<featureCount).contains(Int(feature[node])) else {
            throw ForestFailure(at: "\(place).feature[\(node)]", "feature \(feature[node]) of \(featureCount)")
        }
        guard !threshold[node].isNaN else { throw ForestFailure(at: "\(place).threshold[\(node)]", "not a number") }
        guard flags[node].contains(.isCategorical) else { return }
        guard threshold[node] == 0 else {
            throw ForestFailure(at: "\(place).threshold[\(node)]", "\(threshold[node]) at a node that asks for categories")
        }
        let set = categorySet.isEmpty ? -1 : Int(categorySet[node])
        guard categories.indices.contains(set) else {
            throw ForestFailure(at: "\(place).categorySet[\(node)]", "set \(set) of \(categories.count)")
        }
    }
}

extension CategorySet {
    fileprivate func validate(at place: String) throws(ForestFailure) {
        for (index, value) in values.enumerated() {
            guard !value.isNaN, index == 0 || values[index - 1] < value else {
                throw ForestFailure(at: "\(place)[\(index)]", "\(value) is not above the category before it")
            }
        }
    }
}

extension TreeEnsemble {
    /// Checks that a model file can say all of it: ONNX knows a direction for NaN but not for zeros.
    package func validateForFiles() throws(ForestFailure) {
        try validateCategoriesForFiles()
        for (index, tree) in trees.enumerated() {
            for node in 0..<tree.nodeCount where tree.flags[node].contains(.zeroIsMissing) {
                // Zeros that go by their value where the missing ones go need no words.
                let missingGoesLeft = tree.flags[node].contains(.missingGoesLeft)
                guard
                    [-DecisionTree.zeroMagnitudeMax, 0, DecisionTree.zeroMagnitudeMax].allSatisfy({
                        tree.goesLeft($0, at: node) == missingGoesLeft
                    })
                else {
                    throw ForestFailure(
                        at: "trees[\(index)].flags[\(node)]", "zero is taken for missing against its order, which ONNX cannot say")
                }
            }
        }
    }
}

extension TreeEnsemble {
    /// Whether a file must tell beside the graph that values are cut to integers, because some node's ``CategoryLookup`` has no operators.
    package var categoriesNeedWords: Bool {
        trees.contains { tree in
            tree.flags.indices.contains { tree.flags[$0].contains(.isCategorical) && tree.categoryLookup(at: $0) == nil }
        }
    }

    /// Where the graph cannot say how values are looked up, one rule holds for all sets.
    private func validateCategoriesForFiles() throws(ForestFailure) {
        guard categoriesNeedWords else { return }
        for (index, tree) in trees.enumerated() {
            for node in 0..<tree.nodeCount where tree.flags[node].contains(.isCategorical) {
                let set = tree.categories[Int(tree.categorySet[node])]
                guard set.isTruncating else {
                    throw ForestFailure(
                        at: "trees[\(index)].categories", "some cut values to integers, some do not; a file has one rule for all")
                }
                guard !tree.flags[node].contains(.negativeIsOutside) || set.values.allSatisfy({ $0 > 0 }) else {
                    throw ForestFailure(
                        at: "trees[\(index)].flags[\(node)]",
                        "a set without negative values beside one that takes -0.5 for 0; a file has one rule for all")
                }
            }
        }
    }
}

extension DecisionTree {
    /// Where a value that is not missing goes.
    package func goesLeft(_ value: Double, at node: Int) -> Bool {
        flags[node].contains(.isCategorical)
            ? categories[Int(categorySet[node])].contains(value, under: flags[node]) : value <= threshold[node]
    }
}

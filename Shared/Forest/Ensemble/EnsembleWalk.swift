/// The slow, obvious walk: the oracle that every engine and every explanation must agree with.
extension TreeEnsemble {
    /// The node of a tree that a row ends at.
    package func leaf(of tree: Int, row: UnsafeBufferPointer<Double>) -> Int {
        let tree = trees[tree]
        var node = 0
        while !tree.isLeaf(node) { node = Int(goesLeft(tree, node, row) ? tree.left[node] : tree.right[node]) }
        return node
    }

    package func goesLeft(_ tree: DecisionTree, _ node: Int, _ row: UnsafeBufferPointer<Double>) -> Bool {
        var value = row[Int(tree.feature[node])]
        if inputPrecision == .single { value = Double(Float(value)) }
        let flags = tree.flags[node]
        if flags.contains(.missingIsZero) {
            if value.isNaN { value = 0 }
        } else if value.isNaN || flags.contains(.zeroIsMissing) && value.magnitude <= DecisionTree.zeroMagnitudeMax {
            return flags.contains(.missingGoesLeft)
        }
        if flags.contains(.isCategorical) { return tree.categories[Int(tree.categorySet[node])].contains(value, under: flags) }
        return value <= tree.threshold[node]
    }

    /// The margins of a row: sums in `Double`, each output's in the trees' order, so they have the same bits on every machine.
    package func margins(row: UnsafeBufferPointer<Double>) -> [Double] {
        var sums = [Double](repeating: 0, count: outputCount)
        for (index, tree) in trees.enumerated() {
            let number = Int(tree.left[leaf(of: index, row: row)])
            for value in 0..<tree.valueCount { sums[tree.firstOutput + value] += tree.leafValues[number * tree.valueCount + value] }
        }
        for output in 0..<outputCount {
            if aggregation == .mean { sums[output] /= Double(trees.count) }
            sums[output] += baseScores[output]
        }
        return sums
    }

    package func margins(row: [Double]) -> [Double] { row.withUnsafeBufferPointer { margins(row: $0) } }
}

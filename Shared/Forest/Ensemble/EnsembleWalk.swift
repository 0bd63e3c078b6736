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

    /// The margins of a row: each output's sum in the trees' order and in the ensemble's ``arithmetic``, so they have the same bits on every
    /// machine.
    package func margins(row: UnsafeBufferPointer<Double>) -> [Double] {
        let summation = Summation(self)
        var sums = summation.first
        for (index, tree) in trees.enumerated() {
            let number = Int(tree.left[leaf(of: index, row: row)])
            for value in 0..<tree.valueCount {
                summation.add(tree.leafValues[number * tree.valueCount + value], to: &sums[tree.firstOutput + value])
            }
        }
        return sums.indices.map { summation.margin(sums[$0], output: $0) }
    }

    package func margins(row: [Double]) -> [Double] { row.withUnsafeBufferPointer { margins(row: $0) } }
}

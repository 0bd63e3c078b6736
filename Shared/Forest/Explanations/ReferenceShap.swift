// Path-dependent TreeSHAP as published: Lundberg et al., "From local explanations to global understanding with explainable AI for
// trees", Nature Machine Intelligence 2, 2020, Algorithm 2. A path carries for every subset size the summed weights of the subsets of
// that size; EXTEND adds a feature to it, UNWIND takes one out again.

/// Shapley values of a row's features by the published algorithm: slow, obvious, the oracle of ``ShapEngine``.
package struct ReferenceShap {
    private struct Step {
        var feature: Int32
        /// Share of the rows that stay on the path when the feature is not known.
        var zero: Double
        /// Whether the row itself stays on it: 0 or 1.
        var one: Double
        var weight: Double
    }

    private let ensemble: TreeEnsemble
    /// By output: the margin where nothing is known.
    package let base: [Double]

    /// - Throws: ``ForestFailure`` when a tree does not tell its cover.
    package init(_ ensemble: TreeEnsemble) throws(ForestFailure) {
        self.ensemble = ensemble
        base = try ensemble.expectedMargins()
    }

    /// `outputCount × featureCount` contributions, row-major; with ``base`` they sum to the margins.
    ///
    /// - Complexity: O(trees × leaves × depth²).
    package func contributions(_ row: [Double]) throws(ForestFailure) -> [Double] {
        var result = [Double](repeating: 0, count: ensemble.outputCount * ensemble.featureCount)
        for (index, tree) in ensemble.trees.enumerated() where tree.nodeCount > 0 {
            for value in 0..<tree.valueCount {
                let shares = try CoverShares(tree, value: value, place: "trees[\(index)]")
                let start = (tree.firstOutput + value) * ensemble.featureCount
                descend(tree, shares, row, value, 0, [], 1, 1, -1) { result[start + Int($0)] += $1 * ensemble.treeWeight }
            }
        }
        return result
    }

    private func descend(
        _ tree: DecisionTree, _ shares: CoverShares, _ row: [Double], _ value: Int, _ node: Int, _ path: [Step], _ zero: Double,
        _ one: Double, _ feature: Int32, _ add: (Int32, Double) -> Void
    ) {
        var path = ReferenceShap.extend(path, zero, one, feature)
        if tree.isLeaf(node) {
            let leaf = tree.leafValues[Int(tree.left[node]) * tree.valueCount + value]
            for place in path.indices.dropFirst() {
                let sum = ReferenceShap.unwind(path, place).reduce(0) { $0 + $1.weight }
                add(path[place].feature, sum * (path[place].one - path[place].zero) * leaf)
            }
            return
        }
        let goesLeft = row.withUnsafeBufferPointer { ensemble.goesLeft(tree, node, $0) }
        let near = Int(goesLeft ? tree.left[node] : tree.right[node])
        let far = Int(goesLeft ? tree.right[node] : tree.left[node])
        var zero = 1.0
        var one = 1.0
        if let place = path.firstIndex(where: { $0.feature == tree.feature[node] }) {
            zero = path[place].zero
            one = path[place].one
            path = ReferenceShap.unwind(path, place)
        }
        let nearShare = shares.share(node, goingRight: !goesLeft)
        let farShare = shares.share(node, goingRight: goesLeft)
        descend(tree, shares, row, value, near, path, zero * nearShare, one, tree.feature[node], add)
        descend(tree, shares, row, value, far, path, zero * farShare, 0, tree.feature[node], add)
    }

    private static func extend(_ path: [Step], _ zero: Double, _ one: Double, _ feature: Int32) -> [Step] {
        let length = path.count
        var path = path
        path.append(Step(feature: feature, zero: zero, one: one, weight: length == 0 ? 1 : 0))
        for place in (0..<length).reversed() {
            path[place + 1].weight += one * path[place].weight * Double(place + 1) / Double(length + 1)
            path[place].weight = zero * path[place].weight * Double(length - place) / Double(length + 1)
        }
        return path
    }

    private static func unwind(_ path: [Step], _ place: Int) -> [Step] {
        let length = path.count
        let step = path[place]
        var path = path
        var next = path[length - 1].weight
        for other in (0..<length - 1).reversed() {
            if step.one != 0 {
                let weight = path[other].weight
                path[other].weight = next * Double(length) / (Double(other + 1) * step.one)
                next = weight - path[other].weight * step.zero * Double(length - other - 1) / Double(length)
            } else if step.zero != 0 {
                path[other].weight = path[other].weight * Double(length) / (step.zero * Double(length - other - 1))
            } else {
                path[other].weight = 0
            }
        }
        for other in place..<length - 1 {
            path[other].feature = path[other + 1].feature
            path[other].zero = path[other + 1].zero
            path[other].one = path[other + 1].one
        }
        path.removeLast()
        return path
    }
}

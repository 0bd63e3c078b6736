// A tree's nodes as the file numbers them, made into a DecisionTree.
//
// Every node is met once from the root: an index out of range, a second parent or a circle is refused there, before anything walks the
// tree. Nodes keep the file's order where every child stands behind its parent, so that what this project writes is read back as it
// was; otherwise they are numbered breadth first.

internal import Forest

/// The nodes of one tree, parents and children by local index.
struct TreeTable {
    struct Node {
        /// ``DecisionTree/none`` for a leaf.
        var feature: Int32
        var test: NodeTest?
        var trueChild = 0
        var falseChild = 0
        /// NaN where the file does not tell.
        var cover = Double.nan
        /// Leaf values by output.
        var weights: [(output: Int, value: Double)] = []
    }

    var nodes: [Node]
    /// What complaints call the tree.
    let place: String

    /// - Parameter outputs: The outputs that any leaf of the tree may speak of.
    func tree(root: Int) throws(ForestFailure) -> DecisionTree {
        let order = try order(from: root)
        var numbers = [Int32](repeating: -1, count: nodes.count)
        for (number, node) in order.enumerated() { numbers[node] = Int32(number) }
        var outputs: ClosedRange<Int>?
        for node in order {
            for weight in nodes[node].weights {
                outputs =
                    min(outputs?.lowerBound ?? weight.output, weight.output)...max(outputs?.upperBound ?? weight.output, weight.output)
            }
        }
        let spoken = outputs ?? 0...0
        var tree = DecisionTree(firstOutput: spoken.lowerBound, valueCount: spoken.count)
        tree.reserveCapacity(order.count)
        var leafCount: Int32 = 0
        let hasCover = order.allSatisfy { nodes[$0].cover >= 0 && nodes[$0].cover.isFinite } && order.contains { nodes[$0].cover > 0 }
        let hasCategories = order.contains { nodes[$0].test?.categories != nil }
        for index in order {
            let node = nodes[index]
            tree.feature.append(node.feature)
            if hasCover { tree.cover.append(node.cover) }
            guard let test = node.test else {
                tree.threshold.append(0)
                tree.left.append(leafCount)
                tree.right.append(DecisionTree.none)
                tree.flags.append([])
                if hasCategories { tree.categorySet.append(0) }
                leafCount += 1
                let start = tree.leafValues.count
                tree.leafValues.append(contentsOf: repeatElement(0, count: spoken.count))
                for weight in node.weights { tree.leafValues[start + weight.output - spoken.lowerBound] += weight.value }
                guard tree.leafValues.count <= 4 * ForestLimits.nodeCountMax else {
                    throw ForestFailure(at: place, "more than \(4 * ForestLimits.nodeCountMax) leaf values")
                }
                continue
            }
            tree.threshold.append(test.threshold)
            tree.left.append(numbers[test.isTrueLeft ? node.trueChild : node.falseChild])
            tree.right.append(numbers[test.isTrueLeft ? node.falseChild : node.trueChild])
            var flags: DecisionTree.NodeFlags = test.missingGoesLeft ? .missingGoesLeft : []
            if let categories = test.categories {
                flags.insert(.isCategorical)
                tree.categorySet.append(Int32(tree.categories.count))
                tree.categories.append(CategorySet(values: categories, isTruncating: false))
            } else if hasCategories {
                tree.categorySet.append(0)
            }
            tree.flags.append(flags)
        }
        return tree
    }

    /// The nodes in the order in which the tree keeps them.
    private func order(from root: Int) throws(ForestFailure) -> [Int] {
        var reached = [Bool](repeating: false, count: nodes.count)
        var queue = [root]
        queue.reserveCapacity(nodes.count)
        reached[root] = true
        var isInOrder = root == 0
        var next = 0
        while next < queue.count {
            let index = queue[next]
            next += 1
            let node = nodes[index]
            guard let test = node.test else { continue }
            for child in test.isTrueLeft ? [node.trueChild, node.falseChild] : [node.falseChild, node.trueChild] {
                guard !reached[child] else {
                    throw ForestFailure(at: "\(place) node \(child)", "reached by two ways; shared subtrees and circles are not read")
                }
                reached[child] = true
                queue.append(child)
                isInOrder = isInOrder && child > index
            }
        }
        guard queue.count == nodes.count else {
            let lost = reached.firstIndex(of: false) ?? 0
            throw ForestFailure(at: "\(place) node \(lost)", "a node that no other leads to")
        }
        return isInOrder ? Array(nodes.indices) : queue
    }
}

extension DecisionTree {
    fileprivate mutating func reserveCapacity(_ count: Int) {
        feature.reserveCapacity(count)
        threshold.reserveCapacity(count)
        left.reserveCapacity(count)
        right.reserveCapacity(count)
        flags.reserveCapacity(count)
    }
}

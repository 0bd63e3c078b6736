extension DecisionTree {
    /// The same tree with its nodes, and so its leaves' numbers, in breadth-first order: the order in which files hold and give back
    /// nodes that have no numbers of their own.
    ///
    /// - Complexity: O(nodes).
    package var breadthFirst: DecisionTree {
        var order = [0]
        order.reserveCapacity(nodeCount)
        var place = [Int32](repeating: 0, count: nodeCount)
        var next = 0
        while next < order.count {
            let node = order[next]
            next += 1
            guard !isLeaf(node) else { continue }
            for child in [left[node], right[node]] {
                place[Int(child)] = Int32(order.count)
                order.append(Int(child))
            }
        }
        var tree = DecisionTree(categories: categories, firstOutput: firstOutput, valueCount: valueCount)
        var leafCount: Int32 = 0
        for node in order {
            tree.feature.append(feature[node])
            tree.threshold.append(threshold[node])
            tree.flags.append(flags[node])
            if !cover.isEmpty { tree.cover.append(cover[node]) }
            if !categorySet.isEmpty { tree.categorySet.append(categorySet[node]) }
            if isLeaf(node) {
                let first = Int(left[node]) * valueCount
                tree.leafValues += leafValues[first..<first + valueCount]
                tree.left.append(leafCount)
                tree.right.append(DecisionTree.none)
                leafCount += 1
            } else {
                tree.left.append(place[Int(left[node])])
                tree.right.append(place[Int(right[node])])
            }
        }
        return tree
    }
}

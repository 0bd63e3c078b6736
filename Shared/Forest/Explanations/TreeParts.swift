/// A tree as a sum of trees, each with the leaves that need the same number of quadrature points.
///
/// A leaf below d different features needs ⌈d / 2⌉ points, and most leaves of a deep tree lie below few, even where one lies below many.
/// Contributions are linear in the leaves' values: with 0 at the other leaves, which then add nothing at any number of points, each part
/// is exact at its own. What holds zeros alone becomes one leaf. Covers stay, and so do the shares they give.
struct TreeParts {
    struct Part {
        var tree: DecisionTree
        /// Points, filled up to whole vectors: 4, or a multiple of 8.
        var laneCount: Int
    }

    let parts: [Part]

    /// The whole tree where parts would not cost less: which they are depends on the tree alone, so that all machines add the same.
    init(_ tree: DecisionTree) {
        let paths = TreePaths(tree)
        let wholeLanes = TreeParts.laneCount(featureCount: paths.featureCountMax)
        let whole = Part(tree: tree, laneCount: wholeLanes)
        let lanes = TreeParts.lanes(of: tree, paths)
        let classes = Set(lanes.filter { $0 > 0 }).sorted()
        guard classes.count > 1 else {
            parts = [whole]
            return
        }
        let parted = classes.map { laneCount in
            Part(tree: TreeParts.part(of: tree) { lanes[$0] == laneCount }, laneCount: laneCount)
        }
        func cost(_ part: Part) -> Int { (part.tree.nodeCount - part.tree.leafCount) * part.laneCount }
        parts = parted.reduce(0) { $0 + cost($1) } < cost(whole) ? parted : [whole]
    }

    private static func laneCount(featureCount: Int) -> Int { featureCount <= 8 ? 4 : (featureCount + 15) / 16 * 8 }

    /// By node: what a leaf needs; 0 for an inner node.
    private static func lanes(of tree: DecisionTree, _ paths: TreePaths) -> [Int] {
        // Different features asked at a node and above it.
        var featureCounts = [Int](repeating: 0, count: tree.nodeCount)
        var lanes = featureCounts
        for node in 0..<tree.nodeCount {
            let above = paths.parent[node] >= 0 ? featureCounts[Int(paths.parent[node])] : 0
            if tree.isLeaf(node) {
                lanes[node] = laneCount(featureCount: above)
            } else {
                featureCounts[node] = above + (paths.earlier[node] < 0 ? 1 : 0)
            }
        }
        return lanes
    }

    /// The tree with the values of some leaves, and 0 at the others.
    private static func part(of tree: DecisionTree, keeping isKept: (Int) -> Bool) -> DecisionTree {
        // Children stand behind their parents: backwards, what lies below a node is known before it.
        var holds = [Bool](repeating: false, count: tree.nodeCount)
        for node in (0..<tree.nodeCount).reversed() {
            holds[node] = tree.isLeaf(node) ? isKept(node) : holds[Int(tree.left[node])] || holds[Int(tree.right[node])]
        }
        var part = DecisionTree(categories: tree.categories, firstOutput: tree.firstOutput, valueCount: tree.valueCount)
        // By old node: the new one; -1 for what is gone.
        var place = [Int32](repeating: -1, count: tree.nodeCount)
        place[0] = 0
        var kept = [0]
        for node in 0..<tree.nodeCount where place[node] >= 0 && !tree.isLeaf(node) && holds[node] {
            for child in [tree.left[node], tree.right[node]] {
                place[Int(child)] = 0
                kept.append(Int(child))
            }
        }
        kept.sort()
        for (new, old) in kept.enumerated() { place[old] = Int32(new) }
        var leafCount: Int32 = 0
        for node in kept {
            part.cover.append(tree.cover[node])
            if !tree.categorySet.isEmpty { part.categorySet.append(tree.categorySet[node]) }
            if !tree.isLeaf(node), holds[node] {
                part.feature.append(tree.feature[node])
                part.threshold.append(tree.threshold[node])
                part.flags.append(tree.flags[node])
                part.left.append(place[Int(tree.left[node])])
                part.right.append(place[Int(tree.right[node])])
            } else {
                part.feature.append(DecisionTree.none)
                part.threshold.append(0)
                part.flags.append([])
                part.left.append(leafCount)
                part.right.append(DecisionTree.none)
                leafCount += 1
                if tree.isLeaf(node), holds[node] {
                    let first = Int(tree.left[node]) * tree.valueCount
                    part.leafValues += tree.leafValues[first..<first + tree.valueCount]
                } else {
                    part.leafValues += Array(repeating: 0, count: tree.valueCount)
                }
            }
        }
        return part
    }
}

import Forest
import Training

/// How much each feature's splits lowered the impurity of the rows the model was fitted on: shares that sum to 1.
///
/// A tree's share of a feature is the sum over its splits of the weighted decrease of impurity; a forest's is the mean of its trees'.
/// It favours features with many values and tells of the fit alone, so it is a hint and no measurement.
///
/// Source: Breiman, Friedman, Olshen, Stone, "Classification and regression trees", 1984, section 5.3.
struct FeatureImportance {
    struct Entry: Hashable {
        var feature: String
        var share: Double
    }

    /// The greatest share first.
    let entries: [Entry]

    init(_ forest: Forest, criterion: SplitCriterion) {
        var shares = [Double](repeating: 0, count: forest.features.count)
        for tree in forest.ensemble.trees {
            let values = tree.nodeValues
            var decreases = [Double](repeating: 0, count: forest.features.count)
            for node in 0..<tree.nodeCount where !tree.isLeaf(node) {
                func impurity(_ node: Int) -> Double { tree.cover[node] * criterion.impurity(values[node]) }
                let decrease = impurity(node) - impurity(Int(tree.left[node])) - impurity(Int(tree.right[node]))
                decreases[Int(tree.feature[node])] += max(0, decrease)
            }
            let total = decreases.reduce(0, +)
            if total > 0 { for feature in shares.indices { shares[feature] += decreases[feature] / total } }
        }
        let total = shares.reduce(0, +)
        entries = zip(forest.features, shares).map { Entry(feature: $0, share: total > 0 ? $1 / total : 0) }
            .sorted { ($1.share, $0.feature) < ($0.share, $1.feature) }
    }
}

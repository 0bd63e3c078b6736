internal import Forest

/// How a file's nodes look values up in their sets, where that is not by the exact value.
///
/// ONNX knows the exact value alone, and so does ONNX Runtime: there a value that is no whole number is in no set. All sources agree
/// with it on whole numbers.
enum CategoryRule: String, Hashable, Sendable {
    /// The value is cut to an integer first, -0.5 to 0 (LightGBM).
    case truncated
    /// The value is cut to an integer first, and no negative one is in any set (XGBoost).
    case truncatedNotNegative = "truncated, not negative"
}

extension TreeEnsemble {
    /// The rule of all sets, which ``validateForFiles()`` makes sure is one.
    var categoryRule: CategoryRule? {
        guard trees.contains(where: { $0.categories.contains { $0.isTruncating } }) else { return nil }
        var isNegativeOutside = false
        for tree in trees {
            for node in 0..<tree.nodeCount where tree.flags[node].contains(.isCategorical) {
                if tree.flags[node].contains(.negativeIsOutside) {
                    isNegativeOutside = true
                } else if tree.categories[Int(tree.categorySet[node])].contains(0) {
                    // The only sets that -0.5 may be in.
                    return .truncated
                }
            }
        }
        return isNegativeOutside ? .truncatedNotNegative : .truncated
    }
}

extension DecisionTree {
    /// Makes all sets of the tree follow a rule.
    mutating func apply(_ rule: CategoryRule?) {
        guard let rule else { return }
        for set in categories.indices { categories[set].isTruncating = true }
        guard rule == .truncatedNotNegative else { return }
        for node in flags.indices where flags[node].contains(.isCategorical) { flags[node].insert(.negativeIsOutside) }
    }
}

extension OnnxModel {
    /// - Throws: ``ForestFailure`` for a rule that this version does not know.
    func categoryRule() throws(ForestFailure) -> CategoryRule? {
        guard let property = metadata.first(where: { $0.key == MetadataKey.categories }) else { return nil }
        guard let rule = CategoryRule(rawValue: property.value) else {
            throw ForestFailure(
                at: "metadata.\(MetadataKey.categories)", "\"\(property.value.prefix(64))\", which this version does not know")
        }
        return rule
    }
}

/// What a file looks up in a categorical node's set: ONNX knows exact values alone, so it is given others where the set takes them so.
package enum CategoryLookup: Hashable, Sendable {
    /// The value as it is.
    case exact
    /// The value rounded down. Of a set without negative values: none of them is in it, and the others are cut to integers.
    case floor
    /// The value cut to an integer, -0.5 to 0; what is missing becomes a number that is in no set, and goes right.
    case cut
}

extension DecisionTree {
    /// How a file asks what a categorical node asks; nil where it cannot: -0.5 is taken for 0, and missing values go left.
    package func categoryLookup(at node: Int) -> CategoryLookup? {
        let set = categories[Int(categorySet[node])]
        guard set.isTruncating else { return .exact }
        if flags[node].contains(.negativeIsOutside) { return .floor }
        if !flags[node].contains(.missingGoesLeft) { return .cut }
        return set.values.first.map { $0 > 0 } ?? true ? .floor : nil
    }
}

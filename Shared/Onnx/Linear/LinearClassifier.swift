internal import Forest

/// Operator LinearClassifier: a score per class, linear in the row.
struct LinearClassifier: Hashable, Sendable {
    /// `classes × columns`, row-major.
    var coefficients: [Float]
    var intercepts: [Float]
    var labels: TreeOperator.Labels
    var transform: TreeOperator.PostTransform

    init(_ attributes: inout NodeAttributes, columnCount: Int) throws(ForestFailure) {
        let place = attributes.place
        coefficients = try attributes.floats("coefficients")
        intercepts = try attributes.floats("intercepts")
        let integers = try attributes.ints("classlabels_ints")
        let texts = try attributes.strings("classlabels_strings")
        labels = texts.isEmpty ? .integers(integers) : .texts(texts)
        transform = try attributes.transform()
        // No runtime looks at it.
        _ = try attributes.int("multi_class")
        let isPair = intercepts.count == 1 && labels.count == 2
        guard integers.isEmpty != texts.isEmpty, (1...ForestLimits.outputCountMax).contains(intercepts.count),
            coefficients.count == intercepts.count * columnCount, isPair || intercepts.count > 1 && labels.count == intercepts.count
        else {
            throw ForestFailure(
                at: "\(place).coefficients",
                "\(coefficients.count) coefficients, \(intercepts.count) intercepts and \(labels.count) labels for \(columnCount) columns")
        }
    }
}

package import Forest

/// A logistic regression as it is written: the baseline that a forest should beat, for whoever wants to run it elsewhere.
///
/// The score is `1 / (1 + e^-m)` with `m = intercept + Σ weight · (x - mean) / deviation`; a missing value counts as its column's mean.
package struct LogisticModel: Hashable, Sendable {
    /// Names in the order of a row's values; the other lists have one number for each.
    package var features: [String]
    package var means: [Double]
    /// Positive.
    package var deviations: [Double]
    /// For standardised values.
    package var weights: [Double]
    package var intercept: Double

    package init(features: [String], means: [Double], deviations: [Double], weights: [Double], intercept: Double) {
        self.features = features
        self.means = means
        self.deviations = deviations
        self.weights = weights
        self.intercept = intercept
    }

    /// The key of the metadata under which the features' names stand, one a line.
    package static let featuresKey = "features"

    /// The model as ONNX: input `features`, doubles, one row each; output `score`.
    ///
    /// The operators are those that scikit-learn's pipelines are exported with (Imputer, Scaler, LinearRegressor), which compute in `Float`:
    /// scores are within some 1e-6 of the sums in `Double`.
    ///
    /// - Throws: ``ForestFailure`` that names a number which a `Float` does not hold.
    package func onnxModel(metadata: [OnnxModel.Property] = []) throws(ForestFailure) -> OnnxModel {
        try validate()
        var model = OnnxModel()
        model.irVersion = 8
        model.producerName = TreeEnsemble.producer
        model.operatorSets = [.init("", 13), .init("ai.onnx.ml", 3)]
        model.metadata = [.init(LogisticModel.featuresKey, features.joined(separator: "\n"))] + metadata
        model.graph.name = "logistic"
        model.graph.inputs = [OnnxValue(TreeEnsemble.onnxInput, type: .double, dimensions: [nil, features.count])]
        model.graph.outputs = [OnnxValue(TreeEnsemble.onnxOutput, type: .float, dimensions: [nil, 1])]
        var value = TreeEnsemble.onnxInput
        func add(_ name: String, _ domain: String, _ output: String, _ attributes: [OnnxAttribute]) {
            var node = OnnxNode(name, domain: domain, inputs: [value], outputs: [output])
            node.attributes = attributes
            model.graph.nodes.append(node)
            value = output
        }
        let means = means.map { Float($0) }
        add("Cast", "", "single", [OnnxAttribute("to", .int(Int64(OnnxElementType.float.rawValue)))])
        add(
            "Imputer", "ai.onnx.ml", "whole",
            [OnnxAttribute("imputed_value_floats", .floats(means)), OnnxAttribute("replaced_value_float", .float(.nan))])
        add(
            "Scaler", "ai.onnx.ml", "standard",
            [OnnxAttribute("offset", .floats(means)), OnnxAttribute("scale", .floats(deviations.map { Float(1 / $0) }))])
        add(
            "LinearRegressor", "ai.onnx.ml", "margin",
            [
                OnnxAttribute("coefficients", .floats(weights.map { Float($0) })), OnnxAttribute("intercepts", .floats([Float(intercept)])),
                OnnxAttribute("post_transform", .string("NONE")), OnnxAttribute("targets", .int(1)),
            ])
        add("Sigmoid", "", TreeEnsemble.onnxOutput, [])
        return model
    }

    private func validate() throws(ForestFailure) {
        guard (1...ForestLimits.featureCountMax).contains(features.count) else {
            throw ForestFailure(at: "features", "\(features.count); 1...\(ForestLimits.featureCountMax) are allowed")
        }
        for (name, numbers) in [("means", means), ("deviations", deviations), ("weights", weights), ("intercept", [intercept])] {
            guard numbers.count == features.count || name == "intercept" else {
                throw ForestFailure(at: name, "\(numbers.count) for \(features.count) features")
            }
            for (index, number) in numbers.enumerated() where !Float(number).isFinite {
                throw ForestFailure(at: "\(name)[\(index)]", "\(number), which is no finite number of 32 bits")
            }
        }
        for (index, deviation) in deviations.enumerated() where !(deviation > 0 && Float(1 / deviation).isFinite) {
            throw ForestFailure(at: "deviations[\(index)]", "\(deviation), by which nothing can be divided in 32 bits")
        }
    }
}

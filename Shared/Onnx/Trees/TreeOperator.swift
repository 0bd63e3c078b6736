package import Forest

/// A tree operator of a graph: its trees, and what the operator makes of their sums.
package struct TreeOperator: Hashable, Sendable {
    package enum PostTransform: Int, Hashable, Sendable {
        case none = 0
        case softmax = 1
        case logistic = 2
        /// Softmax that leaves zeros out.
        case softmaxZero = 3
        case probit = 4

        init?(name: String) {
            switch name {
            case "NONE": self = .none
            case "SOFTMAX": self = .softmax
            case "LOGISTIC": self = .logistic
            case "SOFTMAX_ZERO": self = .softmaxZero
            case "PROBIT": self = .probit
            default: return nil
            }
        }
    }

    package enum Labels: Hashable, Sendable {
        case integers([Int64])
        case texts([String])

        package var count: Int {
            switch self {
            case .integers(let labels): labels.count
            case .texts(let labels): labels.count
            }
        }
    }

    /// The trees; its margins are the sums before ``postTransform``, its base scores 0 where the file gives none.
    package var ensemble: TreeEnsemble
    package var postTransform: PostTransform
    /// Number of base values in the file: ONNX Runtime treats 0, 1 and 2 of them differently for two classes.
    package var baseValueCount = 0
    /// By output: whether any leaf has a weight for it.
    package var isWeighted: [Bool] = []
    /// nil for a regressor.
    package var labels: Labels?
    package var areWeightsAllPositive = true
    /// The type of the scores that the operator gives.
    package var outputPrecision = TreeEnsemble.Precision.single

    /// Whether the leaves speak of one class where there are two.
    var isBinaryCase: Bool { labels?.count == 2 && isWeighted.count { $0 } == 1 }
}

extension TreeOperator {
    /// Reads TreeEnsembleClassifier or TreeEnsembleRegressor, versions 1 and 3.
    ///
    /// - Parameters:
    ///   - precision: Type of the input: that of thresholds and sums.
    ///   - trustsCover: Whether hit rates are what this project wrote; others are used if they add up.
    init(
        readingVersion1 attributes: inout NodeAttributes, isClassifier: Bool, featureCount: Int, precision: TreeEnsemble.Precision,
        trustsCover: Bool
    ) throws(ForestFailure) {
        let place = attributes.place
        let prefix = isClassifier ? "class" : "target"
        let aggregation = try TreeOperator.aggregation(try attributes.string("aggregate_function") ?? "SUM", at: place)
        let transformName = try attributes.string("post_transform") ?? "NONE"
        guard let transform = PostTransform(name: transformName) else {
            throw ForestFailure(at: "\(place).post_transform", "\"\(transformName.prefix(64))\", which is not read")
        }
        var labels: Labels?
        var outputCount: Int
        if isClassifier {
            let integers = try attributes.ints("classlabels_int64s")
            let texts = try attributes.strings("classlabels_strings")
            guard integers.isEmpty != texts.isEmpty else {
                throw ForestFailure(at: "\(place).classlabels_int64s", "labels must be either integers or texts")
            }
            labels = texts.isEmpty ? .integers(integers) : .texts(texts)
            outputCount = max(integers.count, texts.count)
        } else {
            outputCount = Int(clamping: try attributes.int("n_targets") ?? 1)
        }
        guard (1...ForestLimits.outputCountMax).contains(outputCount) else {
            throw ForestFailure(at: place, "\(outputCount) outputs; 1...\(ForestLimits.outputCountMax) are read")
        }
        let table = try NodeTable(&attributes, featureCount: featureCount, precision: precision, trustsCover: trustsCover)
        var weighted = [Bool](repeating: false, count: outputCount)
        var allPositive = true
        let trees = try table.trees(
            weightsAt: "\(prefix)_", treeIDs: attributes.ints("\(prefix)_treeids"), nodeIDs: attributes.ints("\(prefix)_nodeids"),
            outputs: attributes.ints("\(prefix)_ids"), weights: attributes.numbers("\(prefix)_weights"), outputCount: outputCount,
            isWeighted: &weighted, areAllPositive: &allPositive)
        let base = try attributes.numbers("base_values")
        try attributes.refuseRest()
        guard base.isEmpty || base.count == outputCount || isClassifier && outputCount == 2 && base.count == 1 else {
            throw ForestFailure(at: "\(place).base_values", "\(base.count) values for \(outputCount) outputs")
        }
        ensemble = TreeEnsemble(
            featureCount: featureCount, inputPrecision: precision,
            sourceArithmetic: precision == .single ? .onnxRuntime : .onnxRuntimeDouble, outputCount: outputCount,
            baseScores: base + Array(repeating: 0, count: outputCount - base.count), aggregation: aggregation, trees: trees)
        postTransform = transform
        baseValueCount = base.count
        isWeighted = weighted
        areWeightsAllPositive = allPositive
        self.labels = labels
        try ensemble.validate(at: place)
    }

    private static func aggregation(_ name: String, at place: String) throws(ForestFailure) -> TreeEnsemble.Aggregation {
        switch name {
        case "SUM": return .sum
        case "AVERAGE": return .mean
        default: throw ForestFailure(at: "\(place).aggregate_function", "\"\(name.prefix(64))\", which is not read; SUM and AVERAGE are")
        }
    }
}

extension TreeEnsemble {
    func validate(at place: String) throws(ForestFailure) {
        do throws(ForestFailure) { try validate() } catch { throw ForestFailure(at: "\(place): \(error.place)", error.problem) }
    }
}

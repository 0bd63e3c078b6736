internal import Forest

/// What one step does.
enum PipelineOperation: Hashable, Sendable {
    enum Binary: String, Hashable, Sendable {
        case add = "Add"
        case subtract = "Sub"
        case multiply = "Mul"
        case divide = "Div"
    }
    enum Unary: String, Hashable, Sendable {
        case sigmoid = "Sigmoid"
        case exponential = "Exp"
        case absolute = "Abs"
        case negate = "Neg"
        case squareRoot = "Sqrt"
        case logarithm = "Log"
        case floor = "Floor"
    }
    enum Norm: String, Hashable, Sendable {
        case max = "MAX"
        case l1 = "L1"
        case l2 = "L2"
    }

    case identity
    case cast(OnnxElementType)
    case binary(Binary)
    case unary(Unary)
    case sum
    /// Bounds are the second and the third input.
    case clip
    case concat(axis: Int)
    /// Picks columns of the last axis by the indexes of the second input.
    case extractColumns
    case gather(axis: Int)
    case reshape
    case flatten(axis: Int)
    case softmax(axis: Int)
    case argMax(axis: Int, keepsAxis: Bool)
    case reduceSum(axis: Int, keepsAxis: Bool, squares: Bool)
    case matMul
    case scaler(offset: [Float], scale: [Float])
    case imputer(values: [Float], replaced: Float)
    case integerImputer(values: [Int64], replaced: Int64)
    case normalizer(Norm)
    case binarizer(threshold: Float)
    case oneHot(categories: LabelMap.Keys, allowsUnknown: Bool)
    case labels(LabelMap)
    case zipMap(TreeOperator.Labels)
    case linearClassifier(LinearClassifier)
    case linearRegressor(coefficients: [Float], intercepts: [Float], transform: TreeOperator.PostTransform)
    case trees(TreeOperator)
}

extension PipelineOperation {
    /// - Parameters:
    ///   - given: The inputs of the two made-up rows: their types and shapes are those of every later evaluation but for the rows.
    init(
        _ node: OnnxNode, model: OnnxModel, given: [PipelineTensor], isConstant: [Bool], at place: String
    ) throws(ForestFailure) {
        var attributes = try NodeAttributes(node, at: place)
        switch node.domain {
        case "": self = try PipelineOperation.standard(node, &attributes, model, given, isConstant)
        case "ai.onnx.ml": self = try PipelineOperation.classical(node, &attributes, model, given)
        default: throw ForestFailure(at: place, "an operator of domain \"\(node.domain.prefix(64))\", none of which is supported")
        }
        try attributes.refuseRest()
    }

    private static func count(_ given: [PipelineTensor], _ range: ClosedRange<Int>, _ place: String) throws(ForestFailure) {
        guard range.contains(given.count) else { throw ForestFailure(at: place, "\(given.count) inputs where it has \(range)") }
    }

    private static func axis(_ axis: Int64, of tensor: PipelineTensor, _ place: String) throws(ForestFailure) -> Int {
        let rank = Int64(tensor.shape.count)
        guard (-rank..<rank).contains(axis) else { throw ForestFailure(at: "\(place).axis", "\(axis) of a value of rank \(rank)") }
        return Int(axis < 0 ? axis + rank : axis)
    }

    private static func standard(
        _ node: OnnxNode, _ attributes: inout NodeAttributes, _ model: OnnxModel, _ given: [PipelineTensor], _ isConstant: [Bool]
    ) throws(ForestFailure) -> PipelineOperation {
        let place = attributes.place
        let version = model.operatorVersion(of: "")
        if let operation = Binary(rawValue: node.operatorType) {
            try count(given, 2...2, place)
            guard given[0].type == given[1].type else { throw ForestFailure(at: place, "inputs of two types") }
            return .binary(operation)
        }
        if let operation = Unary(rawValue: node.operatorType) {
            try count(given, 1...1, place)
            return .unary(operation)
        }
        switch node.operatorType {
        case "Identity":
            try count(given, 1...1, place)
            return .identity
        case "Cast":
            try count(given, 1...1, place)
            _ = try attributes.int("saturate")
            let code = try attributes.int("to") ?? 0
            guard let type = OnnxElementType(rawValue: Int(clamping: code)) else {
                throw ForestFailure(at: "\(place).to", "element type \(code), which is not supported")
            }
            return .cast(type)
        case "Clip":
            try count(given, 3...3, place)
            guard isConstant[1], isConstant[2], given[1].count == 1, given[2].count == 1 else {
                throw ForestFailure(at: place, "bounds that are not two constants")
            }
            return .clip
        case "Sum":
            try count(given, 1...64, place)
            return .sum
        case "Concat":
            try count(given, 1...OnnxLimits.valueCountMax, place)
            return .concat(axis: try axis(try attributes.int("axis") ?? 1, of: given[0], place))
        case "Gather":
            try count(given, 2...2, place)
            return .gather(axis: try axis(try attributes.int("axis") ?? 0, of: given[0], place))
        case "Reshape":
            try count(given, 2...2, place)
            guard isConstant[1] else { throw ForestFailure(at: place, "a shape that is computed") }
            _ = try attributes.int("allowzero")
            return .reshape
        case "Flatten":
            try count(given, 1...1, place)
            return .flatten(axis: try axis(try attributes.int("axis") ?? 1, of: given[0], place))
        case "Softmax":
            try count(given, 1...1, place)
            let axis = try axis(try attributes.int("axis") ?? (version >= 13 ? -1 : 1), of: given[0], place)
            guard axis == given[0].shape.count - 1 else { throw ForestFailure(at: "\(place).axis", "another one than the last") }
            return .softmax(axis: axis)
        case "ArgMax":
            try count(given, 1...1, place)
            guard try attributes.int("select_last_index") ?? 0 == 0 else {
                throw ForestFailure(at: "\(place).select_last_index", "1, which is not supported")
            }
            return .argMax(
                axis: try axis(try attributes.int("axis") ?? 0, of: given[0], place), keepsAxis: try attributes.int("keepdims") ?? 1 != 0)
        case "ReduceSum", "ReduceSumSquare":
            try count(given, 1...2, place)
            var axes = try attributes.ints("axes")
            if given.count == 2 { axes = try given[1].integers(at: place) }
            guard axes.count == 1 else { throw ForestFailure(at: "\(place).axes", "\(axes.count) axes where 1 is supported") }
            guard try attributes.int("noop_with_empty_axes") ?? 0 == 0 else {
                throw ForestFailure(at: "\(place).noop_with_empty_axes", "1, which is not supported")
            }
            return .reduceSum(
                axis: try axis(axes[0], of: given[0], place), keepsAxis: try attributes.int("keepdims") ?? 1 != 0,
                squares: node.operatorType == "ReduceSumSquare")
        case "MatMul":
            try count(given, 2...2, place)
            guard given[0].type == given[1].type else { throw ForestFailure(at: place, "inputs of two types") }
            return .matMul
        default: throw ForestFailure(at: place, "an operator that is not supported")
        }
    }

    private static func classical(
        _ node: OnnxNode, _ attributes: inout NodeAttributes, _ model: OnnxModel, _ given: [PipelineTensor]
    ) throws(ForestFailure) -> PipelineOperation {
        let place = attributes.place
        try count(given, node.operatorType == "ArrayFeatureExtractor" ? 2...2 : 1...1, place)
        let columns = given[0].columnCount
        switch node.operatorType {
        case "TreeEnsembleClassifier", "TreeEnsembleRegressor", "TreeEnsemble":
            let precision: TreeEnsemble.Precision = given[0].type == .double ? .double : .single
            guard given[0].type != .string, (1...ForestLimits.featureCountMax).contains(columns) else {
                throw ForestFailure(at: place, "\(columns) columns of \(given[0].type)")
            }
            let trustsCover = model.producerName == TreeEnsemble.producer
            if node.operatorType == "TreeEnsemble" {
                return .trees(
                    try TreeOperator(
                        readingVersion5: &attributes, featureCount: columns, precision: precision, trustsCover: trustsCover,
                        nodeCovers: trustsCover ? model.constant(TreeEnsemble.nodeCoverName) : [],
                        leafCovers: trustsCover ? model.constant(TreeEnsemble.leafCoverName) : [],
                        isTruncating: try model.isCategoryTruncating()))
            }
            return .trees(
                try TreeOperator(
                    readingVersion1: &attributes, isClassifier: node.operatorType == "TreeEnsembleClassifier", featureCount: columns,
                    precision: precision, trustsCover: trustsCover))
        case "ArrayFeatureExtractor": return .extractColumns
        case "Scaler":
            let offset = try attributes.floats("offset")
            let scale = try attributes.floats("scale")
            guard [1, columns].contains(offset.count), [1, columns].contains(scale.count) else {
                throw ForestFailure(at: "\(place).offset", "\(offset.count) offsets and \(scale.count) scales for \(columns) columns")
            }
            return .scaler(offset: offset, scale: scale)
        case "Imputer":
            let floats = try attributes.floats("imputed_value_floats")
            let integers = try attributes.ints("imputed_value_int64s")
            let replacedFloat = try attributes.float("replaced_value_float") ?? 0
            let replacedInteger = try attributes.int("replaced_value_int64") ?? 0
            guard [1, columns].contains(max(floats.count, integers.count)), floats.isEmpty != integers.isEmpty else {
                throw ForestFailure(
                    at: "\(place).imputed_value_floats", "\(floats.count) floats and \(integers.count) integers for \(columns) columns")
            }
            return floats.isEmpty
                ? .integerImputer(values: integers, replaced: replacedInteger) : .imputer(values: floats, replaced: replacedFloat)
        case "Normalizer":
            let name = try attributes.string("norm") ?? "MAX"
            guard let norm = Norm(rawValue: name) else {
                throw ForestFailure(at: "\(place).norm", "\"\(name.prefix(64))\", which is not supported")
            }
            return .normalizer(norm)
        case "Binarizer": return .binarizer(threshold: try attributes.float("threshold") ?? 0)
        case "OneHotEncoder":
            let integers = try attributes.ints("cats_int64s")
            let texts = try attributes.strings("cats_strings")
            guard integers.isEmpty != texts.isEmpty, max(integers.count, texts.count) <= ForestLimits.featureCountMax else {
                throw ForestFailure(at: "\(place).cats_int64s", "categories must be integers or texts, and not too many")
            }
            return .oneHot(
                categories: texts.isEmpty ? .integers(integers) : .texts(texts), allowsUnknown: try attributes.int("zeros") ?? 1 != 0)
        case "LabelEncoder": return .labels(try LabelMap(&attributes))
        case "ZipMap":
            let integers = try attributes.ints("classlabels_int64s")
            let texts = try attributes.strings("classlabels_strings")
            let labels: TreeOperator.Labels = texts.isEmpty ? .integers(integers) : .texts(texts)
            guard integers.isEmpty != texts.isEmpty, labels.count == columns else {
                throw ForestFailure(at: "\(place).classlabels_int64s", "\(labels.count) labels for \(columns) columns")
            }
            return .zipMap(labels)
        case "LinearClassifier": return .linearClassifier(try LinearClassifier(&attributes, columnCount: columns))
        case "LinearRegressor":
            let coefficients = try attributes.floats("coefficients")
            let intercepts = try attributes.floats("intercepts")
            let targets = try attributes.int("targets") ?? 1
            let transform = try attributes.transform()
            guard (1...Int64(ForestLimits.outputCountMax)).contains(targets), coefficients.count == Int(targets) * columns,
                intercepts.isEmpty || intercepts.count == Int(targets)
            else {
                throw ForestFailure(
                    at: "\(place).coefficients", "\(coefficients.count), and \(intercepts.count) intercepts, for \(targets) × \(columns)")
            }
            return .linearRegressor(
                coefficients: coefficients,
                intercepts: intercepts.isEmpty ? Array(repeating: 0, count: Int(targets)) : intercepts, transform: transform)
        default: throw ForestFailure(at: place, "an operator that is not supported")
        }
    }
}

extension NodeAttributes {
    /// The attribute `post_transform`.
    mutating func transform() throws(ForestFailure) -> TreeOperator.PostTransform {
        let name = try string("post_transform") ?? "NONE"
        guard let transform = TreeOperator.PostTransform(name: name) else {
            throw ForestFailure(at: "\(place).post_transform", "\"\(name.prefix(64))\", which is not supported")
        }
        return transform
    }
}

extension OnnxModel {
    /// The doubles of a constant; none where it is not there.
    fileprivate func constant(_ name: String) -> [Double] {
        for tensor in graph.initializers where tensor.name == name {
            if case .doubles(let values) = tensor.elements { return values }
        }
        return []
    }

    /// - Throws: ``ForestFailure`` for a rule that this version does not know.
    fileprivate func isCategoryTruncating() throws(ForestFailure) -> Bool {
        guard let property = metadata.first(where: { $0.key == MetadataKey.categories }) else { return false }
        guard property.value == "truncated" else {
            throw ForestFailure(
                at: "metadata.\(MetadataKey.categories)", "\"\(property.value.prefix(64))\", which this version does not know")
        }
        return true
    }
}

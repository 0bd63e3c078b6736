internal import Forest
internal import Glibc

extension PipelineOperation {
    /// - Returns: The operator's outputs; fewer may be asked for.
    func evaluate(_ given: [PipelineTensor], at place: String) throws(ForestFailure) -> [PipelineTensor] {
        switch self {
        case .identity, .zipMap: return [given[0]]
        case .cast(let type): return [try given[0].cast(to: type, at: place)]
        case .binary(let operation): return [try operation.evaluate(given[0], given[1], at: place)]
        case .unary(let operation): return [try operation.evaluate(given[0], at: place)]
        case .sum:
            var sum = given[0]
            for term in given.dropFirst() { sum = try Binary.add.evaluate(sum, term, at: place) }
            return [sum]
        case .clip: return [try PipelineTensor.clip(given[0], given[1], given[2], at: place)]
        case .concat(let axis): return [try PipelineTensor.concat(given, axis, at: place)]
        case .extractColumns: return [try PipelineTensor.extractColumns(given[0], given[1], at: place)]
        case .gather(let axis): return [try PipelineTensor.gather(given[0], given[1], axis, at: place)]
        case .reshape: return [try PipelineTensor.reshape(given[0], to: given[1], at: place)]
        case .flatten(let axis):
            var result = given[0]
            let shape = result.shape
            guard axis <= shape.count else { throw ForestFailure(at: place, "a value of rank \(shape.count)") }
            result.shape = [shape[..<axis].reduce(1, *), shape[axis...].reduce(1, *)]
            return [result]
        case .softmax: return [try PipelineTensor.softmax(given[0], at: place)]
        case .argMax(let axis, let keepsAxis): return [try PipelineTensor.argMax(given[0], axis, keepsAxis, at: place)]
        case .reduceSum(let axis, let keepsAxis, let squares):
            let terms = squares ? try Binary.multiply.evaluate(given[0], given[0], at: place) : given[0]
            return [try PipelineTensor.reduceSum(terms, axis, keepsAxis, at: place)]
        case .matMul: return [try PipelineTensor.matMul(given[0], given[1], at: place)]
        case .scaler(let offset, let scale): return [try PipelineTensor.scale(given[0], offset, scale, at: place)]
        case .imputer(let values, let replaced): return [try PipelineTensor.impute(given[0], values, replaced, at: place)]
        case .integerImputer(let values, let replaced):
            let numbers = try given[0].integers(at: place)
            let columns = max(1, given[0].columnCount)
            return [
                PipelineTensor(
                    numbers.indices.map { numbers[$0] == replaced ? values[values.count == 1 ? 0 : $0 % columns] : numbers[$0] },
                    shape: given[0].shape)
            ]
        case .normalizer(let norm): return [try PipelineTensor.normalize(given[0], norm, at: place)]
        case .binarizer(let threshold): return [try PipelineTensor.perColumn(given[0], at: place) { value, _ in value > threshold ? 1 : 0 }]
        case .oneHot(let categories, let allowsUnknown):
            let places = try categories.places(of: given[0], at: place)
            try PipelineTensor.bound(places.count * categories.count, place)
            var flags = [Float](repeating: 0, count: places.count * categories.count)
            for (index, found) in places.enumerated() {
                guard let found else {
                    guard allowsUnknown else { throw ForestFailure(at: place, "a value that is none of its categories") }
                    continue
                }
                flags[index * categories.count + found] = 1
            }
            return [PipelineTensor(flags, shape: given[0].shape + [categories.count])]
        case .labels(let map):
            let places = try map.places(of: given[0], at: place)
            let shape = given[0].shape
            switch (map.values, map.other) {
            case (.integers(let values), .integers(let other)):
                return [PipelineTensor(places.map { $0.map { values[$0] } ?? other[0] }, shape: shape)]
            case (.texts(let values), .texts(let other)):
                return [PipelineTensor(places.map { $0.map { values[$0] } ?? other[0] }, shape: shape)]
            case (.floats(let values), .floats(let other)):
                return [PipelineTensor(places.map { $0.map { values[$0] } ?? other[0] }, shape: shape)]
            default: throw ForestFailure(at: place, "values of two types")
            }
        case .linearClassifier(let classifier): return try classifier.evaluate(given[0], at: place)
        case .linearRegressor(let coefficients, let intercepts, let transform):
            var scores = try PipelineTensor.linear(given[0], coefficients, intercepts, at: place)
            let targets = intercepts.count
            for start in stride(from: 0, to: scores.count, by: targets) {
                // A single target knows no link but PROBIT, as with trees.
                if targets > 1 || transform == .probit { transform.apply(to: &scores, start..<start + targets) }
            }
            return [PipelineTensor(scores, shape: [scores.count / targets, targets])]
        case .trees(let operation): return try operation.evaluate(given[0], at: place)
        }
    }
}

extension PipelineOperation.Binary {
    fileprivate func evaluate(
        _ left: PipelineTensor, _ right: PipelineTensor, at place: String
    ) throws(ForestFailure) -> PipelineTensor {
        let rank = max(left.shape.count, right.shape.count)
        let leftShape = Array(repeating: 1, count: rank - left.shape.count) + left.shape
        let rightShape = Array(repeating: 1, count: rank - right.shape.count) + right.shape
        var shape: [Int] = []
        var count = 1
        for (one, other) in zip(leftShape, rightShape) {
            guard one == other || one == 1 || other == 1 else {
                throw ForestFailure(at: place, "shapes \(left.shape) and \(right.shape), which do not go together")
            }
            shape.append(one == 1 ? other : one)
            count *= shape.last!
            try PipelineTensor.bound(count, place)
        }
        let leftPlaces = places(leftShape, in: shape, count)
        let rightPlaces = places(rightShape, in: shape, count)
        switch (left.elements, right.elements) {
        case (.floats(let one), .floats(let other)):
            return PipelineTensor((0..<count).map { apply(one[leftPlaces[$0]], other[rightPlaces[$0]]) }, shape: shape)
        case (.doubles(let one), .doubles(let other)):
            return PipelineTensor((0..<count).map { apply(one[leftPlaces[$0]], other[rightPlaces[$0]]) }, shape: shape)
        case (.integers(let one), .integers(let other)):
            var result: [Int64] = []
            result.reserveCapacity(count)
            for index in 0..<count { result.append(try apply(one[leftPlaces[index]], other[rightPlaces[index]], at: place)) }
            return PipelineTensor(result, shape: shape)
        default: throw ForestFailure(at: place, "inputs of two types, or texts")
        }
    }

    func apply<Value: BinaryFloatingPoint>(_ left: Value, _ right: Value) -> Value {
        switch self {
        case .add: left + right
        case .subtract: left - right
        case .multiply: left * right
        case .divide: left / right
        }
    }

    private func apply(_ left: Int64, _ right: Int64, at place: String) throws(ForestFailure) -> Int64 {
        switch self {
        case .add: return left &+ right
        case .subtract: return left &- right
        case .multiply: return left &* right
        case .divide:
            guard right != 0 else { throw ForestFailure(at: place, "a whole number divided by 0") }
            return left.dividedReportingOverflow(by: right).partialValue
        }
    }

    /// By element of the result: the element of an operand of `shape`, repeated along its dimensions of 1.
    private func places(_ shape: [Int], in result: [Int], _ count: Int) -> [Int] {
        if shape == result { return Array(0..<count) }
        var places = [0]
        var step = 1
        // From the last dimension to the first: what lies behind is repeated for every index of the dimension.
        for (size, wanted) in zip(shape, result).reversed() {
            var wider: [Int] = []
            wider.reserveCapacity(places.count * wanted)
            for index in 0..<wanted { for place in places { wider.append(place + (size == 1 ? 0 : index * step)) } }
            places = wider
            step *= size
        }
        return places
    }
}

extension PipelineOperation.Unary {
    fileprivate func evaluate(_ tensor: PipelineTensor, at place: String) throws(ForestFailure) -> PipelineTensor {
        switch tensor.elements {
        case .floats(let values):
            return PipelineTensor(
                values.map { value in
                    switch self {
                    case .sigmoid: logistic(value)
                    case .exponential: expf(value)
                    case .absolute: value.magnitude
                    case .negate: -value
                    case .squareRoot: value.squareRoot()
                    case .logarithm: logf(value)
                    case .floor: value.rounded(.down)
                    }
                }, shape: tensor.shape)
        case .doubles(let values):
            return PipelineTensor(
                values.map { value in
                    switch self {
                    case .sigmoid: 1 / (1 + exp(-value))
                    case .exponential: exp(value)
                    case .absolute: value.magnitude
                    case .negate: -value
                    case .squareRoot: value.squareRoot()
                    case .logarithm: log(value)
                    case .floor: value.rounded(.down)
                    }
                }, shape: tensor.shape)
        default: throw ForestFailure(at: place, "\(tensor.type), for which it is not supported")
        }
    }
}

extension LinearClassifier {
    fileprivate func evaluate(_ tensor: PipelineTensor, at place: String) throws(ForestFailure) -> [PipelineTensor] {
        let margins = try PipelineTensor.linear(tensor, coefficients, intercepts, at: place)
        let classes = intercepts.count
        var picked: [Int] = []
        var scores: [Float] = []
        for start in stride(from: 0, to: margins.count, by: classes) {
            if classes == 1 {
                let margin = margins[start]
                picked.append(margin > 0 ? 1 : 0)
                // The second class's score stands first: what the first lacks of 1, or its negative.
                switch transform {
                case .logistic: scores += [logistic(-margin), logistic(margin)]
                case .none, .softmax, .softmaxZero, .probit: scores += [1 - margin, margin]
                }
                continue
            }
            var row = Array(margins[start..<start + classes])
            var best = 0
            for index in 1..<classes where row[index] > row[best] { best = index }
            picked.append(best)
            transform.apply(to: &row, 0..<classes)
            scores += row
        }
        let columns = max(classes, 2)
        return [labels.tensor(of: picked), PipelineTensor(scores, shape: [picked.count, columns])]
    }
}

extension TreeOperator.Labels {
    func tensor(of picked: [Int]) -> PipelineTensor {
        switch self {
        case .integers(let labels): PipelineTensor(picked.map { labels[$0] }, shape: [picked.count])
        case .texts(let labels): PipelineTensor(picked.map { labels[$0] }, shape: [picked.count])
        }
    }
}

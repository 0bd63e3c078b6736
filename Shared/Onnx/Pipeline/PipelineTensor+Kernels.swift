internal import Forest

/// What operators do to arrays.
extension PipelineTensor {
    /// Elements of any value on its way; a hostile file's concatenations end here.
    private static let elementCountMax = 64 << 20

    static func bound(_ count: Int, _ place: String) throws(ForestFailure) {
        guard count <= elementCountMax else { throw ForestFailure(at: place, "a value of more than \(elementCountMax) elements") }
    }

    /// A float of each number and its column.
    static func perColumn(
        _ tensor: PipelineTensor, at place: String, _ result: (Float, Int) -> Float
    ) throws(ForestFailure) -> PipelineTensor {
        let columns = max(1, tensor.columnCount)
        let values = try tensor.floats(at: place)
        return PipelineTensor(values.indices.map { result(values[$0], $0 % columns) }, shape: tensor.shape)
    }

    /// `(x - offset) · scale` by column, in the type of `x` and then as floats.
    static func scale(
        _ tensor: PipelineTensor, _ offset: [Float], _ scale: [Float], at place: String
    ) throws(ForestFailure) -> PipelineTensor {
        guard case .doubles(let values) = tensor.elements else {
            return try perColumn(tensor, at: place) { value, column in
                (value - offset[offset.count == 1 ? 0 : column]) * scale[scale.count == 1 ? 0 : column]
            }
        }
        let columns = max(1, tensor.columnCount)
        let scaled = values.indices.map { index in
            let column = index % columns
            return Float(
                (values[index] - Double(offset[offset.count == 1 ? 0 : column])) * Double(scale[scale.count == 1 ? 0 : column]))
        }
        return PipelineTensor(scaled, shape: tensor.shape)
    }

    /// Values within two bounds; what is missing stays missing.
    static func clip(
        _ tensor: PipelineTensor, _ low: PipelineTensor, _ high: PipelineTensor, at place: String
    ) throws(ForestFailure) -> PipelineTensor {
        func clip<Value: BinaryFloatingPoint>(_ values: [Value], _ low: [Value], _ high: [Value]) -> [Value] {
            values.map { value in
                let raised = value < low[0] ? low[0] : value
                return raised > high[0] ? high[0] : raised
            }
        }
        switch (tensor.elements, low.elements, high.elements) {
        case (.floats(let values), .floats(let low), .floats(let high)): return PipelineTensor(clip(values, low, high), shape: tensor.shape)
        case (.doubles(let values), .doubles(let low), .doubles(let high)):
            return PipelineTensor(clip(values, low, high), shape: tensor.shape)
        default: throw ForestFailure(at: place, "\(tensor.type) within \(low.type) and \(high.type); floats or doubles are supported")
        }
    }

    /// Slices of a value around an axis: `outer` runs of `size` blocks of `inner` elements.
    static func slices(_ shape: [Int], _ axis: Int, at place: String) throws(ForestFailure) -> (outer: Int, size: Int, inner: Int) {
        guard axis < shape.count else { throw ForestFailure(at: place, "a value of rank \(shape.count), which has no axis \(axis)") }
        return (shape[..<axis].reduce(1, *), shape[axis], shape[(axis + 1)...].reduce(1, *))
    }

    static func concat(_ given: [PipelineTensor], _ axis: Int, at place: String) throws(ForestFailure) -> PipelineTensor {
        var shape = given[0].shape
        _ = try slices(shape, axis, at: place)
        shape[axis] = 0
        var count = 0
        for tensor in given {
            guard tensor.type == given[0].type, tensor.shape.count == shape.count,
                shape.indices.allSatisfy({ $0 == axis || tensor.shape[$0] == shape[$0] })
            else { throw ForestFailure(at: place, "a \(tensor.type) value of shape \(tensor.shape) beside one of \(given[0].shape)") }
            shape[axis] += tensor.shape[axis]
            count += tensor.count
            try bound(count, place)
        }
        func join<Element>(_ parts: [[Element]]) -> [Element] {
            let outer = shape[..<axis].reduce(1, *)
            var result: [Element] = []
            result.reserveCapacity(count)
            for run in 0..<outer {
                for part in parts {
                    let length = part.count / outer
                    result.append(contentsOf: part[run * length..<(run + 1) * length])
                }
            }
            return result
        }
        var result = given[0]
        result.shape = shape
        guard shape[..<axis].reduce(1, *) > 0 else { return result }
        switch given[0].elements {
        case .floats: result.elements = .floats(join(given.map { if case .floats(let values) = $0.elements { values } else { [] } }))
        case .doubles: result.elements = .doubles(join(given.map { if case .doubles(let values) = $0.elements { values } else { [] } }))
        case .integers: result.elements = .integers(join(given.map { if case .integers(let values) = $0.elements { values } else { [] } }))
        case .texts: result.elements = .texts(join(given.map { if case .texts(let values) = $0.elements { values } else { [] } }))
        }
        return result
    }

    static func extractColumns(
        _ tensor: PipelineTensor, _ indexes: PipelineTensor, at place: String
    ) throws(ForestFailure) -> PipelineTensor {
        // A value of rank 1 is one row of rank 2, as the operator's reference has it.
        let size = tensor.shape.last ?? 0
        let picked = try indexes.integers(at: place)
        for index in picked where !(0..<Int64(size)).contains(index) { throw ForestFailure(at: place, "column \(index) of \(size)") }
        let outer = size == 0 ? 0 : tensor.count / size
        try bound(outer * picked.count, place)
        let places = (0..<outer).flatMap { row in picked.map { row * size + Int($0) } }
        return tensor.gathering(places, shape: tensor.shape.count < 2 ? [1, picked.count] : tensor.shape.dropLast() + [picked.count])
    }

    static func gather(
        _ tensor: PipelineTensor, _ indexes: PipelineTensor, _ axis: Int, at place: String
    ) throws(ForestFailure) -> PipelineTensor {
        let (outer, size, inner) = try slices(tensor.shape, axis, at: place)
        var picked: [Int] = []
        for index in try indexes.integers(at: place) {
            guard (-Int64(size)..<Int64(size)).contains(index) else { throw ForestFailure(at: place, "index \(index) of \(size)") }
            picked.append(Int(index < 0 ? index + Int64(size) : index))
        }
        let (count, overflow) = (outer * inner).multipliedReportingOverflow(by: picked.count)
        try bound(overflow ? .max : count, place)
        var places: [Int] = []
        places.reserveCapacity(count)
        for run in 0..<outer { for index in picked { for element in 0..<inner { places.append((run * size + index) * inner + element) } } }
        let shape = Array(tensor.shape[..<axis] + indexes.shape + tensor.shape[(axis + 1)...])
        guard shape.count <= 4 else { throw ForestFailure(at: place, "a value of rank \(shape.count)") }
        return tensor.gathering(places, shape: shape)
    }

    static func reshape(_ tensor: PipelineTensor, to wanted: PipelineTensor, at place: String) throws(ForestFailure) -> PipelineTensor {
        var shape: [Int] = []
        var open: Int?
        for (axis, size) in try wanted.integers(at: place).enumerated() {
            guard axis < 4, (-1...Int64(elementCountMax)).contains(size) else { throw ForestFailure(at: place, "a dimension of \(size)") }
            if size == -1 {
                guard open == nil else { throw ForestFailure(at: place, "two open dimensions") }
                open = axis
            }
            guard size != 0 || axis < tensor.shape.count else { throw ForestFailure(at: place, "a dimension that its input does not have") }
            shape.append(size == 0 ? tensor.shape[axis] : size == -1 ? 1 : Int(size))
        }
        var count = 1
        for size in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: size)
            try bound(overflow ? .max : product, place)
            count = product
        }
        if let open {
            guard count > 0, tensor.count % count == 0 else { throw ForestFailure(at: place, "\(tensor.count) elements for \(shape)") }
            shape[open] = tensor.count / count
            count = tensor.count
        }
        guard count == tensor.count else { throw ForestFailure(at: place, "\(tensor.count) elements for \(shape)") }
        var result = tensor
        result.shape = shape
        return result
    }

    static func softmax(_ tensor: PipelineTensor, at place: String) throws(ForestFailure) -> PipelineTensor {
        let size = tensor.shape.last ?? 1
        var result = tensor
        switch tensor.elements {
        case .floats(var values):
            if size > 0 {
                for start in stride(from: 0, to: values.count, by: size) {
                    TreeOperator.PostTransform.softmax.apply(to: &values, start..<start + size)
                }
            }
            result.elements = .floats(values)
        case .doubles(var values):
            if size > 0 {
                for start in stride(from: 0, to: values.count, by: size) {
                    TreeOperator.PostTransform.softmax.apply(to: &values, start..<start + size)
                }
            }
            result.elements = .doubles(values)
        default: throw ForestFailure(at: place, "\(tensor.type), for which it is not supported")
        }
        return result
    }

    static func argMax(
        _ tensor: PipelineTensor, _ axis: Int, _ keepsAxis: Bool, at place: String
    ) throws(ForestFailure) -> PipelineTensor {
        let (outer, size, inner) = try slices(tensor.shape, axis, at: place)
        let values = try tensor.doubles(at: place)
        var result: [Int64] = []
        for run in 0..<outer {
            for element in 0..<inner {
                var best = 0
                for index in 1..<max(size, 1)
                where values[(run * size + index) * inner + element] > values[(run * size + best) * inner + element] {
                    best = index
                }
                result.append(Int64(best))
            }
        }
        return PipelineTensor(result, shape: reduced(tensor.shape, axis, keepsAxis))
    }

    static func reduced(_ shape: [Int], _ axis: Int, _ keepsAxis: Bool) -> [Int] {
        var shape = shape
        if keepsAxis { shape[axis] = 1 } else { shape.remove(at: axis) }
        return shape
    }

    static func reduceSum(
        _ tensor: PipelineTensor, _ axis: Int, _ keepsAxis: Bool, at place: String
    ) throws(ForestFailure) -> PipelineTensor {
        let (outer, size, inner) = try slices(tensor.shape, axis, at: place)
        func sums<Value: Numeric>(_ values: [Value], _ add: (Value, Value) -> Value) -> [Value] {
            var result: [Value] = []
            for run in 0..<outer {
                for element in 0..<inner {
                    var sum: Value = 0
                    for index in 0..<size { sum = add(sum, values[(run * size + index) * inner + element]) }
                    result.append(sum)
                }
            }
            return result
        }
        let shape = reduced(tensor.shape, axis, keepsAxis)
        switch tensor.elements {
        case .floats(let values): return PipelineTensor(sums(values, +), shape: shape)
        case .doubles(let values): return PipelineTensor(sums(values, +), shape: shape)
        case .integers(let values): return PipelineTensor(sums(values, &+), shape: shape)
        case .texts: throw ForestFailure(at: place, "texts where numbers are needed")
        }
    }

    static func matMul(_ left: PipelineTensor, _ right: PipelineTensor, at place: String) throws(ForestFailure) -> PipelineTensor {
        guard left.shape.count == 2, right.shape.count == 2, left.shape[1] == right.shape[0] else {
            throw ForestFailure(at: place, "shapes \(left.shape) and \(right.shape); rows by a matrix are supported")
        }
        let (rows, depth, columns) = (left.shape[0], left.shape[1], right.shape[1])
        let (count, overflow) = rows.multipliedReportingOverflow(by: columns)
        try bound(overflow ? .max : count, place)
        func product<Value: BinaryFloatingPoint>(_ one: [Value], _ other: [Value]) -> [Value] {
            var result = [Value](repeating: 0, count: count)
            for row in 0..<rows {
                for index in 0..<depth {
                    for column in 0..<columns {
                        result[row * columns + column] += one[row * depth + index] * other[index * columns + column]
                    }
                }
            }
            return result
        }
        switch (left.elements, right.elements) {
        case (.floats(let one), .floats(let other)): return PipelineTensor(product(one, other), shape: [rows, columns])
        case (.doubles(let one), .doubles(let other)): return PipelineTensor(product(one, other), shape: [rows, columns])
        default: throw ForestFailure(at: place, "\(left.type), for which it is not supported")
        }
    }

    static func impute(
        _ tensor: PipelineTensor, _ imputed: [Float], _ replaced: Float, at place: String
    ) throws(ForestFailure) -> PipelineTensor {
        let columns = max(1, tensor.columnCount)
        func impute<Value: BinaryFloatingPoint>(_ values: [Value]) -> [Value] {
            values.indices.map { index in
                let value = values[index]
                let isReplaced = replaced.isNaN ? value.isNaN : value == Value(replaced)
                return isReplaced ? Value(imputed[imputed.count == 1 ? 0 : index % columns]) : value
            }
        }
        switch tensor.elements {
        case .floats(let values): return PipelineTensor(impute(values), shape: tensor.shape)
        case .doubles(let values): return PipelineTensor(impute(values), shape: tensor.shape)
        default: throw ForestFailure(at: place, "\(tensor.type) with imputed floats")
        }
    }

    static func normalize(
        _ tensor: PipelineTensor, _ norm: PipelineOperation.Norm, at place: String
    ) throws(ForestFailure) -> PipelineTensor {
        var values = try tensor.floats(at: place)
        let columns = tensor.columnCount
        guard columns > 0 else { return PipelineTensor(values, shape: tensor.shape) }
        for start in stride(from: 0, to: values.count, by: columns) {
            let row = start..<start + columns
            switch norm {
            case .max:
                let greatest = values[row].reduce(-Float.greatestFiniteMagnitude) { $1 > $0 ? $1 : $0 }
                if greatest != 0 { for index in row { values[index] /= greatest } }
            case .l1:
                let sum = values[row].reduce(0) { $0 + $1.magnitude }
                if sum != 0 { for index in row { values[index] /= sum } }
            case .l2:
                let sum = values[row].reduce(0) { $0 + $1 * $1 }
                guard sum != 0 else { continue }
                for index in row {
                    let share = (values[index] * values[index] / sum).squareRoot()
                    values[index] = values[index] < 0 ? -share : share
                }
            }
        }
        return PipelineTensor(values, shape: tensor.shape)
    }

    /// `x · coefficientsᵀ + intercepts` of every row, in floats.
    static func linear(
        _ tensor: PipelineTensor, _ coefficients: [Float], _ intercepts: [Float], at place: String
    ) throws(ForestFailure) -> [Float] {
        let values = try tensor.floats(at: place)
        let columns = tensor.columnCount
        guard columns > 0, coefficients.count == columns * intercepts.count else {
            throw ForestFailure(at: place, "\(columns) columns for \(coefficients.count) coefficients")
        }
        var scores: [Float] = []
        for start in stride(from: 0, to: values.count, by: columns) {
            for (target, intercept) in intercepts.enumerated() {
                var sum: Float = 0
                for column in 0..<columns { sum += values[start + column] * coefficients[target * columns + column] }
                scores.append(sum + intercept)
            }
        }
        return scores
    }
}

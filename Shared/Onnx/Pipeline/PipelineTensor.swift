package import Forest

/// A value on its way through a ``ModelPipeline``: an array of rank 0 to 4, row-major.
package struct PipelineTensor: Hashable, Sendable {
    package enum Elements: Hashable, Sendable {
        case floats([Float])
        case doubles([Double])
        /// Of the types `int64`, `int32`, `uint8` and `bool`.
        case integers([Int64])
        case texts([String])
    }

    package var type: OnnxElementType
    package var shape: [Int]
    package var elements: Elements

    package init(_ values: [Float], shape: [Int]) { (type, self.shape, elements) = (.float, shape, .floats(values)) }
    package init(_ values: [Double], shape: [Int]) { (type, self.shape, elements) = (.double, shape, .doubles(values)) }
    package init(_ values: [Int64], shape: [Int]) { (type, self.shape, elements) = (.int64, shape, .integers(values)) }
    package init(_ values: [String], shape: [Int]) { (type, self.shape, elements) = (.string, shape, .texts(values)) }

    init(_ tensor: OnnxTensor) {
        type = tensor.type
        shape = tensor.dimensions
        switch tensor.elements {
        case .floats(let values): elements = .floats(values)
        case .doubles(let values): elements = .doubles(values)
        case .integers(let values): elements = .integers(values)
        case .strings(let values): elements = .texts(values)
        }
    }

    package var count: Int {
        switch elements {
        case .floats(let values): values.count
        case .doubles(let values): values.count
        case .integers(let values): values.count
        case .texts(let values): values.count
        }
    }

    /// Rows, where the value has one row after the other.
    var rowCount: Int { shape.first ?? 1 }
    /// Values of a row: a value of rank 1 is one row.
    var columnCount: Int { shape.count < 2 ? count : shape[1...].reduce(1, *) }

    /// The numbers as doubles; texts are refused.
    package func doubles(at place: String) throws(ForestFailure) -> [Double] {
        switch elements {
        case .floats(let values): return values.map(Double.init)
        case .doubles(let values): return values
        case .integers(let values): return values.map(Double.init)
        case .texts: throw ForestFailure(at: place, "texts where numbers are needed")
        }
    }

    /// The numbers rounded to floats; texts are refused.
    func floats(at place: String) throws(ForestFailure) -> [Float] {
        switch elements {
        case .floats(let values): return values
        case .doubles(let values): return values.map { Float($0) }
        case .integers(let values): return values.map { Float($0) }
        case .texts: throw ForestFailure(at: place, "texts where numbers are needed")
        }
    }

    func integers(at place: String) throws(ForestFailure) -> [Int64] {
        guard case .integers(let values) = elements else { throw ForestFailure(at: place, "something else than integers") }
        return values
    }

    /// The elements with these indexes.
    func gathering(_ indexes: [Int], shape: [Int]) -> PipelineTensor {
        var result = self
        result.shape = shape
        switch elements {
        case .floats(let values): result.elements = .floats(indexes.map { values[$0] })
        case .doubles(let values): result.elements = .doubles(indexes.map { values[$0] })
        case .integers(let values): result.elements = .integers(indexes.map { values[$0] })
        case .texts(let values): result.elements = .texts(indexes.map { values[$0] })
        }
        return result
    }
}

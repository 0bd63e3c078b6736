internal import Forest

/// The attributes of one node by name, each taken once, so that what is left over is known to be unknown.
struct NodeAttributes {
    private var values: [String: OnnxAttribute.Value]
    private var order: [String]
    let place: String

    init(_ node: OnnxNode, at place: String) throws(ForestFailure) {
        values = [:]
        order = []
        self.place = place
        for attribute in node.attributes {
            guard values.updateValue(attribute.value, forKey: attribute.name) == nil else {
                throw ForestFailure(at: "\(place).\(attribute.name)", "given twice")
            }
            order.append(attribute.name)
        }
    }

    mutating func take(_ name: String) -> OnnxAttribute.Value? { values.removeValue(forKey: name) }

    func has(_ name: String) -> Bool { values[name] != nil }

    mutating func int(_ name: String) throws(ForestFailure) -> Int64? {
        switch take(name) {
        case nil: return nil
        case .int(let value): return value
        default: throw mistyped(name, "an integer")
        }
    }

    mutating func float(_ name: String) throws(ForestFailure) -> Float? {
        switch take(name) {
        case nil: return nil
        case .float(let value): return value
        default: throw mistyped(name, "a float")
        }
    }

    mutating func string(_ name: String) throws(ForestFailure) -> String? {
        switch take(name) {
        case nil: return nil
        case .string(let value): return value
        default: throw mistyped(name, "a text")
        }
    }

    /// An absent list is empty, as ONNX cannot tell the two apart.
    mutating func ints(_ name: String) throws(ForestFailure) -> [Int64] {
        switch take(name) {
        case nil: return []
        case .ints(let values): return values
        default: throw mistyped(name, "a list of integers")
        }
    }

    mutating func floats(_ name: String) throws(ForestFailure) -> [Float] {
        switch take(name) {
        case nil: return []
        case .floats(let values): return values
        default: throw mistyped(name, "a list of floats")
        }
    }

    mutating func strings(_ name: String) throws(ForestFailure) -> [String] {
        switch take(name) {
        case nil: return []
        case .strings(let values): return values
        default: throw mistyped(name, "a list of texts")
        }
    }

    mutating func tensor(_ name: String) throws(ForestFailure) -> OnnxTensor? {
        switch take(name) {
        case nil: return nil
        case .tensor(let tensor): return tensor
        default: throw mistyped(name, "a tensor")
        }
    }

    /// Numbers given as `name` (floats) or, from opset 3 on, as the tensor `name_as_tensor` of floats or doubles; not as both.
    mutating func numbers(_ name: String) throws(ForestFailure) -> [Double] {
        let plain = try floats(name)
        guard let tensor = try tensor(name + "_as_tensor") else { return plain.map(Double.init) }
        guard plain.isEmpty else { throw ForestFailure(at: "\(place).\(name)", "given as floats and as a tensor") }
        return try tensor.numbers(at: "\(place).\(name)_as_tensor")
    }

    /// Refuses the first attribute that nobody took.
    func refuseRest() throws(ForestFailure) {
        for name in order where values[name] != nil {
            throw ForestFailure(at: "\(place).\(name.prefix(64))", "an attribute that is not read")
        }
    }

    private func mistyped(_ name: String, _ wanted: String) -> ForestFailure {
        ForestFailure(at: "\(place).\(name)", "something else than \(wanted)")
    }
}

extension OnnxTensor {
    /// The elements of a tensor of floats or doubles.
    func numbers(at place: String) throws(ForestFailure) -> [Double] {
        switch elements {
        case .floats(let values): return values.map(Double.init)
        case .doubles(let values): return values
        default: throw ForestFailure(at: place, "a tensor that is neither of floats nor of doubles")
        }
    }
}

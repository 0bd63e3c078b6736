/// What an ONNX file says, as far as models of tables need it. Plain data: nothing in it is checked beyond its types.
///
/// Source: onnx/onnx, `onnx.proto`, IR versions 3 to 13.
package struct OnnxModel: Hashable, Sendable {
    package struct OperatorSet: Hashable, Sendable {
        /// Empty for the standard operators, `ai.onnx.ml` for those of classical models.
        package var domain: String
        package var version: Int

        package init(_ domain: String, _ version: Int) {
            self.domain = domain
            self.version = version
        }
    }

    /// An entry of the model's metadata.
    package struct Property: Hashable, Sendable {
        package var key: String
        package var value: String

        package init(_ key: String, _ value: String) {
            self.key = key
            self.value = value
        }
    }

    package var irVersion = 0
    package var producerName = ""
    package var producerVersion = ""
    package var operatorSets: [OperatorSet] = []
    package var graph = OnnxGraph()
    package var metadata: [Property] = []

    package init() {}

    /// Version of the operators of a domain that the model asks for; 0 when it names none.
    package func operatorVersion(of domain: String) -> Int {
        operatorSets.reduce(0) { $1.domain == domain || $1.domain == "ai.onnx" && domain.isEmpty ? max($0, $1.version) : $0 }
    }
}

package struct OnnxGraph: Hashable, Sendable {
    package var name = ""
    package var nodes: [OnnxNode] = []
    /// Constants by name.
    package var initializers: [OnnxTensor] = []
    package var inputs: [OnnxValue] = []
    package var outputs: [OnnxValue] = []

    package init() {}
}

/// One step of a graph.
package struct OnnxNode: Hashable, Sendable {
    package var name = ""
    package var domain = ""
    package var operatorType = ""
    package var inputs: [String] = []
    package var outputs: [String] = []
    package var attributes: [OnnxAttribute] = []

    package init(_ operatorType: String = "", domain: String = "", inputs: [String] = [], outputs: [String] = []) {
        self.operatorType = operatorType
        self.domain = domain
        self.inputs = inputs
        self.outputs = outputs
    }
}

package struct OnnxAttribute: Hashable, Sendable {
    package enum Value: Hashable, Sendable {
        case float(Float)
        case int(Int64)
        case string(String)
        case tensor(OnnxTensor)
        case floats([Float])
        case ints([Int64])
        case strings([String])
        /// Something this room has no use for, by the file's name of its type: a graph, a sparse tensor, a type.
        case other(String)
    }

    package var name: String
    package var value: Value

    package init(_ name: String, _ value: Value) {
        self.name = name
        self.value = value
    }
}

/// The element types that are read, by `TensorProto.DataType`.
package enum OnnxElementType: Int, Hashable, Sendable, CaseIterable {
    case float = 1
    case uint8 = 2
    case int32 = 6
    case int64 = 7
    case string = 8
    case bool = 9
    case double = 11
}

package struct OnnxTensor: Hashable, Sendable {
    package enum Elements: Hashable, Sendable {
        case floats([Float])
        case doubles([Double])
        /// Of the types `uint8`, `int32`, `int64` and `bool`.
        case integers([Int64])
        case strings([String])

        package var count: Int {
            switch self {
            case .floats(let values): values.count
            case .doubles(let values): values.count
            case .integers(let values): values.count
            case .strings(let values): values.count
            }
        }
    }

    package var name: String
    package var dimensions: [Int]
    package var type: OnnxElementType
    package var elements: Elements

    package init(_ name: String, dimensions: [Int], type: OnnxElementType, elements: Elements) {
        self.name = name
        self.dimensions = dimensions
        self.type = type
        self.elements = elements
    }

    package init(_ name: String, doubles: [Double]) {
        self.init(name, dimensions: [doubles.count], type: .double, elements: .doubles(doubles))
    }
}

/// An input or output of a graph.
package struct OnnxValue: Hashable, Sendable {
    package var name: String
    /// nil for what is not a tensor, such as ZipMap's sequence of maps.
    package var type: OnnxElementType?
    /// nil for a dimension that the file leaves open; empty also when the file gives no shape.
    package var dimensions: [Int?]

    package init(_ name: String, type: OnnxElementType?, dimensions: [Int?]) {
        self.name = name
        self.type = type
        self.dimensions = dimensions
    }
}

/// The sizes a file may have: far above any in use, low enough that a hostile file cannot exhaust a service.
package enum OnnxLimits {
    package static let nodeCountMax = 4_096
    package static let valueCountMax = 16_384
    package static let attributeCountMax = 64
    package static let textBytesMax = 1 << 20
    /// Elements of one attribute or tensor.
    package static let elementCountMax = 16 << 20
    package static let propertyCountMax = 4_096
}

internal import Contracts
package import Forest

extension OnnxModel {
    /// Reads a file's bytes.
    ///
    /// - Throws: ``ForestFailure`` that names the part at fault, such as `graph.node[2].attribute`.
    /// - Complexity: O(bytes) in time and memory; the file's own counts are never believed before their bytes are seen.
    package init(decoding bytes: [UInt8]) throws(ForestFailure) {
        guard bytes.count <= ForestLimits.fileBytesMax else {
            throw ForestFailure(at: "file", "\(bytes.count) bytes; at most \(ForestLimits.fileBytesMax) are read")
        }
        // The first byte of a text file, '{', would be the tag of a group; say what is wrong rather than that.
        guard bytes.first != 0x7B else { throw ForestFailure(at: "file", "JSON text; an ONNX file is Protobuf") }
        self.init()
        var failure: ForestFailure?
        bytes.withUnsafeBytes { buffer in
            do throws(ForestFailure) { try self.read(buffer) } catch { failure = error }
        }
        if let failure { throw failure }
        guard irVersion >= 3 else { throw ForestFailure(at: "ir_version", "\(irVersion); from version 3 on is read") }
    }

    private mutating func read(_ buffer: UnsafeRawBufferPointer) throws(ForestFailure) {
        var fields = Fields(buffer, at: "file")
        var hasGraph = false
        while let tag = try fields.next() {
            switch tag.field {
            case 1: irVersion = try fields.integer(tag)
            case 2: producerName = try fields.text(tag)
            case 3: producerVersion = try fields.text(tag)
            case 7:
                guard !hasGraph else { throw ForestFailure(at: "graph", "given twice") }
                hasGraph = true
                graph = try OnnxGraph(try fields.message(tag, "graph"))
            case 8:
                try fields.bound(operatorSets.count, 64, "opset_import")
                operatorSets.append(try OperatorSet(try fields.message(tag, "opset_import[\(operatorSets.count)]")))
            case 14:
                try fields.bound(metadata.count, OnnxLimits.propertyCountMax, "metadata_props")
                metadata.append(try Property(try fields.message(tag, "metadata_props[\(metadata.count)]")))
            case 25: throw ForestFailure(at: "functions", "functions of the model's own; only operators are read")
            default: try fields.skip(tag)
            }
        }
        guard hasGraph else { throw ForestFailure(at: "graph", "missing") }
        guard !operatorSets.isEmpty else { throw ForestFailure(at: "opset_import", "missing") }
    }
}

extension OnnxModel.OperatorSet {
    fileprivate init(_ fields: consuming Fields) throws(ForestFailure) {
        self.init("", 0)
        while let tag = try fields.next() {
            switch tag.field {
            case 1: domain = try fields.text(tag)
            case 2: version = try fields.integer(tag)
            default: try fields.skip(tag)
            }
        }
    }
}

extension OnnxModel.Property {
    fileprivate init(_ fields: consuming Fields) throws(ForestFailure) {
        self.init("", "")
        while let tag = try fields.next() {
            switch tag.field {
            case 1: key = try fields.text(tag)
            case 2: value = try fields.text(tag)
            default: try fields.skip(tag)
            }
        }
    }
}

extension OnnxGraph {
    fileprivate init(_ fields: consuming Fields) throws(ForestFailure) {
        self.init()
        while let tag = try fields.next() {
            switch tag.field {
            case 1:
                try fields.bound(nodes.count, OnnxLimits.nodeCountMax, "graph.node")
                nodes.append(try OnnxNode(try fields.message(tag, "graph.node[\(nodes.count)]")))
            case 2: name = try fields.text(tag)
            case 5:
                try fields.bound(initializers.count, OnnxLimits.valueCountMax, "graph.initializer")
                initializers.append(try OnnxTensor(try fields.message(tag, "graph.initializer[\(initializers.count)]")))
            case 11:
                try fields.bound(inputs.count, OnnxLimits.valueCountMax, "graph.input")
                inputs.append(try OnnxValue(try fields.message(tag, "graph.input[\(inputs.count)]")))
            case 12:
                try fields.bound(outputs.count, OnnxLimits.valueCountMax, "graph.output")
                outputs.append(try OnnxValue(try fields.message(tag, "graph.output[\(outputs.count)]")))
            case 15: throw ForestFailure(at: "graph.sparse_initializer", "sparse constants are not read")
            default: try fields.skip(tag)
            }
        }
    }
}

extension OnnxNode {
    fileprivate init(_ fields: consuming Fields) throws(ForestFailure) {
        self.init()
        while let tag = try fields.next() {
            switch tag.field {
            case 1:
                try fields.bound(inputs.count, OnnxLimits.valueCountMax, "input")
                inputs.append(try fields.text(tag))
            case 2:
                try fields.bound(outputs.count, OnnxLimits.valueCountMax, "output")
                outputs.append(try fields.text(tag))
            case 3: name = try fields.text(tag)
            case 4: operatorType = try fields.text(tag)
            case 5:
                try fields.bound(attributes.count, OnnxLimits.attributeCountMax, "attribute")
                attributes.append(try OnnxAttribute(try fields.message(tag, "\(fields.place).attribute[\(attributes.count)]")))
            case 7: domain = try fields.text(tag)
            default: try fields.skip(tag)
            }
        }
        if domain == "ai.onnx" { domain = "" }
    }
}

extension OnnxAttribute {
    fileprivate init(_ fields: consuming Fields) throws(ForestFailure) {
        var name = ""
        var type = 0
        var float: Float = 0
        var int: Int64 = 0
        var string = ""
        var tensor: OnnxTensor?
        var floats: [Float] = []
        var ints: [Int64] = []
        var strings: [String] = []
        while let tag = try fields.next() {
            switch tag.field {
            case 1: name = try fields.text(tag)
            case 2: float = try fields.float(tag)
            case 3: int = try fields.int64(tag)
            case 4: string = try fields.text(tag)
            case 5: tensor = try OnnxTensor(try fields.message(tag, "\(fields.place).t"))
            case 7: try fields.appendFloats(tag, to: &floats)
            case 8: try fields.appendIntegers(tag, to: &ints)
            case 9:
                try fields.bound(strings.count, OnnxLimits.elementCountMax, "strings")
                strings.append(try fields.text(tag))
            case 20: type = try fields.integer(tag)
            default: try fields.skip(tag)
            }
        }
        let value: Value
        switch type {
        case 1: value = .float(float)
        case 2: value = .int(int)
        case 3: value = .string(string)
        case 4:
            guard let tensor else { throw ForestFailure(at: "\(fields.place) \"\(name.prefix(64))\"", "a tensor that is not there") }
            value = .tensor(tensor)
        case 5: value = .graph
        case 6: value = .floats(floats)
        case 7: value = .ints(ints)
        case 8: value = .strings(strings)
        default: value = .other("attribute type \(type)")
        }
        self.init(name, value)
    }
}

extension OnnxAttribute.Value {
    fileprivate static var graph: Self { .other("a graph") }
}

extension OnnxValue {
    fileprivate init(_ fields: consuming Fields) throws(ForestFailure) {
        self.init("", type: nil, dimensions: [])
        while let tag = try fields.next() {
            switch tag.field {
            case 1: name = try fields.text(tag)
            case 2:
                var type = try fields.message(tag, fields.place + ".type")
                while let tag = try type.next() {
                    if tag.field == 1 {
                        try readTensorType(try type.message(tag, type.place + ".tensor_type"))
                    } else {
                        try type.skip(tag)
                    }
                }
            default: try fields.skip(tag)
            }
        }
    }

    private mutating func readTensorType(_ fields: consuming Fields) throws(ForestFailure) {
        while let tag = try fields.next() {
            switch tag.field {
            case 1:
                let code = try fields.integer(tag)
                guard let known = OnnxElementType(rawValue: code) else {
                    throw ForestFailure(at: fields.place, "element type \(code), which is not read")
                }
                type = known
            case 2:
                var shape = try fields.message(tag, fields.place + ".shape")
                dimensions = []
                while let tag = try shape.next() {
                    guard tag.field == 1 else {
                        try shape.skip(tag)
                        continue
                    }
                    try shape.bound(dimensions.count, 16, "dim")
                    var dimension = try shape.message(tag, shape.place + ".dim")
                    var size: Int?
                    while let tag = try dimension.next() {
                        // 0 and negative sizes stand for an open one in old exports.
                        if tag.field == 1 { size = try dimension.integer(tag) } else { try dimension.skip(tag) }
                    }
                    dimensions.append(size.flatMap { $0 > 0 ? $0 : nil })
                }
            default: try fields.skip(tag)
            }
        }
    }
}

extension OnnxTensor {
    fileprivate init(_ fields: consuming Fields) throws(ForestFailure) {
        var name = ""
        var dimensions: [Int64] = []
        var code = 0
        var floats: [Float] = []
        var doubles: [Double] = []
        var integers: [Int64] = []
        var strings: [String] = []
        var raw: UnsafeRawBufferPointer?
        while let tag = try fields.next() {
            switch tag.field {
            case 1:
                try fields.appendIntegers(tag, to: &dimensions)
                try fields.bound(dimensions.count, 17, "dims")
            case 2: code = try fields.integer(tag)
            case 4: try fields.appendFloats(tag, to: &floats)
            case 5, 7: try fields.appendIntegers(tag, to: &integers)
            case 6:
                try fields.bound(strings.count, OnnxLimits.elementCountMax, "string_data")
                strings.append(try fields.text(tag))
            case 8: name = try fields.text(tag)
            case 9: raw = try fields.bytes(tag)
            case 10: try fields.appendDoubles(tag, to: &doubles)
            case 13: throw ForestFailure(at: fields.place, "data outside the file; only constants inside it are read")
            case 14:
                guard try fields.integer(tag) == 0 else {
                    throw ForestFailure(at: fields.place, "data outside the file; only constants inside it are read")
                }
            default: try fields.skip(tag)
            }
        }
        guard let type = OnnxElementType(rawValue: code) else {
            throw ForestFailure(at: fields.place, "element type \(code), which is not read")
        }
        let elements: Elements
        if let raw {
            elements = try OnnxTensor.elements(of: raw, type, at: fields.place)
        } else {
            switch type {
            case .float: elements = .floats(floats)
            case .double: elements = .doubles(doubles)
            case .string: elements = .strings(strings)
            case .uint8, .int32, .int64, .bool: elements = .integers(integers)
            }
        }
        var sizes: [Int] = []
        var count = 1
        for dimension in dimensions {
            guard (0...Int64(OnnxLimits.elementCountMax)).contains(dimension) else {
                throw ForestFailure(at: "\(fields.place).dims", "a dimension of \(dimension)")
            }
            sizes.append(Int(dimension))
            let (product, overflow) = count.multipliedReportingOverflow(by: Int(dimension))
            guard !overflow, product <= OnnxLimits.elementCountMax else {
                throw ForestFailure(at: "\(fields.place).dims", "more than \(OnnxLimits.elementCountMax) elements")
            }
            count = product
        }
        guard count == elements.count else {
            throw ForestFailure(at: "\(fields.place).dims", "\(elements.count) elements where the dimensions ask for \(count)")
        }
        self.init(name, dimensions: sizes, type: type, elements: elements)
    }

    private static func elements(
        of raw: UnsafeRawBufferPointer, _ type: OnnxElementType, at place: String
    ) throws(ForestFailure) -> Elements {
        func values<Element>(_ width: Int, _ element: (Int) -> Element) throws(ForestFailure) -> [Element] {
            guard raw.count % width == 0 else {
                throw ForestFailure(at: "\(place).raw_data", "\(raw.count) bytes, not a multiple of \(width)")
            }
            return (0..<raw.count / width).map { element($0 * width) }
        }
        switch type {
        case .float:
            return .floats(
                try values(4) { Float(bitPattern: UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: $0, as: UInt32.self))) })
        case .double:
            return .doubles(
                try values(8) { Double(bitPattern: UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: $0, as: UInt64.self))) })
        case .int64: return .integers(try values(8) { Int64(littleEndian: raw.loadUnaligned(fromByteOffset: $0, as: Int64.self)) })
        case .int32: return .integers(try values(4) { Int64(Int32(littleEndian: raw.loadUnaligned(fromByteOffset: $0, as: Int32.self))) })
        case .uint8, .bool: return .integers(try values(1) { Int64(raw[$0]) })
        case .string: throw ForestFailure(at: "\(place).raw_data", "text in raw data")
        }
    }
}

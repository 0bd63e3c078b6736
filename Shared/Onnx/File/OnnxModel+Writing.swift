internal import Contracts

extension OnnxModel {
    /// The file's bytes; equal models give equal bytes.
    package func encode() -> [UInt8] {
        typealias Out = ProtobufWriter
        var output: [UInt8] = []
        Out.int64(1, Int64(irVersion), into: &output)
        Out.string(2, producerName, into: &output)
        Out.string(3, producerVersion, into: &output)
        Out.message(7, into: &output) { graph.write(into: &$0) }
        for set in operatorSets {
            Out.message(8, into: &output) {
                Out.string(1, set.domain, into: &$0)
                Out.int64(2, Int64(set.version), into: &$0)
            }
        }
        for property in metadata {
            Out.message(14, into: &output) {
                Out.string(1, property.key, into: &$0)
                Out.string(2, property.value, into: &$0)
            }
        }
        return output
    }
}

extension ProtobufWriter {
    fileprivate static func message(_ field: UInt32, into output: inout [UInt8], _ body: (inout [UInt8]) -> Void) {
        let mark = beginMessage(field, into: &output)
        body(&output)
        endMessage(mark, in: &output)
    }

    fileprivate static func packed(_ field: UInt32, _ values: [Int64], into output: inout [UInt8]) {
        if values.isEmpty { return }
        message(field, into: &output) { for value in values { varint(UInt64(bitPattern: value), into: &$0) } }
    }
}

extension OnnxGraph {
    fileprivate func write(into output: inout [UInt8]) {
        for node in nodes { ProtobufWriter.message(1, into: &output) { node.write(into: &$0) } }
        ProtobufWriter.string(2, name, into: &output)
        for tensor in initializers { ProtobufWriter.message(5, into: &output) { tensor.write(into: &$0) } }
        for value in inputs { ProtobufWriter.message(11, into: &output) { value.write(into: &$0) } }
        for value in outputs { ProtobufWriter.message(12, into: &output) { value.write(into: &$0) } }
    }
}

extension OnnxNode {
    fileprivate func write(into output: inout [UInt8]) {
        for input in inputs { ProtobufWriter.presentString(1, input, into: &output) }
        for name in outputs { ProtobufWriter.presentString(2, name, into: &output) }
        ProtobufWriter.string(3, name, into: &output)
        ProtobufWriter.string(4, operatorType, into: &output)
        for attribute in attributes { ProtobufWriter.message(5, into: &output) { attribute.write(into: &$0) } }
        ProtobufWriter.string(7, domain, into: &output)
    }
}

extension OnnxAttribute {
    fileprivate func write(into output: inout [UInt8]) {
        typealias Out = ProtobufWriter
        Out.string(1, name, into: &output)
        let type: UInt64
        switch value {
        case .float(let value):
            Out.tag(2, .fixed32, into: &output)
            Out.bits(value, into: &output)
            type = 1
        case .int(let value):
            Out.present(3, UInt64(bitPattern: value), into: &output)
            type = 2
        case .string(let text):
            Out.presentString(4, text, into: &output)
            type = 3
        case .tensor(let tensor):
            Out.message(5, into: &output) { tensor.write(into: &$0) }
            type = 4
        case .floats(let values):
            if !values.isEmpty { Out.message(7, into: &output) { for value in values { Out.bits(value, into: &$0) } } }
            type = 6
        case .ints(let values):
            Out.packed(8, values, into: &output)
            type = 7
        case .strings(let texts):
            for text in texts { Out.presentString(9, text, into: &output) }
            type = 8
        case .other: type = 0
        }
        Out.present(20, type, into: &output)
    }
}

extension ProtobufWriter {
    /// A `float` without its tag, bit by bit.
    fileprivate static func bits(_ value: Float, into output: inout [UInt8]) {
        withUnsafeBytes(of: value.bitPattern.littleEndian) { output.append(contentsOf: $0) }
    }
}

extension OnnxTensor {
    fileprivate func write(into output: inout [UInt8]) {
        typealias Out = ProtobufWriter
        Out.packed(1, dimensions.map(Int64.init), into: &output)
        Out.unsigned(2, UInt64(type.rawValue), into: &output)
        if case .strings(let texts) = elements { for text in texts { Out.presentString(6, text, into: &output) } }
        Out.string(8, name, into: &output)
        guard elements.count > 0 else { return }
        switch elements {
        case .strings: break
        case .floats(let values): Out.message(9, into: &output) { for value in values { Out.bits(value, into: &$0) } }
        case .doubles(let values): Out.message(9, into: &output) { for value in values { Out.fixed64(value.bitPattern, into: &$0) } }
        case .integers(let values):
            Out.message(9, into: &output) { output in
                for value in values {
                    switch type {
                    case .uint8, .bool: output.append(UInt8(truncatingIfNeeded: value))
                    case .int32: withUnsafeBytes(of: Int32(truncatingIfNeeded: value).littleEndian) { output.append(contentsOf: $0) }
                    default: Out.fixed64(UInt64(bitPattern: value), into: &output)
                    }
                }
            }
        }
    }
}

extension OnnxValue {
    fileprivate func write(into output: inout [UInt8]) {
        typealias Out = ProtobufWriter
        Out.string(1, name, into: &output)
        guard let type else { return }
        Out.message(2, into: &output) {
            Out.message(1, into: &$0) {
                Out.unsigned(1, UInt64(type.rawValue), into: &$0)
                Out.message(2, into: &$0) {
                    for dimension in dimensions {
                        Out.message(1, into: &$0) { if let dimension { Out.present(1, UInt64(dimension), into: &$0) } }
                    }
                }
            }
        }
    }
}

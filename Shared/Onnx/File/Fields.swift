internal import Contracts
internal import Forest

/// The fields of one Protobuf message of an ONNX file, front to back, with the name of the place for complaints.
///
/// Repeated numbers may be packed or not, as parsers must accept both: ONNX's own files leave them unpacked.
struct Fields {
    private var reader: ProtobufReader
    let place: String

    init(_ buffer: UnsafeRawBufferPointer, at place: String) {
        reader = ProtobufReader(buffer)
        self.place = place
    }

    mutating func next() throws(ForestFailure) -> ProtobufReader.Tag? {
        do throws(ContractFailure) { return try reader.next() } catch { throw complaint(error) }
    }

    mutating func skip(_ tag: ProtobufReader.Tag) throws(ForestFailure) {
        do throws(ContractFailure) { try reader.skip(tag) } catch { throw complaint(error) }
    }

    mutating func bytes(_ tag: ProtobufReader.Tag) throws(ForestFailure) -> UnsafeRawBufferPointer {
        do throws(ContractFailure) { return try reader.bytes(tag) } catch { throw complaint(error) }
    }

    mutating func int64(_ tag: ProtobufReader.Tag) throws(ForestFailure) -> Int64 {
        do throws(ContractFailure) { return try reader.int64(tag) } catch { throw complaint(error) }
    }

    mutating func float(_ tag: ProtobufReader.Tag) throws(ForestFailure) -> Float {
        do throws(ContractFailure) { return Float(bitPattern: try reader.fixed32(tag)) } catch { throw complaint(error) }
    }

    mutating func integer(_ tag: ProtobufReader.Tag) throws(ForestFailure) -> Int { Int(try int64(tag)) }

    /// The fields of an embedded message.
    mutating func message(_ tag: ProtobufReader.Tag, _ place: String) throws(ForestFailure) -> Fields {
        Fields(try bytes(tag), at: place)
    }

    mutating func text(_ tag: ProtobufReader.Tag) throws(ForestFailure) -> String {
        let bytes = try bytes(tag)
        guard bytes.count <= OnnxLimits.textBytesMax else {
            throw ForestFailure(at: place, "a text of \(bytes.count) bytes; at most \(OnnxLimits.textBytesMax) are read")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ForestFailure(at: place, "field \(tag.field) is a text that is not UTF-8")
        }
        return text
    }

    mutating func appendFloats(_ tag: ProtobufReader.Tag, to values: inout [Float]) throws(ForestFailure) {
        if tag.wireType == .bytes {
            let packed = try bytes(tag)
            guard packed.count % 4 == 0 else { throw ForestFailure(at: place, "field \(tag.field) ends inside a number") }
            try bound(values.count + packed.count / 4 - 1, OnnxLimits.elementCountMax, "field \(tag.field)")
            for offset in stride(from: 0, to: packed.count, by: 4) {
                values.append(Float(bitPattern: UInt32(littleEndian: packed.loadUnaligned(fromByteOffset: offset, as: UInt32.self))))
            }
        } else {
            try bound(values.count, OnnxLimits.elementCountMax, "field \(tag.field)")
            values.append(try float(tag))
        }
    }

    mutating func appendDoubles(_ tag: ProtobufReader.Tag, to values: inout [Double]) throws(ForestFailure) {
        if tag.wireType == .bytes {
            let packed = try bytes(tag)
            guard packed.count % 8 == 0 else { throw ForestFailure(at: place, "field \(tag.field) ends inside a number") }
            try bound(values.count + packed.count / 8 - 1, OnnxLimits.elementCountMax, "field \(tag.field)")
            for offset in stride(from: 0, to: packed.count, by: 8) {
                values.append(Double(bitPattern: UInt64(littleEndian: packed.loadUnaligned(fromByteOffset: offset, as: UInt64.self))))
            }
        } else {
            try bound(values.count, OnnxLimits.elementCountMax, "field \(tag.field)")
            do throws(ContractFailure) { values.append(try reader.double(tag)) } catch { throw complaint(error) }
        }
    }

    mutating func appendIntegers(_ tag: ProtobufReader.Tag, to values: inout [Int64]) throws(ForestFailure) {
        if tag.wireType == .bytes {
            var packed = ProtobufReader(try bytes(tag))
            while packed.position < packed.buffer.count {
                try bound(values.count, OnnxLimits.elementCountMax, "field \(tag.field)")
                do throws(ContractFailure) { values.append(Int64(bitPattern: try packed.varint())) } catch { throw complaint(error) }
            }
        } else {
            try bound(values.count, OnnxLimits.elementCountMax, "field \(tag.field)")
            values.append(try int64(tag))
        }
    }

    /// Refuses one more entry than a list may have.
    func bound(_ count: Int, _ countMax: Int, _ list: String) throws(ForestFailure) {
        guard count < countMax else { throw ForestFailure(at: place, "\(list): more than \(countMax) entries") }
    }

    private func complaint(_ failure: ContractFailure) -> ForestFailure {
        ForestFailure(at: place, "\(failure.fault.rawValue) in field \(failure.field), so this is no ONNX file or a damaged one")
    }
}

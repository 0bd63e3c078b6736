import Foundation
import KafkaMessageGenerator
import KafkaProtocol

/// The description and the golden messages, found from this file's place.
enum KafkaProtocolFiles {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    static let room = root.appendingPathComponent("Shared/KafkaProtocol")

    static func schema() throws -> ProtocolSchema {
        try SchemaParser.parse(String(contentsOf: room.appendingPathComponent("messages.txt"), encoding: .utf8))
    }

    static func goldenLines() throws -> [GoldenLine] {
        let file = root.appendingPathComponent("Tests/KafkaProtocolTests/golden-messages.txt")
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").filter { !$0.hasPrefix("#") }.map { GoldenLine($0) }
    }
}

/// A message as another implementation encoded it, with the values it put in.
struct GoldenLine: CustomStringConvertible {
    var name: String
    var version: Int16
    var bytes: [UInt8]
    var values: [(path: String, text: String)]

    init(_ line: Substring) {
        let words = line.split(separator: " ")
        name = String(words[0])
        version = Int16(words[1]) ?? -1
        bytes = words[2] == "-" ? [] : Self.bytes(fromHex: words[2])
        values = words.dropFirst(3).map { word in
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(parts[0]), String(parts[1]))
        }
    }

    var description: String { "\(name) \(version)" }

    static func bytes(fromHex text: Substring) -> [UInt8] {
        let digits = text.utf8.map { UInt8($0 > 0x39 ? $0 - 0x57 : $0 - 0x30) }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}

/// What a test says of every message without knowing its type.
enum Codec {
    static let types: [String: any WireMessage.Type] = {
        var types: [String: any WireMessage.Type] = [:]
        for type in WireMessages.requests { types[type.apiKey.name + "Request"] = type }
        for type in WireMessages.responses { types[type.apiKey.name + "Response"] = type }
        return types
    }()

    /// Decodes the whole of `bytes`.
    static func decode(_ type: any WireMessage.Type, _ bytes: [UInt8], version: Int16) throws -> any WireMessage {
        try bytes.withUnsafeBytes { raw in
            var reader = WireReader(raw)
            let message = try type.init(from: &reader, version: version)
            try reader.requireEnd()
            return message
        }
    }

    /// Encodes again what was decoded from `frame`, with the records copied out of it.
    static func encode(_ message: any WireMessage, frame: [UInt8], version: Int16) -> [UInt8] {
        var writer = WireWriter()
        copyingRecords(message, from: frame).encode(into: &writer, version: version)
        return writer.bytes
    }

    static func copyingRecords(_ message: any WireMessage, from frame: [UInt8]) -> any WireMessage {
        func copied(_ records: WireRecords) -> WireRecords {
            if case .frame(let range) = records { .bytes(Array(frame[range])) } else { records }
        }
        if var request = message as? ProduceRequest {
            for i in request.topicData.indices {
                for j in request.topicData[i].partitionData.indices {
                    request.topicData[i].partitionData[j].records = copied(request.topicData[i].partitionData[j].records)
                }
            }
            return request
        }
        if var response = message as? FetchResponse {
            for i in response.responses.indices {
                for j in response.responses[i].partitions.indices {
                    response.responses[i].partitions[j].records = copied(response.responses[i].partitions[j].records)
                }
            }
            return response
        }
        return message
    }
}

/// A message's values by their paths, in the form of the golden file.
func valuesByPath(_ value: Any, path: String = "", into values: inout [String: String]) {
    func hex(_ bytes: [UInt8]) -> String { bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() }
    switch value {
    case let text as String: values[path] = "s:" + text
    case let uuid as Uuid:
        values[path] =
            "u:" + hex([uuid.high, uuid.low].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * $0)) } })
    // An empty list of anything can be cast to bytes; only bytes are of that type.
    case let bytes as [UInt8] where type(of: value) == [UInt8].self: values[path] = "x:" + hex(bytes)
    case let flag as Bool: values[path] = flag ? "true" : "false"
    case let number as any BinaryInteger: values[path] = "\(number)"
    case WireRecords.null: values[path] = "null"
    case WireRecords.bytes(let bytes): values[path] = "x:" + hex(bytes)
    default:
        let mirror = Mirror(reflecting: value)
        switch mirror.displayStyle {
        case .optional:
            guard let wrapped = mirror.children.first?.value else {
                values[path] = "null"
                return
            }
            valuesByPath(wrapped, path: path, into: &values)
        case .collection:
            values[path + ".count"] = "\(mirror.children.count)"
            for (index, child) in mirror.children.enumerated() { valuesByPath(child.value, path: "\(path).\(index)", into: &values) }
        default:
            for child in mirror.children {
                valuesByPath(child.value, path: path.isEmpty ? child.label ?? "" : "\(path).\(child.label ?? "")", into: &values)
            }
        }
    }
}

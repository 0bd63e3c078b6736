import Json

/// A small object to print.
struct JsonObject {
    enum Value {
        case text(String)
        case int(Int)
        case double(Double)
        case bool(Bool)
        case null
        case list([Value])
        case object(JsonObject)
    }

    private var members: [(name: String, value: Value)] = []

    mutating func add(_ name: String, _ value: Value) { members.append((name, value)) }

    /// One line.
    var text: String {
        var bytes: [UInt8] = []
        JsonObject.append(.object(self), to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func append(_ value: Value, to bytes: inout [UInt8]) {
        switch value {
        case .text(let text): JsonText.string(text, into: &bytes)
        case .int(let number): JsonText.integer(Int64(number), into: &bytes)
        case .double(let number): JsonText.double(number, into: &bytes)
        case .bool(let flag): JsonText.bool(flag, into: &bytes)
        case .null: bytes += Array("null".utf8)
        case .list(let values):
            bytes.append(0x5B)
            for (index, value) in values.enumerated() {
                if index > 0 { bytes.append(0x2C) }
                append(value, to: &bytes)
            }
            bytes.append(0x5D)
        case .object(let object):
            bytes.append(0x7B)
            for (index, member) in object.members.enumerated() {
                if index > 0 { bytes.append(0x2C) }
                JsonText.string(member.name, into: &bytes)
                bytes.append(0x3A)
                append(member.value, to: &bytes)
            }
            bytes.append(0x7D)
        }
    }
}

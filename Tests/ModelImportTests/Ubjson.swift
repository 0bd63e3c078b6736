import Foundation

/// Writes JSON text as UBJSON the way XGBoost does: counted arrays, typed where all are numbers.
enum Ubjson {
    static func encode(_ json: String) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try append(JSONSerialization.jsonObject(with: Data(json.utf8)), to: &bytes)
        return bytes
    }

    private static func append(_ value: Any, to bytes: inout [UInt8]) throws {
        switch value {
        case let object as [String: Any]:
            bytes.append(UInt8(ascii: "{"))
            for (name, value) in object.sorted(by: { $0.key < $1.key }) {
                append(length: name.utf8.count, to: &bytes)
                bytes += Array(name.utf8)
                try append(value, to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        case let numbers as [Double] where !numbers.isEmpty:
            let isWhole = numbers.allSatisfy { Int32(exactly: $0) != nil }
            bytes += Array(isWhole ? "[$l#".utf8 : "[$d#".utf8)
            append(length: numbers.count, to: &bytes)
            for number in numbers {
                let bits = isWhole ? UInt32(bitPattern: Int32(number)) : Float(number).bitPattern
                withUnsafeBytes(of: bits.bigEndian) { bytes += $0 }
            }
        case let elements as [Any]:
            bytes += Array("[#".utf8)
            append(length: elements.count, to: &bytes)
            for element in elements { try append(element, to: &bytes) }
        case let text as String:
            bytes.append(UInt8(ascii: "S"))
            append(length: text.utf8.count, to: &bytes)
            bytes += Array(text.utf8)
        case let number as Double:
            bytes.append(UInt8(ascii: "D"))
            withUnsafeBytes(of: number.bitPattern.bigEndian) { bytes += $0 }
        default: bytes.append(UInt8(ascii: "Z"))
        }
    }

    private static func append(length: Int, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "L"))
        withUnsafeBytes(of: Int64(length).bigEndian) { bytes += $0 }
    }
}

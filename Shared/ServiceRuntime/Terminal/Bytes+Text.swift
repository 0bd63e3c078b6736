extension [UInt8] {
    package mutating func append(utf8 text: String) { append(contentsOf: text.utf8) }

    /// Appends `text` as a JSON string with its quotes (RFC 8259, section 7); U+2028 and U+2029 pass as they are.
    package mutating func append(jsonString text: String) {
        append(0x22)
        for byte in text.utf8 {
            switch byte {
            case 0x22: append(utf8: "\\\"")
            case 0x5C: append(utf8: "\\\\")
            case 0x0A: append(utf8: "\\n")
            case 0x0D: append(utf8: "\\r")
            case 0x09: append(utf8: "\\t")
            case 0x00..<0x20, 0x7F:
                append(utf8: "\\u00")
                append(Self.hexDigits[Int(byte >> 4)])
                append(Self.hexDigits[Int(byte & 15)])
            default: append(byte)
            }
        }
        append(0x22)
    }

    /// Appends `text` with control characters as spaces, so that it stays on its line and cannot steer a terminal.
    mutating func append(lineText text: String) {
        for byte in text.utf8 { append(byte < 0x20 || byte == 0x7F ? 0x20 : byte) }
    }

    private static var hexDigits: [UInt8] { Array("0123456789abcdef".utf8) }
}

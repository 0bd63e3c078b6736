/// The kinds of model files, told by their first bytes.
package enum ModelFormat: String, Hashable, Sendable, CaseIterable {
    /// What the trainer writes and services load, and what other libraries export.
    case onnx
    case lightGBM = "lightgbm"
    case xgboostJson = "xgboost-json"
    case xgboostUbjson = "xgboost-ubjson"
    case pmml

    /// - Parameter bytes: A whole file, or its beginning of some hundred bytes.
    package init(of bytes: [UInt8]) {
        var start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        // 0x0A opens a field of many a protobuf message as well, but no white space or mark follows it there.
        while start < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[start]) { start += 1 }
        let head = bytes[min(start, bytes.count)...].prefix(8)
        if head.starts(with: "tree".utf8) {
            self = .lightGBM
        } else if head.first == UInt8(ascii: "<") {
            self = .pmml
        } else if head.first == UInt8(ascii: "{") {
            self = "iUIlL$#".utf8.contains(head.dropFirst().first ?? 0) ? .xgboostUbjson : .xgboostJson
        } else {
            // A protobuf message has no mark of its own.
            self = .onnx
        }
    }
}

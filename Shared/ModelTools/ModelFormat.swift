/// The kinds of model files, told by their first bytes.
package enum ModelFormat: String, Hashable, Sendable, CaseIterable {
    /// What the trainer writes and services load.
    case assay
    case onnx
    case lightGBM = "lightgbm"
    case xgboostJson = "xgboost-json"
    case xgboostUbjson = "xgboost-ubjson"
    case pmml

    /// - Parameter bytes: A whole file, or its beginning of some hundred bytes.
    package init(of bytes: [UInt8]) {
        var start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        while start < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[start]) { start += 1 }
        let head = bytes[min(start, bytes.count)...].prefix(256)
        if head.starts(with: "tree".utf8) {
            self = .lightGBM
        } else if head.first == UInt8(ascii: "<") {
            self = .pmml
        } else if head.first == UInt8(ascii: "{") {
            let next = head.dropFirst().first ?? 0
            if "iUIlL$#".utf8.contains(next) {
                self = .xgboostUbjson
            } else {
                self = ModelFormat.contains(head, "assay-forest/") ? .assay : .xgboostJson
            }
        } else {
            // A protobuf message has no mark of its own.
            self = .onnx
        }
    }

    private static func contains(_ bytes: ArraySlice<UInt8>, _ word: StaticString) -> Bool {
        let word = word.withUTF8Buffer { Array($0) }
        guard bytes.count >= word.count else { return false }
        return (bytes.startIndex...(bytes.endIndex - word.count)).contains { bytes[$0..<($0 + word.count)].elementsEqual(word) }
    }
}

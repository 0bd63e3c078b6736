package import Forest

/// A model of another library, taken over.
package struct ImportedModel: Hashable, Sendable {
    package enum Source: String, Hashable, Sendable, CaseIterable {
        case lightGBM = "LightGBM"
        case xgboost = "XGBoost"
        case pmml = "PMML"
    }

    /// A value of a row.
    package struct Feature: Hashable, Sendable {
        package var name: String
        /// Where the source's values are words: value `i` of a row stands for `categories[i]`. Empty for numbers.
        package var categories: [String]

        package init(name: String, categories: [String] = []) {
            self.name = name
            self.categories = categories
        }
    }

    package var ensemble: TreeEnsemble
    /// One per value of a row, in order; `f0`, `f1`, … where the source names none.
    package var features: [Feature]
    /// What the outputs stand for; of a model with one output the classes that a low and a high score stand for. Empty for regression.
    package var classLabels: [String]
    /// The source's word for what was optimised, such as `binary sigmoid:1`.
    package var objective: String
    package var source: Source
    /// As the file tells it: `v4`, `3.2.0`, `4.4`.
    package var version: String
    /// The source's number of each leaf: by tree, then by leaf number. What its "predict leaf" answers.
    package var sourceLeaves: [[Int32]]
    /// Features that the source gives no answer without; a missing value of them takes the branch of a test that failed.
    package var featuresNeeded: [Int]

    package init(
        ensemble: TreeEnsemble, features: [Feature], classLabels: [String], objective: String, source: Source, version: String,
        sourceLeaves: [[Int32]], featuresNeeded: [Int] = []
    ) {
        self.ensemble = ensemble
        self.features = features
        self.classLabels = classLabels
        self.objective = objective
        self.source = source
        self.version = version
        self.sourceLeaves = sourceLeaves
        self.featuresNeeded = featuresNeeded
    }
}

extension ImportedModel {
    /// Reads a model file of any supported format, told by its first bytes.
    ///
    /// - Throws: ``ImportFailure``; no input traps.
    package static func read(_ bytes: UnsafeRawBufferPointer, limits: ImportLimits = ImportLimits()) throws(ImportFailure) -> ImportedModel
    {
        guard bytes.count <= limits.byteCountMax else {
            throw ImportFailure(.tooLarge, at: "file", "\(bytes.count) bytes, at most \(limits.byteCountMax) are read")
        }
        switch try Format(of: bytes) {
        case .lightGBMText: return try LightGBMReader.read(bytes, limits: limits)
        case .json: return try XGBoostReader.read(JsonDocument.parse(bytes), limits: limits)
        case .ubjson: return try XGBoostReader.read(UbjsonDocument.parse(bytes), limits: limits)
        case .xml: return try PmmlReader.read(bytes, limits: limits)
        }
    }

    package static func read(_ bytes: [UInt8], limits: ImportLimits = ImportLimits()) throws(ImportFailure) -> ImportedModel {
        try bytes.withUnsafeBufferPointer { buffer throws(ImportFailure) in try read(UnsafeRawBufferPointer(buffer), limits: limits) }
    }

    private enum Format {
        case lightGBMText, json, ubjson, xml

        init(of bytes: UnsafeRawBufferPointer) throws(ImportFailure) {
            // A byte order mark and white space may stand before JSON and XML.
            var start = 0
            if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { start = 3 }
            while start < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[start]) { start += 1 }
            let next = start + 1 < bytes.count ? bytes[start + 1] : 0
            switch start < bytes.count ? bytes[start] : 0 {
            case UInt8(ascii: "{"):
                // UBJSON goes on with a length's type; JSON with white space, a quotation mark or the end.
                self = "iUIlL$#".utf8.contains(next) ? .ubjson : .json
            case UInt8(ascii: "<"): self = .xml
            case UInt8(ascii: "t") where bytes[start...].starts(with: "tree".utf8): self = .lightGBMText
            case UInt8(ascii: "b") where bytes[start...].starts(with: "binf".utf8):
                throw ImportFailure(.unsupported, at: "file", "binf: XGBoost's old binary format; save as JSON or UBJSON")
            default:
                if Format.isOldXGBoost(bytes) {
                    throw ImportFailure(
                        .unsupported, at: "file", "deprecated binary format: XGBoost's old binary model; save as JSON or UBJSON")
                }
                throw ImportFailure(.malformed, at: "file", "it is neither LightGBM text, nor XGBoost JSON or UBJSON, nor PMML")
            }
        }

        /// XGBoost's binary header: base score (Float), feature and class counts, …, 136 bytes, then the objective's length and name.
        private static func isOldXGBoost(_ bytes: UnsafeRawBufferPointer) -> Bool {
            guard bytes.count > 160 else { return false }
            let length = bytes.loadUnaligned(fromByteOffset: 136, as: UInt64.self)
            guard length < 64, bytes.count > 144 + Int(length) else { return false }
            let objective = bytes[144..<144 + Int(length)]
            return !objective.isEmpty && objective.contains(UInt8(ascii: ":")) && objective.allSatisfy { (0x21..<0x7F).contains($0) }
        }
    }
}

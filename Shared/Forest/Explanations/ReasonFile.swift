package import Yaml

/// The file that puts reasons into words. `config/card-reasons.yaml` shows every key.
///
/// It is read without a model; ``words(for:)`` holds it against the features of one. A model file carries its text, so the model's hash
/// names the words too. Two are equal when their bytes are.
package struct ReasonFile: Sendable {
    /// The greatest file that is read.
    package static let byteCountMax = 1 << 20
    /// Bytes of a code and of a text at most: they travel with every decision.
    package static let codeBytesMax = 64
    package static let textBytesMax = 256

    private struct Feature: Sendable {
        var name: String
        var typical: Double?
        var node: YamlNode
    }

    private struct Reason: Sendable {
        var entry: ReasonWords.Entry
        var features: [Feature]
    }

    package let name: String
    /// The file's content.
    package let text: String
    private let countMax: Int
    private let reasons: [Reason]
    private let silent: [Feature]
    private let root: YamlNode

    /// - Parameters:
    ///   - bytes: The file's content.
    ///   - file: Its name, for messages.
    /// - Throws: ``YamlFailure`` with the place of the first thing that is wrong.
    package init(yaml bytes: [UInt8], file: String) throws(YamlFailure) {
        root = try YamlDocument.parse(bytes, file: file).root
        // libyaml takes nothing that is not UTF-8.
        text = String(decoding: bytes, as: UTF8.self)
        let mapping = try root.requiredMapping(allowedKeys: ["name", "most", "reasons", "silent"])
        name = try mapping.required("name").string()
        countMax = try mapping["most"]?.int(in: 1...TopReasons.countMax) ?? TopReasons.countMax
        var reasons: [Reason] = []
        var codes: Set<String> = []
        var names: Set<String> = []
        for node in try mapping.required("reasons").sequence() {
            let reason = try ReasonFile.reason(node)
            guard codes.insert(reason.entry.code).inserted else {
                throw node.failure("\(node.name) repeats the code \(reason.entry.code)", remedy: "give each reason its own code")
            }
            reasons.append(reason)
        }
        var silent: [Feature] = []
        for node in try mapping["silent"]?.sequence() ?? [] {
            silent.append(Feature(name: try node.string(), typical: nil, node: node))
        }
        for feature in reasons.flatMap(\.features) + silent {
            guard names.insert(feature.name).inserted else {
                throw feature.node.failure(
                    "\(feature.node.name) names the feature \(feature.name) again", remedy: "leave each feature to one reason")
            }
        }
        self.reasons = reasons
        self.silent = silent
    }

    /// A code or text: not empty, not long, nothing that a line or a database cannot hold.
    private static func words(_ node: YamlNode, byteCountMax: Int) throws(YamlFailure) -> String {
        let words = try node.string()
        guard (1...byteCountMax).contains(words.utf8.count), !words.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) else {
            throw node.failure(
                "\(node.name) has \(words.utf8.count) bytes or a control character",
                remedy: "write 1 to \(byteCountMax) bytes of plain text")
        }
        return words
    }

    private static func reason(_ node: YamlNode) throws(YamlFailure) -> Reason {
        let mapping = try node.requiredMapping(allowedKeys: ["code", "features", "text", "typical", "high", "low", "missing"])
        let code = try words(mapping.required("code"), byteCountMax: codeBytesMax)
        let text = try words(mapping.required("text"), byteCountMax: textBytesMax)
        let featuresNode = try mapping.required("features")
        let nodes = try featuresNode.sequence()
        guard !nodes.isEmpty else {
            throw featuresNode.failure("\(featuresNode.name) is empty", remedy: "name at least one feature")
        }
        let keys = ["typical", "high", "low"].filter { mapping[$0] != nil }
        guard keys.isEmpty || keys.count == 3 else {
            throw node.failure(
                "\(node.name) has \(keys.joined(separator: " and ")) alone", remedy: "write typical, high and low, or none of them")
        }
        var typical = [Double?](repeating: nil, count: nodes.count)
        if let typicalNode = mapping["typical"] {
            if case .sequence(let values) = typicalNode.content {
                guard values.count == nodes.count else {
                    throw typicalNode.failure(
                        "\(typicalNode.name) has \(values.count) values for \(nodes.count) features", remedy: "write one for each feature")
                }
                for (index, value) in values.enumerated() { typical[index] = try value.double() }
            } else {
                typical = Array(repeating: try typicalNode.double(), count: nodes.count)
            }
        }
        var features: [Feature] = []
        for (index, node) in nodes.enumerated() {
            features.append(Feature(name: try node.string(), typical: typical[index], node: node))
        }
        func told(_ key: String) throws(YamlFailure) -> String {
            guard let node = mapping[key] else { return text }
            return try words(node, byteCountMax: textBytesMax)
        }
        let (high, low, missing) = (try told("high"), try told("low"), try told("missing"))
        // In the order of TopReasons.Wording: plain, high, low, missing.
        return Reason(entry: ReasonWords.Entry(code: code, texts: [text, high, low, missing]), features: features)
    }

    /// The words for a model's features.
    ///
    /// - Throws: ``YamlFailure`` when the file names a feature that the model does not have, or leaves one of the model's out.
    package func words(for features: [String]) throws(YamlFailure) -> ReasonWords {
        var places: [String: Int] = [:]
        for (index, feature) in features.enumerated() where places[feature] == nil { places[feature] = index }
        func place(_ feature: Feature) throws(YamlFailure) -> Int {
            guard let place = places[feature.name] else {
                let hint = Spelling.nearest(to: feature.name, among: features).map { "did you mean \($0)? " } ?? ""
                throw feature.node.failure(
                    "\(feature.node.name) is \(feature.name.quotedForMessage), which is no feature of the model",
                    remedy: hint + "name features of the model only")
            }
            return place
        }
        var told = [Bool](repeating: false, count: features.count)
        var compiled: [(entry: ReasonWords.Entry, members: [(feature: Int, typical: Double?)])] = []
        for reason in reasons {
            var members: [(feature: Int, typical: Double?)] = []
            for feature in reason.features { members.append((try place(feature), feature.typical)) }
            for member in members { told[member.feature] = true }
            compiled.append((reason.entry, members))
        }
        for feature in silent { told[try place(feature)] = true }
        if let untold = told.firstIndex(of: false) {
            throw root.failure(
                "no reason has the model's feature \(features[untold].quotedForMessage)",
                remedy: "add it to a reason's features, or to silent if it must never be told")
        }
        return ReasonWords(compiled, featureCount: features.count, countMax: countMax)
    }
}

extension ReasonFile: Hashable {
    package static func == (left: ReasonFile, right: ReasonFile) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }
    package func hash(into hasher: inout Hasher) { for byte in text.utf8 { hasher.combine(byte) } }
}

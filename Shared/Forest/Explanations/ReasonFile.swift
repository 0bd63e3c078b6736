package import Hashing
package import Yaml

/// The file that puts reasons into words. `config/card-reasons.yaml` shows every key.
///
/// It is read without a model; ``words(for:)`` holds it against the features of one.
package struct ReasonFile: Sendable {
    private struct Feature: Sendable {
        var name: String
        var typical: Double
        var node: YamlNode
    }

    private struct Reason: Sendable {
        var entry: ReasonWords.Entry
        var features: [Feature]
    }

    package let name: String
    /// The content's hash, which names the words that a decision was told in.
    package let hash: ContentHash
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
            silent.append(Feature(name: try node.string(), typical: .nan, node: node))
        }
        for feature in reasons.flatMap(\.features) + silent {
            guard names.insert(feature.name).inserted else {
                throw feature.node.failure(
                    "\(feature.node.name) names the feature \(feature.name) again", remedy: "leave each feature to one reason")
            }
        }
        self.reasons = reasons
        self.silent = silent
        hash = ContentHash(of: bytes)
    }

    private static func reason(_ node: YamlNode) throws(YamlFailure) -> Reason {
        let mapping = try node.requiredMapping(allowedKeys: ["code", "features", "text", "typical", "high", "low", "missing"])
        let code = try mapping.required("code").string()
        let text = try mapping.required("text").string()
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
        var typical = [Double](repeating: .nan, count: nodes.count)
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
        let high = try mapping["high"]?.string() ?? text
        let low = try mapping["low"]?.string() ?? text
        let missing = try mapping["missing"]?.string() ?? text
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
        var compiled: [(entry: ReasonWords.Entry, members: [(feature: Int, typical: Double)])] = []
        for reason in reasons {
            var members: [(feature: Int, typical: Double)] = []
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

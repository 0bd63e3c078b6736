internal import Hashing
package import Yaml

/// The feature-set file. `config/card-features.yaml` shows every key.
extension FeatureSet {
    /// Reads a feature set; the hash is that of the file's bytes.
    ///
    /// - Parameters:
    ///   - bytes: The file's content.
    ///   - file: Its name, for messages.
    /// - Throws: ``YamlFailure`` with the place of the first thing that is wrong.
    package init(yaml bytes: [UInt8], file: String) throws(YamlFailure) {
        let document = try YamlDocument.parse(bytes, file: file)
        let root = try document.root.requiredMapping(allowedKeys: ["name", "entities", "duplicates", "lateness", "passes"])
        let name = try Self.word(try root.required("name"))
        var entities: [String] = []
        for node in try root.required("entities").sequence() {
            let entity = try Self.word(node)
            if entities.contains(entity) {
                throw node.failure("\(node.name) repeats the entity \(entity)", remedy: "name each entity once")
            }
            entities.append(entity)
        }
        let duplicates = try root.required("duplicates").requiredMapping(allowedKeys: ["horizon"])
        let horizon = try Self.span(try duplicates.required("horizon"), from: 1)
        let lateness = try Self.span(try root.required("lateness"), from: 0)
        let passNodes = try root.required("passes")
        let passList = try passNodes.sequence()
        guard (1...FeatureSet.passCountMax).contains(passList.count) else {
            throw passNodes.failure(
                "passes must have 1 to \(FeatureSet.passCountMax) items, found \(passList.count)", remedy: "write one pass per entity")
        }
        var passes: [FeaturePass] = []
        var names: Set<String> = []
        for node in passList { passes.append(try Self.pass(node, entities: entities, names: &names)) }
        guard (1...FeatureSet.featureCountMax).contains(names.count) else {
            throw passNodes.failure(
                "a feature set has 1 to \(FeatureSet.featureCountMax) features, found \(names.count)",
                remedy: "split the set or add a feature")
        }
        self.init(
            name: name, entities: entities, passes: passes, duplicateHorizonMicros: horizon, latenessMicros: lateness,
            hash: ContentHash(of: bytes))
    }

    private static func pass(_ node: YamlNode, entities: [String], names: inout Set<String>) throws(YamlFailure) -> FeaturePass {
        let mapping = try node.requiredMapping(allowedKeys: ["entity", "features"])
        let entityNode = try mapping.required("entity")
        let entity = try entityNode.string()
        guard let index = entities.firstIndex(of: entity) else {
            throw entityNode.failure(
                "\(entityNode.name) is \(entityNode.found), which is not an entity",
                remedy: "use one of \(entities.joined(separator: ", ")), or add it to entities")
        }
        var features: [FeatureDefinition] = []
        for node in try mapping.required("features").sequence() {
            let feature = try Self.feature(node)
            guard names.insert(feature.name).inserted else {
                throw node.failure("\(node.name) repeats the name \(feature.name)", remedy: "give each feature its own name")
            }
            features.append(feature)
        }
        return FeaturePass(entity: entity, entityIndex: index, features: features)
    }

    private enum Kind {
        case stateless(FeatureKind)
        case aggregate(Aggregate)
    }

    private static func feature(_ node: YamlNode) throws(YamlFailure) -> FeatureDefinition {
        let mapping = try node.requiredMapping(allowedKeys: ["name", "kind", "window", "delay"])
        let name = try word(try mapping.required("name"))
        let kind: Kind = try mapping.required("kind").choice([
            "amount": .stateless(.amount), "weekend": .stateless(.weekend), "night": .stateless(.night), "count": .aggregate(.count),
            "sum": .aggregate(.sum), "mean": .aggregate(.mean), "fraud_count": .aggregate(.fraudCount),
            "fraud_rate": .aggregate(.fraudRate),
        ])
        switch kind {
        case .stateless(let kind):
            for entry in mapping.entries where entry.key == "window" || entry.key == "delay" {
                throw YamlFailure(
                    file: node.file, line: entry.line, column: entry.column,
                    problem: "\(entry.key) has no meaning for the kind of \(name)", remedy: "remove it, or choose an aggregate kind")
            }
            return FeatureDefinition(name: name, kind: kind)
        case .aggregate(let aggregate):
            let length = try span(try mapping.required("window"), from: 1)
            let delay: Int64 = if let delay = mapping["delay"] { try span(delay, from: 0) } else { 0 }
            return FeatureDefinition(name: name, kind: .aggregate(aggregate, Window(lengthMicros: length, delayMicros: delay)))
        }
    }

    /// A name of 1...100 letters, digits, `_`, `-` and `.`: it becomes a column, a metric and a word in a reason.
    private static func word(_ node: YamlNode) throws(YamlFailure) -> String {
        let text = try node.string()
        let isWord = text.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        guard isWord, (1...100).contains(text.utf8.count) else {
            throw node.failure("\(node.name) must be a name, found \(node.found)", remedy: "use 1 to 100 letters, digits, _, - and .")
        }
        return text
    }

    private static func span(_ node: YamlNode, from least: Int64) throws(YamlFailure) -> Int64 {
        let micros = try node.durationMicros()
        guard (least...spanMicrosMax).contains(micros) else {
            throw node.failure(
                "\(node.name) must be \(least == 0 ? "at least 0s" : "longer than 0s") and at most 3653d, found \(node.found)",
                remedy: "write a duration in that range")
        }
        return micros
    }
}

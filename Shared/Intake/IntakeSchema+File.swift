internal import Contracts
internal import Hashing
internal import RiskDomain
package import Yaml

extension IntakeSchema {
    /// Reads a schema file whole. What is wrong with it is said with file, line and column.
    ///
    /// - Parameter file: Its name, for complaints.
    package static func load(_ bytes: [UInt8], file: String) throws(YamlFailure) -> IntakeSchema {
        let root = try YamlDocument.parse(bytes, file: file).root
            .requiredMapping(allowedKeys: ["schema", "message", "id", "time", "entities", "transaction", "outcome"])
        let message = try root.required("message").requiredMapping(allowedKeys: ["byte_count_max", "depth_max"])
        let transaction = try root.required("transaction").requiredMapping(allowedKeys: ["amount", "currency", "attributes"])
        let outcome = try root.required("outcome").requiredMapping(allowedKeys: ["transaction_time", "verdict"])
        let transactionTime = try outcome.required("transaction_time").requiredMapping(allowedKeys: ["field"])
        let verdict = try outcome.required("verdict").requiredMapping(allowedKeys: ["field", "words"])
        let schema = IntakeSchema(
            name: try root.required("schema").name(lengthMax: 64), contentHash: ContentHash(of: bytes),
            byteCountMax: try message.required("byte_count_max").int(in: 64...16_777_216),
            depthMax: try message.required("depth_max").int(in: 2...64),
            id: try textRule(root.required("id").requiredMapping(allowedKeys: textKeys)),
            time: try timeRule(root.required("time")), entities: try entities(root.required("entities")),
            amount: try amountRule(transaction.required("amount")), currency: try currencyRule(transaction.required("currency")),
            attributes: try attributesRule(transaction["attributes"]),
            transactionTimeField: try transactionTime.required("field").name(lengthMax: 64),
            verdictField: try verdict.required("field").name(lengthMax: 64),
            verdicts: try verdictWords(verdict.required("words")))
        try schema.checkFieldsDiffer(root.node)
        return schema
    }

    private static let textKeys = ["field", "length_max", "characters"]

    private static func textRule(_ mapping: YamlMapping) throws(YamlFailure) -> TextRule {
        TextRule(
            field: try mapping.required("field").name(lengthMax: 64), lengthMax: try mapping.required("length_max").int(in: 1...1_024),
            characters: try mapping.required("characters").choice(["ascii": .ascii, "unicode": .unicode]))
    }

    private static func timeRule(_ node: YamlNode) throws(YamlFailure) -> TimeRule {
        let mapping = try node.requiredMapping(allowedKeys: ["field", "earliest", "latest", "ahead_of_record_max"])
        let earliest = try instant(mapping.required("earliest"))
        let latest = try instant(mapping.required("latest"))
        guard earliest < latest else {
            throw try mapping.required("latest").failure("time.latest is not after time.earliest", remedy: "write a later instant")
        }
        let ahead: Int64? = if let node = mapping["ahead_of_record_max"] { try node.durationMicros() } else { nil }
        return TimeRule(
            field: try mapping.required("field").name(lengthMax: 64), earliest: earliest, latest: latest, aheadOfRecordMicrosMax: ahead)
    }

    private static func instant(_ node: YamlNode) throws(YamlFailure) -> EventTime {
        let text = try node.string()
        do throws(EventTime.TextFault) {
            return try EventTime(rfc3339: text.utf8)
        } catch {
            throw node.failure("\(node.name) must be an instant, found \(node.found)", remedy: "write it like \"2000-01-01T00:00:00Z\"")
        }
    }

    private static func entities(_ node: YamlNode) throws(YamlFailure) -> [Entity] {
        var entities: [Entity] = []
        for item in try node.sequence() {
            let mapping = try item.requiredMapping(allowedKeys: ["name"] + textKeys)
            let nameNode = try mapping.required("name")
            let name = try nameNode.name(lengthMax: 64)
            guard !entities.contains(where: { $0.name == name }) else {
                throw nameNode.failure("the entity \(nameNode.found) is declared twice", remedy: "remove one")
            }
            entities.append(Entity(name: name, text: try textRule(mapping)))
        }
        guard (1...EventView.entityCountMax).contains(entities.count) else {
            throw node.failure(
                "entities must have 1 to \(EventView.entityCountMax) items, found \(entities.count)", remedy: "declare that many")
        }
        return entities
    }

    private static func amountRule(_ node: YamlNode) throws(YamlFailure) -> AmountRule {
        let mapping = try node.requiredMapping(allowedKeys: ["field", "minor_max", "zero", "negative"])
        return AmountRule(
            field: try mapping.required("field").name(lengthMax: 64),
            minorMax: Int64(try mapping.required("minor_max").int(in: 1...Int.max)),
            acceptsZero: try mapping.required("zero").choice(["accept": true, "reject": false]),
            acceptsNegative: try mapping.required("negative").choice(["accept": true, "reject": false]))
    }

    private static func currencyRule(_ node: YamlNode) throws(YamlFailure) -> CurrencyRule {
        let mapping = try node.requiredMapping(allowedKeys: ["field", "default", "allowed"])
        let allowedNode = try mapping.required("allowed")
        var allowed: [Currency]?
        if case .sequence(let nodes) = allowedNode.content {
            var list: [Currency] = []
            for node in nodes { list.append(try currency(node)) }
            allowed = list
        } else if try allowedNode.string() != "any" {
            throw allowedNode.failure(
                "\(allowedNode.name) must be any or a list of currencies, found \(allowedNode.found)",
                remedy: "write any, or a list such as [EUR, USD]")
        }
        var fallback: Currency?
        if let node = mapping["default"] {
            let named = try currency(node)
            guard allowed?.contains(named) ?? true else {
                throw node.failure("the default currency \(named) is not among the allowed ones", remedy: "add it there")
            }
            fallback = named
        }
        return CurrencyRule(field: try mapping.required("field").name(lengthMax: 64), fallback: fallback, allowed: allowed)
    }

    private static func currency(_ node: YamlNode) throws(YamlFailure) -> Currency {
        guard let currency = Currency(code: try node.string().utf8) else {
            throw node.failure(
                "\(node.name) must be a currency, found \(node.found)", remedy: "write an ISO 4217 code in capitals, such as EUR")
        }
        return currency
    }

    private static func attributesRule(_ node: YamlNode?) throws(YamlFailure) -> AttributesRule? {
        guard let node else { return nil }
        let mapping = try node.requiredMapping(
            allowedKeys: ["field", "additional", "count_max", "name_length_max", "text_length_max", "declared"])
        let nameLengthMax = try mapping.required("name_length_max").int(in: 1...256)
        var declared: [AttributesRule.Declared] = []
        if let list = mapping["declared"] {
            for entry in try list.mapping().entries {
                guard (1...nameLengthMax).contains(entry.key.utf8.count) else {
                    throw entry.value.failure("an attribute's name has 1 to \(nameLengthMax) bytes", remedy: "shorten it")
                }
                let type = try entry.value.choice(["text": AttributeType.text, "integer": .integer, "number": .number, "flag": .flag])
                declared.append(AttributesRule.Declared(name: entry.key, type: type))
            }
        }
        declared.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        return AttributesRule(
            field: try mapping.required("field").name(lengthMax: 64),
            keepsAdditional: try mapping.required("additional").choice(["keep": true, "reject": false]),
            countMax: try mapping.required("count_max").int(in: 0...256), nameLengthMax: nameLengthMax,
            textLengthMax: try mapping.required("text_length_max").int(in: 0...65_536), declared: declared)
    }

    private static func verdictWords(_ node: YamlNode) throws(YamlFailure) -> [VerdictWord] {
        var words: [VerdictWord] = []
        for entry in try node.mapping().entries {
            words.append(
                VerdictWord(
                    word: entry.key,
                    verdict: try entry.value.choice(["fraud": Verdict.fraud, "chargeback": .chargeback, "cleared": .cleared])))
        }
        guard !words.isEmpty else { throw node.failure("no verdict has a word", remedy: "write lines such as fraud: fraud") }
        return words
    }

    /// Two roles with one field would make every record ambiguous.
    private func checkFieldsDiffer(_ node: YamlNode) throws(YamlFailure) {
        let shared = [id.field, time.field] + entities.map(\.text.field)
        let records = [
            ("transaction", shared + [amount.field, currency.field] + (attributes.map { [$0.field] } ?? [])),
            ("outcome", shared + [transactionTimeField, verdictField]),
        ]
        for (record, fields) in records {
            for (index, field) in fields.enumerated() where fields[..<index].contains(field) {
                throw node.failure(
                    "the \(record)'s record has two roles for the field \(field.quotedForMessage)", remedy: "give each role its own field")
            }
        }
    }
}

extension YamlNode {
    /// A name: 1 to `lengthMax` bytes.
    fileprivate func name(lengthMax: Int) throws(YamlFailure) -> String {
        let text = try string()
        guard (1...lengthMax).contains(text.utf8.count) else {
            throw failure("\(name) must have 1 to \(lengthMax) bytes, found \(found)", remedy: "write a name of that length")
        }
        return text
    }
}

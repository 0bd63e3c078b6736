/// Typed readers. Each throws a failure that names the place, the path, what was found and what is wanted.
extension YamlNode {
    /// A failure at this node's place.
    package func failure(_ problem: String, remedy: String) -> YamlFailure {
        YamlFailure(file: file, line: line, column: column, problem: problem, remedy: remedy)
    }

    /// `"features[2].window"`, or "the document" at the root; for messages.
    package var name: String { path.isEmpty ? "the document" : path }

    /// What stands here, for messages.
    package var found: String {
        switch content {
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .scalar(let scalar) where scalar.isNull: "nothing"
        case .scalar(let scalar) where scalar.isQuoted: "the quoted text \(scalar.text.quotedForMessage)"
        case .scalar(let scalar): scalar.text.quotedForMessage
        }
    }

    package var isNull: Bool {
        if case .scalar(let scalar) = content { scalar.isNull } else { false }
    }

    private func mismatch(_ wanted: String, remedy: String) -> YamlFailure {
        failure("\(name) must be \(wanted), found \(found)", remedy: remedy)
    }

    /// The scalar's text, quoted or not; lists, mappings and nothing are refused.
    package func string() throws(YamlFailure) -> String {
        guard case .scalar(let scalar) = content, !scalar.isNull else {
            throw mismatch("text", remedy: "write one value (quote it if it looks like null)")
        }
        return scalar.text
    }

    /// One of a fixed set of words.
    package func choice<Value>(_ choices: KeyValuePairs<String, Value>) throws(YamlFailure) -> Value {
        let text = try string()
        for (word, value) in choices where word == text { return value }
        let words = choices.map(\.key)
        let hint = Spelling.nearest(to: text, among: words).map { "did you mean \($0)? " } ?? ""
        throw failure(
            "\(name) must be one of \(words.joined(separator: ", ")), found \(found)", remedy: hint + "use one of these words")
    }

    private func plain(_ wanted: String) throws(YamlFailure) -> String {
        guard case .scalar(let scalar) = content, !scalar.isNull else { throw mismatch(wanted, remedy: "write \(wanted)") }
        if scalar.isQuoted { throw mismatch(wanted, remedy: "remove the quotes") }
        return scalar.text
    }

    /// A whole number in decimal digits.
    package func int(in range: ClosedRange<Int> = Int.min...Int.max) throws(YamlFailure) -> Int {
        let text = try plain("a whole number")
        guard let value = Int(text) else {
            throw mismatch("a whole number", remedy: "write decimal digits only, between \(range.lowerBound) and \(range.upperBound)")
        }
        guard range.contains(value) else {
            throw failure(
                "\(name) must be between \(range.lowerBound) and \(range.upperBound), found \(value)",
                remedy: "write a number in that range")
        }
        return value
    }

    /// A finite number.
    package func double(in range: ClosedRange<Double>? = nil) throws(YamlFailure) -> Double {
        let text = try plain("a number")
        // Double(_: String) also reads hexadecimal floats and "nan"; a configuration means decimals.
        let isDecimal = text.utf8.allSatisfy { (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) }
        guard isDecimal, let value = Double(text), value.isFinite else {
            throw mismatch("a number", remedy: "write a finite decimal number such as 0.25")
        }
        if let range, !range.contains(value) {
            throw failure(
                "\(name) must be between \(range.lowerBound) and \(range.upperBound), found \(text)",
                remedy: "write a number in that range")
        }
        return value
    }

    /// `true` or `false`; YAML 1.1's yes, no, on and off are refused.
    package func bool() throws(YamlFailure) -> Bool {
        switch try plain("true or false") {
        case "true": return true
        case "false": return false
        default: throw mismatch("true or false", remedy: "write true or false")
        }
    }

    /// Microseconds of a text such as `500ms`, `7d` or `1h30m`.
    package func durationMicros() throws(YamlFailure) -> Int64 {
        guard case .scalar(let scalar) = content, let micros = DurationText.micros(scalar.text) else {
            throw mismatch("a duration", remedy: DurationText.remedy)
        }
        return micros
    }

    /// A duration such as `500ms`, `7d` or `1h30m`.
    package func duration() throws(YamlFailure) -> Duration { .microseconds(try durationMicros()) }

    /// The list's values.
    package func sequence() throws(YamlFailure) -> [YamlNode] {
        guard case .sequence(let nodes) = content else { throw mismatch("a list", remedy: "write - item lines or [a, b]") }
        return nodes
    }

    /// A list of texts.
    package func strings() throws(YamlFailure) -> [String] {
        var texts: [String] = []
        for node in try sequence() { texts.append(try node.string()) }
        return texts
    }

    /// The mapping's entries, whatever their keys.
    package func mapping() throws(YamlFailure) -> YamlMapping {
        guard case .mapping(let entries) = content else { throw mismatch("a mapping", remedy: "write key: value lines") }
        return YamlMapping(node: self, entries: entries)
    }

    /// The mapping's entries; a key that is not in `allowedKeys` is refused by name, with the nearest known key.
    package func requiredMapping(allowedKeys: [String]) throws(YamlFailure) -> YamlMapping {
        let mapping = try mapping()
        for entry in mapping.entries where !allowedKeys.contains(entry.key) {
            let hint = Spelling.nearest(to: entry.key, among: allowedKeys).map { "did you mean \($0)? " } ?? ""
            throw YamlFailure(
                file: file, line: entry.line, column: entry.column,
                problem: "unknown key \(entry.key.quotedForMessage) in \(name)",
                remedy: hint + "known keys are \(allowedKeys.joined(separator: ", "))")
        }
        return mapping
    }
}

/// A mapping being read.
package struct YamlMapping: Sendable {
    package let node: YamlNode
    /// In the file's order.
    package let entries: [YamlNode.Entry]

    /// The value of `key`, or nil when the key is absent. A key with nothing behind it is present and null.
    package subscript(key: String) -> YamlNode? { entries.first { $0.key == key }?.value }

    /// The value of `key`, which must be there.
    package func required(_ key: String) throws(YamlFailure) -> YamlNode {
        guard let value = self[key] else {
            throw node.failure("\(node.name) lacks the key \(key.quotedForMessage)", remedy: "add \(key): …")
        }
        return value
    }
}

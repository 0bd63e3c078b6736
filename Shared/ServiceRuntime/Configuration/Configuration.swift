/// The effective settings of a process: each declared key with its checked value and where it came from. Reads cannot fail,
/// because the whole was checked when it was made; to read an undeclared key, or one as another type, is the programmer's mistake.
package struct Configuration: Sendable {
    /// Where a value came from.
    package enum Source: Hashable, Sendable, CustomStringConvertible {
        case commandLine
        case environment(String)
        /// Through a `…_FILE` variable.
        case secretFile(variable: String, path: String)
        case file(path: String, line: Int, column: Int)
        case defaults

        package var description: String {
            switch self {
            case .commandLine: "command line"
            case .environment(let name): "environment \(name)"
            case .secretFile(let variable, let path): "file \(path) named by \(variable)"
            case .file(let path, let line, let column): "\(path):\(line):\(column)"
            case .defaults: "default"
            }
        }
    }

    struct Entry: Sendable {
        var key: ConfigurationKey
        /// Nil when the key is optional and absent.
        var value: ConfigurationValue?
        var source: Source
    }

    /// By key name.
    let entries: [String: Entry]
    /// In the order of their declaration.
    package let keys: [ConfigurationKey]

    private func value(_ key: ConfigurationKey) -> ConfigurationValue? {
        guard let entry = entries[key.name], entry.key.kind == key.kind else {
            preconditionFailure("the key \(key.name) is not declared by this command")
        }
        return entry.value
    }

    private func required(_ key: ConfigurationKey) -> ConfigurationValue {
        guard let value = value(key) else { preconditionFailure("\(key.name) may be absent; read it as optional or declare it required") }
        return value
    }

    /// Text, a path, a choice or a secret.
    package func string(_ key: ConfigurationKey) -> String {
        guard case .string(let text) = required(key) else { preconditionFailure("\(key.name) is not text") }
        return text
    }
    package func optionalString(_ key: ConfigurationKey) -> String? { value(key) == nil ? nil : string(key) }

    package func int(_ key: ConfigurationKey) -> Int {
        guard case .int(let number) = required(key) else { preconditionFailure("\(key.name) is not a whole number") }
        return number
    }
    package func optionalInt(_ key: ConfigurationKey) -> Int? { value(key) == nil ? nil : int(key) }

    package func double(_ key: ConfigurationKey) -> Double {
        guard case .double(let number) = required(key) else { preconditionFailure("\(key.name) is not a number") }
        return number
    }
    package func optionalDouble(_ key: ConfigurationKey) -> Double? { value(key) == nil ? nil : double(key) }

    package func bool(_ key: ConfigurationKey) -> Bool {
        guard case .bool(let flag) = required(key) else { preconditionFailure("\(key.name) is not true or false") }
        return flag
    }

    package func duration(_ key: ConfigurationKey) -> Duration {
        guard case .duration(let duration) = required(key) else { preconditionFailure("\(key.name) is not a duration") }
        return duration
    }
    package func optionalDuration(_ key: ConfigurationKey) -> Duration? { value(key) == nil ? nil : duration(key) }

    package func strings(_ key: ConfigurationKey) -> [String] {
        guard case .strings(let texts) = required(key) else { preconditionFailure("\(key.name) is not a list") }
        return texts
    }

    package func source(of key: ConfigurationKey) -> Source? { entries[key.name]?.source }

    /// A problem with a key's value that only its reader can see, such as a file that does not exist.
    package func problem(_ key: ConfigurationKey, rule: String) -> ConfigurationFailure {
        ConfigurationFailure(problems: [
            .init(key: key.name, rule: rule, found: shown(key), source: entries[key.name]?.source.description)
        ])
    }

    private func shown(_ key: ConfigurationKey) -> String? {
        guard let value = entries[key.name]?.value else { return nil }
        return key.isSecret ? "***" : value.text
    }

    /// What `--print-config` prints: `key`, effective value (`***` for a secret) and source.
    package var table: TextTable {
        var table = TextTable(columns: ["key", "value", "source"])
        for key in keys {
            table.append([key.name, shown(key) ?? "(unset)", entries[key.name]?.source.description ?? ""])
        }
        return table
    }
}

/// Everything that is wrong with a configuration, at once.
package struct ConfigurationFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package struct Problem: Hashable, Sendable, CustomStringConvertible {
        package var key: String
        /// What the value must be, or what is wrong with the key.
        package var rule: String
        /// As written; nil when absent or secret.
        package var found: String?
        package var source: String?

        package init(key: String, rule: String, found: String? = nil, source: String? = nil) {
            self.key = key
            self.rule = rule
            self.found = found
            self.source = source
        }

        package var description: String {
            "\(key): \(rule)" + (found.map { ", got \($0)" } ?? "") + (source.map { " (\($0))" } ?? "")
        }
    }

    package var problems: [Problem]

    package init(problems: [Problem]) { self.problems = problems }

    /// One line for one problem; else a heading and a line for each.
    package var description: String {
        if problems.count == 1 { return "configuration: \(problems[0])" }
        return "configuration: \(problems.count) problems\n" + problems.map { "  \($0)" }.joined(separator: "\n")
    }
}

extension Command {
    /// The text of `--help`.
    func help(path: String) -> String {
        var usage = path
        if !subcommands.isEmpty { usage += " <command>" }
        if action != nil {
            for option in options where option.isRequired { usage += " --\(option.name) \(option.kind.placeholder)" }
            usage += " [options]"
            for argument in arguments {
                let name = "<\(argument.name)>" + (argument.isRepeated ? "…" : "")
                usage += argument.isOptional ? " [\(name)]" : " \(name)"
            }
        }
        var text = "\(abstract)\n\nUsage: \(usage)\n"
        if !discussion.isEmpty { text += "\n\(discussion)\n" }
        text += Command.section("Commands", subcommands.map { ($0.name, $0.abstract) })
        text += Command.section("Arguments", arguments.map { ("<\($0.name)>", "\($0.doc) (\($0.kind.typeName))") })
        var rows = options.map { option in
            let short = option.short.map { "-\($0), " } ?? ""
            var doc = option.doc
            if let value = option.defaultValue { doc += " (default \(value.text))" }
            if option.isRepeated { doc += " (may be repeated)" }
            return ("\(short)--\(option.name) \(option.kind.placeholder)", doc)
        }
        rows += flags.map { flag in ((flag.short.map { "-\($0), " } ?? "") + "--\(flag.name)", flag.doc) }
        if !configurationKeys.isEmpty {
            rows.append(("--config <path>", "Configuration file in YAML (or ASSAY_CONFIG)"))
            rows.append(("--set <key=value>", "Sets a key; stronger than environment and file (may be repeated)"))
            rows.append(("--print-config", "Prints each key's effective value and its source, and exits"))
        }
        rows.append(("-h, --help", "Prints this"))
        rows.append(("--version", "Prints the version"))
        text += Command.section("Options", rows)
        if !configurationKeys.isEmpty {
            text += "\nConfiguration keys (environment: upper case, ASSAY_ in front, _ for dots):\n"
            for key in configurationKeys { text += "  \(key.name)  \(key.helpDetails)\n      \(key.doc).\n" }
        }
        return text
    }

    private static func section(_ title: String, _ rows: [(String, String)]) -> String {
        if rows.isEmpty { return "" }
        let width = rows.map(\.0.count).max() ?? 0
        let lines = rows.map { "  \($0.0)\(String(repeating: " ", count: width - $0.0.count))  \($0.1)\n" }
        return "\n\(title):\n" + lines.joined()
    }
}

extension ValueKind {
    fileprivate var placeholder: String { "<\(typeName)>" }
}

extension ConfigurationKey {
    /// Type with bounds, unit, default: `[int from 1 to 4096, records, default 512]`.
    fileprivate var helpDetails: String {
        var parts: [String] = []
        if isSecret {
            parts.append("secret, also as \(environmentName)_FILE")
        } else {
            switch kind {
            case .int, .double, .duration: parts.append(kind.rule.hasPrefix("a ") ? String(kind.rule.dropFirst(2)) : kind.rule)
            case .string, .path, .bool, .choice, .strings: parts.append(kind.typeName)
            }
        }
        if let unit { parts.append(unit) }
        if let defaultValue {
            parts.append("default \(defaultValue.text)")
        } else {
            parts.append(isRequired ? "required" : "optional")
        }
        return "[\(parts.joined(separator: ", "))]"
    }
}

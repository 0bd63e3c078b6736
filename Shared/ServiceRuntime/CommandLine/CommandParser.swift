import Yaml

/// A mistake on the command line: exit code 64 (`EX_USAGE` of sysexits.h).
package struct CommandUsageFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// The command that was understood so far, such as `assay train`.
    package var path: String
    package var problem: String

    /// For an action that finds its options at odds with each other.
    package init(path: String, problem: String) {
        self.path = path
        self.problem = problem
    }

    /// One line with a hint.
    package var description: String { "\(path): \(problem); see \(path) --help" }
}

/// What a command line asks for.
enum CommandRequest: Sendable {
    case help(Command, path: String)
    case version
    case run(Command, ParsedArguments)
}

/// What was typed, before the configuration is read.
struct ParsedArguments: Sendable {
    var path: String
    var values: [String: [ConfigurationValue]] = [:]
    var flags: Set<String> = []
    var configPath: String?
    var settings: [(key: String, value: String)] = []
    var isPrintConfig = false
}

extension Command {
    /// Reads `arguments` (without the program's name) as options, flags, subcommands and arguments. `--` ends the options.
    func parse(_ arguments: [String]) throws(CommandUsageFailure) -> CommandRequest {
        try parse(arguments[...], path: name)
    }

    private func parse(_ arguments: ArraySlice<String>, path: String) throws(CommandUsageFailure) -> CommandRequest {
        var rest = arguments
        if !subcommands.isEmpty, let word = rest.first, !word.hasPrefix("-") {
            guard let subcommand = subcommands.first(where: { $0.name == word }) else {
                let names = subcommands.map(\.name)
                let hint =
                    Spelling.nearest(to: word, among: names).map { "did you mean \($0)?" } ?? "known are \(names.joined(separator: ", "))"
                throw CommandUsageFailure(path: path, problem: "unknown command \(word.quotedForMessage), \(hint)")
            }
            return try subcommand.parse(rest.dropFirst(), path: "\(path) \(word)")
        }
        var parsed = ParsedArguments(path: path)
        var positionals: [String] = []
        var isPastOptions = false
        while let word = rest.popFirst() {
            if isPastOptions || word == "-" || !word.hasPrefix("-") || looksNegative(word) {
                positionals.append(word)
            } else if word == "--" {
                isPastOptions = true
            } else if word == "--help" || word == "-h" {
                return .help(self, path: path)
            } else if word == "--version" {
                return .version
            } else {
                try readOption(word, &rest, into: &parsed)
            }
        }
        guard action != nil else {
            if positionals.isEmpty, arguments.isEmpty, !subcommands.isEmpty {
                throw CommandUsageFailure(path: path, problem: "name a command: \(subcommands.map(\.name).joined(separator: ", "))")
            }
            throw CommandUsageFailure(path: path, problem: "name a command first")
        }
        try place(positionals, into: &parsed)
        for option in options where parsed.values[option.name] == nil {
            if let value = option.defaultValue {
                parsed.values[option.name] = [value]
            } else if option.isRequired, !parsed.isPrintConfig {
                throw CommandUsageFailure(path: path, problem: "--\(option.name) is required: \(option.doc)")
            }
        }
        return .run(self, parsed)
    }

    /// `-5` is a number when an argument wants one and no option is called `5`.
    private func looksNegative(_ word: String) -> Bool {
        guard let digit = word.dropFirst().first, digit.isASCII, digit.isNumber else { return false }
        return !options.contains { $0.short == digit } && !flags.contains { $0.short == digit }
    }

    private func readOption(
        _ word: String, _ rest: inout ArraySlice<String>, into parsed: inout ParsedArguments
    ) throws(CommandUsageFailure) {
        let path = parsed.path
        var name: String
        var attached: String?
        if word.hasPrefix("--") {
            let body = word.dropFirst(2)
            let equals = body.firstIndex(of: "=")
            name = String(body[..<(equals ?? body.endIndex)])
            attached = equals.map { String(body[body.index(after: $0)...]) }
        } else {
            guard let letter = word.dropFirst().first else { preconditionFailure("a single dash is not an option") }
            let found = options.first { $0.short == letter }?.name ?? flags.first { $0.short == letter }?.name
            guard let found else { throw CommandUsageFailure(path: path, problem: "unknown option \(word.quotedForMessage)") }
            name = found
            if word.count > 2 { attached = String(word.dropFirst(2)) }
        }
        func value() throws(CommandUsageFailure) -> String {
            if let attached { return attached }
            guard let next = rest.popFirst() else { throw CommandUsageFailure(path: path, problem: "--\(name) wants a value") }
            return next
        }
        let hasKeys = !configurationKeys.isEmpty
        if let option = options.first(where: { $0.name == name }) {
            let text = try value()
            guard let checked = option.kind.value(of: text) else {
                throw CommandUsageFailure(path: path, problem: "--\(name) must be \(option.kind.rule), got \(text.quotedForMessage)")
            }
            guard option.isRepeated || parsed.values[name] == nil else {
                throw CommandUsageFailure(path: path, problem: "--\(name) is given twice")
            }
            parsed.values[name, default: []].append(checked)
        } else if flags.contains(where: { $0.name == name }) {
            if attached != nil { throw CommandUsageFailure(path: path, problem: "--\(name) takes no value") }
            parsed.flags.insert(name)
        } else if hasKeys, name == "config" {
            parsed.configPath = try value()
        } else if hasKeys, name == "set" {
            let text = try value()
            guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
                throw CommandUsageFailure(path: path, problem: "--set wants key=value")
            }
            parsed.settings.append((String(text[..<equals]), String(text[text.index(after: equals)...])))
        } else if hasKeys, name == "print-config" {
            if attached != nil { throw CommandUsageFailure(path: path, problem: "--print-config takes no value") }
            parsed.isPrintConfig = true
        } else {
            let known = options.map(\.name) + flags.map(\.name) + ["help", "version"] + (hasKeys ? ["config", "set", "print-config"] : [])
            let hint = Spelling.nearest(to: name, among: known).map { ", did you mean --\($0)?" } ?? ""
            throw CommandUsageFailure(path: path, problem: "unknown option \("--\(name)".quotedForMessage)\(hint)")
        }
    }

    private func place(_ positionals: [String], into parsed: inout ParsedArguments) throws(CommandUsageFailure) {
        var rest = positionals[...]
        for argument in arguments {
            let count = argument.isRepeated ? rest.count : min(1, rest.count)
            if count == 0, !argument.isOptional, !parsed.isPrintConfig {
                throw CommandUsageFailure(path: parsed.path, problem: "<\(argument.name)> is missing: \(argument.doc)")
            }
            for text in rest.prefix(count) {
                guard let checked = argument.kind.value(of: text) else {
                    throw CommandUsageFailure(
                        path: parsed.path, problem: "<\(argument.name)> must be \(argument.kind.rule), got \(text.quotedForMessage)")
                }
                parsed.values[argument.name, default: []].append(checked)
            }
            rest = rest.dropFirst(count)
        }
        if let extra = rest.first {
            throw CommandUsageFailure(path: parsed.path, problem: "unexpected argument \(extra.quotedForMessage)")
        }
    }
}

/// A command or subcommand, declared as data. Parsing, `--help`, `--version` and the configuration options come from it.
package struct Command: Sendable {
    /// `--name VALUE` or `--name=VALUE`.
    package struct Option: Sendable {
        /// Without the dashes.
        package var name: String
        /// One letter, for `-n VALUE`.
        package var short: Character?
        package var kind: ValueKind
        /// Nil: absent unless given.
        package var defaultValue: ConfigurationValue?
        package var isRequired: Bool
        /// May be given more than once; read it with ``CommandInvocation/strings(_:)``.
        package var isRepeated: Bool
        package var doc: String

        /// - Parameter defaultText: As it would be typed.
        package init(
            _ name: String, short: Character? = nil, _ kind: ValueKind = .string, default defaultText: String? = nil,
            isRequired: Bool = false, isRepeated: Bool = false, doc: String
        ) {
            self.name = name
            self.short = short
            self.kind = kind
            if let defaultText {
                guard let value = kind.value(of: defaultText) else { preconditionFailure("the default of --\(name) breaks its own rule") }
                defaultValue = value
            }
            self.isRequired = isRequired
            self.isRepeated = isRepeated
            self.doc = doc
        }
    }

    /// `--name`, present or not.
    package struct Flag: Sendable {
        package var name: String
        package var short: Character?
        package var doc: String

        package init(_ name: String, short: Character? = nil, doc: String) {
            self.name = name
            self.short = short
            self.doc = doc
        }
    }

    /// A value without a name, by its place.
    package struct Argument: Sendable {
        package var name: String
        package var kind: ValueKind
        package var isOptional: Bool
        /// Takes all that is left; only the last argument can.
        package var isRepeated: Bool
        package var doc: String

        package init(_ name: String, _ kind: ValueKind = .string, isOptional: Bool = false, isRepeated: Bool = false, doc: String) {
            self.name = name
            self.kind = kind
            self.isOptional = isOptional
            self.isRepeated = isRepeated
            self.doc = doc
        }
    }

    package typealias Action = @Sendable (CommandInvocation) async throws -> Void

    package var name: String
    /// One sentence for lists of commands.
    package var abstract: String
    /// More for its own help.
    package var discussion: String
    package var options: [Option]
    package var flags: [Flag]
    package var arguments: [Argument]
    /// Settings that the command reads; with any, it takes `--config`, `--set` and `--print-config`.
    package var configurationKeys: [ConfigurationKey]
    /// Settings of other executables that may stand in the same file and environment.
    package var otherConfigurationKeys: [ConfigurationKey]
    package var subcommands: [Command]
    /// Nil for a command that only holds subcommands.
    package var action: Action?

    package init(
        _ name: String, abstract: String, discussion: String = "", options: [Option] = [], flags: [Flag] = [], arguments: [Argument] = [],
        configurationKeys: [ConfigurationKey] = [], otherConfigurationKeys: [ConfigurationKey] = [], subcommands: [Command] = [],
        action: Action? = nil
    ) {
        self.name = name
        self.abstract = abstract
        self.discussion = discussion
        self.options = options
        self.flags = flags
        self.arguments = arguments
        self.configurationKeys = configurationKeys
        self.otherConfigurationKeys = otherConfigurationKeys
        self.subcommands = subcommands
        self.action = action
    }
}

/// A command with what was typed, all of it checked. To read an undeclared name is the programmer's mistake.
package struct CommandInvocation: Sendable {
    /// Such as `assay train`.
    package internal(set) var path: String
    /// The effective settings; empty for a command without keys.
    package internal(set) var configuration: Configuration
    var options: [String: [ConfigurationValue]] = [:]
    var declared: Set<String> = []
    var flags: Set<String> = []

    private func values(_ name: String) -> [ConfigurationValue] {
        precondition(declared.contains(name), "\(name) is not declared by \(path)")
        return options[name] ?? []
    }

    private func required(_ name: String) -> ConfigurationValue {
        guard let value = values(name).last else {
            preconditionFailure("\(name) may be absent; read it as optional or declare it required")
        }
        return value
    }

    package func flag(_ name: String) -> Bool {
        precondition(declared.contains(name), "\(name) is not declared by \(path)")
        return flags.contains(name)
    }

    /// An option or argument that is required or has a default.
    package func string(_ name: String) -> String {
        guard case .string(let text) = required(name) else { preconditionFailure("\(name) is not text") }
        return text
    }
    package func optionalString(_ name: String) -> String? { values(name).isEmpty ? nil : string(name) }

    package func int(_ name: String) -> Int {
        guard case .int(let number) = required(name) else { preconditionFailure("\(name) is not a whole number") }
        return number
    }
    package func optionalInt(_ name: String) -> Int? { values(name).isEmpty ? nil : int(name) }

    package func double(_ name: String) -> Double {
        guard case .double(let number) = required(name) else { preconditionFailure("\(name) is not a number") }
        return number
    }
    package func optionalDouble(_ name: String) -> Double? { values(name).isEmpty ? nil : double(name) }

    package func duration(_ name: String) -> Duration {
        guard case .duration(let duration) = required(name) else { preconditionFailure("\(name) is not a duration") }
        return duration
    }
    package func optionalDuration(_ name: String) -> Duration? { values(name).isEmpty ? nil : duration(name) }

    package func bool(_ name: String) -> Bool {
        guard case .bool(let flag) = required(name) else { preconditionFailure("\(name) is not true or false") }
        return flag
    }

    /// All values of a repeated option or argument, or of a list.
    package func strings(_ name: String) -> [String] {
        values(name).flatMap { value in
            if case .strings(let texts) = value { texts } else { [value.text] }
        }
    }
}

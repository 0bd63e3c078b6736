import Glibc
import Yaml

extension Command {
    /// What a command line is run with; tests supply their own.
    package struct Surroundings: Sendable {
        package var environment: [String: String]
        package var writeOutput: @Sendable (String) -> Void
        package var writeError: @Sendable (String) -> Void

        package init(
            environment: [String: String], writeOutput: @escaping @Sendable (String) -> Void,
            writeError: @escaping @Sendable (String) -> Void
        ) {
            self.environment = environment
            self.writeOutput = writeOutput
            self.writeError = writeError
        }

        /// The process's own.
        package static var process: Surroundings {
            Surroundings(environment: ProcessEnvironment.variables) { text in
                print(text, terminator: "")
            } writeError: { text in
                Array(text.utf8).withUnsafeBytes(LogSink.writeToStandardError)
            }
        }
    }

    /// Runs the command that `arguments` (without the program's name) name.
    ///
    /// - Returns: The exit code: 0; 64 for a mistake on the command line; 1 for a failure, which is told in one line
    ///   (configuration problems in one line each).
    package func execute(_ arguments: [String], in surroundings: Surroundings) async -> Int32 {
        do {
            let request = try parse(arguments)
            switch request {
            case .help(let command, let path): surroundings.writeOutput(command.help(path: path))
            case .version: surroundings.writeOutput("\(name) \(AssayVersion.current)\n")
            case .run(let command, let parsed):
                let configuration = try command.configuration(parsed, environment: surroundings.environment)
                if parsed.isPrintConfig {
                    surroundings.writeOutput(configuration.table.render())
                    return 0
                }
                var invocation = CommandInvocation(path: parsed.path, configuration: configuration)
                invocation.options = parsed.values
                invocation.flags = parsed.flags
                invocation.declared = Set(command.options.map(\.name) + command.flags.map(\.name) + command.arguments.map(\.name))
                guard let action = command.action else { preconditionFailure("the parser only runs commands with an action") }
                try await action(invocation)
            }
            return 0
        } catch let failure as CommandUsageFailure {
            surroundings.writeError("\(failure)\n")
            return 64
        } catch let failure as ConfigurationFailure {
            surroundings.writeError("\(name): \(failure)\n")
            return 1
        } catch {
            let line = "\(error)".split(whereSeparator: \.isNewline).joined(separator: " ")
            surroundings.writeError("\(name): \(line)\n")
            return 1
        }
    }

    /// Runs the process's own command line and exits.
    package func main() async -> Never {
        exit(await execute(Array(CommandLine.arguments.dropFirst()), in: .process))
    }

    private func configuration(_ parsed: ParsedArguments, environment: [String: String]) throws -> Configuration {
        var layers = Configuration.Layers()
        layers.environment = configurationKeys.isEmpty ? [:] : environment
        layers.commandLine = parsed.settings
        layers.otherKeys = otherConfigurationKeys
        if !configurationKeys.isEmpty, let path = parsed.configPath ?? environment["ASSAY_CONFIG"] {
            layers.file = try YamlDocument.read(path: path)
        }
        return try Configuration(keys: configurationKeys, layers: layers)
    }
}

/// The process's environment, read once by whoever asks.
enum ProcessEnvironment {
    static var variables: [String: String] {
        var variables: [String: String] = [:]
        // /proc holds the environment at the start, without the race of reading `environ` beside a setenv.
        guard let bytes = try? FileBytes.read("/proc/self/environ", byteCountMax: 8 << 20) else { return [:] }
        for entry in bytes.split(separator: 0) {
            guard let equals = entry.firstIndex(of: 0x3D) else { continue }
            let name = String(decoding: entry[..<equals], as: UTF8.self)
            if variables[name] == nil { variables[name] = String(decoding: entry[(equals + 1)...], as: UTF8.self) }
        }
        return variables
    }
}

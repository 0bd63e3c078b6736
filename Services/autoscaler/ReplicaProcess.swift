import Glibc
import Hosting
import LocalStack
import ServiceRuntime

/// Replicas as processes of this machine: which executable, with which environment.
enum ReplicaProcess {
    /// - Throws: ``ConfigurationFailure`` when an executable is not there, ``LocalStackFault`` when the folder cannot be made.
    static func drivers(for services: [ScaledService], _ configuration: Configuration) throws -> [any ReplicaDriver] {
        let directory = configuration.string(AutoscalerKeys.directory)
        let given = configuration.optionalString(AutoscalerKeys.binaries)
        let binaries = given.map(absolute) ?? ownFolder
        for service in services where access("\(binaries)/\(service.executable)", X_OK) != 0 {
            throw configuration.problem(
                AutoscalerKeys.binaries,
                rule: "names the folder of the services' executables; \(binaries)/\(service.executable) is not there")
        }
        let table = try ProcessTable(directory: directory)
        // What the stack said of itself when it came up, then what we were given, which is newer.
        let inherited = StackRecord(path: "\(table.directory)/stack.env").environment
            .merging(LocalProcess.inheritedEnvironment) { _, own in own }
        let environment = environment(passing: inherited, configuration)
        // Shorter than our own bound, so that a stop at our end is seen to its end.
        let grace = max(.seconds(1), configuration.duration(RuntimeKeys.shutdownDurationMax) * 3 / 4)
        return services.map { service in
            LocalProcessDriver(service: service.name, table: table, grace: grace) { replica, port in
                LocalProcess(
                    name: "\(service.name)-\(replica)", executable: "\(binaries)/\(service.executable)",
                    environment: environment.merging(
                        [
                            HostKeys.replicaName.environmentName: "\(service.name)-\(replica)",
                            RuntimeKeys.httpPort.environmentName: String(port),
                        ]) { _, own in own })
            }
        }
    }

    /// Our environment without what is ours alone, and with the settings that we were given in another way.
    static func environment(passing inherited: [String: String], _ configuration: Configuration) -> [String: String] {
        let ours = Set((AutoscalerKeys.all + [RuntimeKeys.httpPort, HostKeys.replicaName]).map(\.environmentName))
        var environment = inherited.filter { !ours.contains($0.key) }
        for key in HostKeys.all + FileKeys.all where !ours.contains(key.environmentName) {
            if case .commandLine = configuration.source(of: key) { environment[key.environmentName] = text(key, configuration) }
        }
        if let path = configPath(CommandLine.arguments) { environment["ASSAY_CONFIG"] = absolute(path) }
        return environment
    }

    /// The file may hold settings that only the services read, so it is handed on whole.
    private static func configPath(_ arguments: [String]) -> String? {
        for (index, argument) in arguments.enumerated().reversed() {
            if argument.hasPrefix("--config=") { return String(argument.dropFirst("--config=".count)) }
            if argument == "--config", index + 1 < arguments.count { return arguments[index + 1] }
        }
        return nil
    }

    private static func text(_ key: ConfigurationKey, _ configuration: Configuration) -> String {
        let value: ConfigurationValue =
            switch key.kind {
            case .string, .path, .choice: .string(configuration.string(key))
            case .bool: .bool(configuration.bool(key))
            case .int: .int(configuration.int(key))
            case .double: .double(configuration.double(key))
            case .duration: .duration(configuration.duration(key))
            case .strings: .strings(configuration.strings(key))
            }
        return value.text
    }

    private static var ownFolder: String {
        var path = [UInt8](repeating: 0, count: 4_096)
        let count = path.withUnsafeMutableBytes {
            readlink("/proc/self/exe", $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
        }
        let text = String(decoding: path[..<max(0, count)], as: UTF8.self)
        return text.lastIndex(of: "/").map { String(text[..<$0]) } ?? "."
    }

    private static func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        guard let here = getcwd(nil, 0) else { return path }
        defer { free(here) }
        return String(cString: here) + "/" + path
    }
}

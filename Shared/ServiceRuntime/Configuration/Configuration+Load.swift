package import Yaml

/// Layers, strongest first: command line, environment, file, defaults.
extension Configuration {
    /// Where the layers come from; tests supply their own.
    package struct Layers: Sendable {
        /// `--set key=value`, in order; the last of equal keys wins.
        package var commandLine: [(key: String, value: String)] = []
        package var environment: [String: String] = [:]
        package var file: YamlDocument?
        /// Keys of other executables, which may stand in a shared file or environment.
        package var otherKeys: [ConfigurationKey] = []
        /// Reads the file that a `…_FILE` variable names.
        package var readFile: @Sendable (String) throws -> [UInt8] = { try FileBytes.read($0, byteCountMax: 65_536) }

        package init() {}
    }

    /// Checks everything and reports all problems together.
    package init(keys: [ConfigurationKey], layers: Layers) throws(ConfigurationFailure) {
        var loader = ConfigurationLoader(keys: keys, layers: layers)
        loader.readFile()
        loader.readEnvironment()
        loader.readCommandLine()
        entries = try loader.finish()
        self.keys = keys
    }
}

/// Collects values, weakest layer first, and problems.
private struct ConfigurationLoader {
    let keys: [ConfigurationKey]
    let layers: Configuration.Layers
    let known: [String: ConfigurationKey]
    var entries: [String: Configuration.Entry] = [:]
    var problems: [ConfigurationFailure.Problem] = []

    init(keys: [ConfigurationKey], layers: Configuration.Layers) {
        self.keys = keys
        self.layers = layers
        var known: [String: ConfigurationKey] = [:]
        var environmentNames: Set<String> = []
        for key in keys {
            precondition(known.updateValue(key, forKey: key.name) == nil, "the key \(key.name) is declared twice")
            precondition(environmentNames.insert(key.environmentName).inserted, "two keys share \(key.environmentName)")
            entries[key.name] = Configuration.Entry(key: key, value: key.defaultValue, source: .defaults)
        }
        self.known = known
    }

    private mutating func refuse(_ key: String, _ rule: String, found: String? = nil, _ source: Configuration.Source) {
        problems.append(.init(key: key, rule: rule, found: found, source: source.description))
    }

    private mutating func set(_ key: ConfigurationKey, to text: String, _ source: Configuration.Source) {
        if let value = key.kind.value(of: text), !(key.isSecret && text.isEmpty) {
            entries[key.name] = Configuration.Entry(key: key, value: value, source: source)
        } else {
            // A secret's bad value must not reach a log, not even shortened.
            let rule = key.isSecret ? "must not be empty" : "must be \(key.kind.rule)"
            refuse(key.name, rule, found: key.isSecret ? nil : text.quotedForMessage, source)
        }
    }

    private func unknown(_ name: String) -> String {
        let nearest = Spelling.nearest(to: name, among: keys.map(\.name)).map { "; did you mean \($0)?" } ?? "; --help lists the keys"
        return "unknown key" + nearest
    }

    // MARK: File

    mutating func readFile() {
        guard let root = layers.file?.root, !root.isNull else { return }
        var seen: [String: Int] = [:]
        for (name, node) in flattened(root, prefix: "") {
            let source = Configuration.Source.file(path: node.file, line: node.line, column: node.column)
            if let line = seen.updateValue(node.line, forKey: name) {
                refuse(name, "is already given on line \(line)", source)
                continue
            }
            guard let key = known[name] else {
                if !layers.otherKeys.contains(where: { $0.name == name }) { refuse(name, unknown(name), source) }
                continue
            }
            switch node.content {
            case .scalar(let scalar) where scalar.isNull: continue  // absent
            case .scalar(let scalar): set(key, to: scalar.text, source)
            case .sequence:
                if key.kind == .strings, let texts = try? node.strings() {
                    entries[name] = Configuration.Entry(key: key, value: .strings(texts), source: source)
                } else {
                    refuse(name, "must be \(key.kind.rule)", found: "a list", source)
                }
            case .mapping: refuse(name, "must be \(key.kind.rule)", found: "a mapping", source)
            }
        }
    }

    /// `kafka: {bootstrap: x}` and `kafka.bootstrap: x` mean the same.
    private mutating func flattened(_ node: YamlNode, prefix: String) -> [(name: String, node: YamlNode)] {
        guard case .mapping(let entries) = node.content else {
            let source = Configuration.Source.file(path: node.file, line: node.line, column: node.column)
            refuse("the file", "must hold key: value lines", found: node.found, source)
            return []
        }
        var flat: [(String, YamlNode)] = []
        for entry in entries {
            let name = prefix.isEmpty ? entry.key : "\(prefix).\(entry.key)"
            if case .mapping = entry.value.content, known[name] == nil {
                flat += flattened(entry.value, prefix: name)
            } else {
                flat.append((name, entry.value))
            }
        }
        return flat
    }

    // MARK: Environment

    mutating func readEnvironment() {
        var expected: Set<String> = ["ASSAY_CONFIG"]
        for key in keys {
            let name = key.environmentName
            expected.insert(name)
            let direct = layers.environment[name]
            if let direct { set(key, to: direct, .environment(name)) }
            guard key.isSecret else { continue }
            let fileName = name + "_FILE"
            expected.insert(fileName)
            guard let path = layers.environment[fileName] else { continue }
            let source = Configuration.Source.secretFile(variable: fileName, path: path)
            guard direct == nil else {
                refuse(key.name, "is given twice: by \(name) and by \(fileName); keep one", source)
                continue
            }
            do {
                var bytes = try layers.readFile(path)
                // Editors and `echo` end a file with a newline, which is not part of the secret.
                if bytes.last == 0x0A { bytes.removeLast() }
                if bytes.last == 0x0D { bytes.removeLast() }
                guard let text = String(validating: bytes, as: UTF8.self) else {
                    refuse(key.name, "must be UTF-8 text", source)
                    continue
                }
                set(key, to: text, source)
            } catch {
                refuse(key.name, "cannot be read: \(error)", source)
            }
        }
        for key in layers.otherKeys {
            expected.insert(key.environmentName)
            if key.isSecret { expected.insert(key.environmentName + "_FILE") }
        }
        let known = expected.sorted()
        for name in layers.environment.keys.sorted() where name.hasPrefix("ASSAY_") && !expected.contains(name) {
            // Only what looks like a slip: the variables of other programs may begin with ASSAY_ too.
            guard let nearest = Spelling.nearest(to: name, among: known) else { continue }
            problems.append(.init(key: name, rule: "unknown variable; did you mean \(nearest)?", source: "environment"))
        }
    }

    // MARK: Command line

    mutating func readCommandLine() {
        for (name, text) in layers.commandLine {
            guard let key = known[name] else {
                refuse(name, unknown(name), .commandLine)
                continue
            }
            set(key, to: text, .commandLine)
        }
    }

    mutating func finish() throws(ConfigurationFailure) -> [String: Configuration.Entry] {
        let complained = Set(problems.map(\.key))
        for key in keys where key.isRequired && entries[key.name]?.value == nil && !complained.contains(key.name) {
            problems.append(
                .init(key: key.name, rule: "is required: \(key.doc); set \(key.environmentName) or --set \(key.name)=…"))
        }
        if !problems.isEmpty { throw ConfigurationFailure(problems: problems) }
        return entries
    }
}

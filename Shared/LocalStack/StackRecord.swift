/// What the running stack is reached by: `stack.env`, lines `KEY='value'` that a shell can source and services can be given.
package struct StackRecord: Hashable, Sendable {
    /// In the order in which they were set.
    package private(set) var values: [Value]

    package struct Value: Hashable, Sendable {
        package var key: String
        package var value: String
    }

    package static let bootstrapServersKey = "ASSAY_KAFKA_BOOTSTRAP_SERVERS"
    package static let postgresUrlKey = "ASSAY_POSTGRES_URL"

    package init() { values = [] }

    package subscript(key: String) -> String? {
        get { values.last { $0.key == key }?.value }
        set {
            values.removeAll { $0.key == key }
            if let newValue { values.append(Value(key: key, value: newValue)) }
        }
    }

    /// Reads the record; an empty one when the file is not there. Lines that are none of ours are passed over.
    package init(path: String) {
        self.init()
        for line in (LocalFile.text(path) ?? "").split(separator: "\n") {
            guard let equals = line.firstIndex(of: "=") else { continue }
            let quoted = line[line.index(after: equals)...]
            guard quoted.count >= 2, quoted.hasPrefix("'"), quoted.hasSuffix("'") else { continue }
            self[String(line[..<equals])] = StackRecord.replacing("'\\''", with: "'", in: String(quoted.dropFirst().dropLast()))
        }
    }

    /// Writes it whole, readable by its owner alone: a connection string may hold a password.
    package func save(to path: String) throws(LocalStackFault) {
        for entry in values where entry.value.contains("\n") || !StackRecord.isKey(entry.key) {
            throw LocalStackFault(operation: "write", subject: path, reason: "\(entry.key) cannot be kept in one line")
        }
        try LocalFile.write(
            values.map { "\($0.key)='\(StackRecord.replacing("'", with: "'\\''", in: $0.value))'\n" }.joined(), to: path)
    }

    /// For a child's environment.
    package var environment: [String: String] {
        Dictionary(values.map { ($0.key, $0.value) }, uniquingKeysWith: { _, last in last })
    }

    private static func isKey(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { 0x41...0x5A ~= $0 || 0x30...0x39 ~= $0 || $0 == 0x5F }
    }

    private static func replacing(_ pattern: String, with other: String, in text: String) -> String {
        text.split(separator: pattern, omittingEmptySubsequences: false).joined(separator: other)
    }
}

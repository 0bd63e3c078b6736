/// One setting, declared as data: what `--help` says, what the files may hold and what is checked all come from here.
package struct ConfigurationKey: Hashable, Sendable {
    /// Dotted, lower case, most significant word first: `batch.count.max`.
    package var name: String
    package var kind: ValueKind
    /// What the number counts, for help: `records`, `bytes`.
    package var unit: String?
    /// Nil: absent unless set.
    package var defaultValue: ConfigurationValue?
    /// Absent is a mistake.
    package var isRequired: Bool
    /// Never shown; may also be given as a file through `…_FILE` in the environment.
    package var isSecret: Bool
    /// One sentence without its full stop.
    package var doc: String

    private init(
        _ name: String, _ kind: ValueKind, unit: String? = nil, default value: ConfigurationValue?, isRequired: Bool = false,
        isSecret: Bool = false, doc: String
    ) {
        precondition(
            !name.isEmpty && name.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2E },
            "\(name) is not a dotted lower-case name")
        if let value { precondition(kind.value(of: value.text) == value, "the default of \(name) breaks its own rule") }
        self.name = name
        self.kind = kind
        self.unit = unit
        defaultValue = value
        self.isRequired = isRequired
        self.isSecret = isSecret
        self.doc = doc
    }

    package static func string(_ name: String, default value: String? = nil, isRequired: Bool = false, doc: String) -> Self {
        Self(name, .string, default: value.map { .string($0) }, isRequired: isRequired, doc: doc)
    }
    package static func secret(_ name: String, isRequired: Bool = false, doc: String) -> Self {
        Self(name, .string, default: nil, isRequired: isRequired, isSecret: true, doc: doc)
    }
    package static func path(_ name: String, default value: String? = nil, isRequired: Bool = false, doc: String) -> Self {
        Self(name, .path, default: value.map { .string($0) }, isRequired: isRequired, doc: doc)
    }
    package static func bool(_ name: String, default value: Bool? = nil, isRequired: Bool = false, doc: String) -> Self {
        Self(name, .bool, default: value.map { .bool($0) }, isRequired: isRequired, doc: doc)
    }
    package static func int(
        _ name: String, in range: ClosedRange<Int>, default value: Int? = nil, unit: String? = nil, isRequired: Bool = false, doc: String
    ) -> Self {
        Self(name, .int(range), unit: unit, default: value.map { .int($0) }, isRequired: isRequired, doc: doc)
    }
    package static func double(
        _ name: String, in range: ClosedRange<Double>, default value: Double? = nil, unit: String? = nil, isRequired: Bool = false,
        doc: String
    ) -> Self {
        Self(name, .double(range), unit: unit, default: value.map { .double($0) }, isRequired: isRequired, doc: doc)
    }
    package static func duration(
        _ name: String, in range: ClosedRange<Duration> = .zero...ValueKind.longest, default value: Duration? = nil,
        isRequired: Bool = false, doc: String
    ) -> Self {
        Self(name, .duration(range), default: value.map { .duration($0) }, isRequired: isRequired, doc: doc)
    }
    package static func choice(_ name: String, of words: [String], default value: String? = nil, isRequired: Bool = false, doc: String)
        -> Self
    {
        Self(name, .choice(words), default: value.map { .string($0) }, isRequired: isRequired, doc: doc)
    }
    package static func strings(_ name: String, default value: [String]? = nil, isRequired: Bool = false, doc: String) -> Self {
        Self(name, .strings, default: value.map { .strings($0) }, isRequired: isRequired, doc: doc)
    }

    /// `ASSAY_BATCH_COUNT_MAX`
    package var environmentName: String { Self.environmentName(of: name) }

    static func environmentName(of name: String) -> String {
        "ASSAY_" + String(name.map { $0 == "." ? "_" : $0 }).uppercased()
    }
}

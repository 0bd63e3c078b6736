import Yaml

/// The type and rule of a value that people write: a configuration key's, or a command-line option's.
package enum ValueKind: Hashable, Sendable {
    case string
    case path
    /// `true` or `false`.
    case bool
    case int(ClosedRange<Int>)
    case double(ClosedRange<Double>)
    /// Whole units, see ``DurationText``.
    case duration(ClosedRange<Duration>)
    /// One of these words.
    case choice([String])
    /// Texts with commas between them, or a list in a file.
    case strings

    /// What a value must be, to follow "must be".
    package var rule: String {
        switch self {
        case .string: return "text"
        case .path: return "a path"
        case .bool: return "true or false"
        case .int(let range): return "a whole number" + ValueKind.text(range.lowerBound, range.upperBound, .min, .max) { "\($0)" }
        case .double(let range):
            return "a number"
                + ValueKind.text(range.lowerBound, range.upperBound, -.greatestFiniteMagnitude, .greatestFiniteMagnitude) { "\($0)" }
        case .duration(let range):
            let bounds = ValueKind.text(range.lowerBound, range.upperBound, .zero, ValueKind.longest) {
                ConfigurationValue.duration($0).text
            }
            return "a duration such as 500ms or 7d" + bounds
        case .choice(let words): return "one of " + words.joined(separator: ", ")
        case .strings: return "a list, a,b,c"
        }
    }

    /// One word for help.
    package var typeName: String {
        switch self {
        case .string: "text"
        case .path: "path"
        case .bool: "true|false"
        case .int: "int"
        case .double: "number"
        case .duration: "duration"
        case .choice(let words): words.joined(separator: "|")
        case .strings: "list"
        }
    }

    private static func text<Bound: Equatable>(_ lower: Bound, _ upper: Bound, _ least: Bound, _ most: Bound, _ show: (Bound) -> String)
        -> String
    {
        switch (lower == least, upper == most) {
        case (true, true): ""
        case (false, true): " of at least \(show(lower))"
        case (true, false): " of at most \(show(upper))"
        case (false, false): " from \(show(lower)) to \(show(upper))"
        }
    }

    /// The longest duration that is written; stands for "no bound".
    package static let longest: Duration = .microseconds(Int64.max)

    /// The value of `text`, or nil when it breaks ``rule``.
    package func value(of text: String) -> ConfigurationValue? {
        switch self {
        case .string: return .string(text)
        case .path: return text.isEmpty || text.utf8.contains(0) ? nil : .string(text)
        case .bool: return text == "true" ? .bool(true) : text == "false" ? .bool(false) : nil
        case .int(let range): return Int(text).flatMap { range.contains($0) ? .int($0) : nil }
        case .double(let range):
            let isDecimal = text.utf8.allSatisfy { (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) }
            return (isDecimal ? Double(text) : nil).flatMap { $0.isFinite && range.contains($0) ? .double($0) : nil }
        case .duration(let range):
            return DurationText.micros(text).map { Duration.microseconds($0) }.flatMap { range.contains($0) ? .duration($0) : nil }
        case .choice(let words): return words.contains(text) ? .string(text) : nil
        case .strings:
            if text.isEmpty { return .strings([]) }
            let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(ValueKind.trimmed)
            return parts.contains("") ? nil : .strings(parts)
        }
    }

    private static func trimmed(_ text: Substring) -> String {
        var bytes = text.utf8[...]
        while let first = bytes.first, first == 0x20 || first == 0x09 { bytes.removeFirst() }
        while let last = bytes.last, last == 0x20 || last == 0x09 { bytes.removeLast() }
        return String(Substring(bytes))
    }
}

/// A checked value.
package enum ConfigurationValue: Hashable, Sendable {
    case string(String)
    case bool(Bool)
    case int(Int)
    case double(Double)
    case duration(Duration)
    case strings([String])

    /// As it would be written in the environment.
    package var text: String {
        switch self {
        case .string(let text): return text
        case .bool(let value): return value ? "true" : "false"
        case .int(let value): return String(value)
        case .double(let value): return "\(value)"
        case .duration(let value):
            let (seconds, attoseconds) = value.components
            return DurationText.text(micros: seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
        case .strings(let texts): return texts.joined(separator: ",")
        }
    }
}

/// Emits log events. A value: copy it and add metadata freely. The words and their meaning are swift-log's.
///
/// The message is constant and the data is metadata: `logger.notice("Assigned", metadata: [LogKey.partition: "\(partition)"])`.
package struct Logger: Sendable {
    package enum Level: String, Hashable, Sendable, CaseIterable, Comparable {
        case trace, debug, info, notice, warning, error, critical

        package var severity: Int { Level.allCases.firstIndex(of: self) ?? 0 }
        package static func < (lhs: Level, rhs: Level) -> Bool { lhs.severity < rhs.severity }
    }

    /// A metadata value; JSON keeps its type. Text and interpolations are strings.
    package enum MetadataValue: Hashable, Sendable {
        case string(String)
        case int(Int64)
        case double(Double)
        case bool(Bool)
    }

    /// Keys are ``LogKey`` constants: dotted, lower case.
    package typealias Metadata = [String: MetadataValue]

    /// Which component speaks, such as `kafka.consumer`.
    package let label: String
    /// Sent with every event of this logger; an event's own metadata wins.
    package var metadata: Metadata = [:]
    package var logLevel: Level {
        didSet { threshold = logLevel.severity }
    }
    private var threshold: Int
    private let sink: LogSink

    /// A logger that writes where ``LoggingSystem/bootstrap(level:format:)`` said, as it was when the logger was made.
    package init(label: String) {
        self.init(label: label, sink: LoggingSystem.sink, level: LoggingSystem.level)
    }

    package init(label: String, sink: LogSink, level: Level) {
        self.label = label
        self.sink = sink
        logLevel = level
        threshold = level.severity
    }

    package subscript(metadataKey key: String) -> MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Neither message nor metadata is built when the level is off.
    package func log(level: Level, _ message: @autoclosure () -> String, metadata: @autoclosure () -> Metadata = [:]) {
        guard level.severity >= threshold else { return }
        sink.emit(level: level, label: label, message: message(), metadata: self.metadata.merging(metadata()) { _, own in own })
    }

    package func trace(_ message: @autoclosure () -> String, metadata: @autoclosure () -> Metadata = [:]) {
        log(level: .trace, message(), metadata: metadata())
    }
    package func debug(_ message: @autoclosure () -> String, metadata: @autoclosure () -> Metadata = [:]) {
        log(level: .debug, message(), metadata: metadata())
    }
    package func info(_ message: @autoclosure () -> String, metadata: @autoclosure () -> Metadata = [:]) {
        log(level: .info, message(), metadata: metadata())
    }
    package func notice(_ message: @autoclosure () -> String, metadata: @autoclosure () -> Metadata = [:]) {
        log(level: .notice, message(), metadata: metadata())
    }
    package func warning(_ message: @autoclosure () -> String, metadata: @autoclosure () -> Metadata = [:]) {
        log(level: .warning, message(), metadata: metadata())
    }
    package func error(_ message: @autoclosure () -> String, metadata: @autoclosure () -> Metadata = [:]) {
        log(level: .error, message(), metadata: metadata())
    }
    package func critical(_ message: @autoclosure () -> String, metadata: @autoclosure () -> Metadata = [:]) {
        log(level: .critical, message(), metadata: metadata())
    }
}

extension Logger.MetadataValue: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .int(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }

    package init(_ value: some BinaryInteger) {
        // An integer that JSON readers would round (past Int64) stays exact as text.
        self = Int64(exactly: value).map(Self.int) ?? .string(String(value))
    }
    package init(_ value: String) { self = .string(value) }
}

import Glibc
import Synchronization

/// Formats log events and writes each as one whole line. Lines of concurrent callers never mix.
package final class LogSink: Sendable {
    package enum Format: String, Hashable, Sendable, CaseIterable {
        /// One object a line: `ts`, `level`, `label`, `message`, `metadata`.
        case json
        /// `time level label: message key=value …`
        case text
    }

    /// A reading of the wall clock since the Unix epoch.
    package struct Instant: Hashable, Sendable {
        package var seconds: Int
        package var nanoseconds: Int

        package init(seconds: Int, nanoseconds: Int) {
            self.seconds = seconds
            self.nanoseconds = nanoseconds
        }
    }

    private let format: Format
    /// The lock covers the write, not only the buffer: it is what keeps lines whole when a write is cut short.
    private let buffer = Mutex<[UInt8]>([])
    private let write: @Sendable (UnsafeRawBufferPointer) -> Void
    private let now: @Sendable () -> Instant

    /// - Parameters:
    ///   - write: Receives one line with its newline, under the sink's lock.
    ///   - now: The wall clock.
    package init(
        format: Format,
        write: @escaping @Sendable (UnsafeRawBufferPointer) -> Void = LogSink.writeToStandardError,
        now: @escaping @Sendable () -> Instant = LogSink.wallClock
    ) {
        self.format = format
        self.write = write
        self.now = now
    }

    func emit(level: Logger.Level, label: String, message: String, metadata: Logger.Metadata) {
        let time = now()
        // Sorted: a dictionary's own order differs in every process, and readers compare lines.
        let metadata = metadata.sorted { $0.key < $1.key }
        buffer.withLock { line in
            line.removeAll(keepingCapacity: true)
            switch format {
            case .json: LogSink.appendJson(to: &line, time, level, label, message, metadata)
            case .text: LogSink.appendText(to: &line, time, level, label, message, metadata)
            }
            line.append(0x0A)
            line.withUnsafeBytes(write)
        }
    }

    private typealias Pairs = [(key: String, value: Logger.MetadataValue)]

    private static func appendJson(
        to line: inout [UInt8], _ time: Instant, _ level: Logger.Level, _ label: String, _ message: String, _ metadata: Pairs
    ) {
        line.append(utf8: "{\"ts\":\"\(timestamp(time))\",\"level\":\"\(level.rawValue)\",\"label\":")
        line.append(jsonString: label)
        line.append(utf8: ",\"message\":")
        line.append(jsonString: message)
        line.append(utf8: ",\"metadata\":{")
        for (index, pair) in metadata.enumerated() {
            if index > 0 { line.append(0x2C) }
            line.append(jsonString: pair.key)
            line.append(0x3A)
            switch pair.value {
            case .string(let text): line.append(jsonString: text)
            case .int(let value): line.append(utf8: String(value))
            // JSON has no NaN or infinity.
            case .double(let value) where !value.isFinite: line.append(jsonString: "\(value)")
            case .double(let value): line.append(utf8: "\(value)")
            case .bool(let value): line.append(utf8: value ? "true" : "false")
            }
        }
        line.append(utf8: "}}")
    }

    private static func appendText(
        to line: inout [UInt8], _ time: Instant, _ level: Logger.Level, _ label: String, _ message: String, _ metadata: Pairs
    ) {
        line.append(utf8: "\(timestamp(time)) \(level.rawValue) \(label): ")
        line.append(lineText: message)
        for pair in metadata {
            line.append(utf8: " \(pair.key)=")
            switch pair.value {
            case .string(let text) where text.isEmpty || text.utf8.contains { $0 <= 0x20 || $0 == 0x22 || $0 == 0x3D }:
                line.append(jsonString: text)
            case .string(let text): line.append(lineText: text)
            case .int(let value): line.append(utf8: String(value))
            case .double(let value): line.append(utf8: "\(value)")
            case .bool(let value): line.append(utf8: value ? "true" : "false")
            }
        }
    }

    /// RFC 3339 in UTC with microseconds.
    static func timestamp(_ time: Instant) -> String {
        var seconds = time.seconds
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func padded(_ value: Int, _ width: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
        }
        let date = "\(padded(Int(parts.tm_year) + 1900, 4))-\(padded(Int(parts.tm_mon) + 1, 2))-\(padded(Int(parts.tm_mday), 2))"
        let clock = "\(padded(Int(parts.tm_hour), 2)):\(padded(Int(parts.tm_min), 2)):\(padded(Int(parts.tm_sec), 2))"
        return "\(date)T\(clock).\(padded(time.nanoseconds / 1_000, 6))Z"
    }

    @Sendable package static func wallClock() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Instant(seconds: time.tv_sec, nanoseconds: time.tv_nsec)
    }

    /// Writes to descriptor 2 and gives up on an error: a full log must not stop the service.
    @Sendable package static func writeToStandardError(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Glibc.write(2, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return }
            rest = rest.dropFirst(count)
        }
    }
}

/// Where loggers that are made from now on write. Set once, at the start of `main`.
package enum LoggingSystem {
    private static let state = Mutex<(sink: LogSink, level: Logger.Level)>((LogSink(format: .text), .info))

    package static func bootstrap(level: Logger.Level, format: LogSink.Format) {
        bootstrap(level: level, sink: LogSink(format: format))
    }

    package static func bootstrap(level: Logger.Level, sink: LogSink) {
        state.withLock { $0 = (sink, level) }
    }

    static var sink: LogSink { state.withLock { $0.sink } }
    static var level: Logger.Level { state.withLock { $0.level } }
}

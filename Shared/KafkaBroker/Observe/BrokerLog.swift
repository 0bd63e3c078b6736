/// Where the broker's log lines go. Called on the loop's thread; must not wait.
package struct BrokerLog: Sendable {
    package enum Level: Hashable, Sendable { case debug, info, notice, warning, error }

    /// The message is constant; what varies stands in the fields.
    package var write: @Sendable (_ level: Level, _ message: String, _ fields: [(key: String, value: String)]) -> Void

    package init(write: @escaping @Sendable (Level, String, [(key: String, value: String)]) -> Void) { self.write = write }

    package static let silent = BrokerLog { _, _, _ in }
}

/// Keeps clients from filling the log: of one message so many lines a second, then one that counts the rest.
struct LimitedLog {
    private struct Window {
        var startTick: Int64
        var lineCount = 0
        var suppressedCount = 0
    }

    static let linesPerWindow = 5
    static let windowMillis: Int64 = 10_000

    private let log: BrokerLog
    /// By message: the messages are constants of the program, so there are few.
    private var windows: [String: Window] = [:]

    init(_ log: BrokerLog) { self.log = log }

    mutating func write(_ level: BrokerLog.Level, _ message: String, tick: Int64, _ fields: [(key: String, value: String)]) {
        var window = windows[message] ?? Window(startTick: tick)
        if tick - window.startTick >= LimitedLog.windowMillis {
            if window.suppressedCount > 0 {
                log.write(level, message, [("suppressed", "\(window.suppressedCount)")])
            }
            window = Window(startTick: tick)
        }
        if window.lineCount < LimitedLog.linesPerWindow {
            window.lineCount += 1
            log.write(level, message, fields)
        } else {
            window.suppressedCount += 1
        }
        windows[message] = window
    }

    /// Lines that are rare by nature.
    func write(_ level: BrokerLog.Level, _ message: String, _ fields: [(key: String, value: String)] = []) {
        log.write(level, message, fields)
    }
}

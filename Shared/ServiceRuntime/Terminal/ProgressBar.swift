import Glibc
import Synchronization

/// Shows how far long work is, on standard error so that standard output stays data.
///
/// On a terminal one live line, redrawn at most ten times a second; elsewhere a line at every tenth of the work, or every
/// ten seconds. Call ``finish()`` at the end.
package final class ProgressBar: Sendable {
    package struct Output: Sendable {
        package var isTerminal: Bool
        /// Columns; lines are kept below this.
        package var width: Int
        package var write: @Sendable (String) -> Void
        package var now: @Sendable () -> ContinuousClock.Instant

        package init(
            isTerminal: Bool, width: Int, write: @escaping @Sendable (String) -> Void,
            now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }
        ) {
            self.isTerminal = isTerminal
            self.width = width
            self.write = write
            self.now = now
        }

        /// Standard error as it is now.
        package static var standardError: Output {
            var size = winsize()
            let isTerminal = isatty(2) == 1
            let isSized = isTerminal && ioctl(2, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
            return Output(isTerminal: isTerminal, width: isSized ? Int(size.ws_col) : 80) { text in
                var bytes = Array(text.utf8)
                bytes.withUnsafeMutableBytes { LogSink.writeToStandardError(UnsafeRawBufferPointer($0)) }
            }
        }

        /// Shows nothing: for quiet runs and tests.
        package static var none: Output { Output(isTerminal: false, width: 80, write: { _ in }) }
    }

    private struct State {
        var done = 0
        var lastShown: ContinuousClock.Instant?
        var lastTenth = 0
        var isFinished = false
    }

    private let label: String
    private let unit: String
    /// 0 when nobody knows.
    private let total: Int
    private let output: Output
    private let start: ContinuousClock.Instant
    private let state = Mutex(State())

    /// - Parameters:
    ///   - total: How much there is to do, in `unit`s; 0 when unknown.
    ///   - unit: Such as `rows` or `bytes`; bytes are shown as MB.
    package init(_ label: String, total: Int, unit: String, output: Output = .standardError) {
        self.label = label
        self.total = max(0, total)
        self.unit = unit
        self.output = output
        start = output.now()
    }

    package func advance(by amount: Int = 1) { update { $0 += amount } }
    package func set(to done: Int) { update { $0 = done } }

    /// Shows the end; later calls change nothing.
    package func finish() {
        state.withLock { state in
            if state.isFinished { return }
            state.isFinished = true
            let text = line(done: state.done, elapsed: start.duration(to: output.now()))
            output.write(output.isTerminal ? "\r\u{1B}[K\(text)\n" : text + "\n")
        }
    }

    private func update(_ change: (inout Int) -> Void) {
        state.withLock { state in
            change(&state.done)
            let now = output.now()
            let sinceShown = state.lastShown.map { $0.duration(to: now) } ?? start.duration(to: now)
            let tenth = total > 0 ? min(10, state.done * 10 / total) : 0
            let isDue: Bool
            if state.isFinished {
                isDue = false
            } else if output.isTerminal {
                isDue = state.lastShown == nil || sinceShown >= .milliseconds(100)
            } else {
                // The end is `finish`'s to show.
                isDue = (tenth > state.lastTenth && tenth < 10) || sinceShown >= .seconds(10)
            }
            guard isDue else { return }
            state.lastShown = now
            state.lastTenth = tenth
            let text = line(done: state.done, elapsed: start.duration(to: now))
            output.write(output.isTerminal ? "\r\u{1B}[K\(text)" : text + "\n")
        }
    }

    /// `label [####----]  42 %  420/1000 rows  84/s  ETA 7s`, shorter when the width asks for it.
    private func line(done: Int, elapsed: Duration) -> String {
        let seconds = elapsed / .seconds(1)
        let rate = seconds > 0 ? Double(done) / seconds : 0
        var parts: [String] = []
        if total > 0 {
            parts.append("\(min(100, done * 100 / total)) %")
            parts.append("\(amount(Double(done)))/\(amount(Double(total))) \(shownUnit)")
        } else {
            parts.append("\(amount(Double(done))) \(shownUnit)")
        }
        if rate > 0 { parts.append("\(amount(rate))\(unit == "bytes" ? " MB" : "")/s") }
        if total > done, rate > 0 {
            parts.append("ETA \(ProgressBar.clock(Double(total - done) / rate))")
        } else {
            parts.append("in \(ProgressBar.clock(seconds))")
        }
        let tail = parts.joined(separator: "  ")
        let room = output.width - 1 - label.count - tail.count - 5
        if output.isTerminal, total > 0, room >= 10 {
            let cells = min(30, room)
            let filled = min(cells, done * cells / total)
            return "\(label) [\(String(repeating: "#", count: filled))\(String(repeating: "-", count: cells - filled))]  \(tail)"
        }
        return String("\(label)  \(tail)".prefix(max(10, output.width - 1)))
    }

    private var shownUnit: String { unit == "bytes" ? "MB" : unit }

    private func amount(_ value: Double) -> String {
        if unit == "bytes" { return TextNumber.fixed(value / 1e6, decimals: 1) }
        return TextNumber.grouped(Int(value.rounded()))
    }

    private static func clock(_ seconds: Double) -> String {
        let whole = Int(min(seconds, 359_999).rounded())
        if whole < 60 { return seconds < 10 ? "\(TextNumber.fixed(seconds, decimals: 1))s" : "\(whole)s" }
        if whole < 3_600 { return "\(whole / 60)m\(whole % 60)s" }
        return "\(whole / 3_600)h\(whole / 60 % 60)m"
    }
}

internal import CLinuxProcess
internal import Glibc

/// One process for good: its number, when it started, and in which boot. A number alone may be another process's by now.
package struct ProcessIdentity: Hashable, Sendable, CustomStringConvertible {
    package let number: Int32
    /// Clock ticks between boot and start: field 22 of `/proc/<pid>/stat`.
    package let startTicks: UInt64
    /// `/proc/sys/kernel/random/boot_id`.
    package let boot: String

    /// The process that has the number now; nil when there is none, or only what is left of one that ended.
    package init?(number: Int32) {
        guard number > 0, let fields = ProcessIdentity.fields(of: number), fields.state != "Z", fields.state != "X" else { return nil }
        self.number = number
        startTicks = fields.startTicks
        boot = ProcessIdentity.currentBoot
    }

    /// A child that nobody has collected yet, even if it has ended: until then its number stays its own.
    init?(child number: Int32) {
        guard let fields = ProcessIdentity.fields(of: number) else { return nil }
        self.number = number
        startTicks = fields.startTicks
        boot = ProcessIdentity.currentBoot
    }

    /// Reads what ``description`` wrote; nil for anything else.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 3, let number = Int32(parts[0]), number > 0, let ticks = UInt64(parts[1]), !parts[2].isEmpty else {
            return nil
        }
        self.number = number
        startTicks = ticks
        boot = String(parts[2])
    }

    package var description: String { "\(number) \(startTicks) \(boot)" }

    /// Whether this very process runs.
    package var isRunning: Bool { ProcessIdentity(number: number) == self }

    /// A descriptor of this very process; nil when it is gone. The caller closes it.
    ///
    /// Opened first and compared then: once it is open, the number cannot pass to another process unnoticed.
    func openDescriptor() -> Int32? {
        guard boot == ProcessIdentity.currentBoot else { return nil }
        let descriptor = clinux_pidfd_open(number)
        guard descriptor >= 0 else { return nil }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        guard ProcessIdentity.fields(of: number)?.startTicks == startTicks else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    private static let currentBoot =
        LocalFile.text("/proc/sys/kernel/random/boot_id")?.split(separator: "\n").first.map(String.init) ?? "unknown"

    /// State and start of a process. Its name, in parentheses, may hold anything; the fields count from the last parenthesis.
    private static func fields(of number: Int32) -> (state: Substring, startTicks: UInt64)? {
        guard let text = LocalFile.text("/proc/\(number)/stat"), let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 19, let ticks = UInt64(fields[19]) else { return nil }
        return (fields[0], ticks)
    }
}

internal import CLinuxProcess
internal import Glibc

/// The processes of the local stack: `run/<name>.pid` says which one has a name, `log/<name>.log` is what it wrote.
///
/// Processes outlive whoever started them; the next `assay` finds them here. A process is signalled only while it is the very
/// one that was started, told by its start time and through its descriptor, so a number that was given to another
/// process since is never touched.
package struct ProcessTable: Sendable {
    /// Absolute; `run/` and `log/` lie in it.
    package let directory: String
    /// A log longer than this is moved to `<name>.log.1`, whose former content goes.
    package let logBytesMax: Int

    package init(directory: String, logBytesMax: Int = 16 << 20) throws(LocalStackFault) {
        self.directory = LocalFile.absolute(directory)
        self.logBytesMax = logBytesMax
        try LocalFile.makeFolder(runFolder)
        try LocalFile.makeFolder(logFolder)
    }

    /// What is known of one name.
    package struct Entry: Hashable, Sendable {
        package var name: String
        package var identity: ProcessIdentity
        package var isRunning: Bool
        package var note: String
        package var log: String
    }

    package enum StopOutcome: Hashable, Sendable {
        case notRunning
        /// Ended by itself after SIGTERM.
        case ended
        /// Did not end in time.
        case killed
    }

    /// Starts a process under its name.
    ///
    /// A process that fails a moment later is no error here: whoever needs it waits for its readiness or its end.
    ///
    /// - Throws: When one of that name runs already, or the program cannot be started.
    @discardableResult
    package func start(_ process: LocalProcess) throws(LocalStackFault) -> ProcessIdentity {
        try check(process.name)
        // Two who start the same name at once take turns; the second then sees the first one's process.
        let lock = open(runFolder + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw .system("open", runFolder + "/lock") }
        defer { close(lock) }
        while flock(lock, LOCK_EX) != 0 { guard errno == EINTR else { throw .system("lock", runFolder + "/lock") } }
        if let entry = entry(process.name), entry.isRunning {
            throw LocalStackFault(
                operation: "start", subject: process.name, reason: "runs already as process \(entry.identity.number)",
                remedy: "stop it first")
        }
        try boundLog(process.name)
        let number = try process.spawn(log: logPath(process.name))
        guard let identity = ProcessIdentity(child: number) else {
            throw LocalStackFault(operation: "start", subject: process.name, reason: "process \(number) is not in /proc")
        }
        do {
            try record(process.name, identity, note: process.note)
        } catch {
            // Nobody would find it again.
            if let descriptor = identity.openDescriptor() {
                _ = clinux_pidfd_signal(descriptor, SIGKILL)
                close(descriptor)
            }
            throw error
        }
        return identity
    }

    /// Puts a process that something else started under a name, to be found and watched.
    package func adopt(_ name: String, _ identity: ProcessIdentity, note: String = "") throws(LocalStackFault) {
        try check(name)
        try record(name, identity, note: note)
    }

    /// Asks a process to end (SIGTERM), and kills it when `grace` has passed.
    @discardableResult
    package func stop(_ name: String, grace: Duration = .seconds(15)) async throws(LocalStackFault) -> StopOutcome {
        guard let identity = entry(name)?.identity else { return .notRunning }
        defer { forget(name, identity) }
        guard identity.isRunning, let descriptor = identity.openDescriptor() else { return .notRunning }
        defer { close(descriptor) }
        guard clinux_pidfd_signal(descriptor, SIGTERM) == 0 else {
            if errno == ESRCH { return .notRunning }
            throw .system("stop", name)
        }
        if case .ended = await exit(of: identity, within: grace) { return .ended }
        // A stopped process (SIGSTOP) ends by this too.
        _ = clinux_pidfd_signal(descriptor, SIGKILL)
        guard case .ended = await exit(of: identity, within: .seconds(10)) else {
            throw LocalStackFault(operation: "stop", subject: name, reason: "process \(identity.number) still runs 10 s after SIGKILL")
        }
        return .killed
    }

    /// Waits for a process's end; the exit status where it was our child (128 + signal when a signal ended it).
    package func waitForExit(_ name: String, within limit: Duration) async -> (hasEnded: Bool, status: Int32?) {
        guard let identity = entry(name)?.identity else { return (true, nil) }
        return switch await exit(of: identity, within: limit) {
        case .running: (false, nil)
        case .ended(let status): (true, status)
        }
    }

    /// What is recorded under a name, running or not.
    package func entry(_ name: String) -> Entry? {
        guard let text = LocalFile.text(pidPath(name)) else { return nil }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard let first = lines.first, let identity = ProcessIdentity(first) else { return nil }
        return Entry(
            name: name, identity: identity, isRunning: identity.isRunning, note: lines.count > 1 ? String(lines[1]) : "",
            log: logPath(name))
    }

    /// All names, sorted.
    package func entries() -> [Entry] {
        LocalFile.names(in: runFolder).compactMap { $0.hasSuffix(".pid") ? entry(String($0.dropLast(4))) : nil }
    }

    /// Forgets a process that has ended.
    package func forget(_ name: String, _ identity: ProcessIdentity) {
        if !identity.isRunning, entry(name)?.identity == identity { unlink(pidPath(name)) }
    }

    package func logPath(_ name: String) -> String { "\(logFolder)/\(name).log" }

    /// The last lines of a log, for error messages.
    package func logTail(_ name: String, lineCount: Int = 15) -> String {
        (LocalFile.text(logPath(name)) ?? "").split(separator: "\n").suffix(lineCount).joined(separator: "\n")
    }

    /// Moves a log that is too long aside. Its process may go on writing: it appends, so the file is copied and cut rather
    /// than renamed; what is written in between the two is lost.
    package func boundLog(_ name: String) throws(LocalStackFault) {
        let path = logPath(name)
        guard let size = LocalFile.size(path), size > logBytesMax else { return }
        let source = open(path, O_RDWR | O_CLOEXEC)
        guard source >= 0 else { throw .system("open", path) }
        defer { close(source) }
        let target = open(path + ".1", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard target >= 0 else { throw .system("open", path + ".1") }
        defer { close(target) }
        // The newest part, no more than the bound.
        var offset = off_t(size - logBytesMax)
        var left = logBytesMax
        while left > 0 {
            let count = sendfile(target, source, &offset, left)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw .system("copy", path) }
            if count == 0 { break }
            left -= count
        }
        guard ftruncate(source, 0) == 0 else { throw .system("cut", path) }
    }

    func ended(_ name: String, reason: String) -> LocalStackFault {
        let tail = logTail(name)
        return LocalStackFault(
            operation: "start", subject: name, reason: reason + (tail.isEmpty ? "" : "; its last lines:\n\(tail)"),
            remedy: "see \(logPath(name))")
    }

    private func record(_ name: String, _ identity: ProcessIdentity, note: String) throws(LocalStackFault) {
        try LocalFile.write("\(identity)\n\(note.split(separator: "\n").first ?? "")\n", to: pidPath(name))
    }

    private func check(_ name: String) throws(LocalStackFault) {
        let isPlain = name.utf8.allSatisfy {
            switch $0 {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
            default: false
            }
        }
        guard isPlain, !name.isEmpty, !name.hasPrefix("."), name.utf8.count <= 64 else {
            throw LocalStackFault(
                operation: "start", subject: String(name.prefix(64)), reason: "not a name", remedy: "use letters, digits, - _ and .")
        }
    }

    private var runFolder: String { directory + "/run" }
    private var logFolder: String { directory + "/log" }
    private func pidPath(_ name: String) -> String { "\(runFolder)/\(name).pid" }
}

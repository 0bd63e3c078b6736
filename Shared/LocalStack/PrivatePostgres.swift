internal import CLinuxProcess
internal import Foundation

/// A PostgreSQL cluster of our own under a directory, run with the machine's binaries on loopback and a Unix socket.
///
/// Starting, stopping and asking are idempotent. PostgreSQL refuses to run as root; then everything runs as `postgres`, and if
/// that user cannot reach the directory the files lie under `/var/tmp` and the directory is a symbolic link to them.
package struct PrivatePostgres: Sendable {
    package enum Authentication: Sendable {
        /// Anybody who can reach the socket or the loopback port.
        case trust
        /// SCRAM-SHA-256 for the superuser `postgres`.
        case scram(password: String)
    }

    package struct Options: Sendable {
        /// nil: a free one, chosen when the cluster is made, and kept.
        package var port: Int?
        /// Off only where losing everything in a crash is fine.
        package var fsync = true
        package var authentication = Authentication.trust
        package var sharedBuffersMiB = 256
        package var walSizeMaxMiB = 4_096
        package var connectionCountMax = 200
        /// Further lines of `postgresql.conf`.
        package var settings: [String] = []

        package init() {}
    }

    package struct Failure: Error, CustomStringConvertible {
        package var description: String
        package init(description: String) { self.description = description }
    }

    package enum Status: Sendable, Hashable { case absent, stopped, running }

    package let directory: String
    package let port: Int
    /// Where the files really are.
    private let base: String
    private let options: Options
    private let binaries: String
    private static let user = "postgres"

    private var dataDirectory: String { base + "/data" }
    private var socketDirectory: String { base }
    package var logPath: String { base + "/postgres.log" }

    /// Settles where the files go, without making the cluster.
    package init(directory: String, options: Options = Options()) throws(Failure) {
        self.directory = directory
        self.options = options
        binaries = try Self.findBinaries()
        base = try Self.settleBase(directory)
        port = try Self.settlePort(base: base, wanted: options.port)
    }

    /// For libpq, over the Unix socket, as superuser.
    package func conninfo(database: String = "postgres") -> String { "host=\(socketDirectory) \(commonConninfo(database))" }
    /// For libpq, over TCP on loopback, as superuser.
    package func loopbackConninfo(database: String = "postgres") -> String { "host=127.0.0.1 \(commonConninfo(database))" }

    private func commonConninfo(_ database: String) -> String {
        var text = "port=\(port) dbname=\(database) user=postgres"
        if case .scram(let password) = options.authentication {
            let quoted = password.map { $0 == "'" || $0 == "\\" ? "\\\($0)" : "\($0)" }.joined()
            text += " password='\(quoted)'"
        }
        return text
    }

    /// Makes the cluster if it is absent and starts it if it is stopped; returns when it answers.
    package func start() throws(Failure) {
        if status == .absent { try initialise() }
        if status == .running { return }
        try write(configuration, to: dataDirectory + "/assay.conf")
        try control(["start", "-w", "-t", "60", "-l", logPath, "-s"])
    }

    /// Clean by default; `immediately` as after a power cut.
    package func stop(immediately: Bool = false) throws(Failure) {
        guard status == .running else { return }
        try control(["stop", "-w", "-m", immediately ? "immediate" : "fast", "-s"])
    }

    package var status: Status {
        guard FileManager.default.fileExists(atPath: dataDirectory + "/PG_VERSION") else { return .absent }
        let result = try? run("pg_ctl", ["status", "-D", dataDirectory])
        return result?.status == 0 ? .running : .stopped
    }

    /// Stops the cluster and removes all its files.
    package func remove() throws(Failure) {
        try stop(immediately: true)
        try? FileManager.default.removeItem(atPath: base)
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// A shell command that stops the cluster at once and removes its files.
    package var removalCommand: String {
        let stop = asUser(binaries + "/pg_ctl", ["stop", "-D", dataDirectory, "-m", "immediate", "-s"])
        let quoted = ([stop.path] + stop.arguments).map { "'\($0)'" }.joined(separator: " ")
        return "\(quoted); rm -rf '\(base)' '\(directory)'"
    }

    // MARK: Making

    private func initialise() throws(Failure) {
        var arguments = ["-D", dataDirectory, "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--data-checksums", "--no-instructions"]
        if !options.fsync { arguments.append("--no-sync") }
        let passwordPath = base + "/initial-password"
        switch options.authentication {
        case .trust: arguments.append("--auth=trust")
        case .scram(let password):
            try write(password + "\n", to: passwordPath, mode: 0o600)
            arguments += ["--auth=scram-sha-256", "--pwfile=\(passwordPath)"]
        }
        defer { try? FileManager.default.removeItem(atPath: passwordPath) }
        let result = try run("initdb", arguments)
        guard result.status == 0 else { throw Failure(description: "initdb in \(dataDirectory) failed: \(result.output)") }
        let path = dataDirectory + "/postgresql.conf"
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { throw Failure(description: "cannot read \(path)") }
        try write(text + "\ninclude_if_exists = 'assay.conf'\n", to: path)
    }

    private var configuration: String {
        let lines =
            [
                "listen_addresses = '127.0.0.1'",
                "port = \(port)",
                "unix_socket_directories = '\(socketDirectory)'",
                "max_connections = \(options.connectionCountMax)",
                "shared_buffers = \(options.sharedBuffersMiB)MB",
                "max_wal_size = \(options.walSizeMaxMiB)MB",
                "checkpoint_timeout = 15min",
                "checkpoint_completion_target = 0.9",
                "wal_compression = on",
                "timezone = 'UTC'",
                "log_timezone = 'UTC'",
                "log_line_prefix = '%m [%p] %q%u@%d %a '",
                options.fsync ? "fsync = on" : "fsync = off\nfull_page_writes = off\nsynchronous_commit = off",
            ] + options.settings
        return lines.joined(separator: "\n") + "\n"
    }

    private func control(_ arguments: [String]) throws(Failure) {
        let result = try run("pg_ctl", arguments + ["-D", dataDirectory])
        guard result.status == 0 else {
            let log = (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? ""
            let tail = log.split(separator: "\n").suffix(8).joined(separator: "\n")
            throw Failure(description: "pg_ctl \(arguments[0]) failed for \(dataDirectory): \(result.output)\n\(tail)")
        }
    }

    // MARK: Files

    private static func findBinaries() throws(Failure) -> String {
        let root = "/usr/lib/postgresql"
        let versions = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).compactMap { Int($0) }.sorted(by: >)
        let inPath = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        for folder in versions.map({ "\(root)/\($0)/bin" }) + inPath
        where FileManager.default.isExecutableFile(atPath: folder + "/initdb") { return folder }
        throw Failure(description: "no PostgreSQL server found: install Debian's package postgresql, or put initdb on PATH")
    }

    private static var isRoot: Bool { geteuid() == 0 }

    private static func settleBase(_ directory: String) throws(Failure) -> String {
        let files = FileManager.default
        // A Unix socket's path has at most 107 bytes.
        let isShort = directory.utf8.count <= 80
        if let target = try? files.destinationOfSymbolicLink(atPath: directory) {
            try makeDirectory(target)
            return target
        }
        try makeDirectory(directory)
        if isShort && (!isRoot || isReachable(directory)) { return directory }
        let target = "/var/tmp/assay-postgres-\(String(fnv1a(directory), radix: 16))"
        try makeDirectory(target)
        do {
            try files.removeItem(atPath: directory)
            try files.createSymbolicLink(atPath: directory, withDestinationPath: target)
        } catch { throw Failure(description: "cannot make \(directory) a link to \(target): \(error)") }
        return target
    }

    /// A directory for the user that runs the server, and only for it.
    private static func makeDirectory(_ path: String) throws(Failure) {
        var attributes: [FileAttributeKey: Any] = [.posixPermissions: 0o700]
        if isRoot {
            attributes[.ownerAccountName] = user
        }
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            try FileManager.default.setAttributes(attributes, ofItemAtPath: path)
        } catch { throw Failure(description: "cannot make \(path) for user \(isRoot ? user : "(ourselves)"): \(error)") }
    }

    private static func isReachable(_ path: String) -> Bool {
        let test = asUser("/usr/bin/test", ["-w", path])
        return (try? launch(test.path, test.arguments))?.status == 0
    }

    private static func settlePort(base: String, wanted: Int?) throws(Failure) -> Int {
        let path = base + "/port"
        if let wanted { return wanted }
        if let text = try? String(contentsOfFile: path, encoding: .utf8), let port = Int(text.filter(\.isNumber)) { return port }
        let port = try freePort()
        do { try "\(port)\n".write(toFile: path, atomically: true, encoding: .utf8) } catch {
            throw Failure(description: "cannot write \(path): \(error)")
        }
        return port
    }

    private static func freePort() throws(Failure) -> Int {
        let socket = Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, length) == 0 && getsockname(socket, $0, &length) == 0
            }
        }
        guard isBound else { throw Failure(description: "no free port on loopback") }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    private func write(_ text: String, to path: String, mode: Int = 0o600) throws(Failure) {
        var attributes: [FileAttributeKey: Any] = [.posixPermissions: mode]
        if Self.isRoot { attributes[.ownerAccountName] = Self.user }
        do {
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes(attributes, ofItemAtPath: path)
        } catch { throw Failure(description: "cannot write \(path): \(error)") }
    }

    /// FNV-1a, 64 bits: a short name for a path.
    private static func fnv1a(_ text: String) -> UInt64 {
        text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
    }

    // MARK: Processes

    private func run(_ program: String, _ arguments: [String]) throws(Failure) -> (status: Int32, output: String) {
        let command = asUser(binaries + "/" + program, arguments)
        return try Self.launch(command.path, command.arguments)
    }

    private func asUser(_ path: String, _ arguments: [String]) -> (path: String, arguments: [String]) { Self.asUser(path, arguments) }

    private static func asUser(_ path: String, _ arguments: [String]) -> (path: String, arguments: [String]) {
        guard isRoot else { return (path, arguments) }
        return ("/usr/bin/setpriv", ["--reuid=\(user)", "--regid=\(user)", "--init-groups", "--", path] + arguments)
    }

    /// Runs a program to its end, with nothing on standard input; output and errors come back together.
    ///
    /// `Foundation.Process` waits for every descendant that inherited its socket, and the server that `pg_ctl` leaves behind is
    /// one. So: `posix_spawn`, output into a file (the server would keep a pipe open as well).
    private static func launch(_ path: String, _ arguments: [String]) throws(Failure) -> (status: Int32, output: String) {
        let outputPath = NSTemporaryDirectory() + "/assay-" + UUID().uuidString
        defer { unlink(outputPath) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, outputPath, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // From a directory the other user may enter.
        let command = ["/bin/sh", "-c", "cd / && exec \"$@\"", "sh", path] + arguments
        var words: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) }
        words.append(nil)
        defer { for word in words { free(word) } }
        var process = pid_t()
        let refusal = posix_spawn(&process, command[0], &actions, nil, &words, environ)
        guard refusal == 0 else { throw Failure(description: "cannot run \(path): \(String(cString: strerror(refusal)))") }
        var state: Int32 = 0
        while waitpid(process, &state, 0) < 0 {
            guard errno == EINTR else { throw Failure(description: "cannot wait for \(path)") }
        }
        let status = state & 0x7f == 0 ? state >> 8 & 0xff : 128 + state & 0x7f
        return (status, (try? String(contentsOfFile: outputPath, encoding: .utf8)) ?? "")
    }
}

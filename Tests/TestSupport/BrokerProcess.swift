import Foundation
import Glibc
import Synchronization

/// A broker's process: started here, ended with the test process.
final class BrokerProcess: Sendable {
    private enum Way: Sendable {
        /// The executable stays our child.
        case child(executable: String, arguments: [String])
        /// A script that starts, kills and revives a process of its own.
        case script(String)
    }
    private let way: Way
    private let folder: String
    private let port: Int
    /// Of the child, 0 while there is none.
    private let child = Mutex<pid_t>(0)

    private static let serial = Atomic<Int>(0)

    private static func makeFolder() throws(NotInTime) -> String {
        let number = serial.add(1, ordering: .relaxed).newValue
        let folder = TestProcess.root.appending(path: ".local/broker-\(getpid())-\(number)").path
        do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
            throw NotInTime(description: "cannot make \(folder)")
        }
        return folder
    }

    /// Runs a shell script when this process has ended, be it by exit, by a crash or by SIGKILL: its standard input is a pipe that only
    /// this process can write, never closed by us.
    private static func atOurEnd(_ care: String, _ arguments: [String]) throws(NotInTime) {
        var lifeline: [Int32] = [0, 0]
        guard pipe(&lifeline) == 0, fcntl(lifeline[1], F_SETFD, FD_CLOEXEC) == 0,
            TestProcess.spawn(["/bin/bash", "-c", "read -r _; " + care, "watchdog"] + arguments, input: lifeline[0]) != nil
        else { throw NotInTime(description: "cannot start the watchdog of a broker") }
        close(lifeline[0])
    }

    init(executable: String, options: (_ folder: String) -> [String], port: Int) throws(NotInTime) {
        folder = try Self.makeFolder()
        way = .child(executable: executable, arguments: options(folder))
        self.port = port
        try Self.atOurEnd("kill -9 \"$(cat \"$1/pid\")\" 2>/dev/null; rm -rf \"$1\"", [folder])
        try launch()
    }

    init(script: String, options: [String], port: Int) throws(NotInTime) {
        folder = try Self.makeFolder()
        way = .script(script)
        self.port = port
        try Self.atOurEnd("\"$1\" kill \"$2\" >/dev/null 2>&1; rm -rf \"$2\"", [script, folder])
        try Self.run([script, "start", folder] + options)
    }

    func stop() async throws { try await offPool { try self.end(by: SIGTERM, "stop") } }
    func kill() async throws { try await offPool { try self.end(by: SIGKILL, "kill") } }
    func revive() async throws {
        try await offPool {
            if case .script(let script) = self.way { try Self.run([script, "revive", self.folder, "1"]) } else { try self.launch() }
        }
    }
    func end() async throws {
        try await kill()
        try? FileManager.default.removeItem(atPath: folder)
    }

    private func launch() throws(NotInTime) {
        guard case .child(let executable, let arguments) = way else { return }
        guard let pid = TestProcess.spawn([executable] + arguments, input: nil) else {
            throw NotInTime(description: "cannot start \(executable)")
        }
        child.withLock { $0 = pid }
        try? "\(pid)".write(toFile: folder + "/pid", atomically: true, encoding: .utf8)
        let end = ContinuousClock.now + .seconds(30)
        while !Self.answers(port) {
            var status: Int32 = 0
            if waitpid(pid, &status, WNOHANG) == pid {
                child.withLock { $0 = 0 }
                throw NotInTime(description: "\(executable) ended with status \(status) before it listened on port \(port)")
            }
            if ContinuousClock.now > end { throw NotInTime(description: "\(executable) did not listen on port \(port) within 30 s") }
            usleep(5_000)
        }
    }

    private func end(by signal: Int32, _ order: String) throws(NotInTime) {
        if case .script(let script) = way { return try Self.run([script, order, folder]) }
        let pid = child.withLock { pid in
            defer { pid = 0 }
            return pid
        }
        guard pid > 0 else { return }
        _ = Glibc.kill(pid, signal)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
    }

    private static func run(_ command: [String]) throws(NotInTime) {
        guard let pid = TestProcess.spawn(["/bin/bash"] + command, input: nil) else {
            throw NotInTime(description: "cannot run \(command.joined(separator: " "))")
        }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
        if status != 0 { throw NotInTime(description: "\(command.joined(separator: " ")) ended with status \(status)") }
    }

    private static func answers(_ port: Int) -> Bool {
        guard let socket = try? LoopbackSocket(connectingTo: "127.0.0.1", port: port) else { return false }
        socket.close()
        return true
    }
}

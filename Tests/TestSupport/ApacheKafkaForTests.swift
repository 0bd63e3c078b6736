import Foundation
import Glibc

/// An Apache Kafka, for the tests that compare with it.
///
/// The one at `KAFKA_BOOTSTRAP_SERVERS`; else one that is started once per test process from the script `$KAFKA_HOME/kafka` or
/// `../shared/kafka/kafka` (beside the package), under `.local/test-kafka-<pid>`, and stopped when the process has ended, however it
/// ended. Use as `@Suite(.enabled(if: ApacheKafkaForTests.isAvailable, ApacheKafkaForTests.absence))`.
package enum ApacheKafkaForTests {
    /// Why a test that needs it does not run.
    package static let absence: String =
        "no Apache Kafka: set KAFKA_BOOTSTRAP_SERVERS, or KAFKA_HOME to the folder of a \"kafka\" script (and install a Java runtime)"

    /// Whether there is a Kafka, or a script (and a Java) to start one; starts nothing.
    package static var isAvailable: Bool { given != nil || (script != nil && hasJava) }

    /// `host:port` of a Kafka that answers; started at the first call. nil if there is none or it would not start.
    package static var bootstrapServers: String? { given ?? started }

    private static var given: String? { KafkaForTests.given }

    static var script: String? {
        let home = ProcessInfo.processInfo.environment["KAFKA_HOME"].map { URL(fileURLWithPath: $0) }
        // Beside the package, or beside the repository when the package is one of its worktrees.
        let folders = [home, TestProcess.root.appending(path: "../shared/kafka"), TestProcess.root.appending(path: "../../shared/kafka")]
        return folders.compactMap { $0?.appending(path: "kafka").standardizedFileURL.path }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    static var hasJava: Bool {
        let environment = ProcessInfo.processInfo.environment
        var folders = (environment["PATH"] ?? "").split(separator: ":").map(String.init)
        if let home = environment["JAVA_HOME"] { folders.append(home + "/bin") }
        return folders.contains { FileManager.default.isExecutableFile(atPath: $0 + "/java") }
    }

    /// A lazy global is made once, and every other thread waits for it.
    private static let started: String? = {
        guard let script, let port = freePortPair() else { return nil }
        let folder = TestProcess.root.appending(path: ".local/test-kafka-\(getpid())").path
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)

        // The watchdog goes first, so that nothing is left behind if we end while Kafka starts. Its standard input is a pipe that only
        // this process can write, never closed by us: the read ends when this process does, be it by exit, by a crash or by SIGKILL.
        var lifeline: [Int32] = [0, 0]
        guard pipe(&lifeline) == 0, fcntl(lifeline[1], F_SETFD, FD_CLOEXEC) == 0 else { return nil }
        let care = "read -r _; \"$1\" kill \"$2\" >/dev/null 2>&1; rm -rf \"$2\""
        guard TestProcess.spawn(["/bin/bash", "-c", care, "watchdog", script, folder], input: lifeline[0]) != nil else { return nil }
        close(lifeline[0])

        guard let start = TestProcess.spawn(["/bin/bash", script, "start", folder, "--port", "\(port)", "--heap", "256m"], input: nil)
        else {
            return nil
        }
        var status: Int32 = 0
        while waitpid(start, &status, 0) < 0 && errno == EINTR {}
        return status == 0 ? "127.0.0.1:\(port)" : nil
    }()

    /// A port that is free together with the next one, which the controller takes.
    static func freePortPair() -> Int? {
        for _ in 0..<100 {
            let port = Int.random(in: 20_000..<32_000)
            if isFree(port) && isFree(port + 1) { return port }
        }
        return nil
    }

    private static func isFree(_ port: Int) -> Bool {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard socket >= 0 else { return false }
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 }
        }
    }
}

import Foundation
import Glibc
import LocalStack

/// A Kafka for the tests that want one: the one at `KAFKA_BOOTSTRAP_SERVERS`, else the embedded broker, as a process of its own,
/// started once per test process and ended with it, however it ends.
///
/// Use as `@Suite(.enabled(if: KafkaForTests.isAvailable, "\(KafkaForTests.absence)"))`.
package enum KafkaForTests {
    /// Why a test that needs Kafka does not run.
    package static let absence: String = "no \(KafkaLocator.embeddedName) beside the tests: build everything, or set KAFKA_BOOTSTRAP_SERVERS"

    /// Starts nothing.
    package static var isAvailable: Bool { given != nil || FileManager.default.isExecutableFile(atPath: executable) }

    /// `host:port` of a Kafka that answers; started at the first call. nil if there is none or it would not start.
    package static var bootstrapServers: String? { given ?? started }

    /// The embedded broker's program, beside the test bundle.
    package static let executable: String =
        URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        .appending(path: KafkaLocator.embeddedName).path

    private static var given: String? {
        ProcessInfo.processInfo.environment["KAFKA_BOOTSTRAP_SERVERS"].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// A lazy global is made once, and every other thread waits for it.
    private static let started: String? = {
        guard isAvailable, let port = try? LoopbackPort.free() else { return nil }
        let folder = "/var/tmp/assay-test-broker-\(getpid())"
        // The shell's standard input is a pipe that only this process can write, never closed by us: the read ends when this process
        // does, be it by exit, by a crash or by SIGKILL.
        var lifeline: [Int32] = [0, 0]
        guard pipe(&lifeline) == 0, fcntl(lifeline[1], F_SETFD, FD_CLOEXEC) == 0 else { return nil }
        defer { close(lifeline[0]) }
        let care = "\"$1\" --data \"$2\" --listen \"$3\" </dev/null & read -r _; kill -9 $!; rm -rf \"$2\""
        guard TestProcess.spawn(["/bin/bash", "-c", care, "watchdog", executable, folder, "127.0.0.1:\(port)"], input: lifeline[0]) != nil
        else { return nil }
        // It tells nobody when it is ready but by taking connections.
        for _ in 0..<1_000 {
            if LoopbackPort.answers(port) { return "127.0.0.1:\(port)" }
            usleep(10_000)
        }
        return nil
    }()
}

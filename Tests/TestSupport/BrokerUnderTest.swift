import Foundation
import Glibc
import Synchronization

/// A broker that a suite is run against: somewhere to connect to and, where its process is ours, a way to stop and start it.
///
/// - Apache Kafka: ``apache`` (shared with everything else in the test process) and ``ownApache()``.
/// - The embedded broker, `local-broker`: ``embedded`` and ``ownEmbedded()``. Its executable is `$LOCAL_BROKER`, or else the one beside the
///   test bundle.
///
/// What is started here listens on loopback, writes below `.local/`, and ends with the test process, however that ends.
package final class BrokerUnderTest: Sendable, CustomStringConvertible {
    package enum Kind: Sendable, Hashable { case apache, embedded }

    package let kind: Kind
    /// `host:port`.
    package let bootstrapServers: String
    private let process: BrokerProcess?

    private init(_ kind: Kind, _ bootstrapServers: String, _ process: BrokerProcess?) {
        self.kind = kind
        self.bootstrapServers = bootstrapServers
        self.process = process
    }

    package var description: String { kind == .apache ? "Apache Kafka" : "local-broker" }
    /// Whether the next four do anything.
    package var isOurs: Bool { process != nil }

    /// Ends it by SIGTERM, and returns when it has ended.
    package func stop() async throws { try await process?.stop() }
    /// Ends it by SIGKILL, and returns when it has ended.
    package func kill() async throws { try await process?.kill() }
    /// Starts it again on its own data and port, and returns when it answers.
    package func revive() async throws { try await process?.revive() }
    /// Takes it away for good, data included.
    package func end() async { try? await process?.end() }

    /// The brokers that there are, one of each kind.
    package static var all: [BrokerUnderTest] { [embedded, apache].compactMap { $0 } }
    /// The kinds of which each test can have one of its own.
    package static var ownKinds: [Kind] {
        (embedded == nil ? [] : [.embedded]) + (ApacheKafkaForTests.script != nil && ApacheKafkaForTests.hasJava ? [.apache] : [])
    }

    /// Like ``ApacheKafkaForTests/bootstrapServers``.
    package static let apache: BrokerUnderTest? =
        ApacheKafkaForTests.isAvailable ? ApacheKafkaForTests.bootstrapServers.map { BrokerUnderTest(.apache, $0, nil) } : nil

    /// nil when there is none: see ``embeddedFault``.
    package static var embedded: BrokerUnderTest? { try? embeddedOutcome.get() }
    /// Why there is no embedded broker: no executable, or one that did not come to answer.
    package static var embeddedFault: String? {
        if case .failure(let reason) = embeddedOutcome { reason.description } else { nil }
    }
    /// Whether there is an executable at all.
    package static var hasEmbedded: Bool { LocalBrokerExecutable.path != nil }
    package static var embeddedAbsence: String { LocalBrokerExecutable.absence }
    /// A lazy global is made once, and every other thread waits for it.
    private static let embeddedOutcome: Result<BrokerUnderTest, NotInTime> = Result { () throws(NotInTime) in
        try startEmbedded(options: [])
    }

    /// One more, for a test that will stop it or wants it to look for what is too old more often than every five minutes.
    package static func own(_ kind: Kind, retentionCheckMillis: Int? = nil) async throws -> BrokerUnderTest {
        try await offPool {
            switch kind {
            case .embedded: return try startEmbedded(options: retentionCheckMillis.map { ["--retention-check", "\($0)ms"] } ?? [])
            case .apache:
                let settings = retentionCheckMillis.map { ["log.retention.check.interval.ms=\($0)", "log.initial.task.delay.ms=\($0)"] }
                return try startApache(options: (settings ?? []).flatMap { ["--set", $0] })
            }
        }
    }

    private static func startEmbedded(options: [String]) throws(NotInTime) -> BrokerUnderTest {
        guard let executable = LocalBrokerExecutable.path else { throw NotInTime(description: LocalBrokerExecutable.absence) }
        guard let port = ApacheKafkaForTests.freePortPair() else { throw NotInTime(description: "no free port") }
        let process = try BrokerProcess(
            executable: executable,
            options: {
                ["--data", $0 + "/data", "--listen", "127.0.0.1:\(port)", "--topic-default", "retention.ms=-1"] + options
            }, port: port)
        return BrokerUnderTest(.embedded, "127.0.0.1:\(port)", process)
    }

    private static func startApache(options: [String]) throws(NotInTime) -> BrokerUnderTest {
        guard let script = ApacheKafkaForTests.script, let port = ApacheKafkaForTests.freePortPair() else {
            throw NotInTime(description: ApacheKafkaForTests.absence)
        }
        let process = try BrokerProcess(script: script, options: ["--port", "\(port)", "--heap", "256m"] + options, port: port)
        return BrokerUnderTest(.apache, "127.0.0.1:\(port)", process)
    }
}

enum LocalBrokerExecutable {
    static let absence = "no local-broker: build it, or set LOCAL_BROKER to the executable's path"

    static var path: String? {
        let environment = ProcessInfo.processInfo.environment
        if let given = environment["LOCAL_BROKER"], !given.isEmpty { return given }
        let bundle = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        return [bundle, TestProcess.root.appending(path: ".build/debug"), TestProcess.root.appending(path: ".build/release")]
            .map { $0.appending(path: "local-broker").path }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}

/// Runs what blocks on a thread of its own kind, so that no test's task is held up by it.
package func offPool<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { done in
        DispatchQueue.global().async { done.resume(with: Result(catching: work)) }
    }
}

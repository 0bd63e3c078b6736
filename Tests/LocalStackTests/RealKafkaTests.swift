import Foundation
import LocalStack
import Testing

/// What this machine offers, found as `assay up` finds it; a cluster that runs already proves nothing here.
private let sources: [KafkaSource] = {
    let binaries = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().path
    var environment = LocalProcess.inheritedEnvironment
    environment["KAFKA_BOOTSTRAP_SERVERS"] = nil
    let given = try? KafkaLocator.locate(environment: environment, binaries: binaries)
    environment["KAFKA_HOME"] = nil
    let embedded = try? KafkaLocator.locate(environment: environment, binaries: binaries)
    return Set([given, embedded].compactMap { $0 }).sorted { "\($0)" < "\($1)" }
}()

@Suite("A Kafka of this machine", .timeLimit(.minutes(10)), .enabled(if: !sources.isEmpty))
struct RealKafkaTests {
    @Test("Kafka starts, takes connections, stops, and starts again at the same address on its own data", arguments: sources)
    func startStopStart(source: KafkaSource) async throws {
        let folder = TemporaryFolder()
        let table = try ProcessTable(directory: folder.path + "/.local")
        let kafka = LocalKafka(source: source, table: table, environment: LocalProcess.inheritedEnvironment)
        let servers = try await kafka.start()
        let port = try #require(UInt16(servers.split(separator: ":").last ?? ""))
        #expect(LoopbackPort.answers(port))
        #expect(try await kafka.stop() == .ended)
        #expect(try await kafka.start(preferredPort: port) == servers)
        #expect(try await kafka.stop() == .ended)
    }
}

import Foundation
import LocalStack
import Testing

/// What this machine offers, found as `assay up` finds it; a cluster that runs already proves nothing here.
private let source: KafkaSource? = {
    let project = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    var environment = LocalProcess.inheritedEnvironment
    environment["KAFKA_BOOTSTRAP_SERVERS"] = nil
    return try? KafkaLocator.locate(environment: environment, projectDirectory: project.path)
}()

@Suite("A Kafka of this machine", .timeLimit(.minutes(3)), .enabled(if: source != nil))
struct RealKafkaTests {
    @Test("Kafka starts, takes connections, stops, and starts again at the same address on its own data")
    func startStopStart() async throws {
        let folder = TemporaryFolder()
        let table = try ProcessTable(directory: folder.path + "/.local")
        let kafka = LocalKafka(source: try #require(source), table: table, environment: LocalProcess.inheritedEnvironment)
        let servers = try await kafka.start()
        let port = try #require(UInt16(servers.split(separator: ":").last ?? ""))
        #expect(LoopbackPort.answers(port))
        #expect(try await kafka.stop() == .ended)
        #expect(try await kafka.start(preferredPort: port) == servers)
        #expect(try await kafka.stop() == .ended)
    }
}

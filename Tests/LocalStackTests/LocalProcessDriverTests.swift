import Glibc
import LocalStack
import Testing

@Suite("Replicas as local processes", .timeLimit(.minutes(10)))
struct LocalProcessDriverTests {
    let folder = TemporaryFolder()
    let table: ProcessTable

    init() throws { table = try ProcessTable(directory: folder.path + "/.local") }

    func driver(_ service: String = "sleeper") -> LocalProcessDriver {
        LocalProcessDriver(service: service, table: table) { _, port in
            LocalProcess(name: "", executable: "/bin/sleep", arguments: ["300"], environment: ["ASSAY_HTTP_ADDRESS": "127.0.0.1:\(port)"])
        }
    }

    @Test("Replicas start, are listed with their addresses, and stop")
    func startListStop() async throws {
        let driver = driver()
        try await driver.start(replica: 2)
        try await driver.start(replica: 1)
        try await driver.start(replica: 1)
        #expect(try await driver.running() == [1, 2])
        #expect(driver.address(ofReplica: 1)?.hasPrefix("127.0.0.1:") == true)
        try await driver.stop(replica: 1)
        #expect(try await driver.running() == [2])
        try await driver.stop(replica: 2)
        try await driver.stop(replica: 7)
    }

    @Test("A replica that dies is told, and so is one that was taken over", arguments: [false, true])
    func death(isTakenOver: Bool) async throws {
        let first = driver()
        try await first.start(replica: 3)
        let watching = isTakenOver ? driver() : first
        let identity = try #require(table.entry("sleeper-3")?.identity)
        #expect(kill(identity.number, SIGKILL) == 0)
        var endings = watching.endings.makeAsyncIterator()
        let ending = await endings.next()
        #expect(ending?.replica == 3)
        // With two watches either one may be the first to collect the child.
        if !isTakenOver { #expect(ending?.status == 128 + SIGKILL) }
        #expect(try await watching.running() == [])
    }

    @Test("A service does not take another's replicas for its own")
    func similarNames() async throws {
        let one = driver("a")
        let other = driver("a-b")
        try await other.start(replica: 1)
        #expect(try await one.running() == [])
        try await other.stop(replica: 1)
    }
}

import FrameServer
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(10)))
struct RequestMemoryTests {
    private static let large = [UInt8](repeating: 7, count: 800_000)

    private static func limits(_ limits: inout ServerLimits) {
        limits.requestMemoryMax = 1_000_000
        limits.requestFreeBytes = 10_000
    }

    @Test func aLargeFrameWaitsForTheMemoryOfAnotherAndSmallOnesPass() throws {
        let server = try RunningServer(Self.limits)
        let frame = Frame.of(Self.large)
        let first = try PlainClient(port: server.port)
        try first.send(Array(frame[..<400_000]))
        #expect(eventually { server.counters.requestMemoryBytes == 800_000 })
        let second = try PlainClient(port: server.port)
        let writer = ClientThread(second) { try $0.send(frame) }
        #expect(eventually { server.counters.requestMemoryWaiters == 1 })
        #expect(try PlainClient(port: server.port).exchange([1]) == [1])
        #expect(server.counters.requestMemoryWaiters == 1)
        try first.send(Array(frame[400_000...]))
        #expect(try first.receiveFrame() == Self.large)
        #expect(try second.receiveFrame() == Self.large)
        #expect(writer.finished())
        #expect(server.counters.requestMemoryBytes == 0)
        #expect(server.stop())
    }

    @Test func aStalledHolderIsClosedAndItsMemoryGoesToTheNext() throws {
        let server = try RunningServer {
            Self.limits(&$0)
            $0.requestReadMillis = 300
        }
        let frame = Frame.of(Self.large)
        let stalled = try PlainClient(port: server.port)
        try stalled.send(Array(frame[..<300_000]))
        #expect(eventually { server.counters.requestMemoryBytes == 800_000 })
        let next = try PlainClient(port: server.port)
        let writer = ClientThread(next) { try $0.send(frame) }
        #expect(try next.receiveFrame() == Self.large)
        #expect(writer.finished())
        #expect(stalled.sawEnd())
        #expect(server.counters.closedReadStalled == 1)
        #expect(server.stop())
    }

    @Test func oneWhoWaitsMayLeave() throws {
        let server = try RunningServer(Self.limits)
        let frame = Frame.of(Self.large)
        let holder = try PlainClient(port: server.port)
        try holder.send(Array(frame[..<300_000]))
        #expect(eventually { server.counters.requestMemoryBytes == 800_000 })
        for _ in 0..<3 {
            let leaving = try PlainClient(port: server.port)
            try leaving.send(Array(frame[..<20_000]))
            #expect(eventually { server.counters.requestMemoryWaiters == 1 })
            let opened = server.notes.content.withLock { $0.opened }
            server.onLoop { $0.close(opened[opened.count - 1]) }
            #expect(eventually { server.counters.requestMemoryWaiters == 0 })
        }
        holder.close()
        #expect(eventually { server.counters.requestMemoryBytes == 0 })
        #expect(try PlainClient(port: server.port).exchange(Array(Self.large[..<100_000])).count == 100_000)
        #expect(server.stop())
    }

    @Test func aFrameLargerThanTheWholeBudgetPassesAlone() throws {
        let server = try RunningServer {
            Self.limits(&$0)
            $0.requestMemoryMax = 100_000
        }
        let clients = try (0..<4).map { _ in try PlainClient(port: server.port) }
        let writers = clients.map { client in ClientThread(client) { try $0.send(Frame.of(Self.large)) } }
        for client in clients { #expect(try client.receiveFrame() == Self.large) }
        for writer in writers { #expect(writer.finished()) }
        #expect(server.stop())
    }

    @Test func announcingLargeFramesCostsNoMemory() throws {
        let server = try RunningServer { $0.requestMemoryMax = 1 << 40 }
        let clients = try (0..<100).map { _ in try PlainClient(port: server.port) }
        for client in clients { try client.send(Frame.prefix(16 << 20) + [1]) }
        #expect(eventually { server.counters.requestMemoryBytes == 100 * (16 << 20) })
        #expect(server.counters.bufferBytes < 100 * (64 << 10))
        #expect(server.stop())
    }
}

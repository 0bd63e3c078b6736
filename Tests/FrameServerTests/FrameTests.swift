import FrameServer
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(10)))
struct FrameTests {
    @Test(arguments: [0, 1, 3, 4, 100, 16_379, 16_380, 16_381, 65_536, 65_537, 1_000_000, 16 << 20])
    func aFrameOfAnySizeComesBackAsItWas(byteCount: Int) throws {
        let server = try RunningServer()
        let client = try PlainClient(port: server.port)
        let content = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        for _ in 0..<3 { #expect(try client.exchange(content) == content) }
        #expect(server.counters.requestMemoryBytes == 0)
        #expect(server.stop())
    }

    @Test func framesCutAtAnyByteArriveWhole() throws {
        let server = try RunningServer()
        let contents: [[UInt8]] = [[1, 2, 3], [], [4], Array(5...40)]
        let stream = contents.flatMap(Frame.of)
        let client = try PlainClient(port: server.port)
        var bytesIn: UInt64 = 0
        for cut in 0...stream.count {
            try client.send(Array(stream[..<cut]))
            bytesIn += UInt64(cut)
            #expect(eventually { server.counters.bytesIn == bytesIn })
            try client.send(Array(stream[cut...]))
            bytesIn += UInt64(stream.count - cut)
            for content in contents { #expect(try client.receiveFrame() == content) }
        }
        #expect(server.stop())
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func pipelinedRequestsOfMixedSizesAreAnsweredInOrder(seed: UInt64) throws {
        let server = try RunningServer { $0.requestFreeBytes = 20_000 }
        let client = try PlainClient(port: server.port)
        var random = SplitMix64(seed: seed)
        for _ in 0..<20 {
            let sizes = (0..<Int.random(in: 1...20, using: &random)).map { _ in
                Bool.random(using: &random) ? Int.random(in: 0...64, using: &random) : Int.random(in: 0...60_000, using: &random)
            }
            let contents = sizes.map { size in random.bytes(8) + [UInt8](repeating: UInt8(size & 0xFF), count: size) }
            // Small enough for both sides' socket buffers to hold what the other does not read yet? No: so it is sent by halves.
            let all = contents.flatMap(Frame.of)
            let writer = ClientThread(client) { try $0.send(all) }
            for content in contents { #expect(try client.receiveFrame() == content) }
            #expect(writer.finished())
        }
        #expect(server.counters.requestMemoryBytes == 0)
        #expect(server.stop())
    }

    @Test func aSecondRequestWaitsForTheFirstOnesDelayedAnswer() throws {
        let server = try RunningServer.answering { server, id, frame, _ in
            let isFirst = frame.first == 1
            server.respond(id, [.bytes(Frame.of(frame))], after: isFirst ? 60 : 0)
        }
        let client = try PlainClient(port: server.port)
        let start = FrameServer.currentTick()
        try client.send(Frame.of([1]) + Frame.of([2]))
        #expect(try client.receiveFrame() == [1])
        #expect(FrameServer.currentTick() - start >= 59)
        #expect(try client.receiveFrame() == [2])
        #expect(server.stop())
    }

    @Test(arguments: [-1, Int(Int32.min), 1_001, Int(Int32.max), 0x4745_5420])
    func aFrameOfAnImpossibleSizeIsToldAndEndsTheConnection(byteCount: Int) throws {
        let server = try RunningServer { $0.requestBytesMax = 1_000 }
        let client = try PlainClient(port: server.port)
        #expect(try client.exchange([7]) == [7])
        try client.send(Frame.prefix(byteCount) + [9, 9])
        #expect(client.sawEnd())
        let refused = server.notes.content.withLock { $0.refused }
        #expect(refused.map(\.byteCount) == [byteCount])
        #expect(refused.first?.head.prefix(4) == Frame.prefix(byteCount)[...])
        #expect(try PlainClient(port: server.port).exchange([8]) == [8])
        #expect(server.counters.framesRefused == 1)
        #expect(server.stop())
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func randomBytesNeitherStopTheServerNorStayInItsMemory(seed: UInt64) throws {
        let server = try RunningServer { limits in
            limits.requestBytesMax = 100_000
            limits.requestMemoryMax = 150_000
        }
        var random = SplitMix64(seed: seed)
        var clients: [PlainClient] = []
        for _ in 0..<30 {
            let client = try PlainClient(port: server.port)
            // Some with a believable length, most without.
            if Bool.random(using: &random) { try? client.send(Frame.prefix(Int.random(in: 0...100_000, using: &random))) }
            try? client.send(random.bytes(Int.random(in: 0...3_000, using: &random)))
            if Bool.random(using: &random) { client.close() } else { clients.append(client) }
        }
        #expect(try PlainClient(port: server.port).exchange([1, 2]) == [1, 2])
        clients.removeAll()
        #expect(eventually { server.counters.connectionsOpen == 0 })
        #expect(server.counters.requestMemoryBytes == 0)
        #expect(server.notes.closedCount == server.notes.openedCount)
        #expect(server.stop())
    }

    @Test func requestsWithoutAnswerAreAllTakenThoughTheClientLeavesAtOnce() throws {
        let server = try RunningServer.answering { server, id, _, _ in server.skip(id) }
        let client = try PlainClient(port: server.port)
        try client.send((0..<1_000).flatMap { Frame.of([UInt8(truncatingIfNeeded: $0)]) })
        client.close()
        #expect(eventually { server.notes.frameCount == 1_000 })
        #expect(eventually { server.notes.closedCount == 1 })
        #expect(server.stop())
    }
}

import FrameServer
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(10)))
struct ConnectionTests {
    @Test func twoHundredConnectionsAreServedAtOnce() throws {
        let server = try RunningServer()
        let clients = try (0..<200).map { _ in try PlainClient(port: server.port) }
        for round in 0..<5 {
            for (number, client) in clients.enumerated() { try client.send(Frame.of([UInt8(number), UInt8(round)])) }
            for (number, client) in clients.enumerated() { #expect(try client.receiveFrame() == [UInt8(number), UInt8(round)]) }
        }
        #expect(server.counters.connectionsOpen == 200)
        #expect(server.counters.frames == 1_000)
        #expect(server.stop())
        #expect(server.notes.closedCount == 200)
        let ids = server.notes.content.withLock { $0.opened }
        #expect(Set(ids).count == 200)
    }

    @Test func aConnectionMoreThanAllowedIsClosedAndThereIsRoomAgainLater() throws {
        let server = try RunningServer { $0.connectionCountMax = 2 }
        let first = try PlainClient(port: server.port)
        let second = try PlainClient(port: server.port)
        #expect(try first.exchange([1]) == [1])
        #expect(try second.exchange([2]) == [2])
        #expect(try PlainClient(port: server.port).sawEnd())
        #expect(server.counters.connectionsRefused == 1)
        first.close()
        #expect(eventually { server.counters.connectionsOpen == 1 })
        #expect(try PlainClient(port: server.port).exchange([3]) == [3])
        #expect(server.stop())
    }

    @Test func anIdleConnectionIsClosedAndOneWithARequestInWorkIsNot() throws {
        let server = try RunningServer {
            $0.idleMillis = 60
        } answer: { server, id, frame, _ in
            server.respond(id, [.bytes(Frame.of(frame))], after: 300)
        }
        let busy = try PlainClient(port: server.port)
        let idle = try PlainClient(port: server.port)
        try busy.send(Frame.of([5]))
        #expect(idle.sawEnd())
        #expect(try busy.receiveFrame() == [5])
        #expect(busy.sawEnd())
        #expect(server.counters.closedIdle == 2)
        #expect(server.stop())
    }

    @Test func aFrameThatStopsHalfWayEndsItsConnection() throws {
        let server = try RunningServer { $0.requestReadMillis = 60 }
        let client = try PlainClient(port: server.port)
        try client.send(Frame.prefix(10) + [1, 2])
        #expect(client.sawEnd())
        let prefixOnly = try PlainClient(port: server.port)
        try prefixOnly.send([0])
        #expect(prefixOnly.sawEnd())
        #expect(server.counters.closedReadStalled == 2)
        #expect(server.stop())
    }

    @Test func theHandlerHearsThatThePeerOfARequestInWorkHasFinished() throws {
        let server = try RunningServer.answering { _, _, _, _ in }
        let client = try PlainClient(port: server.port)
        try client.send(Frame.of([1]))
        #expect(eventually { server.notes.frameCount == 1 })
        client.finishSending()
        #expect(eventually { server.notes.content.withLock { $0.peersFinished } == 1 })
        #expect(server.notes.closedCount == 0)
        // The request can still be answered, and then the connection ends.
        let id = try #require(server.notes.content.withLock { $0.opened.first })
        #expect(server.onLoop { $0.respond(id, [.bytes(Frame.of([2]))]) })
        #expect(try client.receiveFrame() == [2])
        #expect(client.sawEnd())
        #expect(eventually { server.notes.closedCount == 1 })
        #expect(server.stop())
    }

    @Test func aPausedConnectionGivesNoFramesUntilItIsResumed() throws {
        let server = try RunningServer()
        let client = try PlainClient(port: server.port)
        #expect(try client.exchange([0]) == [0])
        let id = try #require(server.notes.content.withLock { $0.opened.first })
        server.onLoop { $0.pause(id) }
        try client.send(Frame.of([1]) + Frame.of([2]))
        let other = try PlainClient(port: server.port)
        for _ in 0..<20 { #expect(try other.exchange([9]) == [9]) }
        #expect(server.notes.content.withLock { $0.frames.count { $0.connection == id } } == 1)
        server.onLoop { $0.resume(id) }
        #expect(try client.receiveFrame() == [1])
        #expect(try client.receiveFrame() == [2])
        #expect(server.stop())
    }

    /// Frame [n] is kept; frame [255] answers all that are kept, itself first or last.
    @Test(arguments: [true, false])
    func aHandlerMayAnswerAndCloseOthersFromInsideAFrame(isSelfFirst: Bool) throws {
        let kept = Mutex<[(ConnectionId, UInt8)]>([])
        let server = try RunningServer.answering { server, id, frame, _ in
            if frame[0] != 255 { return kept.withLock { $0.append((id, frame[0])) } }
            if isSelfFirst { server.respond(id, [.bytes(Frame.of([255]))]) }
            for (other, number) in kept.withLock({ $0 }) {
                if number == 3 { server.close(other) } else { server.respond(other, [.bytes(Frame.of([number]))]) }
                #expect(!server.respond(other, [.bytes(Frame.of([99]))]))
            }
            kept.withLock { $0 = [] }
            if !isSelfFirst { server.respond(id, [.bytes(Frame.of([255]))]) }
            // What was answered in the midst of its frame is still readable.
            #expect(frame[0] == 255)
        }
        let waiting = try (0..<6).map { _ in try PlainClient(port: server.port) }
        for (number, client) in waiting.enumerated() {
            // Each has its next request behind the first.
            try client.send(Frame.of([UInt8(number)]) + Frame.of([UInt8(number) + 10]))
        }
        #expect(eventually { kept.withLock { $0.count } == 6 })
        let caller = try PlainClient(port: server.port)
        #expect(try caller.exchange([255]) == [255])
        for (number, client) in waiting.enumerated() where number != 3 { #expect(try client.receiveFrame() == [UInt8(number)]) }
        #expect(waiting[3].sawEnd())
        #expect(eventually { kept.withLock { $0.count } == 5 })
        #expect(try caller.exchange([255]) == [255])
        for (number, client) in waiting.enumerated() where number != 3 { #expect(try client.receiveFrame() == [UInt8(number) + 10]) }
        #expect(server.stop())
    }

    @Test func aHandlerMayCloseTheConnectionWhoseFrameItHolds() throws {
        let server = try RunningServer.answering { server, id, frame, _ in
            server.close(id)
            for index in 0..<frame.count { frame[index] = 1 }  // the memory is still its own
            #expect(!server.respond(id, []))
        }
        for _ in 0..<20 {
            let client = try PlainClient(port: server.port)
            try client.send(Frame.of([UInt8](repeating: 0, count: 100_000)))
            #expect(client.sawEnd())
        }
        #expect(eventually { server.notes.closedCount == 20 })
        #expect(server.counters.requestMemoryBytes == 0)
        #expect(server.stop())
    }

    @Test func aNumberOfAConnectionIsNeverUsedAgain() throws {
        let server = try RunningServer()
        for _ in 0..<50 { #expect(try PlainClient(port: server.port).exchange([1]) == [1]) }
        let ids = server.notes.content.withLock { $0.opened }
        #expect(Set(ids).count == 50)
        #expect(eventually { server.counters.connectionsOpen == 0 })
        let latest = try PlainClient(port: server.port)
        #expect(try latest.exchange([1]) == [1])
        server.onLoop { server in
            for id in ids { server.close(id) }
        }
        #expect(try latest.exchange([2]) == [2])
        #expect(server.stop())
    }
}

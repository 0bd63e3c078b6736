import Dispatch
import FrameServer
import Glibc
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(10)))
struct LoopTests {
    @Test(arguments: ["127.0.0.1:0", "localhost:0", "0.0.0.0:0"])
    func itListensWhereItIsToldTo(address: String) throws {
        let server = try RunningServer(listen: address)
        #expect(server.port != 0)
        #expect(try PlainClient(port: server.port).exchange([1]) == [1])
        #expect(server.stop())
    }

    @Test func itListensOnIPv6() throws {
        guard let server = try? RunningServer(listen: "[::1]:0") else { return }  // a machine without IPv6
        #expect(try PlainClient(port: server.port, host: "::1").exchange([1]) == [1])
        #expect(server.stop())
    }

    @Test func aTakenPortIsSaidInOneLine() throws {
        let server = try RunningServer()
        let expected = "cannot listen on 127.0.0.1:\(server.port): the port is taken by another process; stop it or choose another port"
        let fault = #expect(throws: ServerFault.self) { _ = try RunningServer(listen: "127.0.0.1:\(server.port)") }
        #expect(fault?.description == expected)
        #expect(server.stop())
        // And free again at once.
        #expect(try RunningServer(listen: "127.0.0.1:\(server.port)").stop())
    }

    @Test(arguments: ["", "9092", ":9092", "host", "host:", "host:99999", "host:-1", "::1:9092", "[]:1", "a b:1"])
    func whatIsNoAddressIsRefused(text: String) {
        #expect(throws: ServerFault.addressInvalid(text)) { try ListenAddress(text) }
    }

    @Test(arguments: [("127.0.0.1:9092", "127.0.0.1", 9_092), ("[::1]:0", "::1", 0), ("localhost:65535", "localhost", 65_535)])
    func anAddressIsReadAndWritten(text: String, host: String, port: UInt16) throws {
        let address = try ListenAddress(text)
        #expect(address == ListenAddress(host: host, port: port))
        #expect(address.description == text)
    }

    @Test func anUnknownHostIsSaid() throws {
        #expect(throws: ServerFault.self) { try RunningServer(listen: "no.such.host.invalid:0") }
    }

    @Test func callsFromOtherThreadsAreMadeInOrderOnTheLoop() throws {
        let server = try RunningServer()
        let seen = Mutex<[Int]>([])
        let remote = server.remote
        #expect(!remote.isOnLoop)
        for number in 0..<1_000 {
            while !remote.perform({ seen.withLock { $0.append(remote.isOnLoop ? number : -1) } }) { sched_yield() }
        }
        #expect(eventually { seen.withLock { $0.count } == 1_000 })
        #expect(seen.withLock { $0 } == Array(0..<1_000))
        #expect(server.stop())
        #expect(!remote.perform {})
        #expect(remote.ask(withinMillis: 10) { 1 } == nil)
    }

    @Test func waitingCallsHaveALimit() throws {
        let server = try RunningServer { $0.remoteCallCountMax = 3 }
        let gate = DispatchSemaphore(value: 0)
        let isIn = DispatchSemaphore(value: 0)
        server.remote.perform {
            isIn.signal()
            gate.wait()
        }
        isIn.wait()
        #expect(server.remote.ask(withinMillis: 5) { 1 } == nil)  // asked, and waits
        let outcomes = (0..<4).map { _ in server.remote.perform {} }
        gate.signal()
        #expect(outcomes == [true, true, false, false])
        #expect(eventually { server.remote.perform {} })
        #expect(server.stop())
    }

    @Test func aStopAnswersWhatIsInWorkAndClosesTheRest() throws {
        let kept = Mutex<[ConnectionId]>([])
        let server = try RunningServer.answering { _, id, _, _ in
            kept.withLock { $0.append(id) }
        } onStop: { server in
            for id in kept.withLock({ $0 }) { server.respond(id, [.bytes(Frame.of([42]))], after: 30) }
        }
        let idle = try PlainClient(port: server.port)
        let busy = try PlainClient(port: server.port)
        try busy.send(Frame.of([1]) + Frame.of([2]))
        #expect(eventually { server.notes.openedCount == 2 && kept.withLock { $0.count } == 1 })
        #expect(server.stop())
        #expect(try busy.receiveFrame() == [42])
        #expect(busy.sawEnd())
        #expect(idle.sawEnd())
        #expect(server.notes.closedCount == 2)
        #expect(server.notes.content.withLock { $0.stops } == 1)
        #expect(throws: PlainClient.Fault.self) { try PlainClient(port: server.port) }
    }

    @Test func aStopDoesNotWaitLongForARequestThatIsNeverAnswered() throws {
        let server = try RunningServer {
            $0.stopMillis = 50
        } answer: { _, _, _, _ in
        }
        let client = try PlainClient(port: server.port)
        try client.send(Frame.of([1]))
        #expect(eventually { server.notes.frameCount == 1 })
        #expect(server.stop())
        #expect(client.sawEnd())
    }

    @Test func theHandlersTimerIsCalledWhenItIsDue() throws {
        final class Clock: FrameHandler {
            let ticks: Mutex<[Int64]>
            unowned var server: FrameServer!
            init() { ticks = Mutex([]) }
            func opened(_: ConnectionId, peer: String) {}
            func closed(_: ConnectionId) {}
            func frame(_: ConnectionId, _: UnsafeMutableRawBufferPointer, tick: Int64) {}
            func refusedFrame(_: ConnectionId, peer: String, byteCount: Int, head: [UInt8]) {}
            func timer(tick: Int64) -> Int64? {
                ticks.withLock { ticks in
                    if ticks.isEmpty || tick >= ticks[ticks.count - 1] + 20 { ticks.append(tick) }
                    if ticks.count == 4 { server.remote.stop() }
                    return ticks[ticks.count - 1] + 20
                }
            }
        }
        let clock = Clock()
        let server = try FrameServer(listen: ListenAddress("127.0.0.1:0"), handler: clock)
        clock.server = server
        let start = FrameServer.currentTick()
        server.run()
        #expect(clock.ticks.withLock { $0.count } == 4)
        #expect(FrameServer.currentTick() - start >= 60)
    }
}

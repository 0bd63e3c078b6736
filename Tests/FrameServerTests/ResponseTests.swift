import FrameServer
import Glibc
import Testing

@Suite(.timeLimit(.minutes(10)))
struct ResponseTests {
    /// Ten million bytes of a file that is gone once closed.
    final class Content: Sendable {
        let descriptor: CInt
        let bytes: [UInt8]

        init(byteCount: Int = 10_000_000) {
            var random = SplitMix64(seed: 11)
            bytes = (0..<byteCount / 8).flatMap { _ in withUnsafeBytes(of: random.next()) { Array($0) } }
            var path = Array("/tmp/frame-server-XXXXXX".utf8CString)
            descriptor = mkstemp(&path)
            unlink(path)
            var written = 0
            while written < bytes.count {
                let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + written, $0.count - written) }
                guard count > 0 else { return }
                written += count
            }
        }

        deinit { close(descriptor) }
    }

    @Test func slowReadersGetTenMegabytesOfFileAndBytesInOrder() throws {
        let content = Content()
        let byteCount = content.bytes.count
        let cut = 3_333_333
        let server = try RunningServer.answering { server, id, _, _ in
            server.respond(
                id,
                [
                    .bytes(Frame.prefix(byteCount + 5) + [1, 2]), .bytes([]),
                    .file(descriptor: content.descriptor, position: 0, byteCount: cut, owner: content), .bytes([3]),
                    .file(descriptor: content.descriptor, position: Int64(cut), byteCount: byteCount - cut, owner: content),
                    .bytes([4, 5]),
                ])
        }
        let clients = try (0..<8).map { _ in try PlainClient(port: server.port, receiveBytes: 4_096) }
        for client in clients { try client.send(Frame.of([0])) }
        // While those do not read, another is served.
        var expected: [UInt8] = [1, 2]
        expected += content.bytes[..<cut]
        expected.append(3)
        expected += content.bytes[cut...]
        expected += [4, 5]
        #expect(try PlainClient(port: server.port).exchange([0]) == expected)
        for client in clients { #expect(try client.receiveFrame() == expected) }
        for client in clients { #expect(try client.exchange([0]) == expected) }
        #expect(server.stop())
    }

    @Test func aHeaderAndAFileAreOneResponse() throws {
        let content = Content(byteCount: 80_000)
        let server = try RunningServer.answering { server, id, frame, _ in
            let size = Int(frame[0]) * 100
            server.respond(
                id,
                [
                    .bytes(Frame.prefix(size)),
                    .file(descriptor: content.descriptor, position: 16, byteCount: size, owner: content),
                ])
        }
        let client = try PlainClient(port: server.port)
        for size in 0...255 as ClosedRange<UInt8> {
            #expect(try client.exchange([size]) == Array(content.bytes[16...].prefix(Int(size) * 100)))
        }
        #expect(server.stop())
    }

    @Test func aCopiedResponseIsWholeThoughTheSocketIsFull() throws {
        let server = try RunningServer.answering { server, id, frame, _ in
            let response = Frame.of([UInt8](repeating: frame[0], count: 5_000_000))
            response.withUnsafeBytes { _ = server.respond(id, copying: $0) }
        }
        let client = try PlainClient(port: server.port, receiveBytes: 4_096)
        try client.send(Frame.of([1]) + Frame.of([2]))
        #expect(try client.receiveFrame() == [UInt8](repeating: 1, count: 5_000_000))
        #expect(try client.receiveFrame() == [UInt8](repeating: 2, count: 5_000_000))
        #expect(server.stop())
    }

    @Test func aFileShorterThanSaidEndsTheConnection() throws {
        let content = Content(byteCount: 8_000)
        let server = try RunningServer.answering { server, id, _, _ in
            server.respond(
                id, [.bytes(Frame.prefix(9_000)), .file(descriptor: content.descriptor, position: 0, byteCount: 9_000, owner: content)])
        }
        let client = try PlainClient(port: server.port)
        try client.send(Frame.of([1]))
        #expect(try client.receive(8_004).count == 8_004)
        #expect(client.sawEnd())
        #expect(server.counters.fileFaults == 1)
        #expect(server.stop())
    }

    @Test(arguments: [0, 1, 4, 9, 10, 11, 13, 100])
    func aFaultMayCutAResponse(byteCount: Int) throws {
        let content = Content(byteCount: 80)
        let server = try RunningServer.answering { server, id, _, _ in
            server.respond(
                id,
                [.bytes(Frame.prefix(8) + Array(1...6)), .file(descriptor: content.descriptor, position: 0, byteCount: 2, owner: content)],
                then: .closesAfter(byteCount: byteCount))
        }
        let client = try PlainClient(port: server.port)
        // The second request must not turn the end into a reset that takes the answer with it.
        try client.send(Frame.of([1]) + Frame.of([2]))
        let whole = Frame.prefix(8) + Array(1...6) + content.bytes.prefix(2)
        #expect(try client.receive(min(byteCount, 12)) == Array(whole.prefix(byteCount)))
        #expect(throws: PlainClient.Fault.self) { try client.receive(1) }
        #expect(server.stop())
    }

    @Test func aConnectionMayEndAfterItsDelayedAnswerOrByAReset() throws {
        let server = try RunningServer.answering { server, id, frame, _ in
            if frame[0] == 1 {
                server.respond(id, [.bytes(Frame.of([1]))], after: 20, then: .closes)
            } else {
                server.close(id, isReset: true)
            }
        }
        let first = try PlainClient(port: server.port)
        #expect(try first.exchange([1]) == [1])
        #expect(first.sawEnd())
        let second = try PlainClient(port: server.port)
        try second.send(Frame.of([2]))
        #expect(second.sawEnd())
        #expect(server.stop())
    }

    @Test func whoDoesNotReadForTooLongIsClosed() throws {
        let content = Content()
        let server = try RunningServer {
            $0.responseWriteMillis = 80
        } answer: { server, id, _, _ in
            server.respond(
                id,
                [
                    .bytes(Frame.prefix(content.bytes.count)),
                    .file(descriptor: content.descriptor, position: 0, byteCount: content.bytes.count, owner: content),
                ])
        }
        let client = try PlainClient(port: server.port, receiveBytes: 4_096)
        try client.send(Frame.of([1]))
        #expect(eventually { server.counters.closedWriteStalled == 1 })
        #expect(server.stop())
    }

    @Test func aPeerThatIsGoneInTheMidstOfAFileRaisesNoSignal() throws {
        let content = Content()
        let server = try RunningServer.answering { server, id, _, _ in
            server.respond(
                id,
                [
                    .bytes(Frame.prefix(content.bytes.count)),
                    .file(descriptor: content.descriptor, position: 0, byteCount: content.bytes.count, owner: content),
                ])
        }
        for _ in 0..<20 {
            let client = try PlainClient(port: server.port, receiveBytes: 4_096)
            try client.send(Frame.of([1]))
            _ = try client.receive(1_000)
            client.close()
        }
        #expect(eventually { server.notes.closedCount == 20 })
        #expect(server.stop())
    }
}

import FrameServer
import Synchronization

/// Answers as the test says and notes what it is told. Used on the loop, except for its notes.
final class ScriptedHandler: FrameHandler {
    /// What the tests' threads read.
    final class Notes: Sendable {
        struct Content {
            var opened: [ConnectionId] = []
            var closed: [ConnectionId] = []
            var refused: [(byteCount: Int, head: [UInt8])] = []
            var frames: [(connection: ConnectionId, byteCount: Int)] = []
            var peersFinished = 0
            var stops = 0
        }
        let content = Mutex(Content())
        var closedCount: Int { content.withLock { $0.closed.count } }
        var openedCount: Int { content.withLock { $0.opened.count } }
        var frameCount: Int { content.withLock { $0.frames.count } }
    }

    typealias Answer = (FrameServer, ConnectionId, UnsafeMutableRawBufferPointer, Int64) -> Void

    let notes: Notes
    unowned var server: FrameServer!
    private let answer: Answer
    var onStop: (FrameServer) -> Void = { _ in }

    init(_ notes: Notes, answer: @escaping Answer) {
        self.notes = notes
        self.answer = answer
    }

    func opened(_ connection: ConnectionId, peer: String) { notes.content.withLock { $0.opened.append(connection) } }
    func closed(_ connection: ConnectionId) { notes.content.withLock { $0.closed.append(connection) } }
    func frame(_ connection: ConnectionId, _ frame: UnsafeMutableRawBufferPointer, tick: Int64) {
        notes.content.withLock { $0.frames.append((connection, frame.count)) }
        answer(server, connection, frame, tick)
    }
    func timer(tick: Int64) -> Int64? { nil }
    func refusedFrame(_ connection: ConnectionId, peer: String, byteCount: Int, head: [UInt8]) {
        notes.content.withLock { $0.refused.append((byteCount, head)) }
    }
    func peerFinished(_ connection: ConnectionId) { notes.content.withLock { $0.peersFinished += 1 } }
    func stopping(tick: Int64) {
        notes.content.withLock { $0.stops += 1 }
        onStop(server)
    }

    /// Sends the frame back as it came.
    static func echo(_ server: FrameServer, _ id: ConnectionId, _ frame: UnsafeMutableRawBufferPointer, _: Int64) {
        server.respond(id, [.bytes(Frame.of(frame))])
    }
}

enum Frame {
    /// With its length before it.
    static func of(_ content: some Collection<UInt8>) -> [UInt8] { prefix(content.count) + Array(content) }

    static func prefix(_ byteCount: Int) -> [UInt8] {
        withUnsafeBytes(of: Int32(truncatingIfNeeded: byteCount).bigEndian) { Array($0) }
    }
}

import Dispatch
import FrameServer

/// A server on its own thread, for one test.
final class RunningServer: Sendable {
    let remote: LoopRemote
    let port: UInt16
    let notes: ScriptedHandler.Notes
    private let server: LoopBound<FrameServer>
    private let ended = DispatchSemaphore(value: 0)

    static let patience = DispatchTimeInterval.seconds(20)

    init(
        _ change: (inout ServerLimits) -> Void = { _ in }, listen: String = "127.0.0.1:0",
        answer: @escaping @Sendable (FrameServer, ConnectionId, UnsafeMutableRawBufferPointer, Int64) -> Void = ScriptedHandler.echo,
        onStop: @escaping @Sendable (FrameServer) -> Void = { _ in }
    ) throws {
        var limits = ServerLimits()
        change(&limits)
        let notes = ScriptedHandler.Notes()
        let handler = ScriptedHandler(notes, answer: answer)
        handler.onStop = onStop
        let server = try FrameServer(listen: ListenAddress(listen), limits: limits, handler: handler)
        handler.server = server
        remote = server.remote
        port = server.address.port
        self.notes = notes
        self.server = LoopBound(server, of: server.remote)
        let ended = ended
        try LoopThread.launch(server) { ended.signal() }
    }

    static func answering(
        _ answer: @escaping @Sendable (FrameServer, ConnectionId, UnsafeMutableRawBufferPointer, Int64) -> Void,
        onStop: @escaping @Sendable (FrameServer) -> Void = { _ in }
    ) throws -> RunningServer {
        try RunningServer({ _ in }, answer: answer, onStop: onStop)
    }

    /// Runs `work` on the loop and waits for its result.
    func onLoop<Result: Sendable>(_ work: @escaping @Sendable (FrameServer) -> Result) -> Result {
        let server = server
        guard let result = remote.ask(withinMillis: 20_000, { work(server.value) }) else { fatalError("the loop did not answer") }
        return result
    }

    var counters: ServerCounters { onLoop { $0.counters } }

    func waitForEnd() -> Bool { ended.wait(timeout: .now() + Self.patience) == .success }

    func stop() -> Bool {
        remote.stop()
        return waitForEnd()
    }
}

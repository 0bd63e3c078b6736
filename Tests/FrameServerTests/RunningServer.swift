import Dispatch
import FrameServer
import Synchronization

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
        let outcome = Slot<Result>()
        let server = server
        remote.perform { outcome.put(work(server.value)) }
        return outcome.take()
    }

    var counters: ServerCounters { onLoop { $0.counters } }

    func waitForEnd() -> Bool { ended.wait(timeout: .now() + Self.patience) == .success }

    func stop() -> Bool {
        remote.stop()
        return waitForEnd()
    }
}

/// One value from another thread.
private final class Slot<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)
    private let filled = DispatchSemaphore(value: 0)

    func put(_ new: Value) {
        value.withLock { $0 = new }
        filled.signal()
    }

    func take() -> Value {
        guard filled.wait(timeout: .now() + RunningServer.patience) == .success, let found = value.withLock({ $0 }) else {
            fatalError("the loop did not answer")
        }
        return found
    }
}

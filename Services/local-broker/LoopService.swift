import FrameServer
import ServiceRuntime

/// The node's loop among the process's services: a graceful shutdown stops it and waits until it has closed everything.
struct LoopService: Service {
    let name = "broker"
    let node: RunningNode
    let health: Health

    func run() async throws {
        // Unbounded, but for one element.
        let (ended, end) = AsyncStream<Void>.makeStream()
        try node.launch { end.finish() }
        health.setReady(name)
        let remote = node.remote
        await withGracefulShutdownHandler {
            for await _ in ended {}
        } onGracefulShutdown: { [health, name] in
            health.setNotReady(name, reason: "stopping")
            remote.stop()
        }
    }
}

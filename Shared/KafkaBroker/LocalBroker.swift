import Dispatch
package import FrameServer
import Glibc
import Synchronization

/// A whole broker in this process: a node, its sockets and its threads.
///
///     let broker = try LocalBroker.start(settings)
///     … "127.0.0.1:\(broker.address.port)" …
///     broker.stop()
package final class LocalBroker: Sendable {
    /// Where it listens, with the real port.
    package let address: ListenAddress
    package let remote: LoopRemote
    private let node: LoopBound<BrokerNode>
    private let server: LoopBound<Unowned>
    private let unlaunched: Mutex<Unlaunched?>
    private let flushThread: FlushThread
    private let ended = DispatchSemaphore(value: 0)
    private let state = Mutex(State.opened)

    private enum State { case opened, running, ended }

    /// `@unchecked` because it is taken by ``launch(ended:)`` alone, once, and touched by nobody before.
    private struct Unlaunched: @unchecked Sendable { let server: FrameServer, node: BrokerNode }

    /// The loop's thread keeps the server alive while the loop runs; ``LoopBound`` lets nobody else have it.
    private struct Unowned { unowned let server: FrameServer }

    /// Takes the directory, opens the port and recovers the logs, in this order, so that the commonest failures come first.
    ///
    /// - Throws: ``DiskFailure`` or `ServerFault`, each one clear line.
    package static func open(_ settings: BrokerSettings, log: BrokerLog = .silent) throws -> LocalBroker {
        raiseDescriptorLimit()
        let directory = try DataDirectory(path: settings.dataDirectory)
        let node = try BrokerNode(
            settings: settings, directory: directory, log: log, tick: FrameServer.currentTick(), wallClock: wallMillis)
        let server = try FrameServer(
            listen: ListenAddress(host: settings.listenHost, port: settings.listenPort), limits: serverLimits(settings.limits),
            handler: node)
        node.server = server
        node.advertised = (
            settings.advertisedHost ?? advertisable(server.address.host), Int32(settings.advertisedPort ?? server.address.port)
        )
        node.recover()
        return try LocalBroker(server: server, node: node)
    }

    /// Opens and serves.
    package static func start(_ settings: BrokerSettings, log: BrokerLog = .silent) throws -> LocalBroker {
        let broker = try open(settings, log: log)
        try broker.launch {}
        return broker
    }

    private init(server: FrameServer, node: BrokerNode) throws {
        address = server.address
        let remote = server.remote
        self.remote = remote
        let bound = LoopBound(node, of: remote)
        self.node = bound
        self.server = LoopBound(Unowned(server: server), of: remote)
        unlaunched = Mutex(Unlaunched(server: server, node: node))
        let thread = try FlushThread { results, micros in
            remote.perform { bound.value.flusher.completed(results, micros: micros) }
        }
        flushThread = thread
        node.flusher.perform = { thread.perform($0) }
    }

    /// Starts the loop's thread; once.
    ///
    /// - Parameter ended: Called on it when the loop has ended and all logs are closed.
    package func launch(ended: @escaping @Sendable () -> Void) throws(ServerFault) {
        guard let unlaunched = unlaunched.withLock({ $0.take() }) else { preconditionFailure("the broker was launched before") }
        state.withLock { $0 = .running }
        nonisolated(unsafe) let server = unlaunched.server  // given up here to the loop's thread
        try LoopThread.launch(server) { [self, flushThread] in
            // On the loop's thread, after the loop: the node is still nobody else's.
            unlaunched.node.close()
            flushThread.end()
            state.withLock { $0 = .ended }
            self.ended.signal()
            ended()
        }
    }

    /// Answers what is in work, closes everything and waits for that. Blocks; may be called again.
    package func stop() {
        guard state.withLock({ $0 }) == .running else { return }
        remote.stop()
        ended.wait()
        ended.signal()
    }

    /// Whether requests are served.
    package var isReady: Bool { state.withLock { $0 } == .running }

    /// Puts another schedule of faults in force, with counts from 0. Any thread.
    package func setFaults(json: [UInt8]) throws(FaultSchedule.Invalid) { setFaults(try FaultSchedule(json: json)) }

    package func setFaults(_ schedule: FaultSchedule) {
        let node = node
        remote.perform { node.value.setFaults(schedule) }
    }

    /// Has the figures told to `then`, on the loop.
    package func withMetrics(_ then: @escaping @Sendable (BrokerMetrics) -> Void) {
        let (node, server) = (node, server)
        remote.perform { then(node.value.metrics(server.value.server.counters)) }
    }

    /// Waits for the figures; nil when the loop does not answer in time. Not for the loop's thread or the cooperative pool.
    package func metrics(withinMillis: Int = 1_000) -> BrokerMetrics? {
        let answer = Answer()
        withMetrics { metrics in
            answer.metrics.withLock { $0 = metrics }
            answer.arrived.signal()
        }
        guard answer.arrived.wait(timeout: .now() + .milliseconds(withinMillis)) == .success else { return nil }
        return answer.metrics.withLock { $0 }
    }

    private final class Answer: Sendable {
        let metrics = Mutex<BrokerMetrics?>(nil)
        let arrived = DispatchSemaphore(value: 0)
    }

    // MARK: The system

    private static func serverLimits(_ limits: BrokerLimits) -> ServerLimits {
        var server = ServerLimits()
        server.connectionCountMax = limits.connectionCountMax
        server.requestBytesMax = limits.requestBytesMax
        server.requestMemoryMax = limits.requestBytesTotalMax
        server.idleMillis = limits.idleMillisMax
        return server
    }

    /// Who listens everywhere is found at this machine's loopback unless the operator says where.
    private static func advertisable(_ host: String) -> String {
        switch host {
        case "0.0.0.0": "127.0.0.1"
        case "::": "::1"
        default: host
        }
    }

    /// Every partition holds a few descriptors; many systems start a process with 1,024.
    private static func raiseDescriptorLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    private static func wallMillis() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1_000 + Int64(now.tv_nsec) / 1_000_000
    }
}

internal import Synchronization

/// Replicas as processes of this machine, named `service-1`, `service-2` and so on in the process table.
///
/// Replicas that run when the driver is made are taken over: they are listed, watched and stopped like its own.
package final class LocalProcessDriver: ReplicaDriver {
    package let service: String
    package let endings: AsyncStream<ReplicaEnding>
    private let table: ProcessTable
    private let grace: Duration
    private let process: @Sendable (Int, UInt16) -> LocalProcess
    private let ended: AsyncStream<ReplicaEnding>.Continuation
    /// One watch for each replica that runs.
    private let watches = Mutex<[Int: ExitWatch]>([:])

    /// - Parameters:
    ///   - grace: How long a replica may take to end before it is killed.
    ///   - process: What a replica is, given its number and a free port for its HTTP address; its name is set by the driver,
    ///     and its note to `127.0.0.1:<port>` where it has none.
    package init(
        service: String, table: ProcessTable, grace: Duration = .seconds(20), process: @escaping @Sendable (Int, UInt16) -> LocalProcess
    ) {
        self.service = service
        self.table = table
        self.grace = grace
        self.process = process
        // One replica ends at most once per start, so the stream holds as many as were started and not yet read.
        (endings, ended) = AsyncStream.makeStream()
        for replica in runningNumbers() { watch(replica) }
    }

    deinit { ended.finish() }

    package func start(replica: Int) async throws(LocalStackFault) {
        if table.entry(name(replica))?.isRunning == true { return }
        let port = try LoopbackPort.free()
        var process = process(replica, port)
        process.name = name(replica)
        if process.note.isEmpty { process.note = "127.0.0.1:\(port)" }
        try table.start(process)
        watch(replica)
    }

    package func stop(replica: Int) async throws(LocalStackFault) {
        try await table.stop(name(replica), grace: grace)
    }

    package func running() async throws(LocalStackFault) -> [Int] { runningNumbers() }

    /// Where a replica's HTTP server listens; nil when it does not run.
    package func address(ofReplica replica: Int) -> String? {
        guard let entry = table.entry(name(replica)), entry.isRunning else { return nil }
        return entry.note
    }

    private func name(_ replica: Int) -> String { "\(service)-\(replica)" }

    private func runningNumbers() -> [Int] {
        let prefix = service + "-"
        return table.entries().compactMap { entry in
            guard entry.isRunning, entry.name.hasPrefix(prefix) else { return nil }
            return Int(entry.name.dropFirst(prefix.count))
        }.sorted()
    }

    private func watch(_ replica: Int) {
        guard let identity = table.entry(name(replica))?.identity, let descriptor = identity.openDescriptor() else {
            ended.yield(ReplicaEnding(replica: replica, status: nil))
            return
        }
        let watch = ExitWatch(adopting: descriptor) { [ended] status in
            ended.yield(ReplicaEnding(replica: replica, status: status))
        }
        // The former watch is released outside the lock.
        _ = watches.withLock { $0.updateValue(watch, forKey: replica) }
    }
}

package import FrameServer
import GroupCoordinator
import KafkaProtocol
import RecordLog

/// The broker's node: everything behind the sockets, as a state machine fed with frames and the time.
///
/// Belongs to its server's loop. What answers later (fetches, joins, flushed writes) is kept with its ``RequestContext``; a connection
/// has one request in work, so what waits is bounded by the connections.
package final class BrokerNode: FrameHandler {
    static let nodeId: Int32 = 1

    /// What is known of an open connection.
    struct ConnectionState {
        var peer: String
        var waitingFetch: WaitingFetch?
        var groupToken: GroupToken?
    }

    let settings: BrokerSettings
    let directory: DataDirectory
    let store: TopicStore
    let diskFaults = ArmedDiskFaults()
    let flusher: LogFlusher
    /// Unix milliseconds.
    let wallClock: () -> Int64
    /// Set once, before the first call. The server keeps the node, not the other way round.
    unowned var server: (any ResponseTransport)?
    /// What clients are told to connect to.
    var advertised: (host: String, port: Int32)

    var logs: [String: [Partition?]] = [:]
    var connections: [ConnectionId: ConnectionState] = [:]
    var waitingFetches = WaitingFetches()
    var readyFetches: [WaitingFetch] = []
    var coordinator: GroupCoordinator
    let journal: GroupJournal
    var pendingGroupRequests: [GroupToken: PendingGroupRequest] = [:]
    var nextGroupToken: GroupToken = 1
    var faultEngine: FaultEngine
    var counters = NodeCounters()
    var limitedLog: LimitedLog
    var isStopping = false

    var writer = WireWriter()
    private var nextRetentionTick: Int64
    private var nextIntervalFlushTick: Int64
    private var nextOffsetExpiryTick: Int64
    private var nextRemovalTick: Int64? = 0
    /// Every ten minutes, as Kafka's `offsets.retention.check.interval.ms`.
    private static let offsetExpiryMillis: Int64 = 600_000
    /// A few files at a time, so that requests come in between.
    private static let removalMillis: Int64 = 5

    /// Reads the directory's metadata and the groups' journal. ``recover()`` is to be called before the first request.
    ///
    /// - Throws: ``DiskFailure`` when the directory's files cannot be read.
    package init(
        settings: BrokerSettings, directory: DataDirectory, log: BrokerLog = .silent, tick: Int64, wallClock: @escaping () -> Int64
    ) throws(DiskFailure) {
        self.settings = settings
        self.wallClock = wallClock
        limitedLog = LimitedLog(log)
        self.directory = directory
        store = try TopicStore(directory: directory)
        flusher = LogFlusher(policy: settings.flush)
        faultEngine = FaultEngine(settings.faults)
        advertised = (settings.advertisedHost ?? settings.listenHost, Int32(settings.advertisedPort ?? settings.listenPort))
        var groups = GroupSettings()
        groups.sessionTimeoutMillis = settings.groupSessionTimeoutMillis
        groups.initialRebalanceDelayMillis = settings.groupInitialRebalanceDelayMillis
        groups.groupsMax = settings.limits.groupCountMax
        groups.membersPerGroupMax = settings.limits.groupMemberCountMax
        groups.offsetsRetentionMillis = settings.offsetsRetentionMillis
        coordinator = GroupCoordinator(settings: groups) {
            var generator = SystemRandomNumberGenerator()
            return Uuid.random(using: &generator).hyphenated
        }
        let journalPath = directory.groupsPath + "/journal"
        do {
            journal = try GroupJournal(
                path: journalPath, settings: GroupJournal.Settings(), restoring: &coordinator, at: Moment(tick: tick, now: wallClock()))
        } catch {
            throw DiskFailure("read", journalPath, problem: "\(error)")
        }
        nextRetentionTick = tick + settings.retentionCheckMillis
        nextOffsetExpiryTick = tick + BrokerNode.offsetExpiryMillis
        nextIntervalFlushTick = tick
        flusher.failed = { [unowned self] partition, fault in
            partition.isOffline = true
            limitedLog.write(
                .error, "Cannot flush; the partition takes no more records until the broker is started again",
                [("topic", partition.topic), ("partition", "\(partition.index)"), ("error", "\(fault)")])
        }
    }

    /// Opens all logs.
    package func recover() {
        for topic in store.topics { openLogs(of: topic) }
    }

    var transport: any ResponseTransport {
        guard let server else { preconditionFailure("the node has no server") }
        return server
    }

    // MARK: Logs

    /// Opens logs that a topic lacks. One that cannot be opened leaves its partition without a log, which answers with errors.
    func openLogs(of topic: Topic) {
        var partitions = logs[topic.name] ?? []
        let logSettings = topic.config.logSettings(defaults: settings.topicDefaults)
        for index in partitions.count..<max(partitions.count, topic.partitionCount) {
            do {
                let log = try PartitionLog.open(
                    directory: directory.partitionPath(topic.name, index), settings: logSettings, faults: diskFaults)
                partitions.append(Partition(topic: topic.name, index: Int32(index), log: log))
            } catch {
                limitedLog.write(
                    .error, "Cannot open a log", [("topic", topic.name), ("partition", "\(index)"), ("error", "\(error)")])
                partitions.append(nil)
            }
        }
        logs[topic.name] = partitions
    }

    /// Nil for a partition that does not exist, or whose log cannot be opened.
    func partition(_ topic: String, _ index: Int32) -> Partition? {
        guard let partitions = logs[topic], index >= 0, Int(index) < partitions.count else { return nil }
        return partitions[Int(index)]
    }

    func minInsyncReplicas(_ topic: String) -> Int { store.topic(topic)?.config.minInsyncReplicas(defaults: settings.topicDefaults) ?? 1 }

    /// Ends what waits for a topic's logs and closes them.
    func closeLogs(of topic: String) {
        for case let partition? in logs.removeValue(forKey: topic) ?? [] {
            for fetch in partition.waiters where !fetch.isReady {
                fetch.isReady = true
                readyFetches.append(fetch)
            }
            do { try partition.log.close() } catch {
                limitedLog.write(
                    .warning, "Cannot close a log", [("topic", topic), ("partition", "\(partition.index)"), ("error", "\(error)")])
            }
        }
    }

    /// Something was deleted: the next turns of the timer remove its files.
    func scheduleRemoval() { nextRemovalTick = 0 }

    /// After the loop: everything to the disk, so that the next start scans nothing, and the directory is free for another.
    package func close() {
        for topic in logs.keys.sorted() { closeLogs(of: topic) }
        directory.unlock()
    }

    // MARK: FrameHandler

    package func opened(_ connection: ConnectionId, peer: String) { connections[connection] = ConnectionState(peer: peer) }

    package func closed(_ connection: ConnectionId) {
        guard let state = connections.removeValue(forKey: connection) else { return }
        if let fetch = state.waitingFetch { waitingFetches.remove(fetch) }
        if let token = state.groupToken { forgetGroupRequest(token) }
    }

    package func peerFinished(_ connection: ConnectionId) {
        // Who waits has most likely gone; who has not is answered a little early.
        guard let state = connections[connection] else { return }
        if let fetch = state.waitingFetch { finish(fetch) }
        if state.groupToken != nil { transport.close(connection) }
    }

    package func stopping(tick: Int64) {
        isStopping = true
        for fetch in waitingFetches.all { finish(fetch) }
        for (connection, state) in connections where state.groupToken != nil { transport.close(connection) }
    }

    package func refusedFrame(_ connection: ConnectionId, peer: String, byteCount: Int, head: [UInt8]) {
        if head.count >= 2, head[0] == 0x16, head[1] == 0x03 {
            limitedLog.write(
                .warning, "Closing a connection that speaks TLS, which this broker does not offer; use security.protocol=PLAINTEXT",
                tick: nextRetentionTick, [("peer", peer)])
        } else {
            limitedLog.write(
                .warning, "Closing a connection whose request is too large or no request of Kafka's", tick: nextRetentionTick,
                [("peer", peer), ("bytes", "\(byteCount)"), ("bytes.max", "\(settings.limits.requestBytesMax)")])
        }
    }

    package func timer(tick: Int64) -> Int64? {
        while let fetch = waitingFetches.first, fetch.deadlineTick <= tick { finish(fetch) }
        advanceGroups(tick: tick)
        if tick >= nextRetentionTick {
            nextRetentionTick = tick + settings.retentionCheckMillis
            applyRetention()
        }
        if tick >= nextOffsetExpiryTick {
            nextOffsetExpiryTick = tick + BrokerNode.offsetExpiryMillis
            expireOffsets(tick: tick)
        }
        if let due = nextRemovalTick, tick >= due {
            nextRemovalTick = store.removeSome() ? tick + BrokerNode.removalMillis : nil
        }
        if case .interval(let millis) = settings.flush, tick >= nextIntervalFlushTick {
            nextIntervalFlushTick = tick + millis
            flusher.start()
        }
        var deadline = min(nextRetentionTick, nextOffsetExpiryTick)
        if let due = nextRemovalTick { deadline = min(deadline, due) }
        if let fetch = waitingFetches.first { deadline = min(deadline, fetch.deadlineTick) }
        if let due = coordinator.nextDeadline() { deadline = min(deadline, due) }
        if case .interval = settings.flush { deadline = min(deadline, nextIntervalFlushTick) }
        return deadline
    }

    private func applyRetention() {
        let now = wallClock()
        for topic in logs.keys.sorted() {
            for case let partition? in logs[topic] ?? [] {
                do { counters.segmentsRemoved += UInt64(try partition.log.applyRetention(now: now)) } catch {
                    limitedLog.write(
                        .error, "Cannot apply the retention",
                        [("topic", topic), ("partition", "\(partition.index)"), ("error", "\(error)")])
                }
            }
        }
    }

    // MARK: From other threads, on the loop

    /// Puts another schedule in force; its counts start anew.
    package func setFaults(_ schedule: FaultSchedule) { faultEngine = FaultEngine(schedule, after: faultEngine) }
}

extension Uuid {
    /// `8-4-4-4-12`, as member ids have it.
    var hyphenated: String {
        let digits = [high, low].map { half in
            let text = String(half, radix: 16)
            return String(repeating: "0", count: 16 - text.utf8.count) + text
        }.joined()
        var text = ""
        for (index, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(index) { text.append("-") }
            text.append(digit)
        }
        return text
    }
}

package import FrameServer
import Glibc
import GroupCoordinator
import KafkaProtocol
import RecordLog

/// The node: every topic, log and group, and what is waiting. Lives on the loop's thread alone; sockets and clock come in from outside.
package final class BrokerNode: FrameHandler {
    /// One open connection.
    final class Client {
        let peer: String
        /// Its Fetch that waits for records.
        var waitingFetch: WaitingFetch?
        /// Its group request that waits for other members.
        var groupToken: GroupToken?
        init(peer: String) { self.peer = peer }
    }

    /// A commit and, in its order, the codes of partitions that the coordinator was not asked about; 0 for the others.
    struct PendingCommit {
        var request: OffsetCommitRequest
        var codes: [Int16]
    }

    /// Our own number in the cluster of one.
    static let nodeId: Int32 = 1

    let settings: BrokerSettings
    let directory: DataDirectory
    let store: TopicStore
    let diskFaults = ArmedDiskFaults()
    let flusher: LogFlusher
    /// Set before the loop runs.
    unowned var transport: any ResponseTransport
    var advertisedHost: String
    var advertisedPort: UInt16

    var partitions: [String: [Partition]] = [:]
    var connections: [ConnectionId: Client] = [:]
    var waitingFetches = WaitingFetches()
    var readyFetches: [WaitingFetch] = []
    var groups: GroupCoordinator
    let journal: GroupJournal
    var groupRequests: [GroupToken: RequestContext] = [:]
    /// What the coordinator need not know of requests that wait for it.
    var pendingCommits: [GroupToken: PendingCommit] = [:]
    var pendingDeletes: [GroupToken: [String]] = [:]
    var nextToken: GroupToken = 0
    var faults: FaultEngine
    var counters = BrokerCounters()
    var limitedLog: LimitedLog
    var isStopping = false
    var writer = WireWriter()
    /// Whether directories of deleted topics may be left.
    var hasRemovals = true
    private var retentionTick: Int64
    private var expiryTick: Int64
    private var flushTick: Int64 = .max
    /// Commits of groups are looked at so often.
    private static let expiryMillis: Int64 = 600_000

    /// Opens everything in the data directory.
    ///
    /// - Parameter transport: Kept unowned; a placeholder until ``FrameServer`` is made, which needs its handler first.
    init(settings: BrokerSettings, log: BrokerLog, transport: any ResponseTransport, tick: Int64, now: Int64) throws {
        self.settings = settings
        self.transport = transport
        limitedLog = LimitedLog(log)
        directory = try DataDirectory(path: settings.dataDirectory)
        store = try TopicStore(directory: directory)
        flusher = LogFlusher(policy: settings.flush)
        faults = FaultEngine(settings.faults)
        advertisedHost = settings.advertisedHost ?? settings.listenHost
        advertisedPort = settings.advertisedPort ?? settings.listenPort
        var groupSettings = GroupSettings()
        groupSettings.sessionTimeoutMillis =
            Int32(clamping: settings.groupSessionTimeoutMillis.lowerBound)...Int32(clamping: settings.groupSessionTimeoutMillis.upperBound)
        groupSettings.initialRebalanceDelayMillis = settings.groupInitialRebalanceDelayMillis
        groupSettings.groupsMax = settings.limits.groupCountMax
        groupSettings.membersPerGroupMax = settings.limits.groupMemberCountMax
        groupSettings.offsetsRetentionMillis = settings.offsetsRetentionMillis
        var generator = SystemRandomNumberGenerator()
        var groups = GroupCoordinator(settings: groupSettings, makeUuidText: { Uuid.random(using: &generator).description })
        journal = try GroupJournal(
            path: directory.groupsPath + "/journal", settings: GroupJournal.Settings(), restoring: &groups, at: Moment(tick: tick, now: now))
        self.groups = groups
        retentionTick = tick + settings.retentionCheckMillis
        expiryTick = tick + BrokerNode.expiryMillis
        for topic in store.topics { try openPartitions(of: topic) }
        if case .interval(let millis) = settings.flush { flushTick = tick + millis }
        flusher.failed = { [unowned self] partition, fault in
            partition.isOffline = true
            limitedLog.write(
                .error, "Cannot flush; the partition takes no more writes until a restart",
                [("topic", partition.topic), ("partition", "\(partition.index)"), ("error", "\(fault)")])
        }
    }

    /// Opens the logs that a topic has and that are not open.
    func openPartitions(of topic: Topic) throws(LogFault) {
        var open = partitions[topic.name] ?? []
        let logSettings = topic.config.logSettings(defaults: settings.topicDefaults)
        while open.count < topic.partitionCount {
            let log = try PartitionLog.open(
                directory: directory.partitionPath(topic.name, open.count), settings: logSettings, faults: diskFaults)
            open.append(Partition(topic: topic.name, index: Int32(open.count), log: log))
        }
        partitions[topic.name] = open
    }

    func partition(_ topic: String, _ index: Int32) -> Partition? {
        guard let open = partitions[topic], index >= 0, Int(index) < open.count else { return nil }
        return open[Int(index)]
    }

    func minInsyncReplicas(_ topic: String) -> Int {
        store.topic(topic)?.config.minInsyncReplicas(defaults: settings.topicDefaults) ?? 1
    }

    // MARK: The server's calls

    package func opened(_ id: ConnectionId, peer: String) { connections[id] = Client(peer: peer) }

    package func closed(_ id: ConnectionId) {
        guard let client = connections.removeValue(forKey: id) else { return }
        if let fetch = client.waitingFetch { waitingFetches.remove(fetch) }
        if let token = client.groupToken {
            groupRequests[token] = nil
            pendingCommits[token] = nil
            pendingDeletes[token] = nil
            groups.forget(token, at: moment(tick: FrameServer.currentTick()))
        }
    }

    package func refusedFrame(_ id: ConnectionId, peer: String, byteCount: Int, head: [UInt8]) {
        // A TLS record of a handshake begins with 22, 3; a frame's length never does, as it would be too long.
        let isTLS = head.count >= 2 && head[0] == 0x16 && head[1] == 0x03
        limitedLog.write(
            .warning, isTLS ? "Refused a TLS client: this broker speaks plain text only" : "Refused a frame by its length",
            tick: FrameServer.currentTick(), [("peer", peer), ("bytes", "\(byteCount)")])
    }

    package func peerFinished(_ id: ConnectionId) {
        if let fetch = connections[id]?.waitingFetch { finish(fetch) }
    }

    package func stopping(tick: Int64) {
        isStopping = true
        for fetch in waitingFetches.all { finish(fetch) }
    }

    package func timer(tick: Int64) -> Int64? {
        while let fetch = waitingFetches.first, fetch.deadlineTick <= tick { finish(fetch) }
        if let deadline = groups.nextDeadline(), deadline <= tick {
            let moment = moment(tick: tick)
            carryOut(groups.advance(to: moment), tick: tick)
        }
        if tick >= flushTick, case .interval(let millis) = settings.flush {
            flushTick = tick + millis
            flusher.start()
        }
        if tick >= retentionTick {
            retentionTick = tick + settings.retentionCheckMillis
            applyRetention(now: BrokerNode.wallMillis(), tick: tick)
        }
        if tick >= expiryTick {
            expiryTick = tick + BrokerNode.expiryMillis
            carryOut(groups.expireOffsets(at: moment(tick: tick)), tick: tick)
        }
        var next = min(retentionTick, expiryTick, flushTick)
        if hasRemovals {
            hasRemovals = store.removeSome()
            if hasRemovals { next = min(next, tick + 1) }
        }
        if let fetch = waitingFetches.first { next = min(next, fetch.deadlineTick) }
        if let deadline = groups.nextDeadline() { next = min(next, deadline) }
        return next
    }

    private func applyRetention(now: Int64, tick: Int64) {
        for topic in store.topics {
            for partition in partitions[topic.name] ?? [] {
                do { _ = try partition.log.applyRetention(now: now) } catch {
                    limitedLog.write(
                        .error, "Cannot remove old segments", tick: tick,
                        [("topic", topic.name), ("partition", "\(partition.index)"), ("error", "\(error)")])
                }
            }
        }
    }

    func moment(tick: Int64) -> Moment { Moment(tick: tick, now: BrokerNode.wallMillis()) }

    static func wallMillis() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// After the loop: marks the logs clean, so that the next start scans nothing.
    func closeLogs() {
        for topic in store.topics {
            for partition in partitions[topic.name] ?? [] where !partition.isOffline {
                do { try partition.log.close() } catch {
                    limitedLog.write(
                        .error, "Cannot close", [("topic", topic.name), ("partition", "\(partition.index)"), ("error", "\(error)")])
                }
            }
        }
    }
}

/// What a schedule does to one request.
struct RequestFaults: Hashable {
    var delayMillis: Int64 = 0
    var isDropped = false
    var disconnects: Disconnect?
    var isDuplicated = false
    var crash: FaultRule.Point?

    enum Disconnect: Hashable { case before, after }
    static let none = RequestFaults()
}

/// What a schedule does to one partition of a request.
enum PartitionFault: Hashable {
    case error(Int16)
    case unavailable
    case diskFull
}

/// A schedule at work: counts the matches of each rule and decides.
struct FaultEngine {
    let schedule: FaultSchedule
    /// By rule: requests or partitions that matched, and those that were hit.
    private(set) var matchCounts: [Int]
    private(set) var hitCounts: [Int]
    /// By kind, over all schedules of this process.
    private(set) var injected: [FaultRule.Kind: UInt64]

    /// - Parameter predecessor: Its totals are carried on.
    init(_ schedule: FaultSchedule, after predecessor: FaultEngine? = nil) {
        self.schedule = schedule
        matchCounts = Array(repeating: 0, count: schedule.rules.count)
        hitCounts = matchCounts
        injected = predecessor?.injected ?? [:]
    }

    var isIdle: Bool { schedule.rules.isEmpty }

    /// - Parameter targets: The partitions that the request is about; empty for none. A rule with a topic or partition
    ///   matches a request that has such a one.
    mutating func faults(api: Int16, clientId: String?, targets: [(topic: String, partition: Int32)]) -> RequestFaults {
        var faults = RequestFaults.none
        for (index, rule) in schedule.rules.enumerated() where !rule.kind.isOfPartition {
            guard rule.matches(api: api, clientId: clientId) else { continue }
            if rule.topic != nil || rule.partition != nil {
                guard targets.contains(where: { rule.matches(topic: $0.topic, partition: $0.partition) }) else { continue }
            }
            guard decide(index) else { continue }
            switch rule.kind {
            case .delay, .slowDisk: faults.delayMillis += rule.millis
            case .drop: faults.isDropped = true
            case .disconnectBefore: faults.disconnects = .before
            case .disconnectAfter: if faults.disconnects == nil { faults.disconnects = .after }
            case .duplicateResponse: faults.isDuplicated = true
            case .crash: if faults.crash == nil { faults.crash = rule.point }
            case .error, .unavailable, .diskFull: break
            }
        }
        return faults
    }

    /// The first rule that hits decides; the others count the match too.
    ///
    /// - Parameters:
    ///   - topic: Nil for a request without partitions, which rules that name a topic or partition do not match.
    ///   - partition: -1 for a whole topic, which rules that name a partition do not match.
    ///   - isTopicDecided: The whole topic was asked for before: only rules that name a partition count.
    mutating func fault(api: Int16, clientId: String?, topic: String?, partition: Int32, isTopicDecided: Bool = false) -> PartitionFault? {
        var fault: PartitionFault?
        for (index, rule) in schedule.rules.enumerated() where rule.kind.isOfPartition {
            guard rule.matches(api: api, clientId: clientId) else { continue }
            if partition == -1 ? rule.partition != nil : isTopicDecided && rule.partition == nil { continue }
            if let topic {
                guard rule.matches(topic: topic, partition: partition) else { continue }
            } else if rule.topic != nil || rule.partition != nil {
                continue
            }
            guard decide(index), fault == nil else { continue }
            switch rule.kind {
            case .error: fault = .error(rule.code)
            case .unavailable: fault = .unavailable
            default: fault = .diskFull
            }
        }
        return fault
    }

    private mutating func decide(_ index: Int) -> Bool {
        let rule = schedule.rules[index]
        let match = matchCounts[index]
        matchCounts[index] += 1
        guard match >= rule.after, hitCounts[index] < rule.count ?? .max, schedule.isHit(rule: index, match: match) else { return false }
        hitCounts[index] += 1
        injected[rule.kind, default: 0] += 1
        return true
    }
}

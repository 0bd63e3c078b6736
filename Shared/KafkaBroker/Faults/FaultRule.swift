package import RecordLog

/// One way in which the broker misbehaves, and when.
package struct FaultRule: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// The answer comes `millis` later; the work is done at once.
        case delay
        /// The work is done and never answered; the connection stays mute until the client gives it up.
        case drop
        /// The connection is closed and nothing is done.
        case disconnectBefore = "disconnect-before"
        /// The work is done and the connection closed in place of the answer.
        case disconnectAfter = "disconnect-after"
        /// The answer is sent twice.
        case duplicateResponse = "duplicate-response"
        /// The partition, or the request when it has none, is answered with `code`; nothing is done.
        case error
        /// The partition has no leader: LEADER_NOT_AVAILABLE in Metadata, NOT_LEADER_OR_FOLLOWER elsewhere.
        case unavailable
        /// The append finds no space: KAFKA_STORAGE_ERROR. Produce only.
        case diskFull = "disk-full"
        /// As `delay`, of a Produce, in the name of its disk.
        case slowDisk = "slow-disk"
        /// The process kills itself (SIGKILL) at `point`.
        case crash

        /// Decided once for each partition of a request rather than once for the request.
        var isOfPartition: Bool { self == .error || self == .unavailable || self == .diskFull }
    }

    /// Where a crash happens.
    package enum Point: Hashable, Sendable {
        /// Nothing of the request is done.
        case beforeWork
        /// The work is done and the answer not sent.
        case beforeAnswer
        /// The answer is handed to the socket.
        case afterAnswer
        /// The next time that a log passes there after the matching request.
        case disk(CrashPoint)

        package init?(_ text: String) {
            switch text {
            case "before-work": self = .beforeWork
            case "before-answer": self = .beforeAnswer
            case "after-answer": self = .afterAnswer
            default:
                guard let point = CrashPoint(rawValue: text) else { return nil }
                self = .disk(point)
            }
        }

        package static var names: [String] { ["before-work", "before-answer", "after-answer"] + CrashPoint.allCases.map(\.rawValue) }
    }

    package var kind: Kind
    /// The protocol's key; nil for every API.
    package var api: Int16?
    package var topic: String?
    package var partition: Int32?
    package var clientId: String?
    /// The protocol's error code, for `error`.
    package var code: Int16 = 0
    /// For `delay` and `slow-disk`.
    package var millis: Int64 = 0
    /// Share of the matches that are hit.
    package var probability = 1.0
    /// So many matches pass unharmed at first.
    package var after = 0
    /// So many are hit at most; nil for no limit.
    package var count: Int?
    package var point = Point.beforeAnswer

    package init(_ kind: Kind, api: Int16? = nil, topic: String? = nil, partition: Int32? = nil, clientId: String? = nil) {
        self.kind = kind
        self.api = api
        self.topic = topic
        self.partition = partition
        self.clientId = clientId
    }

    func matches(api: Int16, clientId: String?) -> Bool {
        (self.api == nil || self.api == api) && (self.clientId == nil || self.clientId == clientId)
    }

    func matches(topic: String, partition: Int32) -> Bool {
        // A partition of -1 stands for a whole topic, as in Metadata.
        (self.topic == nil || self.topic == topic) && (self.partition == nil || partition == -1 || self.partition == partition)
    }
}

/// Rules and the seed that decides among their matches.
package struct FaultSchedule: Hashable, Sendable {
    package var seed: UInt64
    package var rules: [FaultRule]

    package static let none = FaultSchedule(seed: 0, rules: [])

    package init(seed: UInt64, rules: [FaultRule]) {
        self.seed = seed
        self.rules = rules
    }

    /// Whether the `match`-th match (from 0) of a rule falls within its probability: always the same for a seed.
    ///
    /// Source: the finaliser of SplitMix64 (Steele, Lea and Flood, 2014).
    func isHit(rule: Int, match: Int) -> Bool {
        let probability = rules[rule].probability
        if probability >= 1 { return true }
        var bits = FaultSchedule.mixed(seed ^ FaultSchedule.mixed(UInt64(truncatingIfNeeded: rule) &+ 1))
        bits = FaultSchedule.mixed(bits ^ UInt64(truncatingIfNeeded: match))
        return Double(bits >> 11) * 0x1p-53 < probability
    }

    private static func mixed(_ value: UInt64) -> UInt64 {
        var value = value &+ 0x9E37_79B9_7F4A_7C15
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

/// Why a unit or a stage cannot go on, and what that means for its owner.
package enum PipelineFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// Stored or received bytes are not what they claim to be.
    case damaged(what: String)
    /// Records are missing from a lane.
    case laneGap(source: LaneSource, expected: UInt64, found: UInt64, offset: Int64)
    /// A message on an internal topic is not a run of records.
    case malformedMessage(offset: Int64, detail: String)
    /// A record of the stage before cannot be folded.
    case malformedRecord(offset: Int64, slot: Int, detail: String)
    /// A control record names a version that this process has not loaded.
    case versionMissing(kind: String, hash: String)
    /// The replay up to the committed offset did not end with the committed chain.
    case chainBroken(offset: Int64, stored: String, computed: String)
    /// Kafka and PostgreSQL disagree about history.
    case historyLost(String)
    /// The configuration cannot work.
    case invalid(String)

    package var description: String {
        switch self {
        case .damaged(let what): "damaged: \(what)"
        case .laneGap(let source, let expected, let found, let offset):
            """
            gap in lane \(source.stage)/\(source.partition) at offset \(offset): expected number \(expected), found \(found); \
            the records between are missing from the topic, restore them before this partition goes on
            """
        case .malformedMessage(let offset, let detail): "message at offset \(offset) is not a run of records: \(detail)"
        case .malformedRecord(let offset, let slot, let detail): "record \(slot) of the message at offset \(offset): \(detail)"
        case .versionMissing(let kind, let hash):
            "\(kind) \(hash) is to take effect but is not in model.artifact; add it with 'assay activate' and this partition goes on"
        case .chainBroken(let offset, let stored, let computed):
            """
            replay up to offset \(offset) ends with chain \(computed), but \(stored) was committed; state or topic has changed since, \
            remove the snapshot to replay from an earlier one
            """
        case .historyLost(let detail): detail
        case .invalid(let detail): detail
        }
    }

    /// Short word for metrics and the incident table.
    package var kind: String {
        switch self {
        case .damaged: "damaged"
        case .laneGap: "lane_gap"
        case .malformedMessage: "malformed_message"
        case .malformedRecord: "malformed_record"
        case .versionMissing: "version_missing"
        case .chainBroken: "chain_broken"
        case .historyLost: "history_lost"
        case .invalid: "invalid"
        }
    }
}

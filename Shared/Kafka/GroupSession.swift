internal import CLibrdkafka
internal import Synchronization

/// A member's side of the rebalances: answers them and knows what is assigned.
final class GroupSession: Sendable {
    struct Standing: Sendable {
        var assigned: Set<TopicPartition> = []
        /// Assignments received, an empty one included.
        var assignmentCount = 0
        /// Partitions that somebody else had before they could be given up.
        var lostCount = 0
    }
    let wakeup = Wakeup()
    private let hooks: GroupHooks
    private let state = Mutex(Standing())

    /// For the commit that a revocation may wait for: everybody in the group waits with it.
    private static let lastCommitLimit = Duration.seconds(5)

    init(hooks: GroupHooks) { self.hooks = hooks }

    var standing: Standing { state.withLock { $0 } }

    /// A rebalance that came as an event. Call inside a lease.
    func rebalance(_ event: OpaquePointer, _ client: Client) {
        guard let list = unsafe rd_kafka_event_topic_partition_list(event) else { return }
        unsafe rebalance(client.raw, rd_kafka_event_error(event), list, client.state)
    }

    /// Takes what is given, gives up what is taken: all of it at once, or by the difference where the group's protocol is cooperative.
    func rebalance(
        _ client: OpaquePointer, _ code: rd_kafka_resp_err_t, _ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>,
        _ clientState: ClientState
    ) {
        let isCooperative = unsafe rd_kafka_rebalance_protocol(client).map { unsafe String(cString: $0) } == "COOPERATIVE"
        let places = unsafe UnsafeBufferPointer(start: list.pointee.elems, count: Int(list.pointee.cnt)).map {
            unsafe TopicPartition(String(cString: $0.topic), $0.partition)
        }
        switch code {
        case RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS:
            unsafe answer(client, isCooperative, "assign", clientState, rd_kafka_incremental_assign, rd_kafka_assign, list, list)
            state.withLock {
                $0.assigned.formUnion(places)
                $0.assignmentCount += 1
            }
            hooks.assigned(places)
        case RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS:
            let isLost = unsafe rd_kafka_assignment_lost(client) != 0
            let offsets = hooks.revoking(places, isLost)
            if !isLost, !offsets.isEmpty {
                do throws(KafkaFailure) {
                    try unsafe commitAwaited(offsets, client, Self.lastCommitLimit, "commit before a rebalance")
                } catch {
                    clientState.note(error)
                }
            }
            state.withLock {
                $0.assigned.subtract(places)
                if isLost { $0.lostCount += places.count }
            }
            unsafe answer(client, isCooperative, "unassign", clientState, rd_kafka_incremental_unassign, rd_kafka_assign, list, nil)
        default:
            clientState.note(KafkaFailure(code, operation: "rebalance"))
            state.withLock { $0.assigned = [] }
            unsafe _ = rd_kafka_assign(client, nil)
        }
    }

    private typealias Incremental =
        (OpaquePointer?, UnsafePointer<rd_kafka_topic_partition_list_t>?) -> OpaquePointer?
    private typealias Whole = (OpaquePointer?, UnsafePointer<rd_kafka_topic_partition_list_t>?) -> rd_kafka_resp_err_t

    private func answer(
        _ client: OpaquePointer, _ isCooperative: Bool, _ operation: String, _ clientState: ClientState, _ incremental: Incremental,
        _ whole: Whole, _ difference: UnsafePointer<rd_kafka_topic_partition_list_t>,
        _ all: UnsafePointer<rd_kafka_topic_partition_list_t>?
    ) {
        if isCooperative {
            if let error = unsafe incremental(client, difference) {
                clientState.note(unsafe KafkaFailure(consuming: error, operation: operation))
            }
        } else {
            let code = unsafe whole(client, all)
            if code != RD_KAFKA_RESP_ERR_NO_ERROR { clientState.note(KafkaFailure(code, operation: operation)) }
        }
    }
}

/// librdkafka's rebalance callback: only for the one at the end of a member that was let go without closing; all others are events.
func rebalance(
    _ client: OpaquePointer?, _ code: rd_kafka_resp_err_t, _ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?,
    _ opaque: UnsafeMutableRawPointer?
) {
    guard let client = unsafe client, let list = unsafe list, let opaque = unsafe opaque else { return }
    let state = unsafe Unmanaged<ClientState>.fromOpaque(opaque).takeUnretainedValue()
    unsafe state.group?.rebalance(client, code, list, state)
}

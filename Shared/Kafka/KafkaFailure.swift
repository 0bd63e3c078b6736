internal import CLibrdkafka

/// What went wrong between us and Kafka, and what the caller can do about it.
package struct KafkaFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// librdkafka's own three classes; anything unclassified is the last one.
    package enum Remedy: Hashable, Sendable {
        /// The same call may succeed later with the same client.
        case retry
        /// The running transaction must be aborted; then the work can be done again.
        case abortTransaction
        /// This client, or what it was asked to do, is beyond repair: close it, correct the cause, make a new one.
        case recreateClient
    }

    /// `rd_kafka_resp_err_t`: positive from the broker, negative from the client library.
    package var code: Int32
    package var remedy: Remedy
    /// The call that failed, in Kafka's words: `produce`, `fetch`, `createTopics`.
    package var operation: String
    /// For a person; safe to log.
    package var message: String

    package init(code: Int32, remedy: Remedy, operation: String, message: String) {
        self.code = code
        self.remedy = remedy
        self.operation = operation
        self.message = message
    }

    /// A failure known by its code alone.
    package init(code: Int32, operation: String, message: String? = nil) {
        let known = rd_kafka_resp_err_t(rawValue: code)
        self.init(
            code: code, remedy: Self.remedy(of: code), operation: operation,
            message: unsafe message ?? String(cString: rd_kafka_err2str(known)))
    }

    init(_ code: rd_kafka_resp_err_t, operation: String, message: String? = nil) {
        self.init(code: code.rawValue, operation: operation, message: message)
    }

    /// Takes over an error object and destroys it.
    init(consuming error: OpaquePointer, operation: String) {
        let code = unsafe rd_kafka_error_code(error).rawValue
        let remedy: Remedy =
            if unsafe rd_kafka_error_txn_requires_abort(error) != 0 {
                .abortTransaction
            } else if unsafe rd_kafka_error_is_retriable(error) != 0 {
                .retry
            } else {
                Self.remedy(of: code)
            }
        self.init(code: code, remedy: remedy, operation: operation, message: unsafe String(cString: rd_kafka_error_string(error)))
        unsafe rd_kafka_error_destroy(error)
    }

    /// librdkafka's name of the code, such as `_QUEUE_FULL` or `OFFSET_OUT_OF_RANGE`.
    package var name: String { unsafe String(cString: rd_kafka_err2name(rd_kafka_resp_err_t(rawValue: code))) }

    package var description: String {
        let advice =
            switch remedy {
            case .retry: "retry"
            case .abortTransaction: "abort the transaction"
            case .recreateClient: "correct the cause and make the client anew"
            }
        return "Kafka \(operation) failed: \(message) [\(name) \(code)]; remedy: \(advice)"
    }

    /// The local queue is full (count or bytes): wait for room.
    package var isQueueFull: Bool { code == RD_KAFKA_RESP_ERR__QUEUE_FULL.rawValue }
    /// The asked-for offset is not, or no longer, in the log: an incident, never a reset.
    package var isOffsetOutOfRange: Bool {
        code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET.rawValue || code == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE.rawValue
    }
    /// The topic or partition does not exist.
    package var isUnknownTopicOrPartition: Bool {
        code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART.rawValue || code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC.rawValue
            || code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION.rawValue
    }
    /// The time limit passed before an answer came.
    package var isTimedOut: Bool {
        code == RD_KAFKA_RESP_ERR__TIMED_OUT.rawValue || code == RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT.rawValue
            || code == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT.rawValue || code == RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE.rawValue
    }
    /// The client (or reader) had been closed before the call.
    package var isClosed: Bool { code == RD_KAFKA_RESP_ERR__DESTROY.rawValue }
    /// The waiting task was cancelled; what it waited for goes on.
    package var isCancelled: Bool { code == RD_KAFKA_RESP_ERR__INTR.rawValue }

    static func closed(_ operation: String) -> KafkaFailure {
        KafkaFailure(code: RD_KAFKA_RESP_ERR__DESTROY.rawValue, operation: operation, message: "the client has been closed")
    }
    static func cancelled(_ operation: String) -> KafkaFailure {
        KafkaFailure(code: RD_KAFKA_RESP_ERR__INTR.rawValue, operation: operation, message: "the waiting task was cancelled")
    }
    static func invalid(_ operation: String, _ message: String) -> KafkaFailure {
        KafkaFailure(code: RD_KAFKA_RESP_ERR__INVALID_ARG.rawValue, operation: operation, message: message)
    }
}

extension KafkaFailure {
    /// The class of a bare code. The broker's retriable errors follow Kafka's protocol guide ("Error Codes", column Retriable);
    /// the client library's are those that it heals by itself or that an emptier queue cures.
    static func remedy(of code: Int32) -> Remedy {
        if retriable.contains(code) { return .retry }
        return aborting.contains(code) ? .abortTransaction : .recreateClient
    }

    /// Faults that librdkafka heals on its own while it fetches: worth a count and a log line, not an end.
    static func healsByItself(_ code: Int32) -> Bool {
        code != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART.rawValue && retriable.contains(code)
    }

    private static let retriable: Set<Int32> = Set(
        [
            RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__RESOLVE, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT,
            RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR__QUEUE_FULL,
            RD_KAFKA_RESP_ERR__ISR_INSUFF, RD_KAFKA_RESP_ERR__NODE_UPDATE, RD_KAFKA_RESP_ERR__WAIT_COORD,
            RD_KAFKA_RESP_ERR__IN_PROGRESS, RD_KAFKA_RESP_ERR__PREV_IN_PROGRESS, RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE,
            RD_KAFKA_RESP_ERR__WAIT_CACHE, RD_KAFKA_RESP_ERR__INTR, RD_KAFKA_RESP_ERR__PARTIAL, RD_KAFKA_RESP_ERR__RETRY,
            RD_KAFKA_RESP_ERR__PURGE_QUEUE, RD_KAFKA_RESP_ERR__PURGE_INFLIGHT,
            RD_KAFKA_RESP_ERR_INVALID_MSG, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
            RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE,
            RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION,
            RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
            RD_KAFKA_RESP_ERR_NOT_COORDINATOR, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
            RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, RD_KAFKA_RESP_ERR_NOT_CONTROLLER,
            RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, RD_KAFKA_RESP_ERR_FETCH_SESSION_ID_NOT_FOUND,
            RD_KAFKA_RESP_ERR_INVALID_FETCH_SESSION_EPOCH, RD_KAFKA_RESP_ERR_LISTENER_NOT_FOUND,
            RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH, RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH, RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE,
            RD_KAFKA_RESP_ERR_PREFERRED_LEADER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_ELIGIBLE_LEADERS_NOT_AVAILABLE,
            RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT, RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED,
            RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS,
        ].map(\.rawValue))

    private static let aborting: Set<Int32> = Set(
        [RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING, RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID].map(\.rawValue))
}

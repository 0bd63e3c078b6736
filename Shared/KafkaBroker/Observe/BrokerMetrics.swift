package import FrameServer

/// What the node has counted since its start.
struct NodeCounters {
    /// By the API's number.
    var requests = [UInt64](repeating: 0, count: 128)
    /// By the protocol's error code.
    var errors: [Int16: UInt64] = [:]
    var recordsAppended: UInt64 = 0
    var bytesAppended: UInt64 = 0
    /// Batches that were there already.
    var duplicateBatches: UInt64 = 0
    var segmentsRemoved: UInt64 = 0
    /// Connections closed for what they sent.
    var connectionsRefused: UInt64 = 0
}

/// A moment's figures of a broker.
package struct BrokerMetrics: Hashable, Sendable {
    /// By the API's name; those that were asked at all.
    package var requests: [String: UInt64] = [:]
    /// By the protocol's error code.
    package var errors: [Int16: UInt64] = [:]
    /// Connections and bytes.
    package var server = ServerCounters()
    /// Connections closed for what they sent.
    package var connectionsRefused: UInt64 = 0
    package var recordsAppended: UInt64 = 0
    package var bytesAppended: UInt64 = 0
    package var duplicateBatches: UInt64 = 0
    package var topics = 0
    package var partitions = 0
    package var logBytes: Int64 = 0
    package var segments = 0
    package var segmentsRemoved: UInt64 = 0
    package var waitingFetches = 0
    package var groups = 0
    /// By the rule's kind.
    package var injectedFaults: [String: UInt64] = [:]
    package var flushes: UInt64 = 0
    package var flushMicros: UInt64 = 0
    package var flushMicrosMax: UInt64 = 0

    package init() {}
}

/// What the node counted since its start. Plain values, copied out of the loop.
package struct BrokerCounters: Hashable, Sendable {
    package var recordsAppended: UInt64 = 0
    package var bytesAppended: UInt64 = 0
    /// Batches of idempotent producers that had been written before.
    package var duplicateBatches: UInt64 = 0
    /// By the protocol's API key.
    package var requests: [Int16: UInt64] = [:]
    /// By the protocol's error code.
    package var errors: [Int16: UInt64] = [:]
}

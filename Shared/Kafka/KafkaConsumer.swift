internal import CLibrdkafka
internal import Synchronization

/// Offsets with a meaning of their own.
package enum KafkaOffset {
    /// The first one still in the log.
    package static let beginning: Int64 = -2
    /// The next one to be written.
    package static let end: Int64 = -1
    /// None: where a list wants an offset and a question has not one yet.
    static let none: Int64 = -1001  // RD_KAFKA_OFFSET_INVALID
}

/// Reads explicitly assigned partitions from explicit offsets; takes part in no group, and never resets an offset by itself.
///
/// Thread-safe: the readers are kept under a mutex, the client by its leases.
package final class KafkaConsumer: Sendable {
    private struct Place: Hashable {
        var topic: String
        var partition: Int32
    }
    private final class Readers: Sendable {
        let open = Mutex<[Place: PartitionReader]>([:])
    }
    private let client: Client
    private let readers = Readers()

    /// Starts the client's threads; connects in the background.
    ///
    /// Defaults where the configuration is silent:
    /// - `group.id=unsubscribed`: librdkafka wants one before it assigns; nothing is ever committed under it.
    /// - `fetch.error.backoff.ms=100`.
    /// - `queued.min.messages=1000000`, so that `queued.max.messages.kbytes` (65536 for each partition) is the bound on a queue.
    ///   librdkafka 2.0.2 looks again only after up to a second at a queue that it found full, so a bound below what a fold consumes in
    ///   a second starves it.
    package init(_ configuration: KafkaConfiguration, hooks: KafkaHooks = KafkaHooks()) throws(KafkaFailure) {
        var fixed = [("enable.auto.commit", "false"), ("enable.auto.offset.store", "false"), ("auto.offset.reset", "error")]
        let defaults = [("group.id", "unsubscribed"), ("fetch.error.backoff.ms", "100"), ("queued.min.messages", "1000000")]
        for (name, value) in defaults where configuration.properties[name] == nil { fixed.append((name, value)) }
        client = try Client(RD_KAFKA_CONSUMER, configuration, fixed: fixed, hooks: hooks, operation: "start consumer")
    }

    /// Starts fetching a partition into a queue of its own.
    ///
    /// - Parameter offset: of the first message wanted, or ``KafkaOffset/beginning`` or ``KafkaOffset/end``. One outside the log, and a
    ///   topic that does not exist, are reported by the reader's drain.
    /// - Throws: `_CONFLICT` if the partition is open already.
    package func openPartition(topic: String, partition: Int32, at offset: Int64) async throws(KafkaFailure) -> PartitionReader {
        guard partition >= 0, offset >= KafkaOffset.beginning else {
            throw .invalid("open \(topic)/\(partition)", "partition \(partition) or offset \(offset) is not one")
        }
        let readers = readers
        return try await client.blocking("open \(topic)/\(partition)") { (client) throws(KafkaFailure) in
            let place = Place(topic: topic, partition: partition)
            // Everything that changes the table runs on the client's one blocking queue, so the check holds until the change.
            guard readers.open.withLock({ $0[place] }) == nil else {
                throw KafkaFailure(
                    RD_KAFKA_RESP_ERR__CONFLICT, operation: "open \(topic)/\(partition)", message: "the partition is open already")
            }
            let reader = try PartitionReader(client, topic: topic, partition: partition) { [readers] in
                _ = readers.open.withLock { $0.removeValue(forKey: place) }
            }
            let list = PartitionList([(topic, partition, offset)])
            if let error = unsafe rd_kafka_incremental_assign(client.raw, list.raw) {
                reader.discardQueue()
                throw unsafe KafkaFailure(consuming: error, operation: "open \(topic)/\(partition)")
            }
            readers.open.withLock { $0[place] = reader }
            return reader
        }
    }

    /// Closes every reader and ends the client; while a batch still holds messages the end itself waits for it. Waits
    /// no longer than the limit. Idempotent.
    package func close(within limit: Duration = .seconds(5)) async {
        let readers = readers
        _ = try? await client.blocking("close consumer") { (_) throws(KafkaFailure) in
            for reader in readers.open.withLock({ Array($0.values) }) { reader.shut() }
        }
        await client.close(within: limit)
    }

    deinit {
        let readers = readers
        client.abandon { for reader in readers.open.withLock({ Array($0.values) }) { reader.shut() } }
    }

    /// The error after which this consumer can do nothing more, if there was one.
    package var fatalFailure: KafkaFailure? { client.state.fatalFailure }
    /// Faults seen so far that librdkafka works on by itself.
    package var faultCount: Int { client.state.faultCount }
    /// The last statistics, if `statistics.interval.ms` is set.
    package var statistics: KafkaStatistics? { client.state.statistics }
}

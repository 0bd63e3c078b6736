/// A batch of an idempotent producer.
struct ProducedBatch: Hashable {
    var firstSequence: Int32 = 0
    var lastSequence: Int32 = 0
    var firstOffset: Int64 = 0
    var lastOffset: Int64 = 0
    var timestamp: Int64 = 0

    /// Sequences run from 0 to Int32.max and start over at 0.
    static func advance(_ sequence: Int32, by count: Int32) -> Int32 {
        sequence > Int32.max - count ? count - (Int32.max - sequence) - 1 : sequence + count
    }
}

/// What is known of one idempotent producer: its epoch and its last five batches.
struct ProducerEntry {
    /// A producer keeps at most five requests in flight, so an older batch is never sent again.
    static let batchCountMax = 5

    var epoch: Int16
    /// The newest batch's time by this machine's clock; nil right after the entry was read from disk.
    var lastActivityMillis: Int64?
    private(set) var batchCount = 0
    private var newest = 0
    private var batches = [5 of ProducedBatch](repeating: ProducedBatch())

    init(epoch: Int16, lastActivityMillis: Int64?) {
        self.epoch = epoch
        self.lastActivityMillis = lastActivityMillis
    }

    /// 0 is the oldest.
    func batch(_ index: Int) -> ProducedBatch {
        batches[(newest + ProducerEntry.batchCountMax - batchCount + 1 + index) % ProducerEntry.batchCountMax]
    }

    var last: ProducedBatch? { batchCount == 0 ? nil : batches[newest] }

    mutating func add(_ batch: ProducedBatch, epoch: Int16) {
        if epoch != self.epoch {
            self.epoch = epoch
            batchCount = 0
        }
        newest = (newest + 1) % ProducerEntry.batchCountMax
        batches[newest] = batch
        batchCount = min(batchCount + 1, ProducerEntry.batchCountMax)
    }

    func duplicate(of header: RecordBatchHeader) -> ProducedBatch? {
        guard header.producerEpoch == epoch else { return nil }
        for index in 0..<batchCount {
            let known = batch(index)
            if known.firstSequence == header.baseSequence && known.lastSequence == header.lastSequence { return known }
        }
        return nil
    }
}

/// Decides whether an idempotent producer's batch is new, was seen or is out of order.
///
/// Rules: Apache Kafka's `ProducerAppendInfo` and `ProducerStateEntry`. Batches of one append are judged in a stage and become known
/// with ``commit()`` only, after they are on disk.
struct ProducerTable {
    enum Verdict {
        case new
        case duplicate(ProducedBatch)
        case rejected(AppendRejection)
    }

    private(set) var entries: [Int64: ProducerEntry] = [:]
    private var stage: [Int64: ProducerEntry] = [:]

    var count: Int { entries.count }

    mutating func beginStage() {
        if !stage.isEmpty { stage.removeAll(keepingCapacity: stage.capacity <= 64) }
    }

    /// Judges a batch that would get `offset` as its first, and stages it when it is new.
    mutating func judge(_ header: RecordBatchHeader, offset: Int64, timestamp: Int64, now: Int64) -> Verdict {
        let known = stage[header.producerId] ?? entries[header.producerId]
        if let known {
            if let duplicate = known.duplicate(of: header) { return .duplicate(duplicate) }
            if header.producerEpoch < known.epoch {
                return .rejected(.invalidProducerEpoch(producerId: header.producerId, current: known.epoch, found: header.producerEpoch))
            }
            let expected: Int32 =
                if header.producerEpoch != known.epoch { 0 } else if let last = known.last {
                    ProducedBatch.advance(last.lastSequence, by: 1)
                } else { header.baseSequence }
            if header.baseSequence != expected {
                return .rejected(
                    .outOfOrderSequence(producerId: header.producerId, expected: expected, found: header.baseSequence))
            }
        }
        var entry = known ?? ProducerEntry(epoch: header.producerEpoch, lastActivityMillis: now)
        entry.lastActivityMillis = now
        entry.add(ProducerTable.batch(of: header, offset: offset, timestamp: timestamp), epoch: header.producerEpoch)
        stage[header.producerId] = entry
        return .new
    }

    /// The staged batches are on disk.
    mutating func commit(countMax: Int, now: Int64) {
        guard !stage.isEmpty else { return }
        for (id, entry) in stage { entries[id] = entry }
        stage.removeAll(keepingCapacity: stage.capacity <= 64)
        if entries.count > countMax { evict(downTo: max(countMax - countMax / 16, 1), now: now) }
    }

    /// Takes over a batch that is already on disk; it is not judged.
    mutating func replay(_ header: RecordBatchHeader, countMax: Int) {
        guard header.hasProducerId else { return }
        var entry = entries[header.producerId] ?? ProducerEntry(epoch: header.producerEpoch, lastActivityMillis: nil)
        entry.add(ProducerTable.batch(of: header, offset: header.baseOffset, timestamp: header.maxTimestamp), epoch: header.producerEpoch)
        entries[header.producerId] = entry
        if entries.count > countMax { evict(downTo: max(countMax - countMax / 16, 1), now: .max) }
    }

    mutating func restore(_ id: Int64, _ entry: ProducerEntry) { entries[id] = entry }

    mutating func removeAll() {
        entries = [:]
        stage = [:]
    }

    /// Forgets the silent. What was read from disk counts as active at the first `now` after it.
    mutating func expire(now: Int64, afterMillis: Int64) {
        for id in Array(entries.keys) {
            guard let active = entries[id]?.lastActivityMillis else {
                entries[id]?.lastActivityMillis = now
                continue
            }
            if now - active >= afterMillis { entries[id] = nil }
        }
    }

    /// Drops the longest silent; several at once, so that a full table is not searched for every newcomer.
    private mutating func evict(downTo count: Int, now: Int64) {
        let oldestFirst = entries.map {
            (id: $0.key, active: $0.value.lastActivityMillis ?? .min, offset: $0.value.last?.firstOffset ?? -1)
        }
        .sorted { ($0.active, $0.offset, $0.id) < ($1.active, $1.offset, $1.id) }
        for entry in oldestFirst.prefix(entries.count - count) { entries[entry.id] = nil }
    }

    private static func batch(of header: RecordBatchHeader, offset: Int64, timestamp: Int64) -> ProducedBatch {
        ProducedBatch(
            firstSequence: header.baseSequence, lastSequence: header.lastSequence, firstOffset: offset,
            lastOffset: offset + Int64(header.lastOffsetDelta), timestamp: timestamp)
    }
}

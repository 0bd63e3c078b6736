import RecordLog

/// Decides when logs are flushed and who waits for it. Belongs to the loop; another thread does the flushing, one batch of logs
/// at a time, and what is appended meanwhile shares the next batch.
final class LogFlusher {
    let policy: FlushPolicy
    /// Has the works performed elsewhere; ``completed(_:micros:)`` is to be called with the results, on the loop.
    var perform: ([FlushWork]) -> Void = { _ in }
    /// Told of partitions whose flush failed.
    var failed: (Partition, LogFault) -> Void = { _, _ in }

    private var dirty: [Partition] = []
    private var inWork: [(partition: Partition, work: FlushWork)] = []
    private var waiting: [([Partition]) -> Void] = []
    private var waitingInWork: [([Partition]) -> Void] = []
    private(set) var isBusy = false
    private(set) var flushCount: UInt64 = 0
    private(set) var flushMicros: UInt64 = 0
    private(set) var flushMicrosMax: UInt64 = 0

    init(policy: FlushPolicy) { self.policy = policy }

    /// - Returns: Whether the acknowledgement has to wait for a flush.
    func noteAppend(to partition: Partition) -> Bool {
        // Left to the system, a closed segment is flushed all the same, in the background: it moves the point from which a killed
        // broker's log is scanned.
        if policy == .never, !partition.log.hasUnflushedSegments { return false }
        if !partition.isDirty {
            partition.isDirty = true
            dirty.append(partition)
            if policy == .never { start() }
        }
        return policy == .every
    }

    /// Calls `action` when all that was noted so far is flushed, with the partitions of which that failed.
    func whenFlushed(_ action: @escaping ([Partition]) -> Void) {
        waiting.append(action)
        start()
    }

    /// Flushes what is dirty, unless a flush is in work, which does so when it ends.
    func start() {
        if isBusy { return }
        while !dirty.isEmpty || !waiting.isEmpty {
            for partition in dirty {
                partition.isDirty = false
                if let work = partition.log.unflushed() { inWork.append((partition, work)) }
            }
            dirty.removeAll(keepingCapacity: true)
            swap(&waiting, &waitingInWork)
            if !inWork.isEmpty {
                isBusy = true
                return perform(inWork.map(\.work))
            }
            answer([])
        }
    }

    /// - Parameter results: For each work its fault, or nil.
    func completed(_ results: [LogFault?], micros: UInt64) {
        flushCount += 1
        flushMicros += micros
        flushMicrosMax = max(flushMicrosMax, micros)
        var losers: [Partition] = []
        for ((partition, work), fault) in zip(inWork, results) {
            if let fault {
                losers.append(partition)
                failed(partition, fault)
            } else {
                partition.log.didFlush(work)
            }
        }
        inWork.removeAll(keepingCapacity: true)
        isBusy = false
        answer(losers)
        start()
    }

    private func answer(_ losers: [Partition]) {
        let actions = waitingInWork
        waitingInWork.removeAll()
        for action in actions { action(losers) }
    }
}

/// A binary heap of deadlines. Entries are never taken out early: whoever pops one asks whether it still counts.
///
/// A heartbeat therefore moves nothing here: it writes the member's new deadline, and the entry that fires too early is put back once.
struct TimerHeap {
    enum Target {
        case session(ClassicGroup, GroupMember)
        case pending(ClassicGroup, PendingMember)
        case join(ClassicGroup)
        case sync(ClassicGroup)
    }

    struct Entry {
        var deadline: Int64
        /// Equal deadlines fire in the order they were set.
        var serial: UInt64
        var target: Target

        fileprivate func isBefore(_ other: Entry) -> Bool { (deadline, serial) < (other.deadline, other.serial) }

        /// Whether the target still waits for this very entry.
        var isCurrent: Bool {
            switch target {
            case .session(_, let member): member.timerSerial == serial
            case .pending(_, let member): member.timerSerial == serial
            case .join(let group): group.joinTimerSerial == serial
            case .sync(let group): group.syncTimerSerial == serial
            }
        }
    }

    private var entries: [Entry] = []
    private var lastSerial: UInt64 = 0
    /// Entries that no longer count are swept out when the heap outgrows this.
    private var sweepCount = 1_024

    var first: Entry? { entries.first }
    var count: Int { entries.count }

    /// - Returns: The entry's serial, for its target to remember.
    mutating func push(deadline: Int64, target: Target) -> UInt64 {
        if entries.count >= sweepCount { sweep() }
        lastSerial += 1
        entries.append(Entry(deadline: deadline, serial: lastSerial, target: target))
        siftUp(from: entries.count - 1)
        return lastSerial
    }

    mutating func popFirst() -> Entry? {
        guard let first = entries.first, let last = entries.popLast() else { return nil }
        if !entries.isEmpty {
            entries[0] = last
            siftDown(from: 0)
        }
        return first
    }

    private mutating func sweep() {
        entries.removeAll { !$0.isCurrent }
        for index in stride(from: entries.count / 2 - 1, through: 0, by: -1) { siftDown(from: index) }
        sweepCount = max(1_024, entries.count * 2)
    }

    private mutating func siftUp(from start: Int) {
        var index = start
        while index > 0 {
            let parent = (index - 1) / 2
            guard entries[index].isBefore(entries[parent]) else { return }
            entries.swapAt(index, parent)
            index = parent
        }
    }

    private mutating func siftDown(from start: Int) {
        var index = start
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2] where child < entries.count && entries[child].isBefore(entries[least]) {
                least = child
            }
            if least == index { return }
            entries.swapAt(index, least)
            index = least
        }
    }
}

internal import RiskDomain

/// Outcomes that wait until they become known, first in, first out: each is due no earlier than the one before it.
///
/// Messages lie one behind the other in one buffer that is moved to the front now and then, so memory follows what waits, and a
/// queue that has once been full allocates nothing.
struct OutcomeQueue {
    private struct Entry {
        var due: EventTime
        var keyStart: Int
        var valueStart: Int
        var end: Int
    }

    private var bytes: [UInt8] = []
    private var entries: [Entry] = []
    private var head = 0

    var count: Int { entries.count - head }
    /// When the first one is due.
    var nextDue: EventTime? { head < entries.count ? entries[head].due : nil }

    /// - Parameter write: Appends the message's value.
    mutating func append(due: EventTime, key: UnsafeRawBufferPointer, write: (inout [UInt8]) -> Void) {
        precondition(
            entries.count == head || entries[entries.count - 1].due <= due, "outcomes become known in the order of their transactions")
        if head > 4_096, head * 2 > entries.count { compact() }
        let keyStart = bytes.count
        bytes.append(contentsOf: key)
        let valueStart = bytes.count
        write(&bytes)
        entries.append(Entry(due: due, keyStart: keyStart, valueStart: valueStart, end: bytes.count))
    }

    /// Takes the first one; there must be one.
    mutating func removeFirst(key: inout [UInt8], value: inout [UInt8]) -> EventTime {
        let entry = entries[head]
        head += 1
        key.removeAll(keepingCapacity: true)
        key.append(contentsOf: bytes[entry.keyStart..<entry.valueStart])
        value.removeAll(keepingCapacity: true)
        value.append(contentsOf: bytes[entry.valueStart..<entry.end])
        if head == entries.count {
            head = 0
            entries.removeAll(keepingCapacity: true)
            bytes.removeAll(keepingCapacity: true)
        }
        return entry.due
    }

    private mutating func compact() {
        let start = entries[head].keyStart
        entries.removeSubrange(..<head)
        bytes.removeSubrange(..<start)
        head = 0
        for index in entries.indices {
            entries[index].keyStart -= start
            entries[index].valueStart -= start
            entries[index].end -= start
        }
    }
}

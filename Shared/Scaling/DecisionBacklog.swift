/// Decisions that wait to be written, oldest first, at most `countMax` of them.
///
/// When it is full a hold makes room before a change does, and an older one before a newer one; what was dropped is counted.
package struct DecisionBacklog<Entry: Sendable>: Sendable {
    private struct Item: Sendable {
        var entry: Entry
        var isHold: Bool
    }

    package let countMax: Int
    package private(set) var droppedCount = 0
    private var items: [Item] = []

    /// - Parameter countMax: Positive.
    package init(countMax: Int) {
        precondition(countMax > 0, "a backlog holds at least one decision")
        self.countMax = countMax
    }

    package var count: Int { items.count }

    package mutating func append(_ entry: Entry, isHold: Bool) {
        if items.count == countMax {
            droppedCount += 1
            if let hold = items.firstIndex(where: \.isHold) {
                items.remove(at: hold)
            } else if isHold {
                return
            } else {
                items.removeFirst()
            }
        }
        items.append(Item(entry: entry, isHold: isHold))
    }

    /// The oldest decisions, at most `count`, to be written; they are no longer the backlog's.
    package mutating func take(upTo count: Int) -> [Entry] {
        let taken = items.prefix(count).map(\.entry)
        items.removeFirst(taken.count)
        return taken
    }
}

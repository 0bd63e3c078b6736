internal import Kafka
internal import Synchronization

/// Events on their way to a unit's loop, with the latch that wakes it. Bounded by what a unit can have under way.
package final class UnitMailbox: Sendable {
    let wakeup = Wakeup()
    private let events = Mutex<[UnitMachine.Event]>([])

    package init() {}

    package func post(_ event: UnitMachine.Event) {
        events.withLock { $0.append(event) }
        wakeup.raise()
    }

    func take() -> [UnitMachine.Event] {
        events.withLock { events in
            defer { events.removeAll() }
            return events
        }
    }
}

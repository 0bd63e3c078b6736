internal import Hashing
internal import RiskDomain

/// The ids that the first pass has seen within the horizon: 32 bytes a slot, open addressing with linear probing.
///
/// A transaction is remembered while its time is later than `newest - horizon`, where `newest` is the latest event time accepted in the
/// partition. That rule alone decides; expired slots are freed a few at a time on later insertions, which nobody can observe.
///
/// An id is known by 128 bits of its hash. Of the body 64 bits are kept: they only tell a repetition from a conflict.
struct RecentTransactions: ~Copyable {
    struct Slot: BitwiseCopyable {
        var low: UInt64
        var high: UInt64
        var body: UInt64
        /// Event time; ``free`` marks an empty slot.
        var time: Int64
    }

    /// No event has this time: it is 292,000 years ago, and arrivals are held above it.
    private static let free = Int64.min
    private static let empty = Slot(low: 0, high: 0, body: 0, time: free)

    let horizonMicros: Int64
    private(set) var newest = Int64.min + 1
    /// Slots in use, expired ones included.
    private(set) var usedCount = 0
    private var slots: Column<Slot>
    private var mask: Int
    private var hand = 0

    init(horizonMicros: Int64) {
        self.horizonMicros = horizonMicros
        slots = Column(capacity: 1_024)
        slots.append(repeating: Self.empty, count: 1_024)
        mask = 1_023
    }

    @inline(__always)
    private var expiry: Int64 { newest.subtractingSaturated(horizonMicros) }

    /// Remembers a transaction, or says that its id is known. A duplicate or a conflict changes nothing.
    mutating func admit(id: Hash128, body: Hash128, time: Int64) -> Marker {
        let time = max(time, Int64.min + 1)
        var index = Int(truncatingIfNeeded: id.low) & mask
        var stale = -1
        while true {
            let slot = slots[index]
            if slot.time == Self.free { break }
            if slot.low == id.low, slot.high == id.high {
                if slot.time > expiry { return slot.body == body.low ? .duplicate : .conflict }
                stale = index
                break
            }
            index = (index + 1) & mask
        }
        newest = max(newest, time)
        if time > expiry {
            let slot = Slot(low: id.low, high: id.high, body: body.low, time: time)
            if stale >= 0 { slots[stale] = slot } else { insert(slot, at: index) }
        }
        return .none
    }

    private mutating func insert(_ slot: Slot, at index: Int) {
        slots[index] = slot
        usedCount += 1
        // A table has at most 8/3 slots for each live id, so eight looks an insertion go round three times within a horizon.
        for _ in 0..<8 { sweep() }
        if usedCount * 4 > slots.count * 3 { rebuild() }
    }

    private mutating func sweep() {
        let slot = slots[hand]
        if slot.time != Self.free, slot.time <= expiry {
            remove(at: hand)
        } else {
            hand = (hand + 1) & mask
        }
    }

    /// Backward-shift deletion (Knuth, TAOCP 6.4, algorithm R): no tombstones.
    private mutating func remove(at index: Int) {
        var hole = index
        var next = (hole + 1) & mask
        while slots[next].time != Self.free {
            let home = Int(truncatingIfNeeded: slots[next].low) & mask
            if (next - home) & mask >= (next - hole) & mask {
                slots[hole] = slots[next]
                hole = next
            }
            next = (next + 1) & mask
        }
        slots[hole] = Self.empty
        usedCount -= 1
    }

    /// Frees every expired slot at once, with twice the room if more than half would still be taken.
    private mutating func rebuild() {
        var liveCount = 0
        for index in 0..<slots.count where slots[index].time != Self.free && slots[index].time > expiry { liveCount += 1 }
        let slotCount = liveCount * 2 > slots.count ? slots.count * 2 : slots.count
        var rebuilt = Column<Slot>(capacity: slotCount)
        rebuilt.append(repeating: Self.empty, count: slotCount)
        let rebuiltMask = slotCount - 1
        for old in 0..<slots.count where slots[old].time != Self.free && slots[old].time > expiry {
            var index = Int(truncatingIfNeeded: slots[old].low) & rebuiltMask
            while rebuilt[index].time != Self.free { index = (index + 1) & rebuiltMask }
            rebuilt[index] = slots[old]
        }
        slots = rebuilt
        mask = rebuiltMask
        usedCount = liveCount
        hand = 0
    }

    /// What is remembered, by id: the canonical content.
    func remembered() -> [Slot] {
        var live: [Slot] = []
        for index in 0..<slots.count where slots[index].time != Self.free && slots[index].time > expiry { live.append(slots[index]) }
        return live.sorted { ($0.high, $0.low) < ($1.high, $1.low) }
    }

    /// The state that ``remembered()`` and ``newest`` were taken from.
    init(horizonMicros: Int64, newest: Int64, remembered: [Slot]) {
        self.init(horizonMicros: horizonMicros)
        self.newest = newest
        for slot in remembered {
            _ = admit(id: Hash128(low: slot.low, high: slot.high), body: Hash128(low: slot.body, high: 0), time: slot.time)
        }
    }
}

internal import Hashing

/// The history of every entity of one pass and partition, with the running totals of its windows.
///
/// Layout. Entities are numbered in order of appearance and found through an open-addressing table of numbers; their keys lie end to end
/// in one arena. Each entity owns one block of memory with its kept transactions in event-time order (ties in arrival order), column by
/// column: time (8 bytes), amount (8, if a feature needs it), id hash (8, if labels count), flags (1). The kept transactions are slots
/// `head..<end` of the block; appending is in place, forgetting moves `head`, and a block that runs out of slots is shifted down or grown.
///
/// Totals. For each boundary age `b` of the plan an entity has a cursor, the first slot later than `newest - b`, and running totals over
/// everything that the cursor has passed since the entity appeared. Only differences of two totals are used, so they may wrap, and
/// forgetting old transactions leaves them alone.
///
/// Limits: 2³² - 1 entities a partition and 2³² - 1 kept transactions an entity.
struct EntityStore: ~Copyable {
    struct Entity: BitwiseCopyable {
        var block: UnsafeMutableRawPointer?
        /// Slots in the block.
        var capacity: UInt32 = 0
        var head: UInt32 = 0
        var end: UInt32 = 0
        /// Place in `labels`, or ``noLabels``.
        var labels: UInt32 = Entity.noLabels
        /// Bytes of the key in the arena.
        var keyStart: Int
        var keyCount: UInt32
        /// Decimal exponent that amount totals are in: the largest that the entity has met.
        var exponent: UInt8 = 0
        var keyHash: UInt64
        /// Event time of the newest transaction.
        var newest = Int64.min
        /// The latest event time that was forgotten or refused; a window that begins before it cannot be known whole.
        var forgottenThrough = Int64.min

        static let noLabels = UInt32.max
    }

    /// Where a boundary stands.
    struct Edge: BitwiseCopyable {
        /// First slot later than `newest - age`.
        var cursor: UInt32 = 0
        /// Transactions passed that are fraud as known at `newest`. Wraps.
        var frauds: UInt32 = 0
    }

    /// Bits of a transaction's flags; the low four hold its currency exponent.
    enum Flag {
        static let exponent: UInt8 = 0x0F
        /// Fraud as known at the entity's newest event time.
        static let fraud: UInt8 = 0x10
        static let labelled: UInt8 = 0x20
        /// Set only while one late arrival is looked at.
        static let visited: UInt8 = 0x40
    }

    let plan: PassPlan
    var entities = Column<Entity>()
    /// `entity × boundary`.
    var edges = Column<Edge>()
    /// `entity × boundary`: minor units at the entity's exponent. Wraps. Empty unless a feature needs amounts.
    var amountTotals = Column<Int128>()
    var labels: [LabelHistory] = []
    private var keys = Column<UInt8>()
    /// Entity number plus one; 0 is free.
    private var table: Column<UInt32>
    private var tableMask: Int
    /// Results of a late arrival, one for each window: kept so that none is allocated.
    var late: Column<LateWindow>
    let boundaryAges: Column<Int64>

    init(plan: PassPlan) {
        self.plan = plan
        table = Column(capacity: 256)
        table.append(repeating: 0, count: 256)
        tableMask = 255
        late = Column(capacity: plan.windows.count)
        late.append(repeating: LateWindow(), count: plan.windows.count)
        var ages = Column<Int64>(capacity: plan.boundaries.count)
        for age in plan.boundaries { ages.append(age) }
        boundaryAges = ages
    }

    deinit {
        for index in 0..<entities.count { entities[index].block?.deallocate() }
    }

    // MARK: Keys

    func key(of entity: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: keys.base + entities[entity].keyStart, count: Int(entities[entity].keyCount))
    }

    /// The number of an entity, or nil when it was never seen.
    func find(_ key: UnsafeRawBufferPointer) -> Int? {
        let hash = Hash128(of: key).low
        var place = Int(truncatingIfNeeded: hash) & tableMask
        while table[place] != 0 {
            let index = Int(table[place]) - 1
            if entities[index].keyHash == hash, self.key(of: index).elementsEqual(key) { return index }
            place = (place + 1) & tableMask
        }
        return nil
    }

    /// The number of an entity, a new one if it was never seen.
    mutating func findOrInsert(_ key: UnsafeRawBufferPointer) -> Int {
        if let known = find(key) { return known }
        let index = entities.count
        let hash = Hash128(of: key).low
        entities.append(Entity(keyStart: keys.count, keyCount: UInt32(key.count), keyHash: hash))
        keys.reserve(keys.count + key.count)
        for byte in key { keys.append(byte) }
        edges.append(repeating: Edge(), count: plan.boundaries.count)
        if plan.needsAmounts { amountTotals.append(repeating: 0, count: plan.boundaries.count) }
        if entities.count * 4 > table.count * 3 { growTable() }
        enter(index, hash: hash)
        return index
    }

    private mutating func enter(_ index: Int, hash: UInt64) {
        var place = Int(truncatingIfNeeded: hash) & tableMask
        while table[place] != 0 { place = (place + 1) & tableMask }
        table[place] = UInt32(index + 1)
    }

    private mutating func growTable() {
        let count = table.count * 2
        table = Column(capacity: count)
        table.append(repeating: 0, count: count)
        tableMask = count - 1
        // The newest entity is entered by the caller.
        for index in 0..<entities.count - 1 { enter(index, hash: entities[index].keyHash) }
    }

    // MARK: Columns of a block

    @inline(__always)
    func times(_ entity: Int) -> UnsafeMutablePointer<Int64> {
        // Every entity whose slots are read has a block.
        entities[entity].block.unsafelyUnwrapped.assumingMemoryBound(to: Int64.self)
    }

    @inline(__always)
    func amounts(_ entity: Int) -> UnsafeMutablePointer<Int64> { times(entity) + Int(entities[entity].capacity) }

    @inline(__always)
    func ids(_ entity: Int) -> UnsafeMutablePointer<UInt64> {
        UnsafeMutableRawPointer(times(entity) + Int(entities[entity].capacity) * (plan.needsAmounts ? 2 : 1))
            .assumingMemoryBound(to: UInt64.self)
    }

    @inline(__always)
    func flags(_ entity: Int) -> UnsafeMutablePointer<UInt8> {
        UnsafeMutableRawPointer(times(entity) + Int(entities[entity].capacity) * wordColumns).assumingMemoryBound(to: UInt8.self)
    }

    /// Eight-byte columns of a block.
    private var wordColumns: Int { 1 + (plan.needsAmounts ? 1 : 0) + (plan.needsLabels ? 1 : 0) }

    /// First slot whose time is later than `time`.
    func firstSlot(of entity: Int, laterThan time: Int64) -> Int {
        var low = Int(entities[entity].head)
        var high = Int(entities[entity].end)
        guard low < high else { return low }
        let times = times(entity)
        while low < high {
            let middle = (low + high) / 2
            if times[middle] <= time { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Makes sure that slot `end` exists. Slots may be renumbered, cursors with them.
    mutating func makeRoom(_ entity: Int) {
        let record = entities[entity]
        if record.end < record.capacity { return }
        let head = Int(record.head)
        let count = Int(record.end) - head
        let old = record.block
        let oldCapacity = Int(record.capacity)
        if let old, head * 4 >= oldCapacity, head > 0 {
            // A quarter is free: shifting down costs three moves an append at most.
            for column in 0..<wordColumns {
                let start = old.assumingMemoryBound(to: Int64.self) + column * oldCapacity
                start.update(from: start + head, count: count)
            }
            let flags = flags(entity)
            flags.update(from: flags + head, count: count)
        } else {
            let capacity = oldCapacity == 0 ? 4 : oldCapacity + oldCapacity / 2
            let block = UnsafeMutableRawPointer.allocate(byteCount: capacity * (wordColumns * 8 + 1), alignment: 8)
            let words = block.bindMemory(to: Int64.self, capacity: capacity * wordColumns)
            let newFlags = (block + capacity * wordColumns * 8).bindMemory(to: UInt8.self, capacity: capacity)
            if let old {
                for column in 0..<wordColumns {
                    let start = old.assumingMemoryBound(to: Int64.self) + column * oldCapacity + head
                    (words + column * capacity).update(from: start, count: count)
                }
                newFlags.update(from: flags(entity) + head, count: count)
                old.deallocate()
            }
            entities.base[entity].block = block
            entities.base[entity].capacity = UInt32(capacity)
        }
        entities.base[entity].head = 0
        entities.base[entity].end = UInt32(count)
        let first = entity * plan.boundaries.count
        for edge in first..<first + plan.boundaries.count { edges.base[edge].cursor -= UInt32(head) }
    }

    /// A slot's amount in minor units at the entity's exponent.
    @inline(__always)
    func scaledAmount(_ amount: Int64, exponent: UInt8, entityExponent: UInt8) -> Int128 {
        exponent == entityExponent
            ? Int128(amount) : Int128(amount) * Int128(PowerOfTen.value(Int(entityExponent) - Int(exponent)))
    }

    /// Brings the totals to a finer exponent. Totals are exact modulo 2¹²⁸, and so is this.
    mutating func refineExponent(of entity: Int, to exponent: UInt8) {
        let factor = Int128(PowerOfTen.value(Int(exponent) - Int(entities[entity].exponent)))
        let first = entity * plan.boundaries.count
        for edge in first..<first + plan.boundaries.count { amountTotals[edge] = amountTotals[edge] &* factor }
        entities.base[entity].exponent = exponent
    }
}

/// A window's content as of a late arrival.
struct LateWindow: BitwiseCopyable {
    /// First slot inside and first slot after.
    var start = 0
    var end = 0
    var count: Int64 = 0
    var amount: Int128 = 0
    var frauds: Int64 = 0
    /// Whether nothing that belongs in the window was forgotten.
    var isWhole = true
}

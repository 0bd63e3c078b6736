internal import Hashing

// A snapshot holds what arrived and is still kept, never the running totals: those are worked out again. Equal histories therefore have
// equal bytes whatever memory looks like. Numbers are little-endian; "varint" is LEB128, "zigzag" its signed form.
//
//   "ASPS", version u8, pass u8, feature-set hash 32 bytes
//   newest event time i64, remembered ids varint, each by id: low u64, high u64, body u64, varint (newest - time)
//   entities varint, each by key bytes:
//     key count varint, key, forgottenThrough i64, [amounts: exponent u8]
//     transactions varint, first time i64, each: varint (time - time before), [amounts: zigzag minor, exponent u8], [labels: id u64]
//     [labels: count varint, each by outcome time: transaction's place varint, outcome time i64, fraud u8]
//   XXH3-128 of everything above, 16 bytes

private let magic: [UInt8] = Array("ASPS".utf8)
private let formatVersion: UInt8 = 1

extension PassState {
    /// Appends the snapshot's bytes.
    ///
    /// - Complexity: O(state), with a sort of the entities' keys.
    package func encode(into bytes: inout [UInt8]) {
        let start = bytes.count
        bytes.append(contentsOf: magic)
        bytes.append(formatVersion)
        bytes.append(UInt8(layout.pass))
        bytes.append(contentsOf: layout.featureSetHash.bytes)
        bytes.appendFixed(UInt64(bitPattern: recent.newest))
        let remembered = recent.remembered()
        bytes.appendVarint(UInt64(remembered.count))
        for slot in remembered {
            bytes.appendFixed(slot.low)
            bytes.appendFixed(slot.high)
            bytes.appendFixed(slot.body)
            bytes.appendVarint(UInt64(bitPattern: recent.newest &- slot.time))
        }
        bytes.appendVarint(UInt64(store.entities.count))
        for entity in store.entitiesByKey() { store.encode(entity, into: &bytes) }
        let checksum = bytes.withUnsafeBytes { Hash128(of: UnsafeRawBufferPointer(rebasing: $0[start...])) }
        bytes.append(contentsOf: checksum.bytes)
    }
}

extension PassFold {
    /// The state whose snapshot `bytes` is. Everything folded into it afterwards gives the same bits as in the state it was taken from.
    ///
    /// - Complexity: O(bytes); memory is bounded by a small multiple of the bytes' count.
    package func decode(_ bytes: [UInt8]) throws(SnapshotFailure) -> PassState {
        var reader = SnapshotReader(bytes: bytes, end: max(0, bytes.count - 16))
        for byte in magic where try reader.byte() != byte { throw .malformed(offset: 0) }
        let version = try reader.byte()
        guard version == formatVersion else { throw .unknownVersion(version) }
        let checksum = bytes.withUnsafeBytes { Hash128(of: UnsafeRawBufferPointer(rebasing: $0[..<reader.end])) }
        guard checksum == Hash128(bytes: bytes[reader.end...]) else { throw .malformed(offset: reader.end) }
        guard try reader.byte() == UInt8(layout.pass), try reader.bytes(32).elementsEqual(layout.featureSetHash.bytes) else {
            throw .otherLayout
        }
        let recent = try decodeRecent(&reader)
        var store = EntityStore(plan: layout.plan)
        let entityCount = try reader.count()
        var previousKey: ArraySlice<UInt8>?
        for _ in 0..<entityCount {
            let keyCount = try reader.count()
            let key = try reader.bytes(keyCount)
            if let previousKey, !previousKey.lexicographicallyPrecedes(key) { throw reader.failure }
            previousKey = key
            try store.decodeEntity(key: key, from: &reader)
        }
        guard reader.position == reader.end, layout.plan.keepsHistory || entityCount == 0 else { throw reader.failure }
        return PassState(layout: layout, store: store, recent: recent)
    }

    private func decodeRecent(_ reader: inout SnapshotReader) throws(SnapshotFailure) -> RecentTransactions {
        let newest = Int64(bitPattern: try reader.fixed())
        guard newest > Int64.min else { throw reader.failure }
        let count = try reader.count()
        var remembered: [RecentTransactions.Slot] = []
        for _ in 0..<count {
            let low = try reader.fixed()
            let high = try reader.fixed()
            let body = try reader.fixed()
            let age = try reader.varint()
            guard age < UInt64(layout.duplicateHorizonMicros) else { throw reader.failure }
            let (time, overflow) = newest.subtractingReportingOverflow(Int64(age))
            if let last = remembered.last, (last.high, last.low) >= (high, low) { throw reader.failure }
            guard !overflow, time > Int64.min else { throw reader.failure }
            remembered.append(RecentTransactions.Slot(low: low, high: high, body: body, time: time))
        }
        return RecentTransactions(horizonMicros: layout.duplicateHorizonMicros, newest: newest, remembered: remembered)
    }
}

extension EntityStore {
    fileprivate func entitiesByKey() -> [Int] {
        (0..<entities.count).map { (index: $0, key: Array(key(of: $0))) }
            .sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.index)
    }

    fileprivate func encode(_ entity: Int, into bytes: inout [UInt8]) {
        let record = entities[entity]
        let key = key(of: entity)
        bytes.appendVarint(UInt64(key.count))
        bytes.append(contentsOf: key)
        bytes.appendFixed(UInt64(bitPattern: record.forgottenThrough))
        if plan.needsAmounts { bytes.append(record.exponent) }
        bytes.appendVarint(UInt64(record.end - record.head))
        let slots = Int(record.head)..<Int(record.end)
        let times = times(entity)
        let flags = flags(entity)
        var previous = times[slots.lowerBound]
        bytes.appendFixed(UInt64(bitPattern: previous))
        for slot in slots {
            bytes.appendVarint(UInt64(bitPattern: times[slot] &- previous))
            previous = times[slot]
            if plan.needsAmounts {
                bytes.appendVarint(amounts(entity)[slot].zigzag)
                bytes.append(flags[slot] & Flag.exponent)
            }
            if plan.needsLabels { bytes.appendFixed(ids(entity)[slot]) }
        }
        guard plan.needsLabels else { return }
        var kept: [(slot: Int, label: LabelHistory.Label)] = []
        if record.labels != Entity.noLabels {
            for label in labels[Int(record.labels)].labels {
                if let slot = slot(of: entity, id: label.id, exactTime: label.transactionTime) { kept.append((slot, label)) }
            }
        }
        bytes.appendVarint(UInt64(kept.count))
        for (slot, label) in kept {
            bytes.appendVarint(UInt64(slot - slots.lowerBound))
            bytes.appendFixed(UInt64(bitPattern: label.outcomeTime))
            bytes.append(label.isFraud ? 1 : 0)
        }
    }

    fileprivate mutating func decodeEntity(key: ArraySlice<UInt8>, from reader: inout SnapshotReader) throws(SnapshotFailure) {
        let entity = key.withUnsafeBytes { findOrInsert($0) }
        let forgottenThrough = Int64(bitPattern: try reader.fixed())
        let exponent = plan.needsAmounts ? try reader.byte() : 0
        guard PowerOfTen.exponents.contains(Int(exponent)) else { throw reader.failure }
        let count = try reader.count()
        guard count > 0, count < UInt32.max else { throw reader.failure }
        var time = Int64(bitPattern: try reader.fixed())
        let oldest = time
        for _ in 0..<count {
            let (next, overflow) = time.addingReportingOverflow(Int64(clamping: try reader.varint()))
            if overflow { throw reader.failure }
            time = next
            var arrival = Arrival(time: time, amountMinor: 0, exponent: 0, id: 0)
            if plan.needsAmounts {
                arrival.amountMinor = Int64(zigzag: try reader.varint())
                arrival.exponent = try reader.byte()
                guard arrival.exponent <= exponent else { throw reader.failure }
            }
            if plan.needsLabels { arrival.id = try reader.fixed() }
            makeRoom(entity)
            write(arrival, entity: entity, slot: Int(entities[entity].end))
            entities.base[entity].end += 1
        }
        let expiry = time.subtractingSaturated(plan.retentionMicros)
        guard oldest > expiry, forgottenThrough <= expiry else { throw reader.failure }
        entities.base[entity].exponent = exponent
        entities.base[entity].newest = time
        entities.base[entity].forgottenThrough = forgottenThrough
        if plan.needsLabels { try decodeLabels(entity, transactionCount: count, from: &reader) }
        advance(entity)
    }

    private mutating func decodeLabels(_ entity: Int, transactionCount: Int, from reader: inout SnapshotReader) throws(SnapshotFailure) {
        let count = try reader.count()
        guard count > 0 else { return }
        var history = LabelHistory()
        for _ in 0..<count {
            let place = try reader.count()
            let outcomeTime = Int64(bitPattern: try reader.fixed())
            let isFraud = try reader.byte()
            guard place < transactionCount, isFraud <= 1, outcomeTime >= history.labels.last?.outcomeTime ?? Int64.min else {
                throw reader.failure
            }
            let slot = Int(entities[entity].head) + place
            flags(entity)[slot] |= Flag.labelled
            history.labels.append(
                LabelHistory.Label(
                    outcomeTime: outcomeTime, transactionTime: times(entity)[slot], id: ids(entity)[slot], isFraud: isFraud == 1))
        }
        entities.base[entity].labels = UInt32(labels.count)
        labels.append(history)
        applyLabels(entity, through: entities[entity].newest)
    }
}

/// Reads a snapshot's body; every read is bounded by its end.
struct SnapshotReader {
    let bytes: [UInt8]
    let end: Int
    private(set) var position = 0

    init(bytes: [UInt8], end: Int) {
        self.bytes = bytes
        self.end = end
    }

    var failure: SnapshotFailure { .malformed(offset: position) }

    mutating func byte() throws(SnapshotFailure) -> UInt8 {
        guard position < end else { throw failure }
        position += 1
        return bytes[position - 1]
    }

    mutating func bytes(_ count: Int) throws(SnapshotFailure) -> ArraySlice<UInt8> {
        guard count <= end - position else { throw failure }
        position += count
        return bytes[position - count..<position]
    }

    mutating func fixed() throws(SnapshotFailure) -> UInt64 {
        guard end - position >= 8 else { throw failure }
        position += 8
        return bytes.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: position - 8, as: UInt64.self)) }
    }

    mutating func varint() throws(SnapshotFailure) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            let byte = try byte()
            if shift == 63, byte > 1 { throw failure }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw failure
    }

    /// A number of things that take at least one byte each, so it cannot exceed the bytes that are left. Places are bounded alike.
    mutating func count() throws(SnapshotFailure) -> Int {
        let value = try varint()
        guard value <= UInt64(end) else { throw failure }
        return Int(value)
    }
}

extension [UInt8] {
    fileprivate mutating func appendFixed(_ value: UInt64) {
        var value = value
        for _ in 0..<8 {
            append(UInt8(truncatingIfNeeded: value))
            value >>= 8
        }
    }

    fileprivate mutating func appendVarint(_ value: UInt64) {
        var value = value
        while value >= 0x80 {
            append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        append(UInt8(value))
    }
}

extension Int64 {
    fileprivate var zigzag: UInt64 { UInt64(bitPattern: (self << 1) ^ (self >> 63)) }

    fileprivate init(zigzag value: UInt64) { self = Int64(bitPattern: (value >> 1) ^ (0 &- (value & 1))) }
}

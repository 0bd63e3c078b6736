// An entry's bytes: a kind, then its fields in order. Integers are little-endian; texts and byte strings carry a 32-bit length,
// lists a 32-bit count; what may be missing carries a byte 0 or 1 first.

extension JournalEntry {
    private enum Kind: UInt8 {
        case offsets = 1
        case offsetsRemoved = 2
        case group = 3
        case generation = 4
        case groupRemoved = 5
    }

    /// Appends the entry's payload.
    func encode(into bytes: inout [UInt8]) {
        switch self {
        case .offsets(let groupId, let offsets):
            bytes.append(Kind.offsets.rawValue)
            bytes.put(groupId)
            bytes.put(UInt32(offsets.count))
            for offset in offsets {
                bytes.put(offset.topic)
                bytes.put(offset.partition)
                bytes.put(offset.offset)
                bytes.put(offset.leaderEpoch)
                bytes.put(offset.metadata)
                bytes.put(offset.commitMillis)
                bytes.put(offset.expireMillis)
            }
        case .offsetsRemoved(let groupId, let partitions):
            bytes.append(Kind.offsetsRemoved.rawValue)
            bytes.put(groupId)
            bytes.put(UInt32(partitions.count))
            for partition in partitions {
                bytes.put(partition.topic)
                bytes.put(partition.partition)
            }
        case .group(let record):
            bytes.append(Kind.group.rawValue)
            bytes.put(record)
        case .generation(let groupId, let generation):
            bytes.append(Kind.generation.rawValue)
            bytes.put(groupId)
            bytes.put(generation)
        case .groupRemoved(let groupId):
            bytes.append(Kind.groupRemoved.rawValue)
            bytes.put(groupId)
        }
    }

    /// Reads a payload; nil if it is not one, to the last byte.
    init?(payload: ArraySlice<UInt8>) {
        var reader = JournalReader(rest: payload)
        guard let kind = reader.byte().flatMap({ Kind(rawValue: $0) }), let entry = Self.read(kind, &reader), reader.rest.isEmpty else {
            return nil
        }
        self = entry
    }

    private static func read(_ kind: Kind, _ reader: inout JournalReader) -> JournalEntry? {
        switch kind {
        case .offsets:
            guard let groupId = reader.text(), let offsets = reader.list({ $0.offset() }) else { return nil }
            return .offsets(groupId: groupId, offsets)
        case .offsetsRemoved:
            guard let groupId = reader.text(), let partitions = reader.list({ $0.partition() }) else { return nil }
            return .offsetsRemoved(groupId: groupId, partitions)
        case .group: return reader.record().map { .group($0) }
        case .generation:
            guard let groupId = reader.text(), let generation: Int32 = reader.integer() else { return nil }
            return .generation(groupId: groupId, generation)
        case .groupRemoved: return reader.text().map { .groupRemoved(groupId: $0) }
        }
    }
}

extension [UInt8] {
    mutating func put(_ value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }

    fileprivate mutating func put(_ text: String) {
        put(UInt32(text.utf8.count))
        append(contentsOf: text.utf8)
    }

    fileprivate mutating func put(_ text: String?) {
        append(text == nil ? 0 : 1)
        if let text { put(text) }
    }

    fileprivate mutating func put(blob: [UInt8]) {
        put(UInt32(blob.count))
        append(contentsOf: blob)
    }

    fileprivate mutating func put(_ record: GroupRecord) {
        put(record.groupId)
        put(record.protocolType)
        put(record.protocolName)
        put(record.generation)
        put(record.leaderId)
        put(record.stateSinceMillis)
        put(UInt32(record.members.count))
        for member in record.members {
            put(member.memberId)
            put(member.instanceId)
            put(member.clientId)
            put(member.clientHost)
            put(member.sessionTimeoutMillis)
            put(member.rebalanceTimeoutMillis)
            put(UInt32(member.protocols.count))
            for offer in member.protocols {
                put(offer.name)
                put(blob: offer.metadata)
            }
            put(blob: member.assignment)
        }
    }
}

/// Reads fields off the front; nil where the bytes do not reach.
private struct JournalReader {
    var rest: ArraySlice<UInt8>

    mutating func byte() -> UInt8? { rest.popFirst() }

    mutating func integer<Value: FixedWidthInteger>() -> Value? {
        let byteCount = MemoryLayout<Value>.size
        guard rest.count >= byteCount else { return nil }
        let value = rest.withUnsafeBytes { $0.loadUnaligned(as: Value.self) }
        rest.removeFirst(byteCount)
        return Value(littleEndian: value)
    }

    mutating func blob() -> ArraySlice<UInt8>? {
        guard let byteCount: UInt32 = integer(), rest.count >= Int(byteCount) else { return nil }
        defer { rest.removeFirst(Int(byteCount)) }
        return rest.prefix(Int(byteCount))
    }

    mutating func text() -> String? { blob().flatMap { String(validating: $0, as: UTF8.self) } }

    /// Outer nil: torn; inner nil: missing.
    mutating func optionalText() -> String?? {
        guard let isThere = byte() else { return nil }
        if isThere == 0 { return .some(nil) }
        return text().map { .some($0) }
    }

    /// A count is checked against the bytes left: each element takes at least one.
    mutating func list<Element>(_ element: (inout JournalReader) -> Element?) -> [Element]? {
        guard let count: UInt32 = integer(), Int(count) <= rest.count else { return nil }
        var elements: [Element] = []
        elements.reserveCapacity(Int(count))
        for _ in 0..<count {
            guard let next = element(&self) else { return nil }
            elements.append(next)
        }
        return elements
    }

    mutating func offset() -> JournalledOffset? {
        guard let topic = text(), let partition: Int32 = integer(), let offset: Int64 = integer(), let leaderEpoch: Int32 = integer(),
            let metadata = text(), let commitMillis: Int64 = integer(), let expireMillis: Int64 = integer()
        else { return nil }
        return JournalledOffset(
            topic: topic, partition: partition, offset: offset, leaderEpoch: leaderEpoch, metadata: metadata, commitMillis: commitMillis,
            expireMillis: expireMillis)
    }

    mutating func partition() -> TopicPartition? {
        guard let topic = text(), let partition: Int32 = integer() else { return nil }
        return TopicPartition(topic: topic, partition: partition)
    }

    mutating func record() -> GroupRecord? {
        guard let groupId = text(), let protocolType = optionalText(), let protocolName = optionalText(), let generation: Int32 = integer(),
            let leaderId = optionalText(), let since: Int64 = integer(), let members = list({ $0.member() })
        else { return nil }
        return GroupRecord(
            groupId: groupId, protocolType: protocolType, protocolName: protocolName, generation: generation, leaderId: leaderId,
            stateSinceMillis: since, members: members)
    }

    mutating func member() -> GroupRecord.Member? {
        guard let memberId = text(), let instanceId = optionalText(), let clientId = text(), let clientHost = text(),
            let session: Int32 = integer(), let rebalance: Int32 = integer(), let protocols = list({ $0.offer() }), let assignment = blob()
        else { return nil }
        return GroupRecord.Member(
            memberId: memberId, instanceId: instanceId, clientId: clientId, clientHost: clientHost, sessionTimeoutMillis: session,
            rebalanceTimeoutMillis: rebalance, protocols: protocols, assignment: Array(assignment))
    }

    mutating func offer() -> GroupProtocol? {
        guard let name = text(), let metadata = blob() else { return nil }
        return GroupProtocol(name: name, metadata: Array(metadata))
    }
}

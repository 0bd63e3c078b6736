package import RiskDomain

/// What an event tells of.
package enum EventKind: UInt8, Hashable, Sendable {
    case transaction = 0
    case outcome = 1
}

/// A decoded event that borrows its text from the message's bytes. One pass, no allocation.
///
/// Valid while the bytes are. Text is not checked for UTF-8 here: ingest did, and ``Event`` does. An event without an id
/// or a body throws, as does one whose singular parts come twice, which Protobuf would merge.
package struct EventView {
    /// The encoded event, whole.
    package let bytes: UnsafeRawBufferPointer
    /// When it happened; of an outcome, when it became known.
    package private(set) var time = EventTime(micros: 0)
    package private(set) var source = SourceCoordinates(topic: .transactions, partition: 0, offset: 0)
    /// The Kafka record's own timestamp, microseconds since 1970.
    package private(set) var sourceTimestampMicros: Int64 = 0
    package private(set) var kind = EventKind.transaction
    /// Minor units of the currency; 0 for an outcome.
    package private(set) var amountMinor: Int64 = 0
    /// Of an outcome; nil for a transaction.
    package private(set) var verdict: Verdict?
    /// When the transaction happened: ``time`` itself for a transaction, its outcome's word for an outcome.
    package private(set) var transactionTime = EventTime(micros: 0)
    package private(set) var entityCount = 0
    package private(set) var attributeCount = 0

    private var idRange = ByteRange.empty
    private var sourceEnd = 0
    private var currencyRange = ByteRange.empty
    private var transactionRange = ByteRange.empty
    private var entityRanges = [8 of ByteRange](repeating: .empty)

    /// Most entities that an event may have.
    package static let entityCountMax = 8

    package init(decoding bytes: UnsafeRawBufferPointer) throws(ContractFailure) {
        self.bytes = bytes
        var reader = ProtobufReader(bytes)
        var hasSource = false
        var hasBody = false
        while let tag = try reader.next() {
            switch tag.field {
            case 1: idRange = try reader.range(tag)
            case 2: time = EventTime(micros: try reader.int64(tag))
            case 3:
                guard !hasSource else { throw reader.failure(.repeated) }
                hasSource = true
                try decodeSource(try reader.bytes(tag))
                sourceEnd = reader.position
            case 4:
                guard entityCount < EventView.entityCountMax else { throw reader.failure(.tooMany) }
                entityRanges[entityCount] = try reader.range(tag)
                entityCount += 1
            case 5, 6:
                guard !hasBody else { throw reader.failure(.repeated) }
                hasBody = true
                let range = try reader.range(tag)
                if tag.field == 5 { try decodeTransaction(range) } else { try decodeOutcome(range.slice(of: bytes)) }
            default: try reader.skip(tag)
            }
        }
        guard idRange.count > 0 else { throw ContractFailure(.missing, field: 1, position: bytes.count) }
        guard hasSource else { throw ContractFailure(.missing, field: 3, position: bytes.count) }
        guard hasBody else { throw ContractFailure(.missing, field: 5, position: bytes.count) }
        if kind == .transaction { transactionTime = time }
    }

    /// The transaction's id.
    package var id: UnsafeRawBufferPointer { idRange.slice(of: bytes) }

    /// Three letters; empty for an outcome.
    package var currency: UnsafeRawBufferPointer { currencyRange.slice(of: bytes) }

    /// Entities and body in their canonical encoding: everything but the id, the time and where the event came from.
    package var content: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[sourceEnd...]) }

    /// Key of the entity at `index`, in the schema's order.
    ///
    /// - Precondition: `0 <= index < entityCount`.
    package func entity(_ index: Int) -> UnsafeRawBufferPointer {
        precondition(index >= 0 && index < entityCount)
        return entityRanges[index].slice(of: bytes)
    }

    /// Where in ``bytes`` the entity at `index` lies.
    package func entityRange(_ index: Int) -> ByteRange {
        precondition(index >= 0 && index < entityCount)
        return entityRanges[index]
    }

    /// The free attributes, in the order of the message. Empty for an outcome.
    package var attributes: AttributeViews { AttributeViews(transactionRange.slice(of: bytes)) }

    private mutating func decodeSource(_ body: UnsafeRawBufferPointer) throws(ContractFailure) {
        var reader = ProtobufReader(body)
        while let tag = try reader.next() {
            switch tag.field {
            case 1:
                let number = try reader.uint32(tag)
                guard let topic = UInt8(exactly: number).flatMap(SourceTopic.init(rawValue:)) else { throw reader.failure(.outOfRange) }
                source.topic = topic
            case 2: source.partition = try reader.nonNegativeInt32(tag)
            case 3: source.offset = try reader.nonNegativeInt64(tag)
            case 4: sourceTimestampMicros = try reader.int64(tag)
            default: try reader.skip(tag)
            }
        }
    }

    private mutating func decodeTransaction(_ range: ByteRange) throws(ContractFailure) {
        transactionRange = range
        var reader = ProtobufReader(range.slice(of: bytes))
        while let tag = try reader.next() {
            switch tag.field {
            case 1: amountMinor = try reader.sint64(tag)
            case 2:
                currencyRange = try reader.range(tag)
                currencyRange.start += range.start
            case 3:
                _ = try AttributeView(decoding: try reader.bytes(tag))
                attributeCount += 1
            default: try reader.skip(tag)
            }
        }
    }

    private mutating func decodeOutcome(_ body: UnsafeRawBufferPointer) throws(ContractFailure) {
        kind = .outcome
        var reader = ProtobufReader(body)
        while let tag = try reader.next() {
            switch tag.field {
            case 1:
                let number = try reader.uint32(tag)
                guard let known = UInt8(exactly: number).flatMap(Verdict.init(rawValue:)) else { throw reader.failure(.outOfRange) }
                verdict = known
            case 2: transactionTime = EventTime(micros: try reader.int64(tag))
            default: try reader.skip(tag)
            }
        }
        guard verdict != nil else { throw reader.failure(.missing) }
    }
}

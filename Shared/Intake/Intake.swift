internal import Contracts
internal import Json
package import RiskDomain

/// What one record became.
package enum IntakeResult {
    case event(NormalisedEvent)
    case rejected(Rejection)
}

/// Where a canonical event was appended, and what its sender needs to know of it.
package struct NormalisedEvent: Hashable, Sendable {
    /// The encoded Event, in the caller's buffer.
    package var bytes: Range<Int>
    /// The transaction's id, there.
    package var id: Range<Int>
    /// Key of the first entity, there: the key of the record on `assay.events`.
    package var firstEntity: Range<Int>
    package var topic: SourceTopic
    /// When it happened; of an outcome, when it became known.
    package var time: EventTime
    /// When the transaction happened.
    package var transactionTime: EventTime
}

/// Checks records of the public topics against a schema and normalises them to canonical events.
///
/// A pure function of its arguments: the same record gives the same bytes for ever, whatever its white space, the order of its
/// fields, the spelling of its numbers or its time's zone. Once its buffers have grown it allocates nothing for a record that is
/// accepted. Not thread-safe; one per fold.
package final class Intake {
    package let schema: IntakeSchema
    private let parser: JsonParser
    private let transactionFields: FieldTable
    private let outcomeFields: FieldTable
    private let attributes: AttributeReader?

    package init(schema: IntakeSchema) {
        self.schema = schema
        parser = JsonParser(limits: JsonLimits(byteCountMax: schema.byteCountMax, depthMax: schema.depthMax))
        transactionFields = FieldTable(transactionsOf: schema)
        outcomeFields = FieldTable(outcomesOf: schema)
        attributes = schema.attributes.map(AttributeReader.init(rule:))
    }

    /// Normalises one record.
    ///
    /// - Parameters:
    ///   - message: The record's value; nil for Kafka's null.
    ///   - timestampMicros: The record's own timestamp, microseconds since 1970; negative when it has none.
    ///   - output: The event is appended here. A rejected record leaves it as it was.
    package func normalise(
        message: UnsafeRawBufferPointer?, topic: SourceTopic, partition: Int32, offset: Int64, timestampMicros: Int64,
        into output: inout [UInt8]
    ) -> IntakeResult {
        do throws(Rejection) {
            let fields = topic == .transactions ? transactionFields : outcomeFields
            let values = try fields.find(in: try parse(message))
            let record = Record(
                fields: fields, values: values, timestampMicros: timestampMicros,
                source: SourceCoordinates(topic: topic, partition: partition, offset: offset))
            return .event(
                topic == .transactions
                    ? try normaliseTransaction(record, into: &output) : try normaliseOutcome(record, into: &output))
        } catch {
            return .rejected(error)
        }
    }

    /// A record whose fields are found but not yet read.
    private struct Record {
        let fields: FieldTable
        let values: FieldValues
        let timestampMicros: Int64
        let source: SourceCoordinates
    }

    private func parse(_ message: UnsafeRawBufferPointer?) throws(Rejection) -> JsonValue {
        guard let message else { throw Rejection(.nullPayload, detail: "the record has no value; send a JSON object") }
        guard message.count <= schema.byteCountMax else {
            throw Rejection(.tooLarge, detail: "the message has \(message.count) bytes, at most \(schema.byteCountMax) are read")
        }
        do throws(JsonFailure) {
            return try parser.parse(message)
        } catch {
            throw Rejection(error, lastKey: parser.lastKey, schema: schema)
        }
    }

    private func normaliseTransaction(_ record: Record, into output: inout [UInt8]) throws(Rejection) -> NormalisedEvent {
        let id = try FieldReader.key(try record.fields.required(.id, record.values), schema.id)
        let time = try time(record, .time, schema.time.field)
        try checkEntities(record)

        var currencyText = UnsafeRawBufferPointer(start: nil, count: 0)
        let currency: Currency
        if let value = record.values[.currency] {
            (currency, currencyText) = try FieldReader.currency(value, schema.currency)
        } else if let fallback = schema.currency.fallback {
            currency = fallback
        } else {
            throw record.fields.missing(.currency)
        }
        let amount = try FieldReader.amount(try record.fields.required(.amount, record.values), currency, schema.amount)
        if let value = record.values[.attributes] { try attributes?.read(value) } else { attributes?.clear() }

        // Everything is known to be good from here, so a rejected record leaves `output` alone.
        var event = begin(record, id: id, time: time, into: &output)
        let mark =
            currencyText.isEmpty
            ? currency.withBytes { EventEncoder.beginTransaction(amountMinor: amount, currency: $0, into: &output) }
            : EventEncoder.beginTransaction(amountMinor: amount, currency: currencyText, into: &output)
        attributes?.encode(into: &output)
        EventEncoder.endTransaction(mark, in: &output)
        event.bytes = event.bytes.lowerBound..<output.count
        return event
    }

    private func normaliseOutcome(_ record: Record, into output: inout [UInt8]) throws(Rejection) -> NormalisedEvent {
        let id = try FieldReader.key(try record.fields.required(.id, record.values), schema.id)
        let time = try time(record, .time, schema.time.field)
        let transactionTime = try self.time(record, .transactionTime, schema.transactionTimeField)
        guard time >= transactionTime else {
            throw Rejection(
                .timeBeforeTransaction, field: schema.time.field, detail: "the outcome became known before \(schema.transactionTimeField)")
        }
        try checkEntities(record)
        let verdict = try FieldReader.verdict(try record.fields.required(.verdict, record.values), schema)

        var event = begin(record, id: id, time: time, into: &output)
        EventEncoder.outcome(verdict, transactionTime: transactionTime, into: &output)
        event.transactionTime = transactionTime
        event.bytes = event.bytes.lowerBound..<output.count
        return event
    }

    private func time(_ record: Record, _ role: FieldRole, _ field: String) throws(Rejection) -> EventTime {
        try FieldReader.time(
            try record.fields.required(role, record.values), field: field, schema.time, recordTimestampMicros: record.timestampMicros)
    }

    private func checkEntities(_ record: Record) throws(Rejection) {
        for index in 0..<schema.entities.count {
            _ = try FieldReader.key(try record.fields.required(.entity(index), record.values), schema.entities[index].text)
        }
    }

    /// Appends what both kinds of event begin with.
    private func begin(
        _ record: Record, id: UnsafeRawBufferPointer, time: EventTime, into output: inout [UInt8]
    ) -> NormalisedEvent {
        let start = output.count
        let idRange = EventEncoder.begin(
            id: id, time: time, source: record.source, sourceTimestampMicros: record.timestampMicros, into: &output)
        var firstEntity = 0..<0
        for index in 0..<schema.entities.count {
            guard let value = record.values[.entity(index)] else { preconditionFailure("an entity that was checked is gone") }
            let range = EventEncoder.entity(value.text, into: &output)
            if index == 0 { firstEntity = range }
        }
        return NormalisedEvent(
            bytes: start..<start, id: idRange, firstEntity: firstEntity, topic: record.source.topic, time: time, transactionTime: time)
    }
}

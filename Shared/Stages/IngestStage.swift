internal import Contracts
internal import Hashing
package import Intake
internal import Json
internal import Kafka
package import Pipeline
internal import Postgres
package import RiskDomain

/// Checks records of a public topic against the schema, normalises them to events, and re-keys them by their first entity.
/// What is refused goes to the dead-letter topic and table with its reason and its original bytes.
package struct IngestStage: Stage {
    package let identity: StageIdentity
    private let schema: IntakeSchema
    private let source: SourceTopic
    private let eventsPartitions: Int32
    private let rejectedPartitions: Int32

    package static func name(_ source: SourceTopic) -> String {
        switch source {
        case .transactions: "ingest.transactions"
        case .outcomes: "ingest.outcomes"
        }
    }

    package init(source: SourceTopic, schema: IntakeSchema, topics: TopicPlan) {
        self.schema = schema
        self.source = source
        eventsPartitions = Int32(topics.eventsPartitions)
        rejectedPartitions = Int32(topics.rejectedPartitions)
        identity = StageIdentity(
            name: IngestStage.name(source),
            number: source == .transactions ? StageNumber.ingestTransactions : StageNumber.ingestOutcomes,
            inputTopic: source == .transactions ? topics.transactions : topics.outcomes, isInputPublic: true,
            outputs: [
                .init(topic: topics.events, partitionCount: topics.eventsPartitions, isPublic: false),
                .init(topic: topics.rejected, partitionCount: topics.rejectedPartitions, isPublic: true),
            ],
            tables: [
                """
                ledger.event_log (event_time, topic, source_partition, source_offset, source_time, transaction_id, entities, amount_minor, \
                currency, verdict, transaction_time, event)
                """,
                "ledger.rejected (topic, source_partition, source_offset, source_time, reason, field, detail, original)",
            ],
            tablesByDay: ["ledger.event_log"], inStepWith: SourceTopic.allCases.map(IngestStage.name), hasHistory: false,
            code: "ingest/1/\(schema.contentHash)")
    }

    package final class State: StageState {
        fileprivate let intake: Intake
        fileprivate var event: [UInt8] = []
        fileprivate var letter: [UInt8] = []

        fileprivate init(schema: IntakeSchema) { intake = Intake(schema: schema) }

        package var version: [UInt8]? { nil }
        package func encode(into output: inout [UInt8]) {}
    }

    package func makeState(partition: Int32, version: [UInt8]?) throws(PipelineFailure) -> State { State(schema: schema) }

    package func decodeState(_ bytes: [UInt8], partition: Int32, version: [UInt8]?) throws(PipelineFailure) -> State {
        State(schema: schema)
    }

    package func fold(_ record: InputRecord, into state: State, emitting emission: inout Emission) throws(PipelineFailure) {
        state.event.removeAll(keepingCapacity: true)
        let result = state.intake.normalise(
            message: record.bytes, topic: source, partition: record.partition, offset: record.offset,
            timestampMicros: record.timestampMicros, into: &state.event)
        switch result {
        case .event:
            let result = state.event.withUnsafeBytes { bytes in
                Result { () throws(PipelineFailure) in try accept(bytes, offset: record.offset, emitting: &emission) }
            }
            try result.get()
        case .rejected(let rejection):
            reject(record, rejection, state, &emission)
        }
    }

    /// Emits a normalised event: the second half of the fold, which a replay from the event log runs alone.
    ///
    /// - Parameter bytes: The event as this stage encoded it.
    package func accept(_ bytes: UnsafeRawBufferPointer, offset: Int64, emitting emission: inout Emission) throws(PipelineFailure) {
        let event: EventView
        do throws(ContractFailure) {
            event = try EventView(decoding: bytes)
            guard event.entityCount > 0 else { throw ContractFailure(.missing, field: 4, position: 0) }
        } catch {
            throw .malformedRecord(offset: offset, slot: 0, detail: "normalised event: \(error)")
        }
        emission.order(at: event.time.micros, informingOf: source == .outcomes ? event.transactionTime.micros : nil)
        emission.send(output: 0, partition: Murmur2.partition(key: event.entity(0), count: eventsPartitions), record: bytes)
        write(event, bytes, to: &emission)
    }

    private func write(_ event: EventView, _ bytes: UnsafeRawBufferPointer, to emission: inout Emission) {
        emission.touch(day: event.time.day)
        emission.digest(day: event.time.day, content: EventContent.hash(event))
        if emission.isReplaying { return }
        emission.rows[0].beginRow(fieldCount: 12)
        emission.rows[0].timestamp(unixMicros: event.time.micros)
        emission.rows[0].int16(Int16(event.source.topic.rawValue))
        emission.rows[0].int32(event.source.partition)
        emission.rows[0].int64(event.source.offset)
        emission.rows[0].timestamp(unixMicros: event.sourceTimestampMicros)
        emission.rows[0].text(event.id)
        emission.rows[0].entities(of: event)
        if event.kind == .transaction {
            emission.rows[0].int64(event.amountMinor)
            emission.rows[0].text(event.currency)
            emission.rows[0].null()
            emission.rows[0].null()
        } else {
            emission.rows[0].null()
            emission.rows[0].null()
            emission.rows[0].int16(Int16(event.verdict?.rawValue ?? 0))
            emission.rows[0].timestamp(unixMicros: event.transactionTime.micros)
        }
        emission.rows[0].bytea(bytes)
    }

    /// Emits a rejection: the second half of the fold, which a replay from the table of rejected records runs alone.
    ///
    /// - Parameter record: Its bytes are the original ones.
    package func reject(_ record: InputRecord, _ rejection: Rejection, _ state: State, _ emission: inout Emission) {
        state.letter.removeAll(keepingCapacity: true)
        DeadLetter.encode(rejection, record: record, source: source, into: &state.letter)
        state.letter.withUnsafeBytes { letter in
            emission.publish(output: 1, partition: record.partition % rejectedPartitions, key: nil, value: letter)
        }
        if emission.isReplaying { return }
        emission.rows[1].beginRow(fieldCount: 8)
        emission.rows[1].int16(Int16(source.rawValue))
        emission.rows[1].int32(record.partition)
        emission.rows[1].int64(record.offset)
        emission.rows[1].timestamp(unixMicros: record.timestampMicros)
        emission.rows[1].text(rejection.reason.rawValue)
        if rejection.field.isEmpty { emission.rows[1].null() } else { emission.rows[1].text(rejection.field) }
        emission.rows[1].text(rejection.detail)
        if let original = record.bytes { emission.rows[1].bytea(original) } else { emission.rows[1].null() }
    }
}

/// The message on the dead-letter topic: JSON with the reason, the coordinates, and the original bytes in Base64.
enum DeadLetter {
    static func encode(_ rejection: Rejection, record: InputRecord, source: SourceTopic, into output: inout [UInt8]) {
        JsonText.raw(#"{"topic":"#, into: &output)
        JsonText.string(source == .transactions ? "transactions" : "outcomes", into: &output)
        JsonText.raw(#","partition":"#, into: &output)
        JsonText.integer(Int64(record.partition), into: &output)
        JsonText.raw(#","offset":"#, into: &output)
        JsonText.integer(record.offset, into: &output)
        JsonText.raw(#","reason":"#, into: &output)
        JsonText.string(rejection.reason.rawValue, into: &output)
        JsonText.raw(#","field":"#, into: &output)
        if rejection.field.isEmpty { JsonText.raw("null", into: &output) } else { JsonText.string(rejection.field, into: &output) }
        JsonText.raw(#","detail":"#, into: &output)
        JsonText.string(rejection.detail, into: &output)
        JsonText.raw(#","original_base64":"#, into: &output)
        if let original = record.bytes {
            output.append(0x22)
            Base64.encode(original, into: &output)
            output.append(0x22)
        } else {
            JsonText.raw("null", into: &output)
        }
        output.append(0x7D)
    }
}

/// RFC 4648 §4, with padding.
enum Base64 {
    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        output.reserveCapacity(output.count + (bytes.count + 2) / 3 * 4)
        var index = 0
        while index < bytes.count {
            let left = bytes.count - index
            let word =
                UInt32(bytes[index]) << 16 | (left > 1 ? UInt32(bytes[index + 1]) << 8 : 0) | (left > 2 ? UInt32(bytes[index + 2]) : 0)
            output.append(digits[Int(word >> 18)])
            output.append(digits[Int(word >> 12 & 63)])
            output.append(left > 1 ? digits[Int(word >> 6 & 63)] : 0x3D)
            output.append(left > 2 ? digits[Int(word & 63)] : 0x3D)
            index += 3
        }
    }
}

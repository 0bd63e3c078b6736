internal import Contracts
internal import Forest
internal import Hashing
internal import Json
internal import Kafka
internal import Onnx
package import Pipeline
internal import Postgres
internal import RiskDomain
internal import Synchronization

/// The scorer's fold: the model in force gives score, decision and reasons; both go to the public topic and to PostgreSQL
/// with the features used, the coordinates of every pass and the versions' hashes.
package struct ScoreStage: Stage {
    package let identity: StageIdentity
    private let scoresPartitions: Int32
    private let models = ModelShelf()

    package static let name = "score"

    package init(topics: TopicPlan) {
        scoresPartitions = Int32(topics.scoresPartitions)
        identity = StageIdentity(
            name: ScoreStage.name, number: StageNumber.score, inputTopic: topics.features, isInputPublic: false,
            outputs: [.init(topic: topics.scores, partitionCount: topics.scoresPartitions, isPublic: true)],
            tables: [
                """
                scoring.score (event_time, source_partition, source_offset, source_time, transaction_id, entities, amount_minor, currency, \
                pass_partitions, pass_offsets, pass_slots, marker, features, score, decision, reason_features, reason_contributions, \
                reason_words, model, feature_set, latency_micros)
                """,
                """
                scoring.marker (event_time, topic, source_partition, source_offset, source_time, transaction_id, entities, \
                pass_partitions, pass_offsets, pass_slots, marker, feature_set)
                """,
                "scoring.activation (partition, message_offset, sequence, artifact)",
            ],
            tablesByDay: ["scoring.score", "scoring.marker"], inStepWith: [], hasHistory: false, versionKind: "model", code: "score/2")
    }

    package final class State: StageState {
        fileprivate var model: ScoringModel {
            didSet { scratch = model.reasons.makeScratch() }
        }
        fileprivate var scratch: ReasonScratch
        fileprivate var features: [Double] = []
        fileprivate var reasons = TopReasons()
        fileprivate var message: [UInt8] = []

        fileprivate init(model: ScoringModel) {
            self.model = model
            scratch = model.reasons.makeScratch()
        }

        package var version: [UInt8]? { model.hash.bytes }
        package func encode(into output: inout [UInt8]) {}
    }

    package var loadedVersions: [[UInt8]] { models.hashes }

    package func load(version: [UInt8], content: [UInt8]) throws(PipelineFailure) {
        let hash = ContentHash(of: content)
        guard hash.bytes == version else { throw .damaged(what: "model \(version.hex): its content has the hash \(hash)") }
        do throws(ForestFailure) {
            load(try ScoringModel(forest: try Forest.load(content), hash: hash))
        } catch {
            throw .invalid("model \(hash.short): \(error)")
        }
    }

    /// Makes a model that is at hand ready to take effect.
    package func load(_ model: ScoringModel) { models.add(model) }

    package func makeState(partition: Int32, version: [UInt8]?) throws(PipelineFailure) -> State {
        guard let version else {
            throw .invalid("the scorer has no model yet: give one with model.file or 'assay activate --model'")
        }
        return State(model: try model(version))
    }

    package func decodeState(_ bytes: [UInt8], partition: Int32, version: [UInt8]?) throws(PipelineFailure) -> State {
        try makeState(partition: partition, version: version)
    }

    private func model(_ version: [UInt8]) throws(PipelineFailure) -> ScoringModel {
        guard let model = models.find(version) else { throw .versionMissing(kind: "model", hash: version.hex) }
        return model
    }

    package func fold(_ input: InputRecord, into state: State, emitting emission: inout Emission) throws(PipelineFailure) {
        guard let bytes = input.bytes else {
            throw .malformedRecord(offset: input.offset, slot: Int(input.slot), detail: "no bytes")
        }
        let decoded: Decoded
        do throws(ContractFailure) {
            decoded = input.isControl ? .control(try Control(decoding: bytes)) : .record(try FeatureRecordView(decoding: bytes))
        } catch {
            throw .malformedRecord(offset: input.offset, slot: Int(input.slot), detail: "\(error)")
        }
        switch decoded {
        case .control(let control): try activate(control, input, state, &emission)
        case .record(let record): try score(record, input, state, &emission)
        }
    }

    private enum Decoded {
        case control(Control)
        case record(FeatureRecordView)
    }

    private func activate(_ control: Control, _ input: InputRecord, _ state: State, _ emission: inout Emission) throws(PipelineFailure) {
        guard control.kind == .model else {
            throw .malformedRecord(
                offset: input.offset, slot: Int(input.slot), detail: "the scorer cannot activate a \(control.kind.rawValue)")
        }
        state.model = try model(control.artifact)
        state.message.removeAll(keepingCapacity: true)
        ScoreMessage.activation(control, model: state.model.hash, input, into: &state.message)
        state.message.withUnsafeBytes {
            emission.publish(output: 0, partition: input.partition % scoresPartitions, key: nil, value: $0)
        }
        if emission.isReplaying { return }
        emission.rows[2].beginRow(fieldCount: 4)
        emission.rows[2].int32(input.partition)
        emission.rows[2].int64(input.offset)
        emission.rows[2].int64(Int64(input.sequence))
        emission.rows[2].bytea(control.artifact)
    }
}

extension ScoreStage {
    private func score(
        _ record: FeatureRecordView, _ input: InputRecord, _ state: State, _ emission: inout Emission
    ) throws(PipelineFailure) {
        let event: EventView
        do throws(ContractFailure) {
            event = try EventView(decoding: record.event)
        } catch {
            throw .malformedRecord(offset: input.offset, slot: Int(input.slot), detail: "event: \(error)")
        }
        var passes = record.passes
        passes.append(PassCoordinates(partition: input.partition, offset: input.offset, slot: input.slot))
        let target = event.entityCount > 0 ? Murmur2.partition(key: event.entity(0), count: scoresPartitions) : 0
        emission.order(at: event.time.micros, informingOf: event.kind == .outcome ? event.transactionTime.micros : nil)
        emission.touch(day: event.time.day)
        state.message.removeAll(keepingCapacity: true)
        let content = EventContent.hash(event)

        guard event.kind == .transaction, record.marker == .none || record.marker == .tooLate else {
            ScoreMessage.marker(record.marker, of: event, into: &state.message)
            state.message.withUnsafeBytes { emission.publish(output: 0, partition: target, key: event.id, value: $0) }
            emission.digest(day: event.time.day, content: content.mixed(with: UInt64(record.marker.rawValue)))
            if !emission.isReplaying { writeMarker(record, event, passes, &emission) }
            return
        }
        let model = state.model
        guard record.valueCount == model.engine.featureCount else {
            throw .malformedRecord(
                offset: input.offset, slot: Int(input.slot),
                detail: "\(record.valueCount) features, but model \(model.hash.short) takes \(model.engine.featureCount)")
        }
        if let wanted = model.forest.featureSet, !record.featureSet.elementsEqual(wanted.bytes) {
            throw .malformedRecord(
                offset: input.offset, slot: Int(input.slot),
                detail: "features of set \(Array(record.featureSet).hex), but model \(model.hash.short) was trained on set \(wanted)")
        }
        state.resize(to: record.valueCount)
        state.features.withUnsafeMutableBufferPointer { record.copyValues(into: $0) }
        let score = state.features.withUnsafeBufferPointer { row in
            model.reasons.explain(row, into: &state.reasons, using: state.scratch)
            return model.engine.score(row)
        }
        let decision = model.forest.thresholds.decision(for: score)

        ScoreMessage.score(score, decision, state.reasons, features: state.features, model: model, of: event, into: &state.message)
        state.message.withUnsafeBytes { emission.publish(output: 0, partition: target, key: event.id, value: $0) }
        emission.digest(
            day: event.time.day,
            content: content.mixed(with: score.bitPattern).mixed(with: UInt64(decision.rawValue)).mixed(with: model.hashBits))
        if emission.isReplaying { return }
        writeScore(score, decision, record, event, passes, state, &emission)
    }

    private func writeScore(
        _ score: Double, _ decision: Decision, _ record: FeatureRecordView, _ event: EventView, _ passes: PassList, _ state: State,
        _ emission: inout Emission
    ) {
        let reasons = state.reasons
        let words = state.model.forest.words
        let latency = max(0, min(Int64(Int32.max), emission.stampMicros - event.sourceTimestampMicros))
        emission.rows[0].beginRow(fieldCount: 21)
        emission.rows[0].timestamp(unixMicros: event.time.micros)
        emission.rows[0].int32(event.source.partition)
        emission.rows[0].int64(event.source.offset)
        emission.rows[0].timestamp(unixMicros: event.sourceTimestampMicros)
        emission.rows[0].text(event.id)
        emission.rows[0].entities(of: event)
        emission.rows[0].int64(event.amountMinor)
        emission.rows[0].text(event.currency)
        emission.rows[0].passes(passes)
        emission.rows[0].int16(Int16(record.marker.rawValue))
        emission.rows[0].doubles(state.features.span)
        emission.rows[0].double(score)
        emission.rows[0].int16(Int16(decision.rawValue))
        emission.rows[0].int16s(count: reasons.count) { Int16(truncatingIfNeeded: reasons[$0].feature) }
        emission.rows[0].doubles(count: reasons.count) { reasons[$0].contribution }
        emission.rows[0].int16s(count: reasons.count) { Int16(truncatingIfNeeded: words.place(of: reasons[$0])) }
        emission.rows[0].bytea(state.model.hash.bytes)
        emission.rows[0].bytea(record.featureSet)
        emission.rows[0].int32(Int32(latency))
    }

    private func writeMarker(_ record: FeatureRecordView, _ event: EventView, _ passes: PassList, _ emission: inout Emission) {
        emission.rows[1].beginRow(fieldCount: 12)
        emission.rows[1].timestamp(unixMicros: event.time.micros)
        emission.rows[1].int16(Int16(event.source.topic.rawValue))
        emission.rows[1].int32(event.source.partition)
        emission.rows[1].int64(event.source.offset)
        emission.rows[1].timestamp(unixMicros: event.sourceTimestampMicros)
        emission.rows[1].text(event.id)
        emission.rows[1].entities(of: event)
        emission.rows[1].passes(passes)
        emission.rows[1].int16(Int16(record.marker.rawValue))
        emission.rows[1].bytea(record.featureSet)
    }
}

extension ScoreStage.State {
    fileprivate func resize(to count: Int) {
        guard features.count != count else { return }
        features = Array(repeating: 0, count: count)
    }
}

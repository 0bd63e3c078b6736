internal import Contracts
package import Features
internal import Hashing
internal import Intake
internal import Kafka
package import Pipeline
internal import RiskDomain

/// One pass of the feature extractor: adds the features of one entity and sends the record on to the owner of the next
/// entity, or to the scorer.
package struct PassStage: Stage {
    package let identity: StageIdentity
    private let featureSet: FeatureSet
    private let pass: Int
    private let passFold: PassFold
    private let entityIndex: Int
    /// Place of the next pass's entity; nil after the last pass.
    private let nextEntityIndex: Int?
    private let outputPartitions: Int32

    package static func name(_ pass: Int, of featureSet: FeatureSet) -> String { "features.\(featureSet.passes[pass].entity)" }

    package init(pass: Int, featureSet: FeatureSet, topics: TopicPlan) {
        self.featureSet = featureSet
        self.pass = pass
        passFold = PassFold(featureSet, pass: pass)
        entityIndex = featureSet.passes[pass].entityIndex
        let isLast = pass == featureSet.passes.count - 1
        nextEntityIndex = isLast ? nil : featureSet.passes[pass + 1].entityIndex
        let partitions = isLast ? topics.featuresPartitions : topics.eventsPartitions
        outputPartitions = Int32(partitions)
        identity = StageIdentity(
            name: PassStage.name(pass, of: featureSet), number: StageNumber.pass(pass),
            inputTopic: topics.passInput(pass, entity: featureSet.passes[pass].entity), isInputPublic: false,
            outputs: [
                .init(
                    topic: isLast ? topics.features : topics.passInput(pass + 1, entity: featureSet.passes[pass + 1].entity),
                    partitionCount: partitions, isPublic: false)
            ],
            tables: [], tablesByDay: [], inStepWith: isLast ? [] : [PassStage.name(pass, of: featureSet)], hasHistory: true,
            code: "features/1/\(featureSet.hash)")
    }

    package final class State: StageState {
        fileprivate let pass: PassState
        fileprivate var values: [Double] = []
        fileprivate var record: [UInt8] = []

        fileprivate init(pass: PassState) { self.pass = pass }

        package var version: [UInt8]? { nil }
        package func encode(into output: inout [UInt8]) { pass.encode(into: &output) }
    }

    package func makeState(partition: Int32, version: [UInt8]?) throws(PipelineFailure) -> State { State(pass: passFold.emptyState()) }

    package func decodeState(_ bytes: [UInt8], partition: Int32, version: [UInt8]?) throws(PipelineFailure) -> State {
        do throws(SnapshotFailure) {
            return State(pass: try passFold.decode(bytes))
        } catch {
            throw .damaged(what: "snapshot of \(identity.name)/\(partition): \(error)")
        }
    }

    package func fold(_ input: InputRecord, into state: State, emitting emission: inout Emission) throws(PipelineFailure) {
        guard !input.isControl, let bytes = input.bytes else {
            throw .malformedRecord(offset: input.offset, slot: Int(input.slot), detail: "\(identity.name) knows no control records")
        }
        do throws(ContractFailure) {
            try fold(bytes, at: input, state, &emission)
        } catch {
            throw .malformedRecord(offset: input.offset, slot: Int(input.slot), detail: "\(error)")
        }
    }

    private func fold(
        _ bytes: UnsafeRawBufferPointer, at input: InputRecord, _ state: State, _ emission: inout Emission
    ) throws(ContractFailure) {
        state.values.removeAll(keepingCapacity: true)
        var passes = PassList()
        var marker = Marker.none
        var eventBytes = bytes
        if pass > 0 {
            let record = try FeatureRecordView(decoding: bytes)
            guard record.featureSet.elementsEqual(featureSet.hash.bytes) else {
                throw ContractFailure(.outOfRange, field: 5, position: 0)
            }
            eventBytes = record.event
            passes = record.passes
            marker = record.marker
            for index in 0..<record.valueCount { state.values.append(record.value(index)) }
        }
        let event = try EventView(decoding: eventBytes)
        guard entityIndex < event.entityCount, (nextEntityIndex ?? 0) < event.entityCount else {
            throw ContractFailure(.missing, field: 4, position: 0)
        }
        passes.append(PassCoordinates(partition: input.partition, offset: input.offset, slot: input.slot))
        let content = EventContent.hash(event)
        let own = apply(event, content: content, sofar: marker, state)
        if own != .none { marker = own }

        emission.order(at: event.time.micros, informingOf: event.kind == .outcome ? event.transactionTime.micros : nil)
        state.record.removeAll(keepingCapacity: true)
        state.values.withUnsafeBufferPointer { values in
            featureSet.hash.bytes.withUnsafeBytes { hash in
                FeatureRecordEncoder.encode(
                    event: eventBytes, passes: passes, values: values, marker: marker, featureSet: hash, into: &state.record)
            }
        }
        let target: Int32
        if let nextEntityIndex {
            target = Murmur2.partition(key: event.entity(nextEntityIndex), count: outputPartitions)
        } else {
            target = input.partition % outputPartitions
        }
        state.record.withUnsafeBytes { emission.send(output: 0, partition: target, record: $0) }
        var said = content.mixed(with: UInt64(marker.rawValue))
        for value in state.values { said = said.mixed(with: value.bitPattern) }
        emission.digest(day: event.time.day, content: said)
    }

    private func apply(_ event: EventView, content: Hash128, sofar: Marker, _ state: State) -> Marker {
        switch event.kind {
        case .outcome:
            guard let verdict = event.verdict else { return .none }
            let marker = passFold.outcome(
                id: event.id, time: event.time, transactionTime: event.transactionTime, verdict: verdict,
                entity: event.entity(entityIndex), into: state.pass)
            // A label that nobody could fold is unmatched; one that an earlier pass folded stays folded.
            return marker == .labelUnmatched && sofar != .none ? .none : marker
        case .transaction:
            if sofar == .duplicate || sofar == .conflict { return .none }
            let exponent = Currency(code: event.currency)?.exponent ?? 2
            return passFold.transaction(
                id: event.id, bodyHash: content, time: event.time, amountMinor: event.amountMinor, currencyExponent: exponent,
                entity: event.entity(entityIndex), into: state.pass, values: &state.values)
        }
    }
}

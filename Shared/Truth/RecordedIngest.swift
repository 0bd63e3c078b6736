internal import Intake
internal import Pipeline
internal import RiskDomain
internal import Stages

/// The second half of ingest: emits what was recorded of a record (its event, or its rejection) as the live fold did.
struct RecordedIngest: Stage {
    private let ingest: IngestStage

    init(_ ingest: IngestStage) { self.ingest = ingest }

    var identity: StageIdentity { ingest.identity }

    final class State: StageState {
        fileprivate let inner: IngestStage.State
        /// Set before the record is folded: why it was rejected; nil for an event.
        var rejection: Rejection?

        fileprivate init(_ inner: IngestStage.State) { self.inner = inner }
        var version: [UInt8]? { nil }
        func encode(into output: inout [UInt8]) {}
    }

    func makeState(partition: Int32, version: [UInt8]?) throws(PipelineFailure) -> State {
        State(try ingest.makeState(partition: partition, version: version))
    }

    func decodeState(_ bytes: [UInt8], partition: Int32, version: [UInt8]?) throws(PipelineFailure) -> State {
        State(try ingest.decodeState(bytes, partition: partition, version: version))
    }

    func fold(_ record: InputRecord, into state: State, emitting emission: inout Emission) throws(PipelineFailure) {
        if let rejection = state.rejection {
            ingest.reject(record, rejection, state.inner, &emission)
        } else if let bytes = record.bytes {
            try ingest.accept(bytes, offset: record.offset, emitting: &emission)
        } else {
            throw .malformedRecord(offset: record.offset, slot: 0, detail: "the event log holds no bytes of it")
        }
    }
}

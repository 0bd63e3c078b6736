internal import Contracts
internal import Hashing

/// Folds the messages of one input partition: reads runs, drops what the lanes have seen, calls the stage, links the chain
/// and gathers the outputs. Owned by one unit; pure but for the wall clock that it is handed for latency columns.
package final class UnitFold<S: Stage> {
    package let stage: S
    package let partition: Int32
    package private(set) var state: S.State
    package private(set) var chain: Chain
    /// Records accepted, and records dropped because their number had been seen, since the beginning.
    package private(set) var accepted: Int64
    package private(set) var repeated: Int64
    /// First offset that is not folded.
    package private(set) var nextOffset: Int64
    private var emission: Emission
    private var batchStart: Int64
    private var recordsInBatch = 0
    private let isInputPublic: Bool

    /// A unit as it stands at an offset: the beginning, a snapshot, or (for stages without history) the progress row.
    package init(
        stage: S, partition: Int32, state: S.State, standing: UnitStanding, limits: Emission.RunLimits = .init(), stepSpanMicros: Int64
    ) {
        self.stage = stage
        self.partition = partition
        self.state = state
        self.isInputPublic = stage.identity.isInputPublic
        chain = Chain(standing.chain)
        accepted = standing.accepted
        repeated = standing.repeated
        nextOffset = standing.nextOffset
        batchStart = standing.nextOffset
        emission = Emission(
            identity: stage.identity, partition: partition, lanes: standing.lanes, limits: limits, stepSpanMicros: stepSpanMicros)
        emission.step = standing.step
        emission.sourceMicros = standing.sourceMicros
    }

    /// Where the unit stands now.
    package var standing: UnitStanding {
        UnitStanding(
            nextOffset: nextOffset, lanes: emission.lanes, chain: chain.value, accepted: accepted, repeated: repeated,
            version: state.version, step: emission.step, sourceMicros: emission.sourceMicros)
    }

    /// While true, what is folded is committed already: it changes the state and emits nothing.
    package var isReplaying: Bool {
        get { emission.isReplaying }
        set { emission.isReplaying = newValue }
    }

    package var pendingRecordCount: Int { recordsInBatch }
    package var pendingByteCount: Int { emission.bytes.count }
    package var hasPendingBatch: Bool { nextOffset > batchStart }

    /// Sets what the shell knows and the fold must not ask for.
    package func begin(stampMicros: Int64, gatedBeforeStep: Int64) {
        emission.stampMicros = stampMicros
        emission.gatedBeforeStep = gatedBeforeStep
    }

    /// Folds one message, whole or not at all as far as the lanes are concerned.
    ///
    /// - Throws: ``PipelineFailure`` when the message cannot be passed over; the unit then stands before it, or, when a
    ///   record in the middle of a run failed, must be dropped.
    package func fold(message: UnsafeRawBufferPointer?, offset: Int64, timestampMicros: Int64) throws(PipelineFailure) {
        if isInputPublic {
            let lane = LaneSource(stage: LaneSource.publicInput, partition: UInt32(partition))
            try fold(
                InputRecord(
                    bytes: message, isControl: false, partition: partition, offset: offset, slot: 0, timestampMicros: timestampMicros,
                    lane: lane, sequence: UInt64(offset)))
        } else {
            try foldRun(message, offset: offset, timestampMicros: timestampMicros)
        }
        nextOffset = offset + 1
    }

    /// Folds one record of a recorded order, wherever in its message it lay: what a replay from the tables uses.
    ///
    /// A batch must not be taken between two records of one message.
    /// - Throws: As ``fold(message:offset:timestampMicros:)``; a number that is not the lane's next one is a gap, whichever side it is on.
    package func fold(recorded record: InputRecord) throws(PipelineFailure) {
        if !isInputPublic {
            let expected = emission.lanes.nextExpected(from: record.lane)
            guard case .accept(repeated: 0) = emission.lanes.receive(from: record.lane, first: record.sequence, count: 1) else {
                throw .laneGap(source: record.lane, expected: expected, found: record.sequence, offset: record.offset)
            }
        }
        try fold(record)
        nextOffset = record.offset + 1
    }

    private func foldRun(_ message: UnsafeRawBufferPointer?, offset: Int64, timestampMicros: Int64) throws(PipelineFailure) {
        guard let message else { throw .malformedMessage(offset: offset, detail: "no value") }
        let run: RunView
        do throws(ContractFailure) {
            run = try RunView(decoding: message)
        } catch {
            throw .malformedMessage(offset: offset, detail: "\(error)")
        }
        let isControl = run.kind == .control
        let lane = isControl ? LaneSource.control : LaneSource(stage: run.sourceStage, partition: UInt32(run.sourcePartition))
        let first = UInt64(run.firstSequence)
        let skip: Int
        switch emission.lanes.receive(from: lane, first: first, count: run.recordCount) {
        case .accept(let seen): skip = seen
        case .gap(let expected, let found): throw .laneGap(source: lane, expected: expected, found: found, offset: offset)
        }
        repeated += Int64(skip)
        if skip == run.recordCount { return }
        var slot = 0
        for record in run.records {
            if slot >= skip {
                try fold(
                    InputRecord(
                        bytes: record, isControl: isControl, partition: partition, offset: offset, slot: Int32(slot),
                        timestampMicros: timestampMicros, lane: lane, sequence: first + UInt64(slot)))
            }
            slot += 1
        }
    }

    private func fold(_ record: InputRecord) throws(PipelineFailure) {
        emission.beginRecord()
        try stage.fold(record, into: state, emitting: &emission)
        chain.link(lane: record.lane, sequence: record.sequence, output: emission.recordHash)
        accepted += 1
        recordsInBatch += 1
    }

    /// Takes everything folded since the last batch; nil when there is nothing.
    package func takeBatch(withSnapshot: Bool) -> Batch? {
        guard hasPendingBatch else { return nil }
        var batch = Batch(range: .init(from: batchStart, to: nextOffset), rows: [])
        emission.drain(into: &batch)
        batch.recordCount = recordsInBatch
        let standing = self.standing
        standing.lanes.encode(into: &batch.lanes)
        batch.chain = standing.chain
        batch.accepted = standing.accepted
        batch.repeated = standing.repeated
        batch.version = standing.version
        batch.sourceMicros = standing.sourceMicros
        batch.stepReached = standing.step
        if withSnapshot { batch.snapshot = snapshot() }
        batchStart = nextOffset
        recordsInBatch = 0
        return batch
    }

    /// Ends a replay: what was folded, up to `offset`, is committed.
    package func endReplay(at offset: Int64) {
        emission.isReplaying = false
        nextOffset = offset
        batchStart = offset
        recordsInBatch = 0
    }

    /// The unit's standing and state in their stored form.
    package func snapshot() -> [UInt8] {
        var bytes: [UInt8] = []
        standing.encode(into: &bytes)
        state.encode(into: &bytes)
        return bytes
    }
}

extension LaneSource {
    /// Stands for the lane of a public topic's records, which are numbered by their offsets.
    package static let publicInput = UInt32.max
}

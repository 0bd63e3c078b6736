internal import Contracts
internal import Features
internal import Hashing
internal import Intake
internal import Pipeline
internal import Postgres
internal import RiskDomain
internal import Stages

extension Replay {
    /// Streams rows that are ordered by partition through one unit after another.
    ///
    /// - Parameters:
    ///   - partition: Field or array element of the row that says the unit.
    ///   - begin: Makes a unit's replay.
    ///   - end: Called when a unit's rows are through.
    private func stream<S: Stage>(
        _ stage: S, query: String, partition: (CopyRow) -> Int32, begin: (CommittedUnit) throws -> UnitReplay<S>,
        fold: (CopyRow, UnitReplay<S>) throws -> Void, end: (UnitReplay<S>) throws -> Void = { _ in }
    ) throws {
        let name = stage.identity.name
        var waiting = units[name] ?? [:]
        var current: (partition: Int32, replay: UnitReplay<S>?)?
        func finish(_ replay: UnitReplay<S>, _ partition: Int32) throws {
            try end(replay)
            replay.finish(&report, digests: storedDigests(name, partition))
        }
        func make(_ partition: Int32) throws -> UnitReplay<S>? {
            guard let unit = waiting.removeValue(forKey: partition) else {
                report.note(name, partition, "records are stored for this partition, but pipeline.progress does not know it")
                return nil
            }
            return try begin(unit)
        }
        var rows = try CopyRows(session, query: query)
        while try rows.next() {
            let next = partition(rows.row)
            if current?.partition != next {
                if let (partition, replay) = current, let replay { try finish(replay, partition) }
                current = (next, try make(next))
            }
            if let replay = current?.replay { try fold(rows.row, replay) }
            advance()
        }
        try rows.finish()
        if let (partition, replay) = current, let replay { try finish(replay, partition) }
        // Units without a record, and those with control records alone.
        for partition in waiting.keys.sorted() { if let replay = try make(partition) { try finish(replay, partition) } }
    }

    // MARK: Ingest

    func replayIngest(_ source: SourceTopic) throws {
        let ingest = IngestStage(source: source, schema: schema, topics: topics)
        let stage = RecordedIngest(ingest)
        let fields = RecordedOrder.ingestFields
        let columns = ingest.identity.tables.map { RecordedOrder.columns(of: $0, in: fields) }
        let (event, reason) = (fields.firstIndex(of: "event") ?? 0, fields.firstIndex(of: "reason") ?? 0)
        try stream(
            stage, query: RecordedOrder.ingest(source), partition: { Int32(truncatingIfNeeded: $0.integer(1)) },
            begin: { unit in try UnitReplay(stage, unit, genesis: nil, columns: columns, report: report) },
            fold: { row, replay in
                let coordinates = SourceCoordinates(
                    topic: source, partition: Int32(truncatingIfNeeded: row.integer(1)), offset: row.integer(2))
                let isEvent = row.isNull(reason)
                if isEvent {
                    replay.fold.state.rejection = nil
                } else if let word = Rejection.Reason(rawValue: row.text(reason)) {
                    replay.fold.state.rejection = Rejection(word, field: row.text(reason + 1), detail: row.text(reason + 2))
                } else {
                    return report.note(
                        stage.identity.name, coordinates.partition, record: coordinates.label, "unknown reason '\(row.text(reason))'")
                }
                let bytes = isEvent ? event : reason + 3
                row.withField(bytes) { value in
                    replay.fold(
                        InputRecord(
                            bytes: row.isNull(bytes) ? nil : value, isControl: false, partition: coordinates.partition,
                            offset: coordinates.offset, slot: 0, timestampMicros: row.integer(3) + RecordedOrder.epochShiftMicros,
                            lane: LaneSource(stage: LaneSource.publicInput, partition: UInt32(bitPattern: coordinates.partition)),
                            sequence: UInt64(bitPattern: coordinates.offset)),
                        label: coordinates.label, stored: (isEvent ? 0 : 1, row), report: &report)
                }
            })
    }

    // MARK: Passes

    func replayPass(_ pass: Int) throws {
        let stage = PassStage(pass: pass, featureSet: featureSet, topics: topics)
        let fields = ScoredFields(RecordedOrder.passFields)
        let own = featureSet.columns(ofPass: pass)
        let isLast = pass == featureSet.passes.count - 1
        var lanes: [LaneSource: UInt64] = [:]
        var chunk: [PassCoordinates: Expected] = [:]
        var input: [UInt8] = []
        try stream(
            stage, query: RecordedOrder.scored(RecordedOrder.passFields, pass: pass), partition: { $0.int32(fields.passPartitions, pass) },
            begin: { unit in
                lanes.removeAll()
                chunk.removeAll()
                return try UnitReplay(stage, unit, genesis: nil, columns: [], report: report) { [self] batch, report in
                    compare(batch, with: &chunk, stage, own, isLast, &report)
                }
            },
            fold: { row, replay in
                let source = fields.source(row)
                let place = fields.coordinates(row, pass)
                if row.isNull(fields.event) { return }  // said already
                guard row.field(fields.featureSet).elementsEqual(featureSet.hash.bytes) else {
                    return report.note(
                        stage.identity.name, place.partition, record: source.label,
                        "was scored with feature set \(Array(row.field(fields.featureSet)).hex), this is \(featureSet.hash): give the file that was in force"
                    )
                }
                let lane: LaneSource
                if pass == 0 {
                    let number = source.topic == .transactions ? StageNumber.ingestTransactions : StageNumber.ingestOutcomes
                    lane = LaneSource(stage: number, partition: UInt32(bitPattern: source.partition))
                } else {
                    let before = fields.coordinates(row, pass - 1)
                    lane = LaneSource(stage: StageNumber.pass(pass - 1), partition: UInt32(bitPattern: before.partition))
                }
                let sequence = lanes[lane, default: 0]
                lanes[lane] = sequence + 1
                input.removeAll(keepingCapacity: true)
                if pass == 0 {
                    input.append(contentsOf: row.field(fields.event))
                } else {
                    fields.encode(row, passCount: pass, valueCount: own.lowerBound, marker: markers[source], into: &input)
                }
                let isScore = row.integer(fields.isScore) != 0
                let expected = Expected(
                    source: source,
                    values: isScore ? own.map { $0 < row.elementCount(fields.features) ? row.double(fields.features, $0) : .nan } : nil,
                    marker: fields.marker(row))
                input.withUnsafeBytes { bytes in
                    replay.fold(
                        InputRecord(
                            bytes: bytes, isControl: false, partition: place.partition, offset: place.offset, slot: place.slot,
                            timestampMicros: 0, lane: lane, sequence: sequence),
                        label: source.label, stored: nil, report: &report)
                }
                chunk[place] = expected
            })
    }

    /// What is stored of a record that a pass folded.
    private struct Expected {
        var source: SourceCoordinates
        /// The pass's own columns; nil for a record that was not scored.
        var values: [Double]?
        /// After the last pass.
        var marker: Marker
    }

    private func compare(
        _ batch: Batch, with chunk: inout [PassCoordinates: Expected], _ stage: PassStage, _ own: Range<Int>, _ isLast: Bool,
        _ report: inout TruthReport
    ) {
        let name = stage.identity.name
        let names = featureSet.featureNames
        func compare(_ view: FeatureRecordView) {
            let place = view.passes[view.passes.count - 1]
            guard let expected = chunk.removeValue(forKey: place) else {
                return report.note(
                    name, place.partition, "an output for offset \(place.offset), slot \(place.slot), where no record is stored")
            }
            markers[expected.source] = view.marker
            if isLast, view.marker != expected.marker {
                report.note(
                    name, place.partition, record: expected.source.label,
                    "marker: stored \(expected.marker.word), recomputed \(view.marker.word)")
            }
            guard let values = expected.values else { return }
            guard view.valueCount == own.upperBound else {
                return report.note(
                    name, place.partition, record: expected.source.label, "was scored, but the replay gives \(view.valueCount) features")
            }
            for (column, stored) in zip(own, values) where view.value(column).bitPattern != stored.bitPattern {
                report.note(
                    name, place.partition, record: expected.source.label,
                    "feature \(names[column]): stored \(stored), recomputed \(view.value(column))")
            }
        }
        for message in batch.messages {
            batch.bytes[message.value].withUnsafeBytes { bytes in
                do throws(ContractFailure) {
                    for record in try RunView(decoding: bytes).records { compare(try FeatureRecordView(decoding: record)) }
                } catch {
                    report.note(name, nil, "the replay wrote bytes that it cannot read: \(error)")
                }
            }
        }
    }

    // MARK: Scorer

    func replayScorer() throws {
        let stage = ScoreStage(topics: topics)
        let name = stage.identity.name
        let fields = ScoredFields(RecordedOrder.scoredFields)
        let passCount = featureSet.passes.count
        guard units[name] != nil else { return }
        guard let first = genesis[name] else {
            throw TruthFailure.impossible(
                "pipeline.genesis does not say with which model the scorer began: no scorer with model.file has run yet")
        }
        var activations = try readActivations()
        try loadModels([first] + activations.values.joined().map(\.artifact), into: stage)
        var columns = stage.identity.tables.prefix(2).map { RecordedOrder.columns(of: $0, in: RecordedOrder.scoredFields) }
        columns.append(RecordedOrder.columns(of: stage.identity.tables[2], in: Activation.fields))
        var lanes: [LaneSource: UInt64] = [:]
        var partition: Int32 = 0
        var input: [UInt8] = []
        func activate(before offset: Int64, _ replay: UnitReplay<ScoreStage>) {
            while let next = activations[partition]?.first, next.offset < offset {
                activations[partition]?.removeFirst()
                var bytes: [UInt8] = []
                Control(artifact: next.artifact, kind: .model, activation: next.sequence).encode(into: &bytes)
                bytes.withUnsafeBytes {
                    replay.fold(
                        InputRecord(
                            bytes: $0, isControl: true, partition: partition, offset: next.offset, slot: 0, timestampMicros: 0,
                            lane: LaneSource.control, sequence: next.sequence),
                        label: "activation \(next.sequence)", stored: (2, next.row), report: &report)
                }
            }
        }
        try stream(
            stage, query: RecordedOrder.scored(RecordedOrder.scoredFields, pass: passCount),
            partition: { $0.int32(fields.passPartitions, passCount) },
            begin: { unit in
                lanes.removeAll()
                partition = unit.partition
                return try UnitReplay(stage, unit, genesis: first, columns: Array(columns), report: report)
            },
            fold: { row, replay in
                let source = fields.source(row)
                let place = fields.coordinates(row, passCount)
                if row.isNull(fields.event) { return }  // said already
                activate(before: place.offset, replay)
                let lane = LaneSource(
                    stage: StageNumber.pass(passCount - 1), partition: UInt32(bitPattern: fields.coordinates(row, passCount - 1).partition))
                let sequence = lanes[lane, default: 0]
                lanes[lane] = sequence + 1
                input.removeAll(keepingCapacity: true)
                fields.encode(row, passCount: passCount, valueCount: .max, marker: fields.marker(row), into: &input)
                input.withUnsafeBytes {
                    replay.fold(
                        InputRecord(
                            bytes: $0, isControl: false, partition: place.partition, offset: place.offset, slot: place.slot,
                            timestampMicros: 0, lane: lane, sequence: sequence),
                        label: source.label, stored: (row.integer(fields.isScore) != 0 ? 0 : 1, row), report: &report)
                }
            },
            end: { replay in activate(before: .max, replay) })
    }

    /// A control record that the scorer folded.
    private struct Activation {
        static let fields = ["partition", "message_offset", "sequence", "artifact"]
        var row: CopyRow

        var offset: Int64 { row.integer(1) }
        var sequence: UInt64 { UInt64(bitPattern: row.integer(2)) }
        var artifact: [UInt8] { Array(row.field(3)) }
    }

    private func readActivations() throws -> [Int32: [Activation]] {
        var activations: [Int32: [Activation]] = [:]
        var rows = try CopyRows(
            session,
            query:
                "SELECT \(Activation.fields.joined(separator: ", ")) FROM scoring.activation ORDER BY partition, message_offset, sequence")
        while try rows.next() {
            guard rows.row.field(3).count == 32 else { continue }  // the row count will differ
            activations[Int32(truncatingIfNeeded: rows.row.integer(0)), default: []].append(Activation(row: rows.row))
        }
        try rows.finish()
        return activations
    }

    private func loadModels(_ hashes: [[UInt8]], into stage: ScoreStage) throws {
        for hash in hashes where !stage.loadedVersions.contains(hash) {
            guard let row = try session.query("SELECT content FROM model.artifact WHERE hash = $1", [.bytea(hash)]).first else {
                throw TruthFailure.impossible("model \(hash.hex) took effect but is not in model.artifact")
            }
            try stage.load(version: hash, content: try row.bytea(0))
        }
    }
}

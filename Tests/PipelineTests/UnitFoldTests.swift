import Contracts
import Hashing
import Pipeline
import Testing

@Suite struct UnitFoldTests {
    /// Folds everything, taking batches after a random number of messages.
    private func run(
        _ input: [ToyMessage], _ fold: UnitFold<ToyStage>, splits: inout SplitMix64, into tale: inout ToyTale
    ) throws {
        for message in input {
            try fold.fold(message)
            if splits.chance(30), let batch = fold.takeBatch(withSnapshot: false) { try tale.add(batch) }
        }
        if let batch = fold.takeBatch(withSnapshot: false) { try tale.add(batch) }
    }

    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func batchesCutAnywhereSayTheSame(seed: UInt64) throws {
        let input = toyInput(seed: seed, messageCount: 120)
        var tales: [ToyTale] = []
        var standings: [UnitStanding] = []
        for split in 0..<4 as Range<UInt64> {
            var splits = SplitMix64(seed: seed &* 31 &+ split)
            var tale = ToyTale()
            let limits = Emission.RunLimits(records: 1 + splits.below(20), bytes: 20 + splits.below(400))
            let fold = try toyFold(limits: limits)
            try run(input, fold, splits: &splits, into: &tale)
            tales.append(tale)
            standings.append(fold.standing)
        }
        #expect(standings[0].accepted == Int64(input.reduce(0) { $0 + $1.records.count }))
        #expect(standings[0].chain != .zero)
        for index in tales.indices {
            #expect(tales[index] == tales[0])
            #expect(standings[index] == standings[0])
            for lane in tales[index].records { #expect(lane.map(\.sequence) == Array(0..<UInt64(lane.count))) }
        }
    }

    @Test func aRunThatCameBeforeIsDroppedWholeOrInPart() throws {
        let input = toyInput(seed: 5, messageCount: 60)
        let once = try toyFold()
        for message in input { try once.fold(message) }

        // A dying owner of the stage before sends again what it had sent, cut at other places.
        var random = SplitMix64(seed: 6)
        var all: [LaneSource: [[UInt8]]] = [:]
        let again = try toyFold()
        var offset: Int64 = 0
        var repeatedCount: Int64 = 0
        for message in input {
            var message = message
            let known = all[message.lane] ?? []
            let overlap = random.below(min(known.count, 9) + 1)
            message.first -= UInt64(overlap)
            message.records = Array(known.suffix(overlap)) + message.records
            repeatedCount += Int64(overlap)
            if random.chance(40), !known.isEmpty {
                let start = random.below(known.count)
                let part = Array(known[start...].prefix(5))
                repeatedCount += Int64(part.count)
                try again.fold(ToyMessage(offset: offset, lane: message.lane, first: UInt64(start), records: part))
                offset += 1
            }
            message.offset = offset
            offset += 1
            try again.fold(message)
            all[message.lane] = known + message.records.suffix(from: overlap)
        }
        #expect(again.chain == once.chain)
        #expect(again.accepted == once.accepted)
        #expect(again.repeated == repeatedCount)
        #expect(again.standing.lanes == once.standing.lanes)
        #expect(repeatedCount > 50)
    }

    @Test func aGapIsAnIncidentAndChangesNothing() throws {
        let fold = try toyFold()
        let lane = LaneSource(stage: 9, partition: 0)
        try fold.fold(ToyMessage(offset: 0, lane: lane, first: 0, records: [ToyStage.record(at: 1, value: 1)]))
        let before = fold.standing
        #expect(throws: PipelineFailure.laneGap(source: lane, expected: 1, found: 3, offset: 1)) {
            try fold.fold(ToyMessage(offset: 1, lane: lane, first: 3, records: [ToyStage.record(at: 1, value: 1)]))
        }
        #expect(fold.standing == before)
        #expect(throws: PipelineFailure.laneGap(source: LaneSource(stage: 9, partition: 1), expected: 0, found: 2, offset: 1)) {
            try fold.fold(
                ToyMessage(
                    offset: 1, lane: LaneSource(stage: 9, partition: 1), first: 2, records: [ToyStage.record(at: 1, value: 1)]))
        }
        #expect(fold.standing == before)
    }

    @Test(arguments: [nil, [], [0xFF], [8, 1], Array("not a run".utf8)] as [[UInt8]?])
    func aMessageThatIsNoRunIsRefused(bytes: [UInt8]?) throws {
        let fold = try toyFold()
        let before = fold.standing
        #expect(throws: PipelineFailure.self) {
            if let bytes {
                try bytes.withUnsafeBytes { try fold.fold(message: $0, offset: 0, timestampMicros: 0) }
            } else {
                try fold.fold(message: nil, offset: 0, timestampMicros: 0)
            }
        }
        #expect(fold.standing == before)
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func aUnitRestoredFromASnapshotGoesOnWithTheSameChain(seed: UInt64) throws {
        let input = toyInput(seed: seed, messageCount: 90)
        var random = SplitMix64(seed: seed)
        let straight = try toyFold()
        var whole = ToyTale()
        for message in input { try straight.fold(message) }
        if let batch = straight.takeBatch(withSnapshot: false) { try whole.add(batch) }

        var fold = try toyFold()
        var tale = ToyTale()
        for message in input {
            if random.chance(15) {
                let batch = fold.takeBatch(withSnapshot: true)
                if let batch { try tale.add(batch) }
                if let snapshot = batch?.snapshot {
                    #expect(snapshot == fold.snapshot())
                    let (standing, rest) = try UnitStanding.decode(snapshot, outgoingCount: 5)
                    #expect(standing == fold.standing)
                    fold = try toyFold(
                        standing: standing, state: ToyStage().decodeState(Array(rest), partition: 2, version: nil))
                }
            }
            try fold.fold(message)
        }
        if let batch = fold.takeBatch(withSnapshot: false) { try tale.add(batch) }
        #expect(fold.standing == straight.standing)
        #expect(fold.snapshot() == straight.snapshot())
        #expect(tale == whole)
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func aReplayEmitsNothingAndEndsWhereTheOwnerStood(seed: UInt64) throws {
        let input = toyInput(seed: seed, messageCount: 80)
        let cut = 20 + SplitMix64(seed: seed).firstBelow(40)
        let live = try toyFold()
        for message in input[..<cut] { try live.fold(message) }
        let committed = live.takeBatch(withSnapshot: false)
        let standing = live.standing
        #expect(committed?.chain == standing.chain)

        let heir = try toyFold()
        heir.isReplaying = true
        for message in input[..<cut] { try heir.fold(message) }
        heir.endReplay(at: Int64(cut))
        #expect(heir.standing == standing)
        let nothing = heir.takeBatch(withSnapshot: false)
        #expect(nothing == nil)

        var next = ToyTale()
        var nextOfHeir = ToyTale()
        for message in input[cut...] {
            try live.fold(message)
            try heir.fold(message)
        }
        if let batch = live.takeBatch(withSnapshot: false) { try next.add(batch) }
        if let batch = heir.takeBatch(withSnapshot: false) { try nextOfHeir.add(batch) }
        #expect(next == nextOfHeir)
        #expect(heir.standing == live.standing)
    }

    @Test func recordsOfARecordedOrderGiveTheSameChainOneByOne() throws {
        let input = toyInput(seed: 77, messageCount: 100)
        let live = try toyFold()
        for message in input { try live.fold(message) }
        let replay = try toyFold()
        for message in input {
            for (slot, record) in message.records.enumerated() {
                try record.withUnsafeBytes {
                    try replay.fold(
                        recorded: InputRecord(
                            bytes: $0, isControl: false, partition: 2, offset: message.offset, slot: Int32(slot), timestampMicros: 0,
                            lane: message.lane, sequence: message.first + UInt64(slot)))
                }
            }
        }
        #expect(replay.standing == live.standing)
        var (one, other) = (ToyTale(), ToyTale())
        try one.add(#require(live.takeBatch(withSnapshot: false)))
        try other.add(#require(replay.takeBatch(withSnapshot: false)))
        #expect(one == other)

        let last = try #require(input.last)
        for sequence in [last.first, last.first + UInt64(last.records.count) + 1] {
            #expect(throws: PipelineFailure.self) {
                try last.records[0].withUnsafeBytes {
                    try replay.fold(
                        recorded: InputRecord(
                            bytes: $0, isControl: false, partition: 2, offset: 100, slot: 0, timestampMicros: 0, lane: last.lane,
                            sequence: sequence))
                }
            }
        }
        #expect(replay.standing == live.standing)
    }

    @Test func stepsOfSourceTimeCutSegmentsAndRuns() throws {
        let fold = try toyFold()
        fold.begin(stampMicros: 0, gatedBeforeStep: 4)
        // Steps of 100: 0, 0, 1, 3, 2 (late, goes along with 3), 5.
        let times: [Int64] = [10, 90, 100, 350, 250, 510]
        let records = times.map { ToyStage.record(at: $0, value: 3) }
        try fold.fold(ToyMessage(offset: 0, lane: LaneSource(stage: 9, partition: 0), first: 0, records: records))
        let batch = try #require(fold.takeBatch(withSnapshot: false))
        #expect(batch.segments.map(\.step) == [0, 1, 3, nil])
        #expect(batch.segments.map(\.messages) == [0..<1, 1..<2, 2..<3, 3..<4])
        #expect(batch.stepReached == 5)
        #expect(batch.sourceMicros == 510)
        let counts = try batch.messages.map { message in
            try batch.bytes[message.value].withUnsafeBytes { try RunView(decoding: $0).recordCount }
        }
        #expect(counts == [2, 1, 2, 1])

        // The next batch of the same step is a segment of its own, still of that step.
        try fold.fold(
            ToyMessage(
                offset: 1, lane: LaneSource(stage: 9, partition: 0), first: 6, records: [ToyStage.record(at: 505, value: 3)]))
        let next = try #require(fold.takeBatch(withSnapshot: false))
        #expect(next.segments.count == 1)
        #expect(next.stepReached == 5)
    }

    @Test func sourceTimeBeforeTheEpochStepsDownwards() throws {
        let fold = try toyFold()
        fold.begin(stampMicros: 0, gatedBeforeStep: 100)
        let records = [-250, -200, -1, 0].map { ToyStage.record(at: $0, value: 3) }
        try fold.fold(ToyMessage(offset: 0, lane: LaneSource(stage: 9, partition: 0), first: 0, records: records))
        let batch = try #require(fold.takeBatch(withSnapshot: false))
        #expect(batch.segments.map(\.step) == [-3, -2, -1, 0])
    }
}

extension SplitMix64 {
    fileprivate func firstBelow(_ bound: Int) -> Int {
        var copy = self
        return copy.below(bound)
    }
}

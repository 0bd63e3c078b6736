import Contracts
import Hashing
import Pipeline
import Postgres

/// A stage for tests: adds the record's number to a running sum and says the sum, on one of three lanes of an internal
/// output or, for every seventh sum, on a public one. Records are two little-endian numbers: source time and value.
struct ToyStage: Stage {
    var identity = StageIdentity(
        name: "toy", number: 40, inputTopic: "toy.in", isInputPublic: false,
        outputs: [
            .init(topic: "toy.out", partitionCount: 3, isPublic: false), .init(topic: "toy.public", partitionCount: 2, isPublic: true),
        ],
        tables: ["toy.sum (value)"], tablesByDay: [], inStepWith: ["toy"], hasHistory: true, code: "toy/1")

    final class State: StageState {
        var sum: Int64 = 0
        var count: Int64 = 0
        var version: [UInt8]? { nil }
        func encode(into output: inout [UInt8]) {
            output.appendLittleEndian(sum)
            output.appendLittleEndian(count)
        }
    }

    func makeState(partition: Int32, version: [UInt8]?) throws(PipelineFailure) -> State { State() }

    func decodeState(_ bytes: [UInt8], partition: Int32, version: [UInt8]?) throws(PipelineFailure) -> State {
        var reader = LittleEndianReader(bytes)
        guard let sum = reader.uint64(), let count = reader.uint64(), reader.remaining == 0 else { throw .damaged(what: "toy state") }
        let state = State()
        state.sum = Int64(bitPattern: sum)
        state.count = Int64(bitPattern: count)
        return state
    }

    static func record(at micros: Int64, value: Int64) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendLittleEndian(micros)
        bytes.appendLittleEndian(value)
        return bytes
    }

    func fold(_ record: InputRecord, into state: State, emitting emission: inout Emission) throws(PipelineFailure) {
        guard let bytes = record.bytes, bytes.count == 16 else {
            throw .malformedRecord(offset: record.offset, slot: Int(record.slot), detail: "not a toy")
        }
        let micros = Int64(littleEndian: bytes.loadUnaligned(as: Int64.self))
        let value = Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: Int64.self))
        state.sum &+= value
        state.count += 1
        emission.order(at: micros)
        var said: [UInt8] = []
        said.appendLittleEndian(state.sum)
        let lane = Int32(truncatingIfNeeded: UInt64(bitPattern: value) % 3)
        let day = Int32(micros / 1_000)
        said.withUnsafeBytes {
            if state.sum % 7 == 0 {
                emission.publish(output: 1, partition: lane % 2, key: $0, value: $0)
            } else {
                emission.send(output: 0, partition: lane, record: $0)
            }
            emission.digest(day: day, content: Hash128(of: $0))
        }
        emission.touch(day: day)
        if emission.isReplaying { return }
        emission.rows[0].beginRow(fieldCount: 1)
        emission.rows[0].int64(state.sum)
    }
}

/// A message of the toy's input.
struct ToyMessage {
    var offset: Int64
    var lane: LaneSource
    var first: UInt64
    var records: [[UInt8]]

    var bytes: [UInt8] {
        var builder = RunBuilder()
        builder.start(sourceStage: lane.stage, sourcePartition: Int32(lane.partition), firstSequence: Int64(first))
        for record in records { record.withUnsafeBytes { builder.append($0) } }
        builder.finish()
        return builder.bytes
    }
}

/// Messages of three lanes that meet in one partition, in a random but seeded order.
func toyInput(seed: UInt64, messageCount: Int) -> [ToyMessage] {
    var random = SplitMix64(seed: seed)
    var next: [UInt64] = [0, 0, 0]
    var micros: Int64 = 0
    return (0..<messageCount).map { index in
        let lane = random.below(3)
        let records = (0..<1 + random.below(6)).map { _ in
            micros += Int64(random.below(120))
            return ToyStage.record(at: max(0, micros - Int64(random.below(40))), value: Int64(random.below(1_000)) - 300)
        }
        defer { next[lane] += UInt64(records.count) }
        return ToyMessage(
            offset: Int64(index), lane: LaneSource(stage: 9, partition: UInt32(lane)), first: next[lane], records: records)
    }
}

/// Everything that a unit said, without regard to how it was cut into batches and runs.
struct ToyTale: Equatable {
    /// Per output and partition, the records with their lane numbers.
    var records: [[Said]] = Array(repeating: [], count: 5)
    var digests: [Int32: Digest] = [:]
    var rows: [UInt8] = []
    var days: Set<Int32> = []

    struct Said: Equatable {
        var sequence: UInt64
        var bytes: [UInt8]
    }
    struct Digest: Equatable {
        var records: Int64
        var sum: Hash128
    }

    mutating func add(_ batch: Batch) throws {
        for message in batch.messages {
            let value = Array(batch.bytes[message.value])
            if message.output == 1 {
                records[3 + Int(message.partition)].append(Said(sequence: message.sequence, bytes: value))
                continue
            }
            try value.withUnsafeBytes { bytes in
                let run = try RunView(decoding: bytes)
                for (index, record) in run.records.enumerated() {
                    records[Int(message.partition)].append(Said(sequence: message.sequence + UInt64(index), bytes: Array(record)))
                }
            }
        }
        for digest in batch.digests {
            let before = digests[digest.day] ?? Digest(records: 0, sum: .zero)
            digests[digest.day] = Digest(records: before.records + digest.records, sum: before.sum &+ digest.sum)
        }
        batch.rows[0].withUnsafeBytes { rows += $0.dropFirst(19) }
        days.formUnion(batch.days)
    }
}

func toyFold(
    standing: UnitStanding? = nil, state: ToyStage.State? = nil, limits: Emission.RunLimits = .init(), stepSpanMicros: Int64 = 100
) throws -> UnitFold<ToyStage> {
    let stage = ToyStage()
    return UnitFold(
        stage: stage, partition: 2, state: try state ?? stage.makeState(partition: 2, version: nil),
        standing: standing ?? UnitStanding(nextOffset: 0, lanes: LaneTable(outgoingCount: 5)), limits: limits,
        stepSpanMicros: stepSpanMicros)
}

extension UnitFold {
    func fold(_ message: ToyMessage) throws {
        try message.bytes.withUnsafeBytes { try fold(message: $0, offset: message.offset, timestampMicros: 0) }
    }
}

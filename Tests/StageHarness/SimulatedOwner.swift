package import Hashing
package import Pipeline

/// What a scheduler needs of a unit, whatever its stage.
package protocol SimulatedOwner: AnyObject {
    var identity: StageIdentity { get }
    var partition: Int32 { get }
    /// As in `pipeline.frontier`: no output of an earlier step will come, and the offset below which everything is sent.
    var step: Int64 { get }
    var position: Int64 { get }
    var isIdle: Bool { get }
    var committed: [Batch] { get }
    var standing: UnitStanding { get }

    func foldSome(_ messageCountMax: Int, random: inout Seeded) throws
    /// Sends the next segment when `mayEnter` lets its step in.
    func sendNext(mayEnter: (Int64) -> Bool) -> Bool
    func commitSent()
    /// The owner dies; another one begins from what is committed.
    func crash() throws
    /// Chain of a replay of the whole input log.
    func chainOfReplay() throws -> Hash128
}

/// One owner of a partition, without clocks, brokers and databases: what it folds, sends and commits are steps that a
/// seeded scheduler takes in any order that the protocol allows.
package final class SimulatedUnit<S: Stage>: SimulatedOwner {
    private let stage: S
    package let partition: Int32
    private let logs: SimulatedTopics
    private let stepSpanMicros: Int64
    private let genesis: [UInt8]?
    private var fold: UnitFold<S>
    private var inFlight: [InFlight] = []
    package private(set) var committed: [Batch] = []
    package private(set) var step = Int64.min
    package private(set) var position: Int64 = 0

    private struct InFlight {
        var batch: Batch
        var segmentsSent = 0
        var isSent: Bool { segmentsSent == batch.segments.count }
    }

    package init(_ stage: S, partition: Int32, genesis: [UInt8]?, logs: SimulatedTopics, stepSpanMicros: Int64) throws {
        self.stage = stage
        self.partition = partition
        self.logs = logs
        self.genesis = genesis
        self.stepSpanMicros = stepSpanMicros
        fold = try SimulatedUnit.freshFold(stage, partition, genesis, stepSpanMicros)
    }

    private static func freshFold(
        _ stage: S, _ partition: Int32, _ genesis: [UInt8]?, _ stepSpanMicros: Int64
    ) throws -> UnitFold<S> {
        let outgoing = stage.identity.outputs.reduce(0) { $0 + $1.partitionCount }
        return UnitFold(
            stage: stage, partition: partition, state: try stage.makeState(partition: partition, version: genesis),
            standing: UnitStanding(nextOffset: 0, lanes: LaneTable(outgoingCount: outgoing), version: genesis),
            stepSpanMicros: stepSpanMicros)
    }

    package var identity: StageIdentity { stage.identity }
    package var standing: UnitStanding { fold.standing }
    private var log: [SimulatedTopics.Message] { logs[identity.inputTopic][Int(partition)] }
    package var isIdle: Bool { fold.nextOffset == log.count && inFlight.isEmpty }

    package func foldSome(_ messageCountMax: Int, random: inout Seeded) throws {
        let end = min(log.count, Int(fold.nextOffset) + messageCountMax)
        fold.begin(stampMicros: Int64(random.below(1 << 40)), gatedBeforeStep: .max)
        for offset in Int(fold.nextOffset)..<end { try SimulatedUnit.fold(log[offset], offset, into: fold) }
        if let batch = fold.takeBatch(withSnapshot: identity.hasHistory && random.below(4) == 0) { inFlight.append(InFlight(batch: batch)) }
    }

    private static func fold(_ message: SimulatedTopics.Message, _ offset: Int, into fold: UnitFold<S>) throws {
        if let value = message.value {
            try value.withUnsafeBytes { try fold.fold(message: $0, offset: Int64(offset), timestampMicros: message.timestampMicros) }
        } else {
            try fold.fold(message: nil, offset: Int64(offset), timestampMicros: message.timestampMicros)
        }
    }

    package func sendNext(mayEnter: (Int64) -> Bool) -> Bool {
        guard let index = inFlight.firstIndex(where: { !$0.isSent }) else { return false }
        let batch = inFlight[index].batch
        let segment = batch.segments[inFlight[index].segmentsSent]
        if let wanted = segment.step {
            step = max(step, wanted)
            position = batch.range.from
            guard mayEnter(wanted) else { return false }
        }
        for message in batch.messages[segment.messages] {
            logs.append(
                Array(batch.bytes[message.value]), to: identity.outputs[message.output].topic, partition: message.partition)
        }
        inFlight[index].segmentsSent += 1
        if inFlight[index].isSent {
            step = max(step, batch.stepReached ?? .min)
            position = batch.range.to
        }
        return true
    }

    package func commitSent() {
        let sent = inFlight.prefix { $0.isSent }
        committed += sent.map(\.batch)
        inFlight.removeFirst(sent.count)
        // A batch of nothing but repeats has no segment to send.
        if inFlight.isEmpty, let last = committed.last { position = max(position, last.range.to) }
    }

    package func crash() throws {
        defer {
            step = fold.standing.step ?? .min
            position = fold.nextOffset
        }
        inFlight = []
        let end = committed.last?.range.to ?? 0
        let outgoing = identity.outputs.reduce(0) { $0 + $1.partitionCount }
        if let last = committed.last, !identity.hasHistory {
            let standing = UnitStanding(
                nextOffset: end, lanes: try LaneTable(decoding: last.lanes, outgoingCount: outgoing), chain: last.chain,
                accepted: last.accepted, repeated: last.repeated, version: last.version, sourceMicros: last.sourceMicros)
            fold = UnitFold(
                stage: stage, partition: partition, state: try stage.makeState(partition: partition, version: last.version),
                standing: standing, stepSpanMicros: stepSpanMicros)
            return
        }
        if let snapshot = committed.last(where: { $0.snapshot != nil })?.snapshot {
            let (standing, rest) = try UnitStanding.decode(snapshot, outgoingCount: outgoing)
            fold = UnitFold(
                stage: stage, partition: partition,
                state: try stage.decodeState(Array(rest), partition: partition, version: standing.version), standing: standing,
                stepSpanMicros: stepSpanMicros)
        } else {
            fold = try SimulatedUnit.freshFold(stage, partition, genesis, stepSpanMicros)
        }
        fold.isReplaying = true
        for offset in Int(fold.nextOffset)..<Int(end) { try SimulatedUnit.fold(log[offset], offset, into: fold) }
        fold.endReplay(at: end)
        if let last = committed.last, fold.standing.chain != last.chain {
            throw PipelineFailure.chainBroken(offset: end, stored: "\(last.chain)", computed: "\(fold.standing.chain)")
        }
    }

    package func chainOfReplay() throws -> Hash128 {
        let replay = try SimulatedUnit.freshFold(stage, partition, genesis, stepSpanMicros)
        replay.isReplaying = true
        for (offset, message) in log.enumerated() { try SimulatedUnit.fold(message, offset, into: replay) }
        return replay.chain.value
    }
}

/// Topics as append-only logs in memory.
package final class SimulatedTopics {
    package struct Message {
        package var value: [UInt8]?
        package var timestampMicros: Int64
    }

    private var logs: [String: [[Message]]] = [:]

    package init(_ topics: [(name: String, partitions: Int)]) {
        for topic in topics { logs[topic.name] = Array(repeating: [], count: topic.partitions) }
    }

    package subscript(topic: String) -> [[Message]] {
        guard let log = logs[topic] else { preconditionFailure("there is no topic \(topic)") }
        return log
    }

    @discardableResult
    package func append(_ value: [UInt8]?, to topic: String, partition: Int32, timestampMicros: Int64 = 0) -> Int64 {
        logs[topic]?[Int(partition)].append(Message(value: value, timestampMicros: timestampMicros))
        return Int64(self[topic][Int(partition)].count - 1)
    }
}

/// The source of a lane: a unit (one input partition) of the stage before, or the control lane.
///
/// A lane leads from one source unit to one target partition; its records are numbered from 0 without a gap, so a reader
/// needs one integer per lane to drop what was sent twice.
package struct LaneSource: Hashable, Comparable, Sendable {
    /// Number of the sending stage, see ``StageIdentity/number``; 0 is the control lane.
    package var stage: UInt32
    /// Input partition of the sending unit.
    package var partition: UInt32

    package init(stage: UInt32, partition: UInt32) {
        self.stage = stage
        self.partition = partition
    }

    /// The lane of control records (activations).
    package static let control = LaneSource(stage: 0, partition: 0)

    package static func < (lhs: LaneSource, rhs: LaneSource) -> Bool {
        (lhs.stage, lhs.partition) < (rhs.stage, rhs.partition)
    }
}

/// What a reader does with a run of `count` records that begins at some number of a lane.
package enum LaneVerdict: Hashable, Sendable {
    /// Drop the first `repeated` records (seen before) and fold the rest.
    case accept(repeated: Int)
    /// The run begins above the number expected: records are missing before it. An incident, never a reset.
    case gap(expected: UInt64, found: UInt64)
}

/// The next sequence number of every lane that comes into a unit and of every lane that leaves it.
///
/// Lanes in are few (units of the stage before), so they are kept sorted in an array and found by binary search.
/// Lanes out are dense: one per output topic and partition.
package struct LaneTable: Hashable, Sendable {
    private(set) var sources: [LaneSource] = []
    private(set) var expected: [UInt64] = []
    /// Next number to give, by output lane (topics one after the other, each with its partitions).
    package var outgoing: [UInt64]

    package init(outgoingCount: Int) {
        outgoing = Array(repeating: 0, count: outgoingCount)
    }

    /// Number that the lane's next new record must carry.
    package func nextExpected(from source: LaneSource) -> UInt64 {
        let index = insertionIndex(of: source)
        return index < sources.count && sources[index] == source ? expected[index] : 0
    }

    /// Judges a run and, when it is accepted, moves the lane on past it.
    package mutating func receive(from source: LaneSource, first: UInt64, count: Int) -> LaneVerdict {
        let index = insertionIndex(of: source)
        if index == sources.count || sources[index] != source {
            guard first == 0 else { return .gap(expected: 0, found: first) }
            sources.insert(source, at: index)
            expected.insert(UInt64(count), at: index)
            return .accept(repeated: 0)
        }
        let next = expected[index]
        guard first <= next else { return .gap(expected: next, found: first) }
        let end = first &+ UInt64(count)
        if end <= next { return .accept(repeated: count) }
        expected[index] = end
        return .accept(repeated: Int(next - first))
    }

    /// Gives the next number of an output lane.
    package mutating func number(outgoing lane: Int) -> UInt64 {
        defer { outgoing[lane] += 1 }
        return outgoing[lane]
    }

    private func insertionIndex(of source: LaneSource) -> Int {
        var low = 0
        var high = sources.count
        while low < high {
            let middle = (low + high) / 2
            if sources[middle] < source { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension LaneTable {
    /// Appends the stored form: version, counts, then fixed-width little-endian numbers.
    package func encode(into output: inout [UInt8]) {
        output.append(1)
        output.appendLittleEndian(UInt32(sources.count))
        output.appendLittleEndian(UInt32(outgoing.count))
        for (source, next) in zip(sources, expected) {
            output.appendLittleEndian(source.stage)
            output.appendLittleEndian(source.partition)
            output.appendLittleEndian(next)
        }
        for next in outgoing { output.appendLittleEndian(next) }
    }

    /// Reads the stored form; empty bytes are a unit that has not begun.
    ///
    /// - Throws: ``PipelineFailure/damaged(what:)`` when the bytes are not a lane table for `outgoingCount` lanes. Output
    ///   partitions may have been added since: new lanes begin at 0. They may not have been removed.
    package init(decoding bytes: [UInt8], outgoingCount: Int) throws(PipelineFailure) {
        self.init(outgoingCount: outgoingCount)
        if bytes.isEmpty { return }
        var reader = LittleEndianReader(bytes)
        guard reader.byte() == 1, let incoming = reader.uint32(), let stored = reader.uint32(), Int(stored) <= outgoingCount,
            Int(incoming) * 16 + Int(stored) * 8 == reader.remaining
        else { throw .damaged(what: "lane table of \(bytes.count) bytes for \(outgoingCount) output lanes") }
        for _ in 0..<incoming {
            guard let stage = reader.uint32(), let partition = reader.uint32(), let next = reader.uint64() else { break }
            sources.append(LaneSource(stage: stage, partition: partition))
            expected.append(next)
        }
        for index in 0..<Int(stored) { outgoing[index] = reader.uint64() ?? 0 }
        guard zip(sources, sources.dropFirst()).allSatisfy({ $0 < $1 }) else { throw .damaged(what: "lane table out of order") }
    }
}

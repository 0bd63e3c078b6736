import Pipeline
import Testing

@Suite struct LaneTests {
    private let source = LaneSource(stage: 1, partition: 3)

    @Test func runsAreAcceptedDroppedOrReportedAsGaps() {
        var lanes = LaneTable(outgoingCount: 0)
        #expect(lanes.receive(from: source, first: 0, count: 4) == .accept(repeated: 0))
        #expect(lanes.receive(from: source, first: 0, count: 4) == .accept(repeated: 4))
        #expect(lanes.receive(from: source, first: 2, count: 5) == .accept(repeated: 2))
        #expect(lanes.receive(from: source, first: 9, count: 1) == .gap(expected: 7, found: 9))
        #expect(lanes.nextExpected(from: source) == 7)
        #expect(lanes.receive(from: LaneSource.control, first: 1, count: 1) == .gap(expected: 0, found: 1))
    }

    @Test func storedFormIsInverseAndGrowsWithThePartitions() throws {
        var rng = SplitMix64(seed: 7)
        var lanes = LaneTable(outgoingCount: 5)
        for _ in 0..<200 {
            let source = LaneSource(stage: UInt32(rng.below(4)), partition: UInt32(rng.below(9)))
            _ = lanes.receive(from: source, first: lanes.nextExpected(from: source), count: rng.below(50))
            _ = lanes.number(outgoing: rng.below(5))
        }
        var bytes: [UInt8] = []
        lanes.encode(into: &bytes)
        #expect(try LaneTable(decoding: bytes, outgoingCount: 5) == lanes)
        #expect(try LaneTable(decoding: bytes, outgoingCount: 7).outgoing.count == 7)
        #expect(throws: PipelineFailure.self) { try LaneTable(decoding: bytes, outgoingCount: 4) }
        for length in 1..<bytes.count {
            #expect(throws: PipelineFailure.self) { try LaneTable(decoding: Array(bytes.prefix(length)), outgoingCount: 5) }
        }
    }
}

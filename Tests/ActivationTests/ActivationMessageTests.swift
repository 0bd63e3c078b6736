import Activation
import Contracts
import Pipeline
import Testing

@Suite struct ActivationMessageTests {
    private static let artifact = (0..<32).map { UInt8($0) }

    @Test(arguments: [Int64(0), 1, 300, 1 << 40]) func aReaderFindsOneControlRecordInTheControlLane(sequence: Int64) throws {
        let message = ActivationMessage.run(artifact: Self.artifact, kind: .model, sequence: sequence)
        try message.withUnsafeBytes { bytes in
            let run = try RunView(decoding: bytes)
            #expect(run.kind == .control)
            #expect(run.sourceStage == 0 && run.sourcePartition == 0)
            #expect(run.firstSequence == sequence)
            #expect(run.recordCount == 1)
            for record in run.records {
                #expect(
                    try Control(decoding: record) == Control(artifact: Self.artifact, kind: .model, activation: UInt64(sequence)))
            }
        }
    }

    @Test func theLaneAcceptsTheFirstActivationAndDropsItsRepetition() throws {
        let message = ActivationMessage.run(artifact: Self.artifact, kind: .model, sequence: 0)
        let first = try message.withUnsafeBytes { UInt64(try RunView(decoding: $0).firstSequence) }
        var lanes = LaneTable(outgoingCount: 0)
        #expect(lanes.receive(from: .control, first: first, count: 1) == .accept(repeated: 0))
        #expect(lanes.receive(from: .control, first: first, count: 1) == .accept(repeated: 1))
        #expect(lanes.nextExpected(from: .control) == 1)
    }
}

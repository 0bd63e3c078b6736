import Contracts
import Foundation
import OracleSupport
import RiskDomain
import Testing

private let protocPath = ["/usr/bin/protoc", "/usr/local/bin/protoc"].first { FileManager.default.isExecutableFile(atPath: $0) }

/// The codec against Google's own, through `protoc --encode` and `--decode`.
@Suite(.enabled(if: protocPath != nil, "protoc is absent: install protobuf-compiler to prove the codec"))
struct ProtocTests {
    static let protoFolder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../Shared/Contracts/proto").standardizedFileURL.path

    private func run(_ mode: String, _ message: String, _ input: [UInt8]) throws -> [UInt8] {
        let protoc = try #require(protocPath)
        return try OracleTool.run(
            [protoc, "--\(mode)=assay.v1.\(message)", "--proto_path=\(Self.protoFolder)", "assay.proto"], input: input)
    }

    /// Thirty events in one Run, so that one call proves all of them: text to bytes must give our bytes back.
    @Test(arguments: 0..<4 as Range<UInt64>)
    func protocReadsOurEventsAndWritesTheSameBytes(seed: UInt64) throws {
        var rng = SplitMix64(seed: seed)
        for _ in 0..<4 {
            let bytes = Event.arbitrary(using: &rng).encoded
            let text = try run("decode", "Event", bytes)
            #expect(!text.isEmpty)
            #expect(try run("encode", "Event", text) == bytes)
        }
    }

    @Test func protocAgreesOnEveryFieldOfAnEvent() throws {
        let text = """
            id: "815100" time_micros: 1529884813000000
            source { partition: 3 offset: 9223372036854775807 timestamp_micros: -5 }
            entity: "1066" entity: "793"
            transaction {
              amount_minor: -2478 currency: "EUR"
              attribute { name: "channel" text: "" } attribute { name: "n" integer: -9223372036854775808 }
              attribute { name: "x" number: -0 } attribute { name: "f" flag: false }
            }
            """
        let event = Event(
            id: "815100", time: EventTime(micros: 1_529_884_813_000_000),
            source: SourceCoordinates(topic: .transactions, partition: 3, offset: .max), sourceTimestampMicros: -5,
            entities: ["1066", "793"],
            body: .transaction(
                amountMinor: -2_478, currency: "EUR",
                attributes: [
                    .init(name: "channel", value: .text("")), .init(name: "n", value: .integer(.min)),
                    .init(name: "x", value: .number(-0.0)), .init(name: "f", value: .flag(false)),
                ]))
        let bytes = try run("encode", "Event", Array(text.utf8))
        #expect(try Event(decoding: bytes) == event)
        #expect(event.encoded == bytes)
    }

    @Test func protocAgreesOnFeatureRecords() throws {
        let text = """
            event: "\\001\\002" pass { partition: 1 offset: 2 slot: 3 } pass { } value: [1.5, nan, -inf] marker: 6
            feature_set: "0123456789abcdef0123456789abcdef"
            """
        let bytes = try run("encode", "FeatureRecord", Array(text.utf8))
        try bytes.withUnsafeBytes { bytes in
            let view = try FeatureRecordView(decoding: bytes)
            #expect(view.passes.count == 2 && view.passes[0] == PassCoordinates(partition: 1, offset: 2, slot: 3))
            #expect(view.valueCount == 3 && view.value(0) == 1.5 && view.value(1).isNaN && view.value(2) == -.infinity)
            #expect(view.marker == .tooLate && view.featureSet.count == 32)
            var output: [UInt8] = []
            withUnsafeTemporaryAllocation(of: Double.self, capacity: view.valueCount) { values in
                view.copyValues(into: values)
                FeatureRecordEncoder.encode(
                    event: view.event, passes: view.passes, values: UnsafeBufferPointer(values), marker: view.marker,
                    featureSet: view.featureSet, into: &output)
            }
            #expect(output.elementsEqual(bytes))
        }
    }

    @Test func protocAgreesOnRunsAndControls() throws {
        var control: [UInt8] = []
        Control(artifact: [UInt8](repeating: 65, count: 32), kind: .featureSet, activation: 9).encode(into: &control)
        let controlText = "artifact: \"\(String(repeating: "A", count: 32))\" kind: \"feature_set\" activation: 9"
        #expect(try run("encode", "Control", Array(controlText.utf8)) == control)

        var builder = RunBuilder()
        builder.start(sourceStage: 1, sourcePartition: 2, firstSequence: 3, kind: .control)
        for record in [[65, 66], []] as [[UInt8]] { record.withUnsafeBytes { builder.append($0) } }
        builder.finish()
        let runText = "source_stage: 1 source_partition: 2 first_sequence: 3 record: \"AB\" record: \"\" kind: 1"
        #expect(try run("encode", "Run", Array(runText.utf8)) == builder.bytes)
    }
}

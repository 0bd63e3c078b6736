import Contracts
import RiskDomain
import Testing

@Suite struct RecordTests {
    private static func encodeRecord(
        event: [UInt8], passes: [PassCoordinates], values: [Double], marker: Marker, featureSet: [UInt8]
    ) -> [UInt8] {
        var list = PassList()
        for pass in passes { list.append(pass) }
        var output: [UInt8] = []
        event.withUnsafeBytes { event in
            values.withUnsafeBufferPointer { values in
                featureSet.withUnsafeBytes { featureSet in
                    FeatureRecordEncoder.encode(
                        event: event, passes: list, values: values, marker: marker, featureSet: featureSet, into: &output)
                }
            }
        }
        return output
    }

    @Test(arguments: 0..<100 as Range<UInt64>)
    func featureRecordsRoundTrip(seed: UInt64) throws {
        var rng = SplitMix64(seed: seed)
        let event = Event.arbitrary(using: &rng).encoded
        let passes = (0..<Int.random(in: 0...8, using: &rng)).map { _ in
            PassCoordinates(
                partition: Int32.random(in: 0...Int32.max, using: &rng), offset: Int64.random(in: 0...Int64.max, using: &rng),
                slot: Int32.random(in: 0...4_096, using: &rng))
        }
        let values = (0..<Int.random(in: 0...40, using: &rng)).map { _ in
            [Double.nan, 0, -0.0, .infinity, Double(bitPattern: UInt64.random(in: 0...UInt64.max, using: &rng))].randomElement(using: &rng)!
        }
        let marker = Marker.allCases.randomElement(using: &rng)!
        let featureSet = Bool.random(using: &rng) ? [] : (0..<32).map { UInt8($0) }
        let bytes = Self.encodeRecord(event: event, passes: passes, values: values, marker: marker, featureSet: featureSet)
        try bytes.withUnsafeBytes { bytes in
            let view = try FeatureRecordView(decoding: bytes)
            #expect(view.event.elementsEqual(event))
            #expect((0..<view.passes.count).map { view.passes[$0] } == passes)
            #expect(view.valueCount == values.count)
            var copy = [Double](repeating: 0, count: values.count)
            copy.withUnsafeMutableBufferPointer { view.copyValues(into: $0) }
            let canonical = values.map { $0.isNaN ? Double.nan.bitPattern : $0.bitPattern }
            #expect(copy.map(\.bitPattern) == canonical)
            #expect((0..<values.count).map { view.value($0).bitPattern } == canonical)
            #expect(view.marker == marker)
            #expect(view.featureSet.elementsEqual(featureSet))
        }
        for end in 0...bytes.count { bytes[..<end].withUnsafeBytes { decodeEverything($0) } }
    }

    @Test func valuesThatAreNotWholeDoublesAreRefused() {
        let bytes: [UInt8] = [0x0A, 1, 0, 0x1A, 7, 0, 0, 0, 0, 0, 0, 0]
        bytes.withUnsafeBytes { bytes in
            #expect(throws: ContractFailure(.wrongLength, field: 3, position: 12)) { _ = try FeatureRecordView(decoding: bytes) }
            return
        }
    }

    @Test(arguments: RunKind.allCases)
    func runsHoldTheirRecordsInOrder(kind: RunKind) throws {
        var builder = RunBuilder()
        for size in [1, 5, 300] {
            builder.start(sourceStage: 2, sourcePartition: 0, firstSequence: 1_000_000, kind: kind)
            var expected: [[UInt8]] = []
            for index in 0..<size {
                let record = [UInt8](repeating: UInt8(index & 255), count: index)
                let before = builder.byteCount
                record.withUnsafeBytes { builder.append($0) }
                #expect(builder.byteCount - before == RunBuilder.byteCount(ofRecord: index))
                expected.append(record)
            }
            let byteCount = builder.byteCount
            builder.finish()
            if kind == .data { #expect(builder.bytes.count == byteCount) }
            try builder.bytes.withUnsafeBytes { bytes in
                let run = try RunView(decoding: bytes)
                #expect(run.sourceStage == 2 && run.sourcePartition == 0 && run.firstSequence == 1_000_000)
                #expect(run.kind == kind && run.recordCount == size && builder.recordCount == size)
                #expect(run.records.map { Array($0) } == expected)
            }
        }
    }

    @Test func runWhoseSequencesOverflowIsRefused() {
        var builder = RunBuilder()
        builder.start(sourceStage: 0, sourcePartition: 0, firstSequence: .max)
        builder.append(UnsafeRawBufferPointer(start: nil, count: 0))
        builder.finish()
        builder.bytes.withUnsafeBytes { bytes in
            #expect(throws: ContractFailure.self) { _ = try RunView(decoding: bytes) }
            return
        }
    }

    @Test(arguments: Control.Kind.allCases)
    func controlsRoundTrip(kind: Control.Kind) throws {
        let control = Control(artifact: [UInt8](repeating: 7, count: 32), kind: kind, activation: 12)
        var bytes: [UInt8] = []
        control.encode(into: &bytes)
        #expect(try Control(decoding: bytes) == control)
    }

    @Test(arguments: [0, 1, 127, 128, 16_383, 16_384, 1 << 21])
    func embeddedMessagesOfAnyLengthGetTheirLength(byteCount: Int) throws {
        var bytes: [UInt8] = [9]
        let mark = ProtobufWriter.beginMessage(3, into: &bytes)
        bytes += (0..<byteCount).map { UInt8(truncatingIfNeeded: $0) }
        ProtobufWriter.endMessage(mark, in: &bytes)
        try bytes.dropFirst().withUnsafeBytes { bytes in
            var reader = ProtobufReader(bytes)
            let tag = try #require(try reader.next())
            let body = try reader.bytes(tag)
            #expect(body.elementsEqual((0..<byteCount).lazy.map { UInt8(truncatingIfNeeded: $0) }))
            #expect(try reader.next() == nil)
        }
    }
}

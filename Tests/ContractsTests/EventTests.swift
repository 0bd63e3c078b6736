import Contracts
import RiskDomain
import Testing

@Suite struct EventTests {
    @Test(arguments: 0..<200 as Range<UInt64>)
    func decodingGivesBackWhatWasEncoded(seed: UInt64) throws {
        var rng = SplitMix64(seed: seed)
        for _ in 0..<10 {
            let event = Event.arbitrary(using: &rng)
            let bytes = event.encoded
            let decoded = try Event(decoding: bytes)
            #expect(decoded == event)
            #expect(decoded.encoded == bytes)
        }
    }

    @Test func viewFindsEveryPart() throws {
        let event = Event(
            id: "815100", time: EventTime(micros: 1_529_884_813_000_000),
            source: SourceCoordinates(topic: .transactions, partition: 3, offset: 42), sourceTimestampMicros: 1_529_884_813_100_000,
            entities: ["1066", "793"],
            body: .transaction(amountMinor: 2_478, currency: "EUR", attributes: [.init(name: "channel", value: .text("pos"))]))
        try event.encoded.withUnsafeBytes { bytes in
            let view = try EventView(decoding: bytes)
            #expect(view.id.elementsEqual("815100".utf8))
            #expect(view.time == event.time && view.transactionTime == event.time)
            #expect(view.source == event.source)
            #expect(view.entityCount == 2)
            #expect(view.entity(1).elementsEqual("793".utf8))
            #expect(bytes[view.entityRange(0).range].elementsEqual("1066".utf8))
            #expect(view.kind == .transaction && view.amountMinor == 2_478 && view.verdict == nil)
            #expect(view.currency.elementsEqual("EUR".utf8))
            #expect(view.attributeCount == 1)
        }
    }

    /// Known bytes, written out by hand from the encoding's specification.
    @Test func bytesAreTheOnesOfTheSpecification() {
        let outcome = Event(
            id: "a", time: EventTime(micros: 1), source: SourceCoordinates(topic: .outcomes, partition: 0, offset: 300),
            sourceTimestampMicros: -1, entities: ["c"], body: .outcome(.cleared, transactionTime: EventTime(micros: 0)))
        #expect(
            outcome.encoded == [
                0x0A, 1, 0x61, 0x10, 1, 0x1A, 16, 0x08, 1, 0x18, 0xAC, 0x02, 0x20, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                0xFF, 1, 0x22, 1, 0x63, 0x32, 2, 0x08, 3,
            ])
    }

    @Test func unknownFieldsAreSteppedOver() throws {
        let event = Event(
            id: "a", time: EventTime(micros: 1), source: SourceCoordinates(topic: .transactions, partition: 0, offset: 0),
            sourceTimestampMicros: 0, entities: [], body: .transaction(amountMinor: 0, currency: "", attributes: []))
        var bytes = event.encoded
        ProtobufWriter.present(100, 7, into: &bytes)
        ProtobufWriter.presentString(101, "later", into: &bytes)
        ProtobufWriter.presentDouble(102, 1, into: &bytes)
        bytes += [0x9D, 0x06, 1, 2, 3, 4]  // field 99, fixed32
        #expect(try Event(decoding: bytes) == event)
    }

    @Test(
        arguments: [
            ([0x0A], .truncated), ([0x0A, 5, 0x61], .truncated), ([0x07], .malformedTag), ([0x0B], .unexpectedWireType),
            ([0x10, 0xFF], .truncated), ([0x12, 0], .unexpectedWireType), ([], .missing), ([0x0A, 1, 0x61], .missing),
            ([0x10] + Array(repeating: 0xFF, count: 10), .varintTooLong), ([0x1A, 0, 0x1A, 0], .repeated),
            ([0x1A, 2, 0x08, 2], .outOfRange), ([0x2A, 0, 0x32, 0], .repeated), ([0x32, 2, 0x08, 4], .outOfRange),
            ([0x32, 0], .missing), ([0x22, 0] * 9, .tooMany), ([0x1A, 6, 0x10, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F], .outOfRange),
        ] as [([UInt8], ContractFailure.Fault)])
    func malformedEventsSayWhatIsWrong(bytes: [UInt8], fault: ContractFailure.Fault) {
        #expect(throws: ContractFailure.self) { try Event(decoding: bytes) }
        do { _ = try Event(decoding: bytes) } catch { #expect(error.fault == fault) }
    }

    @Test func textThatIsNotUTF8IsRefusedByTheOwnedEvent() {
        let bytes: [UInt8] = [0x0A, 1, 0xFF, 0x1A, 0, 0x2A, 0]
        #expect(throws: ContractFailure(.invalidUTF8, field: 1)) { try Event(decoding: bytes) }
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func noBytesTrap(seed: UInt64) {
        var rng = SplitMix64(seed: seed)
        for _ in 0..<200 {
            let bytes = (0..<Int.random(in: 0...80, using: &rng)).map { _ in UInt8.random(in: 0...255, using: &rng) }
            bytes.withUnsafeBytes { decodeEverything($0) }
        }
        var bytes = Event.arbitrary(using: &rng).encoded
        for end in 0...bytes.count { bytes[..<end].withUnsafeBytes { decodeEverything($0) } }
        for _ in 0..<500 {
            bytes[Int.random(in: 0..<bytes.count, using: &rng)] = UInt8.random(in: 0...255, using: &rng)
            bytes.withUnsafeBytes { decodeEverything($0) }
        }
    }
}

private func * (bytes: [UInt8], times: Int) -> [UInt8] { (0..<times).flatMap { _ in bytes } }

import Foundation
import KafkaMessageGenerator
import KafkaProtocol
import Testing

@Suite(.timeLimit(.minutes(10)))
struct MessageTests {
    @Test func committedSourcesAreWhatTheDescriptionGives() throws {
        let files = SwiftEmitter(try KafkaProtocolFiles.schema()).files()
        let folder = KafkaProtocolFiles.room.appendingPathComponent("Generated")
        #expect(try Set(FileManager.default.contentsOfDirectory(atPath: folder.path)) == Set(files.map(\.name)))
        for file in files {
            let committed = try String(contentsOf: folder.appendingPathComponent(file.name), encoding: .utf8)
            #expect(committed == file.content, "run generate-kafka-messages: \(file.name) differs")
        }
    }

    @Test func bytesOfAnotherImplementationAreReadAndWrittenAlike() throws {
        let lines = try KafkaProtocolFiles.goldenLines()
        for line in lines {
            let type = try #require(Codec.types[line.name])
            let message = try Codec.decode(type, line.bytes, version: line.version)
            #expect(Codec.encode(message, frame: line.bytes, version: line.version) == line.bytes, "\(line)")
            var values: [String: String] = [:]
            valuesByPath(Codec.copyingRecords(message, from: line.bytes), into: &values)
            for expected in line.values {
                #expect(values[expected.path] == expected.text, "\(line) \(expected.path)")
            }
        }
        // Every message in every version that is offered.
        let seen = Set(lines.map(\.description))
        for (name, type) in Codec.types {
            for version in type.versions { #expect(seen.contains("\(name) \(version)"), "no golden bytes of \(name) \(version)") }
        }
    }

    @Test func decodingThenEncodingIsIdentityForEveryMessageAndVersion() throws {
        try forEveryMessage(seeds: 0..<20) { type, random, _ in
            let version = Int16(random.version)
            let message = try Codec.decode(type, random.bytes, version: version)
            #expect(Codec.encode(message, frame: random.bytes, version: version) == random.bytes, "\(type) \(version)")
        }
    }

    @Test func unknownTaggedFieldsAreSkipped() throws {
        try forEveryMessage(seeds: 0..<5, addsUnknownTags: true) { type, random, structure in
            let version = Int16(random.version)
            let message = try Codec.decode(type, random.bytes, version: version)
            let encoded = Codec.encode(message, frame: random.bytes, version: version)
            if random.api.isFlexible(random.version) { #expect(encoded.count < random.bytes.count, "\(type) \(version)") }
            let again = try Codec.decode(type, encoded, version: version)
            #expect(Codec.encode(again, frame: encoded, version: version) == encoded, "\(type) \(version)")
        }
    }

    @Test func everyTruncationThrows() throws {
        try forEveryMessage(seeds: 0..<2) { type, random, _ in
            for byteCount in 0..<random.bytes.count {
                #expect(throws: WireFault.self, "\(type) \(random.version) cut to \(byteCount)") {
                    try Codec.decode(type, Array(random.bytes[..<byteCount]), version: Int16(random.version))
                }
            }
        }
    }

    @Test func changedAndRandomBytesNeverTrap() throws {
        var changes = SplitMix64(seed: 11)
        try forEveryMessage(seeds: 0..<5) { type, random, _ in
            for round in 0..<40 {
                var bytes = random.bytes
                if round.isMultiple(of: 4) {
                    bytes = (0..<Int.random(in: 0...80, using: &changes)).map { _ in UInt8.random(in: .min ... .max, using: &changes) }
                } else if !bytes.isEmpty {
                    for _ in 0..<Int.random(in: 1...3, using: &changes) {
                        let value: UInt8 =
                            [0, 0x7f, 0x80, 0xff, UInt8.random(in: .min ... .max, using: &changes)].randomElement(using: &changes) ?? 0
                        bytes[Int.random(in: 0..<bytes.count, using: &changes)] = value
                    }
                }
                guard let message = try? Codec.decode(type, bytes, version: Int16(random.version)) else { continue }
                // What could be read can be written, in any version.
                for version in type.versions { _ = Codec.encode(message, frame: bytes, version: version) }
            }
        }
    }

    @Test func hugeCountsAreRefusedBeforeAnythingIsReserved() {
        let bytes: [UInt8] = [0xff, 0xff, 0, 1, 0, 0, 0, 9, 0x7f, 0xff, 0xff, 0xff, 0, 0]
        #expect(throws: WireFault(.countTooLarge(Int(Int32.max)), at: 12)) {
            try Codec.decode(ProduceRequest.self, bytes, version: 3)
        }
    }

    @Test func versionsThatAreNotOfferedAreRefused() {
        #expect(throws: WireFault(.unsupportedVersion(99), at: 0)) { try Codec.decode(FetchRequest.self, [0, 0], version: 99) }
    }

    private func forEveryMessage(
        seeds: Range<UInt64>, addsUnknownTags: Bool = false,
        _ body: (any WireMessage.Type, RandomMessage, StructureSchema) throws -> Void
    ) throws {
        for api in try KafkaProtocolFiles.schema().apis {
            for structure in [api.request, api.response] {
                let type = try #require(Codec.types[structure.name])
                for version in api.versions.low...api.versions.high {
                    for seed in seeds {
                        var random = RandomMessage(
                            api: api, version: version, seed: seed &* 1_000 &+ UInt64(version), addsUnknownTags: addsUnknownTags)
                        random.write(structure)
                        try body(type, random, structure)
                    }
                }
            }
        }
    }
}

import Checksums
import KafkaProtocol
import Testing

struct WireTests {
    @Test func uuidTextIsBase64ForUrlsWithoutPadding() throws {
        let uuid = Uuid(high: 0x0011_2233_4455_6677, low: 0x8899_aabb_ccdd_eeff)
        #expect(uuid.description == "ABEiM0RVZneImaq7zN3u_w")
        #expect(Uuid("ABEiM0RVZneImaq7zN3u_w") == uuid)
        #expect(Uuid.zero.description == "AAAAAAAAAAAAAAAAAAAAAA")
        #expect(Uuid("ABEiM0RVZneImaq7zN3u_x") == nil)
        #expect(Uuid("short") == nil)
        var random = SplitMix64(seed: 1)
        for _ in 0..<500 {
            let made = Uuid.random(using: &random)
            #expect(Uuid(made.description) == made)
            #expect(!made.description.hasPrefix("-"))
        }
    }

    @Test func requestHeadersTakeTheFormOfTheirVersion() throws {
        for (version, form) in [(8, 1), (9, 2)] as [(Int16, Int16)] {
            #expect(ApiKey.metadata.requestHeaderVersion(version) == form)
            let writer = MetadataRequest(topics: nil).frame(version: version, correlationId: 7, clientId: "me")
            try writer.bytes.withUnsafeBytes { raw in
                var reader = WireReader(raw)
                let header = try RequestHeader(from: &reader)
                #expect(header == RequestHeader(apiKey: 3, apiVersion: version, correlationId: 7, clientId: "me"))
                #expect(try MetadataRequest(from: &reader, version: version).topics == nil)
                try reader.requireEnd()
            }
        }
    }

    @Test func anUnknownApiStillHasAHeader() throws {
        let bytes: [UInt8] = [0, 25, 0, 4, 0, 0, 0, 9, 0xff, 0xff, 1, 2, 3]
        let header = try bytes.withUnsafeBytes { raw in
            var reader = WireReader(raw)
            return try RequestHeader(from: &reader)
        }
        #expect(header == RequestHeader(apiKey: 25, apiVersion: 4, correlationId: 9))
        #expect(ApiKey.name(of: 25) == "AddOffsetsToTxn")
        #expect(ApiKey.name(of: 18) == "ApiVersions")
        #expect(ApiKey.name(of: 999) == nil)
    }

    @Test func answersToApiVersionsNeverHaveATaggedHeader() throws {
        #expect(ApiKey.apiVersions.responseHeaderVersion(4) == 0)
        #expect(ApiKey.metadata.responseHeaderVersion(9) == 1)
        var writer = WireWriter()
        let response = ApiVersionsResponse(apiKeys: [.init(apiKey: 18, minVersion: 0, maxVersion: 4)])
        response.encodeResponse(into: &writer, version: 3, correlationId: 5)
        let decoded = try writer.bytes.withUnsafeBytes { try ApiVersionsResponse.decodeResponse($0, version: 3) }
        #expect(decoded.correlationId == 5)
        #expect(decoded.response == response)
    }

    @Test func recordsInAFileLeaveOnlyTheirLengthAndAPlace() throws {
        var response = FetchResponse()
        response.responses = [
            .init(topic: "t", partitions: [.init(partitionIndex: 0, records: .file(byteCount: 3)), .init(records: .bytes([9]))])
        ]
        for version: Int16 in [4, 12] {
            var spliced = WireWriter()
            response.encode(into: &spliced, version: version)
            response.responses[0].partitions[0].records = .bytes([1, 2, 3])
            var whole = WireWriter()
            response.encode(into: &whole, version: version)
            let splice = try #require(spliced.splices.first)
            #expect(spliced.splices.count == 1)
            #expect(spliced.byteCount == whole.bytes.count)
            var joined = spliced.bytes
            joined.insert(contentsOf: [1, 2, 3], at: splice.position)
            #expect(joined == whole.bytes)
            response.responses[0].partitions[0].records = .file(byteCount: 3)
        }
    }

    @Test func nullIsWrittenAsEmptyWhereItMayNotBe() throws {
        var writer = WireWriter()
        MetadataRequest(topics: nil).encode(into: &writer, version: 0)
        #expect(writer.bytes == [0, 0, 0, 0])
        writer.removeAll()
        MetadataRequest(topics: nil).encode(into: &writer, version: 1)
        #expect(writer.bytes == [0xff, 0xff, 0xff, 0xff])
    }

    @Test(arguments: [0, -1, 1, 63, -64, 64, .max, .min] as [Int64])
    func zigzagIntegersComeBack(value: Int64) throws {
        var writer = WireWriter()
        writer.writeVarlong(value)
        let read = try writer.bytes.withUnsafeBytes { raw in
            var reader = WireReader(raw)
            return try reader.readVarlong()
        }
        #expect(read == value)
    }

    @Test func checksumIsCastagnolis() {
        #expect(Array("123456789".utf8).withUnsafeBytes { Crc32C.of($0) } == 0xe306_9283)
    }

    @Test func recordBatchesComeBack() throws {
        let batch = RecordBatch(
            firstTimestamp: 1_700_000_000_000, producerId: 4, producerEpoch: 1, baseSequence: 10,
            records: [
                .init(key: Array("k".utf8), value: Array("v".utf8), headers: [.init(key: "h", value: nil), .init(key: "", value: [1])]),
                .init(timestampDelta: -5, value: nil), .init(timestampDelta: 900, key: [], value: [UInt8](repeating: 7, count: 300)),
            ])
        let bytes = batch.encoded()
        #expect(batch.maxTimestamp == 1_700_000_000_900)
        #expect(try RecordBatch.decode(bytes + bytes + bytes.dropLast()) == [batch, batch])
        for index in RecordBatch.crcPosition..<bytes.count {
            var changed = bytes
            changed[index] ^= 0x10
            #expect(throws: RecordBatchFault.self) { try RecordBatch.decode(changed) }
        }
    }
}

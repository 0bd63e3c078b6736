import Checksums
import Foundation
import RecordLog
import Testing

/// Batches that another client built; see Tests/Oracles/record_batches.py.
struct GoldenBatch: CustomTestStringConvertible, Sendable {
    let name: String
    let records: [(offset: Int64, timestamp: Int64)]
    let bytes: [UInt8]
    var testDescription: String { name }

    static let all: [GoldenBatch] = {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden/batches.txt")
        return try! String(contentsOf: file, encoding: .utf8).split(separator: "\n").map { line in
            let fields = line.split(separator: " ")
            let records = fields[1].split(separator: ",").map { record in
                let parts = record.split(separator: ":")
                return (Int64(parts[0])!, Int64(parts[1])!)
            }
            var bytes: [UInt8] = []
            var digits = fields[2][...]
            while !digits.isEmpty {
                bytes.append(UInt8(digits.prefix(2), radix: 16)!)
                digits = digits.dropFirst(2)
            }
            return GoldenBatch(name: String(fields[0]), records: records, bytes: bytes)
        }
    }()
}

@Suite
struct GoldenTests {
    @Test(arguments: GoldenBatch.all)
    func batchesOfAnotherClientAreTakenAndGivenBackVerbatim(golden: GoldenBatch) throws {
        let scratch = Scratch()
        let log = try PartitionLog.open(directory: scratch("log"))
        let last = Int64(golden.records.count - 1)
        #expect(log.append(golden.bytes) == .appended(baseOffset: 0, lastOffset: last, appendTimeMillis: -1))
        let stored = try log.contents()
        // The base offset was 0 and the leader epoch too, so nothing differs.
        #expect(stored == golden.bytes)
        for (_, timestamp) in golden.records {
            for target in [timestamp - 1, timestamp, timestamp + 1] {
                let found = try log.offset(atOrAfterMillis: target)
                #expect(found?.offset == golden.records.first { $0.timestamp >= target }?.offset)
            }
        }
        let most = golden.records.map(\.timestamp).max()!
        #expect(try log.maxTimestamp()?.offset == golden.records.first { $0.timestamp == most }!.offset)
    }

    @Test
    func ourBuilderAgreesWithTheOtherClient() throws {
        let several = try #require(GoldenBatch.all.first { $0.name == "several" })
        let header = several.bytes.withUnsafeBytes { RecordBatchHeader(at: $0.baseAddress!) }
        #expect(header.recordsCount == 6)
        #expect(header.maxTimestamp == 1_700_000_070_000)
        #expect(header.baseTimestamp == 1_700_000_000_000)
        #expect(header.crc == slowCrc32C(Array(several.bytes[21...])))
    }

    @Test
    func checksumIsCastagnolis() {
        let vector = Array("123456789".utf8)
        #expect(vector.withUnsafeBytes { Crc32C.of($0) } == 0xe306_9283)
        #expect(slowCrc32C(vector) == 0xe306_9283)
        var pieces = Crc32C()
        vector.withUnsafeBytes { bytes in
            pieces.add(UnsafeRawBufferPointer(rebasing: bytes[..<4]))
            pieces.add(UnsafeRawBufferPointer(rebasing: bytes[4...]))
        }
        #expect(pieces.value == 0xe306_9283)
    }
}

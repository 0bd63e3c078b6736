import RecordLog
import Testing

@Suite
struct ValidationTests {
    /// A batch spoiled in one way, and the protocol's code for it.
    struct Spoiled: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let code: Int16
        let bytes: [UInt8]

        init(_ name: String, _ code: Int16, _ bytes: [UInt8]) {
            testDescription = name
            self.code = code
            self.bytes = bytes
        }
    }

    static func built(_ change: (inout BatchBuilder) -> Void) -> [UInt8] {
        var builder = BatchBuilder(timestamps: [1, 2, 3])
        change(&builder)
        return builder.build()
    }

    /// The bytes with one replaced; the CRC made to fit again if asked.
    static func patched(_ position: Int, _ value: UInt8, fixCrc: Bool) -> [UInt8] {
        var bytes = built { _ in }
        bytes[position] = value
        if fixCrc {
            let crc = slowCrc32C(Array(bytes[21...]))
            withUnsafeBytes(of: crc.bigEndian) { for index in 0..<4 { bytes[17 + index] = $0[index] } }
        }
        return bytes
    }

    static let spoiled: [Spoiled] = [
        Spoiled("nothing", 87, []),
        Spoiled("magic 0", 87, built { $0.magic = 0 }),
        Spoiled("magic 1", 87, built { $0.magic = 1 }),
        Spoiled("short magic 1", 87, Array(built { $0.magic = 1 }.prefix(34))),
        Spoiled("magic 3", 87, built { $0.magic = 3 }),
        Spoiled("wrong CRC", 2, patched(18, 0, fixCrc: false)),
        Spoiled("wrong byte", 2, patched(70, 0xee, fixCrc: false)),
        Spoiled("cut header", 2, Array(built { _ in }.prefix(60))),
        Spoiled("cut records", 2, Array(built { _ in }.dropLast())),
        Spoiled("trailing garbage", 2, built { _ in } + [0, 0, 2]),
        Spoiled("negative length", 2, patched(8, 0xff, fixCrc: true)),
        Spoiled("length below the header's", 2, patched(11, 48, fixCrc: true)),
        Spoiled("transactional", 48, built { $0.attributes = 0x10 }),
        Spoiled("control", 87, built { $0.attributes = 0x20 }),
        Spoiled("codec 5", 76, built { $0.attributes = 5 }),
        Spoiled("codec 7", 76, built { $0.attributes = 7 }),
        Spoiled("log-append-time set by the client", 32, built { $0.attributes = 8 }),
        Spoiled("too few counted", 87, built { $0.recordsCount = 2 }),
        Spoiled("too many counted", 87, built { $0.recordsCount = 4 }),
        Spoiled("none counted", 87, built { $0.recordsCount = 0 }),
        Spoiled(
            "producer without a sequence", 87,
            built {
                $0.producerId = 5
                $0.producerEpoch = 0
            }),
        Spoiled(
            "producer without an epoch", 87,
            built {
                $0.producerId = 5
                $0.baseSequence = 0
            }),
        Spoiled("records that do not parse", 87, built { $0.payload = [UInt8](repeating: 0xff, count: 40) }),
        Spoiled("records beyond the counted", 87, built { $0.payload = $0.records() + [0] }),
        Spoiled("no bytes for the records", 87, built { $0.payload = [] }),
    ]

    @Test(arguments: spoiled)
    func spoiledBatchIsRefusedAndNothingIsWritten(spoiled: Spoiled) throws {
        let scratch = Scratch()
        let log = try PartitionLog.open(directory: scratch("log"))
        let good = ValidationTests.built { _ in }
        #expect(log.rejectionCode(spoiled.bytes) == spoiled.code)
        if !spoiled.bytes.isEmpty {
            // All or nothing, wherever the bad one is.
            #expect(log.rejectionCode(good + spoiled.bytes) == spoiled.code)
        }
        #expect(log.endOffset == 0)
        #expect(log.byteCount == 0)
        #expect(log.append(good) == .appended(baseOffset: 0, lastOffset: 2, appendTimeMillis: -1))
    }

    @Test
    func anyFlippedByteIsNoticedOrHarmless() throws {
        let scratch = Scratch()
        let log = try PartitionLog.open(directory: scratch("log"))
        let good = ValidationTests.built { _ in }
        for position in good.indices {
            var bytes = good
            bytes[position] ^= 0x41
            // Base offset and leader epoch are the broker's to write.
            let isOverwritten = position < 8 || 12..<16 ~= position
            #expect((log.rejectionCode(bytes) == nil) == isOverwritten, "byte \(position)")
        }
    }

    @Test
    func batchesAreLimitedOneByOneAndTogether() throws {
        let scratch = Scratch()
        var settings = LogSettings()
        settings.messageBytesMax = 1_000
        settings.segmentBytes = 2_500
        let log = try PartitionLog.open(directory: scratch("log"), settings: settings)
        let large = BatchBuilder(timestamps: [1], valueByteCount: 1_000).build()
        let fitting = BatchBuilder(timestamps: [1], valueByteCount: 900).build()
        #expect(log.rejectionCode(large) == 10)
        #expect(log.rejectionCode(fitting + fitting + fitting) == 18)
        #expect(log.append(fitting + fitting) == .appended(baseOffset: 0, lastOffset: 1, appendTimeMillis: -1))
        log.settings.messageBytesMax = 2_000
        #expect(log.append(large) == .appended(baseOffset: 2, lastOffset: 2, appendTimeMillis: -1))
        #expect(log.segmentCount == 2)
    }

    @Test(arguments: TestCodec.allCases)
    func logAppendTimeReplacesTheTimesAndKeepsTheChecksumRight(codec: TestCodec) throws {
        let scratch = Scratch()
        var settings = LogSettings()
        settings.timestampType = .logAppendTime
        let log = try PartitionLog.open(directory: scratch("log"), settings: settings)
        let bytes = BatchBuilder(timestamps: [5, 9, 7], codec: codec).build()
        #expect(log.append(bytes, now: 4_000) == .appended(baseOffset: 0, lastOffset: 2, appendTimeMillis: 4_000))
        #expect(log.append(bytes, now: 5_000) == .appended(baseOffset: 3, lastOffset: 5, appendTimeMillis: 5_000))
        let batch = BatchView.all(try log.contents())[1]
        #expect(batch.header.maxTimestamp == 5_000)
        #expect(batch.header.baseTimestamp == 5)
        #expect(batch.header.attributes == 8 | codec.attribute)
        #expect(batch.header.crc == slowCrc32C(Array(batch.bytes[21...])))
        #expect(try log.offset(atOrAfterMillis: 4_001)! == (3, 5_000))
        #expect(try log.maxTimestamp()! == (3, 5_000))
        #expect(try log.offset(atOrAfterMillis: 5_001) == nil)
    }

    @Test
    func leaderEpochIsWrittenIntoEveryBatch() throws {
        let scratch = Scratch()
        let log = try PartitionLog.open(directory: scratch("log"))
        var bytes = ValidationTests.built { _ in } + ValidationTests.built { _ in }
        _ = bytes.withUnsafeMutableBytes { log.append($0, leaderEpoch: 7, now: 0) }
        #expect(BatchView.all(try log.contents()).map(\.header.leaderEpoch) == [7, 7])
        #expect(BatchView.all(try log.contents()).map(\.header.baseOffset) == [0, 3])
    }

    @Test(arguments: [-1, 0, 8, 10, .max] as [Int64])
    func wrongLargestTimestampIsPutRight(claimed: Int64) throws {
        let scratch = Scratch()
        let log = try PartitionLog.open(directory: scratch("log"))
        var builder = BatchBuilder(timestamps: [5, 9, 7])
        let right = builder.build()
        builder.maxTimestamp = claimed
        #expect(log.append(builder.build()) == .appended(baseOffset: 0, lastOffset: 2, appendTimeMillis: -1))
        #expect(Array(try log.contents()[16...]) == Array(right[16...]))
        #expect(try log.offset(atOrAfterMillis: 9)! == (1, 9))
        #expect(try log.offset(atOrAfterMillis: 10) == nil)
    }
}

import Foundation
import RecordLog
import Testing

@Suite(.timeLimit(.minutes(10)))
struct TimeLookupTests {
    @Test(arguments: TestCodec.allCases)
    func everyTimeIsFoundWithEveryCodec(codec: TestCodec) throws {
        let scratch = Scratch()
        var settings = LogSettings()
        settings.segmentBytes = 2_000
        settings.indexIntervalBytes = 300
        var log = try PartitionLog.open(directory: scratch("log"), settings: settings)
        var rng = SplitMix64(seed: 5)
        var all: [Int64] = []
        for _ in 0..<60 {
            let timestamps = (0..<Int.random(in: 1...9, using: &rng)).map { _ in Int64.random(in: 0...300, using: &rng) + Int64(all.count) }
            _ = log.append(BatchBuilder(timestamps: timestamps, valueByteCount: 30, codec: codec).build())
            all += timestamps
        }
        #expect(log.segmentCount > 3)
        func check(_ what: String) throws {
            for target in -1...700 as ClosedRange<Int64> {
                let expected = all.firstIndex { $0 >= target }.map(Int64.init)
                #expect(try log.offset(atOrAfterMillis: target)?.offset == expected, "\(what) \(target)")
            }
            #expect(try log.maxTimestamp()?.offset == Int64(all.firstIndex(of: all.max()!)!), "\(what)")
        }
        try check("live")
        try log.close()
        log = try PartitionLog.open(directory: scratch("log"), settings: settings)
        try check("clean")
        _ = log.append(BatchBuilder(timestamps: [3]).build())
        all.append(3)
        log = try PartitionLog.open(directory: scratch("log"), settings: settings)
        try check("killed")
    }

    @Test(arguments: [TestCodec.gzip, .zstd, .lz4, .snappy, .xerialSnappy])
    func bombAndGarbageAnswerWithTheirFirstRecord(codec: TestCodec) throws {
        let scratch = Scratch()
        var settings = LogSettings()
        settings.decompressedBytesMax = 100_000
        let log = try PartitionLog.open(directory: scratch("log"), settings: settings)
        var bomb = BatchBuilder(timestamps: [1, 500], codec: codec)
        bomb.payload = [UInt8](repeating: 0, count: 900_000)
        _ = log.append(BatchBuilder(timestamps: [5]).build())
        #expect(log.append(bomb.build()) == .appended(baseOffset: 1, lastOffset: 2, appendTimeMillis: -1))
        var garbage = BatchBuilder(timestamps: [1, 600])
        garbage.attributes = codec.attribute
        garbage.payload = [UInt8]("this is not compressed at all".utf8)
        #expect(log.append(garbage.build()) == .appended(baseOffset: 3, lastOffset: 4, appendTimeMillis: -1))
        var nothing = BatchBuilder(timestamps: [700, 650])
        nothing.attributes = codec.attribute
        nothing.payload = []
        #expect(log.append(nothing.build()) == .appended(baseOffset: 5, lastOffset: 6, appendTimeMillis: -1))
        #expect(try log.offset(atOrAfterMillis: 601)! == (5, 700))
        try log.deleteRecords(before: 6)
        #expect(try log.maxTimestamp()! == (6, 700))
    }

    @Test(arguments: [TestCodec.gzip, .zstd, .lz4, .snappy, .xerialSnappy])
    func foldedBatchWithSpoiledBytesNeverTraps(codec: TestCodec) throws {
        let scratch = Scratch()
        let log = try PartitionLog.open(directory: scratch("log"))
        let builder = BatchBuilder(timestamps: [1, 3, 2, 9, 5], valueByteCount: 60, codec: codec)
        let good = builder.build()
        var rng = SplitMix64(seed: 11)
        for _ in 0..<400 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...3, using: &rng) {
                bytes[Int.random(in: 61..<bytes.count, using: &rng)] = UInt8.random(in: 0...255, using: &rng)
            }
            withUnsafeBytes(of: slowCrc32C(Array(bytes[21...])).bigEndian) { for index in 0..<4 { bytes[17 + index] = $0[index] } }
            let base = log.endOffset
            guard case .appended = log.append(bytes) else {
                Issue.record("folded batches are not looked into")
                return
            }
            let found = try log.offset(atOrAfterMillis: 9)
            #expect(found == nil || found!.offset < log.endOffset)
            _ = try log.maxTimestamp()
            try log.deleteRecords(before: base + 5)
        }
    }

    @Test(arguments: [TestCodec.gzip, .zstd, .lz4, .snappy, .xerialSnappy])
    func bombIsNotUnfoldedBeyondTheLimit(codec: TestCodec) throws {
        let scratch = Scratch()
        var settings = LogSettings()
        settings.decompressedBytesMax = 100_000
        let log = try PartitionLog.open(directory: scratch("log"), settings: settings)
        var builder = BatchBuilder(timestamps: [10, 20], valueByteCount: 60_000, codec: codec)
        #expect(log.append(builder.build()) == .appended(baseOffset: 0, lastOffset: 1, appendTimeMillis: -1))
        // 120,000 bytes are too many, and the first record is the safe answer.
        #expect(try log.offset(atOrAfterMillis: 15)! == (0, 20))
        builder.valueByteCount = 40_000
        #expect(log.append(builder.build()) == .appended(baseOffset: 2, lastOffset: 3, appendTimeMillis: -1))
        try log.deleteRecords(before: 2)
        #expect(try log.offset(atOrAfterMillis: 15)! == (3, 20))
    }

    @Test
    func unreadableBatchesAnswerInOrder() throws {
        let scratch = Scratch()
        let log = try PartitionLog.open(directory: scratch("log"))
        for (base, timestamp) in [(0, 5), (2, 7), (4, 9)] as [(Int64, Int64)] {
            var garbage = BatchBuilder(timestamps: [1, timestamp], codec: .zstd)
            garbage.codec = .none
            garbage.attributes = 4
            garbage.payload = [1, 2, 3]
            #expect(log.append(garbage.build()) == .appended(baseOffset: base, lastOffset: base + 1, appendTimeMillis: -1))
        }
        #expect(try log.offset(atOrAfterMillis: 6)! == (2, 7))
        #expect(try log.maxTimestamp()! == (4, 9))
    }

    @Test(arguments: [1 << 20, 200])
    func deletedRecordsDoNotCountForTheLargestTimestamp(segmentBytes: Int) throws {
        let scratch = Scratch()
        var settings = LogSettings()
        settings.segmentBytes = segmentBytes
        settings.indexIntervalBytes = 100
        let log = try PartitionLog.open(directory: scratch("log"), settings: settings)
        let times: [[Int64]] = [[900, 10], [20, 800], [30, 40], [700, 31], [5, 699], [650, 700], [1, 2]]
        for timestamps in times { _ = log.append(BatchBuilder(timestamps: timestamps).build()) }
        let all = times.flatMap { $0 }
        for start in all.indices {
            try log.deleteRecords(before: Int64(start))
            let most = all[start...].max()!
            #expect(try log.maxTimestamp()! == (Int64(all[start...].firstIndex(of: most)!), most))
            for target in all {
                #expect(try log.offset(atOrAfterMillis: target)?.offset == all[start...].firstIndex { $0 >= target }.map(Int64.init))
            }
        }
        try log.deleteRecords(before: log.endOffset)
        #expect(try log.maxTimestamp() == nil)
    }

    @Test
    func emptyAndTimelessLogsHaveNoTimes() throws {
        let scratch = Scratch()
        let log = try PartitionLog.open(directory: scratch("log"))
        #expect(try log.offset(atOrAfterMillis: 0) == nil)
        #expect(try log.maxTimestamp() == nil)
        _ = log.append(BatchBuilder(timestamps: [-1, -1]).build())
        #expect(try log.maxTimestamp() == nil)
        #expect(try log.offset(atOrAfterMillis: 0) == nil)
    }
}

@Suite
struct TimeLimitTests {
    @Test(arguments: [
        ([900, 1_100], true), ([-1, -1], true), ([899, 1_000], false), ([1_000, 1_101], false), ([900, Int64.max], false),
    ])
    func timesFarFromTheBrokersAreRefused(timestamps: [Int64], isTaken: Bool) throws {
        let scratch = Scratch()
        let log = try PartitionLog.open(directory: scratch("log"))
        log.settings.timestampBeforeMaxMillis = 100
        log.settings.timestampAfterMaxMillis = 100
        let outcome = log.append(BatchBuilder(timestamps: timestamps).build(), now: 1_000)
        if isTaken {
            #expect(outcome == .appended(baseOffset: 0, lastOffset: 1, appendTimeMillis: -1))
        } else if case .rejected(let rejection) = outcome {
            #expect(rejection.kafkaErrorCode == 32)
            #expect(log.endOffset == 0)
        } else {
            Issue.record("\(outcome)")
        }
        log.settings.timestampType = .logAppendTime
        let next = log.endOffset
        #expect(
            log.append(BatchBuilder(timestamps: [1, 2]).build(), now: 1_000)
                == .appended(baseOffset: next, lastOffset: next + 1, appendTimeMillis: 1_000), "the log's own time is always right")
    }
}

@Suite
struct RetentionTests {
    static func log(_ directory: String, batches: Int64 = 10) throws -> PartitionLog {
        var settings = LogSettings()
        settings.segmentBytes = 200
        let log = try PartitionLog.open(directory: directory, settings: settings)
        for number in 0..<batches { _ = log.append(BatchBuilder(timestamps: [number * 100, number * 100 + 50]).build(), now: number) }
        return log
    }

    @Test
    func oldSegmentsGoByTime() throws {
        let scratch = Scratch()
        let log = try RetentionTests.log(scratch("log"))
        #expect(log.segmentCount == 5)
        log.settings.retentionMillis = 300
        // The youngest records of the segments are at 150, 350, 550, 750 and 950.
        #expect(try log.applyRetention(now: 650) == 1)
        #expect(log.startOffset == 4)
        #expect(try log.applyRetention(now: 650) == 0)
        #expect(try log.applyRetention(now: 10_000) == 4)
        #expect(log.startOffset == 20)
        #expect(log.endOffset == 20)
        #expect(log.segmentCount == 1)
        #expect(log.byteCount == 0)
        #expect(try log.read(from: 20, byteCountMax: 100, atLeastOne: true) == nil)
        #expect(log.append(BatchBuilder().build()) == .appended(baseOffset: 20, lastOffset: 20, appendTimeMillis: -1))
    }

    @Test
    func oldSegmentsGoByBytesWhileEnoughIsLeft() throws {
        let scratch = Scratch()
        let log = try RetentionTests.log(scratch("log"))
        let segment = log.byteCount / 5
        log.settings.retentionBytes = segment * 3 + 1
        #expect(try log.applyRetention(now: 0) == 1)
        log.settings.retentionBytes = segment * 2
        #expect(try log.applyRetention(now: 0) == 2)
        #expect(log.byteCount == segment * 2)
        log.settings.retentionBytes = 0
        #expect(try log.applyRetention(now: 0) == 2)
        #expect(log.startOffset == 20)
    }

    @Test
    func segmentsRollByAgeAndBySize() throws {
        let scratch = Scratch()
        var settings = LogSettings()
        settings.segmentMillis = 1_000
        let log = try PartitionLog.open(directory: scratch("log"), settings: settings)
        for (timestamp, segments) in [(100, 1), (1_100, 1), (1_101, 2), (900, 2), (2_101, 2), (2_102, 3)] as [(Int64, Int)] {
            _ = log.append(BatchBuilder(timestamps: [timestamp]).build())
            #expect(log.segmentCount == segments, "\(timestamp)")
        }
        // Without timestamps this machine's clock counts.
        let timeless = try PartitionLog.open(directory: scratch("timeless"), settings: settings)
        for (now, segments) in [(5, 1), (1_005, 1), (1_006, 2)] as [(Int64, Int)] {
            _ = timeless.append(BatchBuilder(timestamps: [-1]).build(), now: now)
            #expect(timeless.segmentCount == segments, "\(now)")
        }
    }

    @Test(arguments: [true, false])
    func deletedRecordsStayDeleted(isClean: Bool) throws {
        let scratch = Scratch()
        var log = try RetentionTests.log(scratch("log"))
        #expect(throws: LogFault.offsetOutOfRange(offset: 21, start: 0, end: 20)) { try log.deleteRecords(before: 21) }
        try log.deleteRecords(before: 7)
        #expect(log.segmentCount == 4)
        try log.deleteRecords(before: 3)
        #expect(log.startOffset == 7)
        #expect(throws: LogFault.offsetOutOfRange(offset: 6, start: 7, end: 20)) {
            try log.read(from: 6, byteCountMax: 1, atLeastOne: true)
        }
        #expect(try log.offset(atOrAfterMillis: 0)! == (7, 350))
        if isClean { try log.close() }
        log = try PartitionLog.open(directory: scratch("log"), settings: log.settings)
        #expect(log.startOffset == 7)
        #expect(log.endOffset == 20)
        let first = try #require(try log.read(from: 7, byteCountMax: 1, atLeastOne: true))
        #expect(BatchView.all(first.bytes())[0].header.baseOffset == 6)
        try log.deleteRecords(before: 20)
        if isClean { try log.close() }
        log = try PartitionLog.open(directory: scratch("log"), settings: log.settings)
        #expect(log.startOffset == 20)
        #expect(log.endOffset == 20)
        #expect(log.byteCount == 0)
    }

    @Test
    func sliceOutlivesItsSegment() throws {
        let scratch = Scratch()
        let log = try RetentionTests.log(scratch("log"))
        let slice = try #require(try log.read(from: 0, byteCountMax: 1_000, atLeastOne: true))
        let before = slice.bytes()
        try log.deleteRecords(before: 20)
        #expect(slice.bytes() == before)
        #expect(!before.isEmpty)
    }

    @Test
    func fewDescriptorsAreHeldHoweverManySegments() throws {
        let scratch = Scratch()
        let log = try RetentionTests.log(scratch("log"), batches: 200)
        #expect(log.segmentCount == 100)
        for offset in stride(from: 0, to: 400, by: 3) { _ = try log.read(from: Int64(offset), byteCountMax: 100, atLeastOne: true) }
        let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").filter { descriptor in
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + descriptor))?.hasPrefix(scratch("log")) == true
        }
        #expect(open.count <= 1 + log.settings.openSealedSegmentsMax)
        #expect(open.count > 1)
    }

    @Test
    func closedLogRefusesWithoutTrapping() throws {
        let scratch = Scratch()
        let log = try RetentionTests.log(scratch("log"))
        try log.close()
        try log.close()
        #expect(log.append(BatchBuilder().build()) == .failed(.closed(path: scratch("log"))))
        #expect(throws: LogFault.closed(path: scratch("log"))) { try log.read(from: 0, byteCountMax: 1, atLeastOne: true) }
        #expect(log.unflushed() == nil)
    }
}

import Foundation
import RecordLog
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(10)))
struct CrashTests {
    static func batch(_ number: Int32) -> [UInt8] {
        BatchBuilder(
            timestamps: [Int64(number) * 10, Int64(number) * 10 + 1], valueByteCount: 20 + Int(number) % 17, producerId: 3,
            producerEpoch: 0,
            baseSequence: number * 2, seed: UInt8(number)
        ).build()
    }

    /// What was acknowledged when a copy was taken.
    final class Copies: Sendable {
        struct Copy {
            var path: String
            var point: CrashPoint
            var acknowledged: Int
        }
        let all = Mutex<[Copy]>([])
        let acknowledged = Mutex(0)
        let source: String
        let target: String

        init(source: String, target: String) {
            self.source = source
            self.target = target
        }

        func take(_ point: CrashPoint) {
            all.withLock { copies in
                let path = target + "-\(copies.count)"
                Scratch.copy(source, to: path)
                copies.append(Copy(path: path, point: point, acknowledged: acknowledged.withLock { $0 }))
            }
        }
    }

    @Test
    func everyAcknowledgedBatchSurvivesAKillAtEveryNamedPoint() throws {
        let scratch = Scratch()
        let disk = ScriptedDisk()
        var settings = LogSettings()
        settings.segmentBytes = 900
        settings.indexIntervalBytes = 200
        let log = try PartitionLog.open(directory: scratch("log"), settings: settings, faults: disk)
        let copies = Copies(source: scratch("log"), target: scratch("copy"))
        disk.atPoint { copies.take($0) }
        var expected: [[UInt8]] = []
        for number in 0..<24 as Range<Int32> {
            let bytes = CrashTests.batch(number)
            // Torn first, then whole.
            disk.answer { operation in
                if case .append(let count) = operation { .short(byteCount: Int(number) * 13 % count, errno: ENOSPC) } else { .proceed }
            }
            guard case .failed(.diskFull) = log.append(bytes) else {
                Issue.record("the write was cut")
                return
            }
            disk.answer(nil)
            guard case .appended = log.append(bytes) else {
                Issue.record("the disk was whole again")
                return
            }
            expected.append(bytes)
            copies.acknowledged.withLock { $0 += 1 }
            if number % 5 == 4, let work = log.unflushed() {
                try work.perform()
                log.didFlush(work)
                #expect(log.unflushed() == nil)
                #expect(log.flushedEndOffset == log.endOffset)
            }
        }
        try log.close()
        disk.atPoint(nil)
        let taken = copies.all.withLock { $0 }
        for point in CrashPoint.allCases { #expect(taken.contains { $0.point == point }, "\(point)") }
        for copy in taken {
            let log = try PartitionLog.open(directory: copy.path, settings: settings)
            let batches = BatchView.all(try log.contents())
            #expect(batches.count >= copy.acknowledged, "\(copy.point)")
            // At most the one whose answer was not given yet.
            #expect(batches.count <= copy.acknowledged + 1, "\(copy.point)")
            for (number, batch) in batches.enumerated() {
                #expect(Array(batch.bytes[16...]) == Array(expected[number][16...]))
                #expect(batch.header.baseOffset == Int64(number) * 2)
            }
            // The producer sends the last acknowledged one again, then goes on.
            if let last = batches.indices.last {
                let base = Int64(last) * 2
                #expect(
                    log.append(CrashTests.batch(Int32(last))) == .duplicate(baseOffset: base, lastOffset: base + 1, appendTimeMillis: -1))
            }
            let base = Int64(batches.count) * 2
            #expect(
                log.append(CrashTests.batch(Int32(batches.count)))
                    == .appended(baseOffset: base, lastOffset: base + 1, appendTimeMillis: -1))
            for number in 0..<batches.count {
                #expect(try log.offset(atOrAfterMillis: Int64(number) * 10 + 1)?.offset == Int64(number) * 2 + 1)
            }
            try log.close()
            #expect(try PartitionLog.open(directory: copy.path, settings: settings).recovery.wasClean)
        }
    }

    /// A killed log of a few batches, and where each ends.
    static func killed(_ directory: String, segmentBytes: Int = 1 << 20) throws -> (files: [String], ends: [Int]) {
        var settings = LogSettings()
        settings.segmentBytes = segmentBytes
        settings.indexIntervalBytes = 100
        let log = try PartitionLog.open(directory: directory, settings: settings)
        var ends: [Int] = []
        for number in 0..<6 as Range<Int32> {
            _ = log.append(CrashTests.batch(number))
            ends.append(Int(log.byteCount))
        }
        return (Scratch.files(directory, suffix: ".log"), ends)
    }

    @Test
    func fileCutAtAnyByteEndsAfterItsLastWholeBatch() throws {
        let scratch = Scratch()
        let (files, ends) = try CrashTests.killed(scratch("log"))
        let whole = Scratch.bytes(files[0])
        #expect(ends.last == whole.count)
        for cut in 0...whole.count {
            Scratch.copy(scratch("log"), to: scratch("cut"))
            let file = Scratch.files(scratch("cut"), suffix: ".log")[0]
            Scratch.write(Array(whole[..<cut]), file)
            let log = try PartitionLog.open(directory: scratch("cut"))
            let left = ends.filter { $0 <= cut }.count
            #expect(log.endOffset == Int64(left) * 2, "cut at \(cut)")
            #expect(log.recovery.truncatedByteCount == Int64(cut - (left == 0 ? 0 : ends[left - 1])))
            #expect(Scratch.bytes(file).count == Int(log.byteCount))
            #expect(
                log.append(CrashTests.batch(Int32(left)))
                    == .appended(baseOffset: Int64(left) * 2, lastOffset: Int64(left) * 2 + 1, appendTimeMillis: -1))
        }
    }

    @Test
    func fileWithAnyByteFlippedEndsBeforeThatBatch() throws {
        let scratch = Scratch()
        let (files, ends) = try CrashTests.killed(scratch("log"))
        let whole = Scratch.bytes(files[0])
        for position in whole.indices {
            var bytes = whole
            bytes[position] ^= 0x10
            Scratch.copy(scratch("log"), to: scratch("flip"))
            Scratch.write(bytes, Scratch.files(scratch("flip"), suffix: ".log")[0])
            let log = try PartitionLog.open(directory: scratch("flip"))
            let before = ends.filter { $0 <= position }.count
            let within = position - (before == 0 ? 0 : ends[before - 1])
            // The leader epoch is not covered by the CRC.
            let left = 12..<16 ~= within ? ends.count : before
            #expect(log.endOffset == Int64(left) * 2, "flipped \(position)")
        }
    }

    @Test
    func zeroedTailIsCutLikeATornOne() throws {
        let scratch = Scratch()
        let (files, ends) = try CrashTests.killed(scratch("log"))
        Scratch.write(Scratch.bytes(files[0]) + [UInt8](repeating: 0, count: 5_000), files[0])
        let log = try PartitionLog.open(directory: scratch("log"))
        #expect(log.endOffset == 12)
        #expect(log.byteCount == Int64(ends.last!))
    }

    @Test
    func damageInAnUnflushedSegmentRemovesTheSegmentsBehindIt() throws {
        let scratch = Scratch()
        let (files, _) = try CrashTests.killed(scratch("log"), segmentBytes: 300)
        #expect(files.count == 3)
        var bytes = Scratch.bytes(files[1])
        bytes[bytes.count - 1] ^= 1
        Scratch.write(bytes, files[1])
        let log = try PartitionLog.open(directory: scratch("log"))
        #expect(log.endOffset == 6)
        #expect(log.segmentCount == 2)
        #expect(log.recovery.removedSegmentCount == 1)
        #expect(log.append(CrashTests.batch(3)) == .appended(baseOffset: 6, lastOffset: 7, appendTimeMillis: -1))
    }

    @Test
    func flushedSegmentsAreNotScannedAgain() throws {
        let scratch = Scratch()
        var settings = LogSettings()
        settings.segmentBytes = 300
        var log: PartitionLog? = try PartitionLog.open(directory: scratch("log"), settings: settings)
        for number in 0..<20 as Range<Int32> { _ = log!.append(CrashTests.batch(number)) }
        let work = try #require(log!.unflushed())
        // Done by another thread while appends go on.
        for number in 20..<23 as Range<Int32> { _ = log!.append(CrashTests.batch(number)) }
        try work.perform()
        log!.didFlush(work)
        #expect(log!.flushedEndOffset == 40)
        log = nil
        let again = try PartitionLog.open(directory: scratch("log"), settings: settings)
        #expect(again.endOffset == 46)
        #expect(again.recovery.scannedByteCount < again.byteCount / 2)
        #expect(try again.contents().count == Int(again.byteCount))
    }

    @Test
    func cleanMarkThatDoesNotFitTheFilesIsNotBelieved() throws {
        let scratch = Scratch()
        let log = try PartitionLog.open(directory: scratch("log"))
        for number in 0..<4 as Range<Int32> { _ = log.append(CrashTests.batch(number)) }
        try log.close()
        let file = Scratch.files(scratch("log"), suffix: ".log")[0]
        Scratch.write(Scratch.bytes(file).dropLast(), file)
        let again = try PartitionLog.open(directory: scratch("log"))
        #expect(!again.recovery.wasClean)
        #expect(again.endOffset == 6)
    }

    @Test
    func fullDiskAtARollLeavesTheLogUsable() throws {
        let scratch = Scratch()
        let disk = ScriptedDisk()
        var settings = LogSettings()
        settings.segmentBytes = 300
        let log = try PartitionLog.open(directory: scratch("log"), settings: settings, faults: disk)
        _ = log.append(CrashTests.batch(0))
        _ = log.append(CrashTests.batch(1))
        for broken in [DiskOperation.createSegment, .writeFile(byteCount: 0)] {
            disk.answer { operation in
                switch (operation, broken) {
                case (.createSegment, .createSegment): .fail(errno: ENOSPC)
                case (.writeFile, .writeFile): .short(byteCount: 5, errno: ENOSPC)
                default: .proceed
                }
            }
            guard case .failed(.diskFull) = log.append(CrashTests.batch(2)) else {
                Issue.record("no room for a segment")
                return
            }
            #expect(log.endOffset == 4)
            #expect(try log.contents().count == Int(log.byteCount))
        }
        disk.answer(nil)
        #expect(log.append(CrashTests.batch(2)) == .appended(baseOffset: 4, lastOffset: 5, appendTimeMillis: -1))
        #expect(log.segmentCount == 2)
    }

    @Test
    func failedFlushStaysToBeDone() throws {
        let scratch = Scratch()
        let disk = ScriptedDisk()
        let log = try PartitionLog.open(directory: scratch("log"), faults: disk)
        _ = log.append(CrashTests.batch(0))
        disk.answer { $0 == .synchronize ? .fail(errno: EIO) : .proceed }
        let work = try #require(log.unflushed())
        #expect(throws: LogFault.self) { try work.perform() }
        #expect(log.flushedEndOffset == 0)
        #expect(log.unflushed() != nil)
    }

    @Test
    func damageInASealedSegmentIsReportedAndDoesNotSpread() throws {
        let scratch = Scratch()
        var settings = LogSettings()
        settings.segmentBytes = 600
        var log = try PartitionLog.open(directory: scratch("log"), settings: settings)
        for number in 0..<12 as Range<Int32> { _ = log.append(CrashTests.batch(number)) }
        try log.close()
        let file = Scratch.files(scratch("log"), suffix: ".log")[0]
        var bytes = Scratch.bytes(file)
        let second = BatchView.all(bytes)[0].bytes.count
        for position in second..<(second + 24) { bytes[position] = 0xff }
        Scratch.write(bytes, file)
        log = try PartitionLog.open(directory: scratch("log"), settings: settings)
        #expect(log.recovery.wasClean)
        #expect(log.endOffset == 24)
        #expect(throws: LogFault.self) { try log.read(from: 2, byteCountMax: 100, atLeastOne: true) }
        let rest = try #require(try log.read(from: 10, byteCountMax: 10_000, atLeastOne: true))
        #expect(BatchView.all(rest.bytes()).first?.header.baseOffset == 10)
        #expect(log.append(CrashTests.batch(12)) == .appended(baseOffset: 24, lastOffset: 25, appendTimeMillis: -1))
        // Retention gets rid of it.
        try log.deleteRecords(before: 10)
        #expect(try log.contents().count == Int(log.byteCount))
    }
}

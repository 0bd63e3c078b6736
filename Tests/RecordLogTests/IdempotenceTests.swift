import RecordLog
import Testing

@Suite
struct IdempotenceTests {
    /// What a producer sends and what it must hear.
    enum Step: Sendable {
        case new(epoch: Int16, sequence: Int32, count: Int, at: Int64)
        case duplicate(epoch: Int16, sequence: Int32, count: Int, of: Int64)
        case refused(epoch: Int16, sequence: Int32, count: Int, code: Int16)
        case reopen, kill
    }

    struct Script: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let steps: [Step]
        init(_ name: String, _ steps: [Step]) {
            testDescription = name
            self.steps = steps
        }
    }

    static let scripts: [Script] = [
        Script(
            "sent again",
            [
                .new(epoch: 0, sequence: 0, count: 3, at: 0), .duplicate(epoch: 0, sequence: 0, count: 3, of: 0),
                .new(epoch: 0, sequence: 3, count: 1, at: 3), .duplicate(epoch: 0, sequence: 0, count: 3, of: 0),
            ]),
        Script(
            "the same first sequence with another count is no duplicate",
            [.new(epoch: 0, sequence: 0, count: 3, at: 0), .refused(epoch: 0, sequence: 0, count: 2, code: 45)]),
        Script(
            "only the last five are remembered",
            (0..<6).map { .new(epoch: 0, sequence: $0, count: 1, at: Int64($0)) }
                + (1..<6).map { .duplicate(epoch: 0, sequence: $0, count: 1, of: Int64($0)) }
                + [.refused(epoch: 0, sequence: 0, count: 1, code: 45)]),
        Script(
            "gap",
            [
                .new(epoch: 0, sequence: 0, count: 2, at: 0), .refused(epoch: 0, sequence: 3, count: 1, code: 45),
                .new(epoch: 0, sequence: 2, count: 1, at: 2),
            ]),
        Script(
            "an unknown producer may begin anywhere",
            [.new(epoch: 4, sequence: 77, count: 2, at: 0), .new(epoch: 4, sequence: 79, count: 1, at: 2)]),
        Script(
            "a new epoch begins at 0",
            [
                .new(epoch: 1, sequence: 5, count: 1, at: 0), .refused(epoch: 2, sequence: 6, count: 1, code: 45),
                .new(epoch: 2, sequence: 0, count: 1, at: 1), .refused(epoch: 1, sequence: 6, count: 1, code: 47),
                .refused(epoch: 1, sequence: 5, count: 1, code: 47), .duplicate(epoch: 2, sequence: 0, count: 1, of: 1),
            ]),
        Script(
            "the sequence starts over after the largest",
            [
                .new(epoch: 0, sequence: .max - 1, count: 2, at: 0), .new(epoch: 0, sequence: 0, count: 1, at: 2),
                .duplicate(epoch: 0, sequence: .max - 1, count: 2, of: 0),
            ]),
        Script(
            "a batch may lie across the largest sequence",
            [
                .new(epoch: 0, sequence: .max - 1, count: 5, at: 0), .refused(epoch: 0, sequence: 2, count: 1, code: 45),
                .new(epoch: 0, sequence: 3, count: 1, at: 5), .kill, .duplicate(epoch: 0, sequence: .max - 1, count: 5, of: 0),
            ]),
        Script(
            "known after a clean restart",
            [
                .new(epoch: 0, sequence: 0, count: 3, at: 0), .new(epoch: 0, sequence: 3, count: 3, at: 3), .reopen,
                .duplicate(epoch: 0, sequence: 0, count: 3, of: 0), .refused(epoch: 0, sequence: 7, count: 1, code: 45),
                .new(epoch: 0, sequence: 6, count: 1, at: 6),
            ]),
        Script(
            "known after a kill, with a snapshot before and batches after it",
            [
                .new(epoch: 0, sequence: 0, count: 3, at: 0), .reopen, .new(epoch: 0, sequence: 3, count: 3, at: 3), .kill,
                .duplicate(epoch: 0, sequence: 0, count: 3, of: 0), .duplicate(epoch: 0, sequence: 3, count: 3, of: 3), .kill,
                .new(epoch: 1, sequence: 0, count: 1, at: 6), .kill, .refused(epoch: 0, sequence: 6, count: 1, code: 47),
            ]),
    ]

    static func batch(_ epoch: Int16, _ sequence: Int32, _ count: Int, producerId: Int64 = 9) -> [UInt8] {
        BatchBuilder(
            timestamps: [Int64](repeating: 50, count: count), producerId: producerId, producerEpoch: epoch, baseSequence: sequence
        ).build()
    }

    @Test(arguments: scripts, [1 << 20, 200])
    func producerHearsWhatApacheKafkaWouldSay(script: Script, segmentBytes: Int) throws {
        let scratch = Scratch()
        var settings = LogSettings()
        settings.segmentBytes = segmentBytes
        var log = try PartitionLog.open(directory: scratch("log"), settings: settings)
        for (number, step) in script.steps.enumerated() {
            switch step {
            case .new(let epoch, let sequence, let count, let offset):
                #expect(
                    log.append(IdempotenceTests.batch(epoch, sequence, count))
                        == .appended(baseOffset: offset, lastOffset: offset + Int64(count) - 1, appendTimeMillis: -1), "step \(number)")
            case .duplicate(let epoch, let sequence, let count, let offset):
                #expect(
                    log.append(IdempotenceTests.batch(epoch, sequence, count))
                        == .duplicate(baseOffset: offset, lastOffset: offset + Int64(count) - 1, appendTimeMillis: -1), "step \(number)")
            case .refused(let epoch, let sequence, let count, let code):
                let end = log.endOffset
                #expect(log.rejectionCode(IdempotenceTests.batch(epoch, sequence, count)) == code, "step \(number)")
                #expect(log.endOffset == end)
            case .reopen:
                try log.close()
                log = try PartitionLog.open(directory: scratch("log"), settings: settings)
            case .kill:
                log = try PartitionLog.open(directory: scratch("log"), settings: settings)
            }
        }
    }

    @Test
    func damagedSnapshotIsMadeUpForByTheBatches() throws {
        let scratch = Scratch()
        var log = try PartitionLog.open(directory: scratch("log"))
        for sequence in 0..<8 as Range<Int32> { _ = log.append(IdempotenceTests.batch(0, sequence, 1)) }
        try log.close()
        for file in Scratch.files(scratch("log"), suffix: ".snapshot") {
            var bytes = Scratch.bytes(file)
            bytes[20] ^= 1
            Scratch.write(bytes, file)
        }
        log = try PartitionLog.open(directory: scratch("log"))
        #expect(log.append(IdempotenceTests.batch(0, 7, 1)) == .duplicate(baseOffset: 7, lastOffset: 7, appendTimeMillis: -1))
        #expect(log.append(IdempotenceTests.batch(0, 8, 1)) == .appended(baseOffset: 8, lastOffset: 8, appendTimeMillis: -1))
    }

    @Test
    func failedWriteDoesNotAdvanceTheProducer() throws {
        let scratch = Scratch()
        let disk = ScriptedDisk()
        let log = try PartitionLog.open(directory: scratch("log"), faults: disk)
        _ = log.append(IdempotenceTests.batch(0, 0, 2))
        disk.answer { _ in .fail(errno: 28) }
        guard case .failed(.diskFull) = log.append(IdempotenceTests.batch(0, 2, 1)) else {
            Issue.record("the disk was full")
            return
        }
        disk.answer(nil)
        #expect(log.append(IdempotenceTests.batch(0, 2, 1)) == .appended(baseOffset: 2, lastOffset: 2, appendTimeMillis: -1))
    }

    @Test
    func severalBatchesOfOneAppendFollowEachOther() throws {
        let scratch = Scratch()
        let log = try PartitionLog.open(directory: scratch("log"))
        let first = IdempotenceTests.batch(0, 0, 2)
        #expect(log.rejectionCode(first + IdempotenceTests.batch(0, 3, 1)) == 45)
        #expect(
            log.append(first + IdempotenceTests.batch(0, 2, 1) + IdempotenceTests.batch(0, 0, 1, producerId: 10))
                == .appended(baseOffset: 0, lastOffset: 3, appendTimeMillis: -1))
        #expect(log.append(IdempotenceTests.batch(0, 2, 1)) == .duplicate(baseOffset: 2, lastOffset: 2, appendTimeMillis: -1))
        #expect(log.producerIdCount == 2)
    }

    @Test
    func silentProducersAreForgotten() throws {
        let scratch = Scratch()
        var log = try PartitionLog.open(directory: scratch("log"))
        let day: Int64 = 86_400_000
        _ = log.append(IdempotenceTests.batch(0, 0, 1, producerId: 1), now: 1_000)
        _ = log.append(IdempotenceTests.batch(0, 0, 1, producerId: 2), now: day)
        _ = try log.applyRetention(now: 1_000 + day - 1)
        #expect(log.producerIdCount == 2)
        _ = try log.applyRetention(now: 1_000 + day)
        #expect(log.producerIdCount == 1)
        #expect(log.append(IdempotenceTests.batch(0, 9, 1, producerId: 1), now: day) != .rejected(.transactional))
        #expect(log.producerIdCount == 2)
        // After a kill nobody knows how long they were silent; they get their whole time again.
        log = try PartitionLog.open(directory: scratch("log"))
        _ = try log.applyRetention(now: 10 * day)
        #expect(log.producerIdCount == 2)
        _ = try log.applyRetention(now: 11 * day)
        #expect(log.producerIdCount == 0)
    }

    @Test
    func producersAreBoundedAndTheLongestSilentGoFirst() throws {
        let scratch = Scratch()
        var settings = LogSettings()
        settings.producerIdCountMax = 32
        let log = try PartitionLog.open(directory: scratch("log"), settings: settings)
        for id in 0..<200 as Range<Int64> {
            _ = log.append(IdempotenceTests.batch(0, 0, 1, producerId: id), now: id)
            #expect(log.producerIdCount <= 32)
        }
        #expect(
            log.append(IdempotenceTests.batch(0, 0, 1, producerId: 199), now: 200)
                == .duplicate(baseOffset: 199, lastOffset: 199, appendTimeMillis: -1))
        #expect(
            log.append(IdempotenceTests.batch(0, 5, 1, producerId: 0), now: 200)
                == .appended(baseOffset: 200, lastOffset: 200, appendTimeMillis: -1))
    }
}

import Foundation
import RecordLog
import Testing

/// What a log must be: a list of batches.
private struct Model {
    struct Batch {
        var base: Int64
        var timestamps: [Int64]
        var bytes: [UInt8]
        var end: Int64 { base + Int64(timestamps.count) }
    }
    var batches: [Batch] = []
    var start: Int64 = 0
    var end: Int64 = 0

    mutating func append(_ builder: BatchBuilder, _ bytes: [UInt8]) {
        var stored = bytes
        withUnsafeBytes(of: end.bigEndian) { for index in 0..<8 { stored[index] = $0[index] } }
        for index in 12..<16 { stored[index] = 0 }
        batches.append(Batch(base: end, timestamps: builder.timestamps, bytes: stored))
        end += Int64(builder.timestamps.count)
    }

    var records: [(offset: Int64, timestamp: Int64)] {
        batches.flatMap { batch in batch.timestamps.enumerated().map { (batch.base + Int64($0.offset), $0.element) } }.filter {
            $0.0 >= start
        }
    }

    func first(atOrAfter target: Int64) -> (offset: Int64, timestamp: Int64)? { records.first { $0.timestamp >= target } }

    var largest: (offset: Int64, timestamp: Int64)? {
        let records = records
        guard let most = records.map(\.timestamp).max(), most >= 0 else { return nil }
        return records.first { $0.timestamp == most }
    }
}

@Suite(.timeLimit(.minutes(10)))
struct ModelTests {
    @Test(arguments: 0..<120 as Range<UInt64>)
    func logAgreesWithAListOfBatches(seed: UInt64) throws {
        var rng = SplitMix64(seed: seed)
        let scratch = Scratch()
        let directory = scratch("log")
        let disk = ScriptedDisk()
        var settings = LogSettings()
        settings.segmentBytes = Int.random(in: 3_000...20_000, using: &rng)
        settings.indexIntervalBytes = Int.random(in: 0...2_000, using: &rng)
        settings.openSealedSegmentsMax = Int.random(in: 1...3, using: &rng)
        var log = try PartitionLog.open(directory: directory, settings: settings, faults: disk)
        var model = Model()
        var clock: Int64 = 1_000_000
        for step in 0..<150 {
            switch Int.random(in: 0..<100, using: &rng) {
            case 0..<45:
                var bytes: [UInt8] = []
                var builders: [(BatchBuilder, [UInt8])] = []
                for _ in 0..<(Int.random(in: 0..<4, using: &rng) == 0 ? 3 : 1) {
                    var builder = BatchBuilder()
                    builder.codec = TestCodec.allCases.randomElement(using: &rng)!
                    builder.valueByteCount = Int.random(in: 0...120, using: &rng)
                    builder.seed = UInt8.random(in: 0...255, using: &rng)
                    builder.timestamps = (0..<Int.random(in: 1...12, using: &rng)).map { _ in
                        clock += Int64.random(in: -3...10, using: &rng)
                        return clock
                    }
                    if Int.random(in: 0..<20, using: &rng) == 0 { builder.timestamps = [-1] }
                    let batch = builder.build()
                    builders.append((builder, batch))
                    bytes += batch
                }
                let failure = Int.random(in: 0..<10, using: &rng)
                let cut = Int.random(in: 0...bytes.count, using: &rng)
                if failure == 0 {
                    disk.answer {
                        if case .append = $0 { .short(byteCount: cut, errno: ENOSPC) } else { .proceed }
                    }
                }
                let outcome = log.append(bytes, now: clock)
                disk.answer(nil)
                if bytes.count > settings.segmentBytes {
                    guard case .rejected(.recordListTooLarge) = outcome else {
                        Issue.record("\(outcome)")
                        return
                    }
                } else if failure == 0 {
                    guard case .failed(.diskFull) = outcome else {
                        Issue.record("\(outcome)")
                        return
                    }
                } else {
                    let base = model.end
                    for (builder, batch) in builders { model.append(builder, batch) }
                    #expect(outcome == .appended(baseOffset: base, lastOffset: model.end - 1, appendTimeMillis: -1))
                }
            case 45..<75:
                try checkRead(log, model, directory, &rng)
            case 75..<85:
                let target = Int64.random(in: 999_990...(clock + 5), using: &rng)
                let found = try log.offset(atOrAfterMillis: target)
                #expect(found?.offset == model.first(atOrAfter: target)?.offset, "step \(step) target \(target)")
                #expect(found?.timestampMillis == model.first(atOrAfter: target)?.timestamp)
            case 85..<88:
                let found = try log.maxTimestamp()
                #expect(found?.offset == model.largest?.offset, "step \(step)")
                #expect(found?.timestampMillis == model.largest?.timestamp)
            case 88..<91:
                if Int.random(in: 0..<3, using: &rng) == 0 {
                    model.start = Int64.random(in: model.start...model.end, using: &rng)
                    try log.deleteRecords(before: model.start)
                    model.batches.removeAll { $0.end <= model.start }
                }
            case 91..<93:
                log.settings.retentionBytes = Int64(settings.segmentBytes) * 3
                _ = try log.applyRetention(now: clock)
                #expect(log.byteCount <= Int64(settings.segmentBytes) * 4)
                #expect(log.startOffset >= model.start)
                model.start = log.startOffset
                model.batches.removeAll { $0.end <= model.start }
            case 93..<96:
                try log.close()
                log = try PartitionLog.open(directory: directory, settings: settings, faults: disk)
                #expect(log.recovery.wasClean)
            default:
                // Killed, perhaps within a write, perhaps with index files lost.
                if Bool.random(using: &rng), let work = log.unflushed() {
                    try work.perform()
                    log.didFlush(work)
                }
                log = try PartitionLog.open(directory: scratch("elsewhere-\(step)"))
                if Bool.random(using: &rng) {
                    let last = Scratch.files(directory, suffix: ".log").last!
                    var batch = BatchBuilder()
                    batch.valueByteCount = 300
                    let bytes = batch.build()
                    Scratch.write(Scratch.bytes(last) + bytes.prefix(Int.random(in: 0..<bytes.count, using: &rng)), last)
                }
                for file in Scratch.files(directory, suffix: "index") where Int.random(in: 0..<4, using: &rng) == 0 {
                    let bytes = Scratch.bytes(file)
                    Scratch.write(Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &rng))), file)
                }
                Scratch.remove(directory + "/clean-shutdown")
                log = try PartitionLog.open(directory: directory, settings: settings, faults: disk)
                #expect(!log.recovery.wasClean)
            }
            #expect(log.startOffset == model.start, "step \(step)")
            #expect(log.endOffset == model.end, "step \(step)")
        }
        let contents = try log.contents()
        #expect(contents == model.batches.flatMap(\.bytes))
    }

    private func checkRead(_ log: PartitionLog, _ model: Model, _ directory: String, _ rng: inout SplitMix64) throws {
        let offset = Int64.random(in: model.start...model.end, using: &rng)
        let most = Int.random(in: 0...8_000, using: &rng)
        let atLeastOne = Bool.random(using: &rng)
        let slice = try log.read(from: offset, byteCountMax: most, atLeastOne: atLeastOne)
        guard let first = model.batches.firstIndex(where: { $0.end > offset }) else {
            #expect(slice == nil)
            return
        }
        let bytes = try #require(slice).bytes()
        var expected: [UInt8] = []
        var next = first
        while expected.count < bytes.count, next < model.batches.count {
            expected += model.batches[next].bytes
            next += 1
        }
        #expect(bytes == expected)
        #expect(bytes.count <= most || (atLeastOne && next == first + 1))
        if atLeastOne { #expect(!bytes.isEmpty) }
        if next < model.batches.count, bytes.count + model.batches[next].bytes.count <= most {
            // Only the end of a segment may cut a read short.
            let stem = String(model.batches[next].base)
            let path = directory + "/" + String(repeating: "0", count: 20 - stem.count) + stem + ".log"
            #expect(FileManager.default.fileExists(atPath: path))
        }
    }
}

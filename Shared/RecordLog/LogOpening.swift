import Glibc

/// What opening a log found and did.
package struct RecoveryReport: Hashable, Sendable {
    /// The log was closed; nothing was scanned.
    package var wasClean = false
    /// Bytes whose CRCs were checked.
    package var scannedByteCount: Int64 = 0
    /// Bytes cut off, because no whole batch began there.
    package var truncatedByteCount: Int64 = 0
    /// Segments removed because the one before them was cut.
    package var removedSegmentCount = 0
    /// Sealed segments whose index files had to be made anew.
    package var rebuiltIndexCount = 0
}

/// What ``LogOpening`` hands to the log.
struct OpenedLog {
    var segments: [Segment]
    var producers: ProducerTable
    var startOffset: Int64
    var recoveryPoint: Int64
    var report: RecoveryReport
}

/// Brings a partition's directory into a state that can be used, from whatever a killed process left there.
///
/// Segments from the recovery point on may hold torn or missing pages: every batch of them is checked, the first that is not whole ends the log
/// and everything behind it is removed. Segments before it are taken as their index files say.
struct LogOpening {
    static let cleanMark = "clean-shutdown"
    static let startOffsetFile = "log-start-offset"
    static let recoveryPointFile = "recovery-point"
    static let snapshotSuffix = ".snapshot"

    let directory: String
    let settings: LogSettings
    let faults: any DiskFaults
    private var report = RecoveryReport()
    private let scanBuffer = Lazily { WalkBuffer(byteCount: 1 << 20) }

    init(directory: String, settings: LogSettings, faults: any DiskFaults) {
        self.directory = directory
        self.settings = settings
        self.faults = faults
    }

    mutating func run() throws(LogFault) -> OpenedLog {
        try Disk.makeDirectory(directory)
        let names = try Disk.names(in: directory)
        for name in names where name.hasSuffix(".tmp") { try Disk.remove(directory + "/" + name) }
        let logNames = names.filter { $0.hasSuffix(".log") && $0.utf8.count == 24 }
        var segments = logNames.compactMap { name in Int64(name.dropLast(4)).map { Segment(directory: directory, baseOffset: $0) } }
        let startMark = try checkpoint(.logStartOffset, LogOpening.startOffsetFile, count: 1)?[0] ?? 0
        var recoveryPoint = try checkpoint(.recoveryPoint, LogOpening.recoveryPointFile, count: 1)?[0] ?? 0
        let clean = try checkpoint(.cleanShutdown, LogOpening.cleanMark, count: 3)

        if let clean, let last = segments.last, clean[0] == last.baseOffset, try Disk.byteCount(last.logPath) == clean[1] {
            report.wasClean = true
        } else if clean != nil {
            try Disk.remove(directory + "/" + LogOpening.cleanMark)
        }
        recoveryPoint = min(recoveryPoint, segments.last?.baseOffset ?? 0)

        var broken: Int?
        for (number, segment) in segments.enumerated() {
            let next = number + 1 < segments.count ? segments[number + 1].baseOffset : nil
            let isTrusted = report.wasClean || segment.baseOffset < recoveryPoint
            let isWhole = isTrusted ? try adopt(segment, next: next) : try scan(segment, next: next)
            if !isWhole {
                broken = number
                break
            }
        }
        if let broken {
            for segment in segments[(broken + 1)...].reversed() {
                report.truncatedByteCount += try Disk.byteCount(segment.logPath)
                report.removedSegmentCount += 1
                try segment.removeFiles()
            }
            segments.removeSubrange((broken + 1)...)
        }
        // What was deleted stays deleted, also when the segments end before it.
        if let last = segments.last, last.nextOffset < startMark {
            for segment in segments { try segment.removeFiles() }
            segments = []
        }
        if segments.isEmpty {
            report.wasClean = false
            segments = [Segment(directory: directory, baseOffset: startMark)]
            segments[0].reset()
        }
        while segments.count > 1, segments[1].baseOffset <= startMark { try segments.removeFirst().removeFiles() }

        let active = segments[segments.count - 1]
        active.file = try SegmentFile(path: active.logPath, flags: O_RDWR | O_CREAT)
        try removeStrayIndexes(names, segments)
        let start = max(startMark, segments[0].baseOffset)
        let producers = try producers(segments, names, start: start)
        return OpenedLog(segments: segments, producers: producers, startOffset: start, recoveryPoint: recoveryPoint, report: report)
    }

    private func checkpoint(_ kind: Checkpoint.Kind, _ name: String, count: Int) throws(LogFault) -> [Int64]? {
        guard let file = try Disk.contents(directory + "/" + name), let values = Checkpoint.values(kind, of: file), values.count == count,
            values.allSatisfy({ $0 >= 0 })
        else { return nil }
        return values
    }

    /// Takes a segment that is known to be whole as its index files say, or reads its headers when they do not.
    private mutating func adopt(_ segment: Segment, next: Int64?) throws(LogFault) -> Bool {
        let byteCount = try Disk.byteCount(segment.logPath)
        let isLast = next == nil
        let file: SegmentFile? = isLast || byteCount == 0 ? try SegmentFile(path: segment.logPath, flags: O_RDONLY) : nil
        if let (index, summary) = try segment.readIndexFiles(logByteCount: byteCount), isLast || summary.nextOffset == next {
            segment.adopt(summary)
            // A sealed segment's index is read again when it is needed.
            segment.index = isLast ? index : nil
        } else {
            report.rebuiltIndexCount += 1
            let file = if let file { file } else { try SegmentFile(path: segment.logPath, flags: O_RDONLY) }
            segment.reset()
            segment.byteCount = byteCount
            try segment.rebuildIndex(file, indexIntervalBytes: settings.indexIntervalBytes, faults: faults)
            if let next, segment.nextOffset != next {
                throw LogFault.corrupt(
                    path: segment.logPath, position: byteCount,
                    reason: "ends at offset \(segment.nextOffset), the next segment begins at \(next)")
            }
            if !isLast { segment.index = nil }
        }
        if isLast, let file, segment.byteCount > 0 {
            var walk = BatchWalk(file, from: 0, to: segment.byteCount, through: scanBuffer.value)
            if try walk.advance() { segment.firstTimestamp = walk.header!.maxTimestamp }
        }
        return true
    }

    /// Checks every batch and cuts the segment after the last whole one. False when the log ends here although more segments follow.
    private mutating func scan(_ segment: Segment, next: Int64?) throws(LogFault) -> Bool {
        let file = try SegmentFile(path: segment.logPath, flags: O_RDWR)
        let byteCount = try file.byteCount()
        segment.reset()
        var walk = BatchWalk(file, from: 0, to: byteCount, through: scanBuffer.value)
        while try walk.advance(expecting: segment.nextOffset) {
            guard try walk.isChecksumRight() else { break }
            segment.add(walk.header!, indexIntervalBytes: settings.indexIntervalBytes)
        }
        report.scannedByteCount += byteCount
        if segment.byteCount < byteCount {
            report.truncatedByteCount += byteCount - segment.byteCount
            try file.truncate(to: segment.byteCount)
        }
        guard let next else { return true }
        guard segment.nextOffset == next else { return false }
        try segment.writeIndexFiles(faults: faults)
        segment.index = nil
        return true
    }

    /// Removes index files whose segments are gone.
    private func removeStrayIndexes(_ names: [String], _ segments: [Segment]) throws(LogFault) {
        let stems = Set(segments.map { Segment.stem($0.baseOffset) })
        for name in names {
            for suffix in [".index", ".timeindex"] where name.hasSuffix(suffix) && !stems.contains(String(name.dropLast(suffix.count))) {
                try Disk.remove(directory + "/" + name)
            }
        }
    }

    /// The newest snapshot that fits, and the batches after it.
    private func producers(_ segments: [Segment], _ names: [String], start: Int64) throws(LogFault) -> ProducerTable {
        let end = segments[segments.count - 1].nextOffset
        var table = ProducerTable()
        var from = start
        for name in names.reversed() where name.hasSuffix(LogOpening.snapshotSuffix) {
            let path = directory + "/" + name
            guard let offset = Int64(name.dropLast(LogOpening.snapshotSuffix.count)), offset <= end, let file = try Disk.contents(path),
                let read = ProducerSnapshot.decode(file)
            else {
                try Disk.remove(path)
                continue
            }
            table = read
            from = max(offset, start)
            break
        }
        for segment in segments where segment.nextOffset > from {
            let file = try SegmentFile(path: segment.logPath, flags: O_RDONLY)
            var walk = BatchWalk(
                file, from: segment.index?.position(atOrBelow: from - segment.baseOffset) ?? 0, to: segment.byteCount,
                through: scanBuffer.value)
            while try walk.advance() {
                if walk.header!.baseOffset >= from { table.replay(walk.header!, countMax: settings.producerIdCountMax) }
            }
        }
        return table
    }
}

/// Made when it is first asked for.
private final class Lazily<Value> {
    private let make: () -> Value
    private(set) lazy var value = make()

    init(_ make: @escaping () -> Value) { self.make = make }
}

extension Segment {
    /// Reads the batch headers of ``byteCount`` bytes that are known to be whole, and writes the index files anew.
    func rebuildIndex(_ file: SegmentFile, indexIntervalBytes: Int, faults: any DiskFaults) throws(LogFault) {
        let end = byteCount
        reset()
        var walk = BatchWalk(file, from: 0, to: end, through: WalkBuffer(byteCount: 64 << 10))
        while try walk.advance(expecting: nextOffset) { add(walk.header!, indexIntervalBytes: indexIntervalBytes) }
        guard byteCount == end else {
            let reached = byteCount
            byteCount = end
            throw LogFault.corrupt(path: logPath, position: reached, reason: "no batch of offset \(nextOffset) begins here")
        }
        // A full disk must not keep anyone from reading.
        do { try writeIndexFiles(faults: faults) } catch {
            unlink(indexPath)
            unlink(timeIndexPath)
        }
    }
}

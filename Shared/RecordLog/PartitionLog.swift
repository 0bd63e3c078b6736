import Glibc

/// One partition's log: record batches in segment files, read back by offset and by time.
///
/// Owned and used by one thread; only a ``FileSlice``'s file and a ``FlushWork`` may go to others.
///
/// On disk, in the partition's directory:
/// - `<20-digit base offset>.log`: batches as they came, with their offsets.
/// - `.index`, `.timeindex` beside a sealed segment: its sparse index, rebuilt when missing or torn.
/// - `<20-digit offset>.snapshot`: the idempotent producers as of that offset.
/// - `log-start-offset`, `recovery-point`, `clean-shutdown`: see ``Checkpoint``.
package final class PartitionLog {
    package var settings: LogSettings
    package let directory: String
    /// The first offset a reader may ask for.
    package internal(set) var startOffset: Int64
    /// The offset the next record gets.
    package internal(set) var endOffset: Int64
    /// Everything below is on the device.
    package internal(set) var flushedEndOffset: Int64
    /// What opening found and did.
    package let recovery: RecoveryReport

    let faults: any DiskFaults
    /// Ascending; the last one grows. Never empty while open.
    var segments: [Segment]
    var producers: ProducerTable
    var tail = TailPositions()
    /// Sealed segments whose files are open, longest unused first.
    var openSealed: [Segment] = []
    /// Base offsets of sealed segments that may not be on the device.
    var unflushedSealed: [Int64]
    var isDirectoryUnflushed: Bool
    /// Whether the clean mark is on disk.
    var isMarkedClean: Bool
    /// A failed write could not be taken back yet.
    var hasTornTail = false
    var isClosed = false

    let walkBuffer = WalkBuffer(byteCount: 8192)
    /// The batches of the append in work.
    var pending: [RecordBatchHeader] = []
    var batchBytes: [UInt8] = []
    var unfolder = BatchUnfolder()

    init(_ opened: OpenedLog, directory: String, settings: LogSettings, faults: any DiskFaults) {
        self.directory = directory
        self.settings = settings
        self.faults = faults
        segments = opened.segments
        producers = opened.producers
        startOffset = opened.startOffset
        endOffset = opened.segments[opened.segments.count - 1].nextOffset
        recovery = opened.report
        isMarkedClean = opened.report.wasClean
        isDirectoryUnflushed = !opened.report.wasClean
        flushedEndOffset = opened.report.wasClean ? endOffset : min(max(opened.recoveryPoint, startOffset), endOffset)
        unflushedSealed = opened.report.wasClean ? [] : segments.dropLast().map(\.baseOffset).filter { $0 >= opened.recoveryPoint }
    }

    /// Opens a partition's directory, making it when there is none. After a kill, the segments that may be torn are checked batch by batch
    /// and cut after the last whole one.
    package static func open(
        directory: String, settings: LogSettings = LogSettings(), faults: any DiskFaults = .none
    ) throws(LogFault) -> PartitionLog {
        var opening = LogOpening(directory: directory, settings: settings, faults: faults)
        return PartitionLog(try opening.run(), directory: directory, settings: settings, faults: faults)
    }

    /// All segments' bytes.
    package var byteCount: Int64 { segments.reduce(0) { $0 + $1.byteCount } }
    package var segmentCount: Int { segments.count }
    /// Idempotent producers remembered.
    package var producerIdCount: Int { producers.count }

    var active: Segment { segments[segments.count - 1] }

    /// Flushes, writes the index and the producers and sets the clean mark; opening after it scans nothing. The log cannot be used any more.
    package func close() throws(LogFault) {
        guard !isClosed else { return }
        if !isMarkedClean {
            if hasTornTail { try active.file!.truncate(to: active.byteCount) }
            if let work = unflushed() {
                try work.perform()
                didFlush(work)
            }
            try active.writeIndexFiles(faults: faults)
            try writeSnapshot()
            try Disk.replace(
                directory + "/" + LogOpening.cleanMark,
                with: Checkpoint(.cleanShutdown, [active.baseOffset, active.byteCount, endOffset]).sealed(), isDurable: true, faults: faults
            )
        }
        isClosed = true
        for segment in segments { segment.file = nil }
        openSealed = []
    }

    func requireOpen() throws(LogFault) {
        if isClosed { throw LogFault.closed(path: directory) }
    }

    /// Takes the clean mark away before the first change after opening.
    func beginChange() throws(LogFault) {
        guard isMarkedClean else { return }
        try Disk.remove(directory + "/" + LogOpening.cleanMark)
        isMarkedClean = false
    }

    // MARK: Segments

    /// The segment that holds an offset in `startOffset..<endOffset`.
    func segment(holding offset: Int64) -> Segment {
        if active.baseOffset <= offset { return active }
        var low = 0
        var high = segments.count
        while low < high {
            let middle = (low + high) / 2
            if segments[middle].baseOffset <= offset { low = middle + 1 } else { high = middle }
        }
        return segments[max(low - 1, 0)]
    }

    /// A segment's file and index. Sealed ones are opened when needed, and the longest unused of them closed again.
    func opened(_ segment: Segment) throws(LogFault) -> SegmentFile {
        if let file = segment.file, segment.index != nil {
            if segment !== active, openSealed.last !== segment, let place = openSealed.firstIndex(where: { $0 === segment }) {
                openSealed.append(openSealed.remove(at: place))
            }
            return file
        }
        let file = try SegmentFile(path: segment.logPath, flags: O_RDONLY)
        if let (index, _) = try segment.readIndexFiles(logByteCount: segment.byteCount) {
            segment.index = index
        } else {
            try segment.rebuildIndex(file, indexIntervalBytes: settings.indexIntervalBytes, faults: faults)
        }
        segment.file = file
        keepOpen(segment)
        return file
    }

    /// Counts a sealed segment among the open ones and closes those that are too many.
    func keepOpen(_ segment: Segment) {
        openSealed.append(segment)
        while openSealed.count > max(settings.openSealedSegmentsMax, 1) {
            let oldest = openSealed.removeFirst()
            oldest.file = nil
            oldest.index = nil
        }
    }

    /// Seals the growing segment and begins the next. When it throws nothing has changed.
    func roll() throws(LogFault) {
        faults.reached(.rollBefore)
        try beginChange()
        try active.writeIndexFiles(faults: faults)
        try writeSnapshot()
        switch faults.verdict(on: .createSegment) {
        case .proceed: break
        case .fail(let code), .short(_, let code): throw LogFault.failed("create", active.logPath, errno: code)
        }
        let sealed = active
        let next = Segment(directory: directory, baseOffset: endOffset)
        next.reset()
        next.file = try SegmentFile(path: next.logPath, flags: O_RDWR | O_CREAT | O_TRUNC)
        segments.append(next)
        isDirectoryUnflushed = true
        unflushedSealed.append(sealed.baseOffset)
        tail.removeAll()
        keepOpen(sealed)
        faults.reached(.rollAfter)
    }

    /// Writes the producers as of the end, and removes all snapshots but that and the one before.
    func writeSnapshot() throws(LogFault) {
        try Disk.replace(
            directory + "/" + Segment.stem(endOffset) + LogOpening.snapshotSuffix, with: ProducerSnapshot.encode(producers),
            isDurable: false,
            faults: faults, point: .snapshotBeforeRename)
        let snapshots = try Disk.names(in: directory).filter { $0.hasSuffix(LogOpening.snapshotSuffix) }
        for name in snapshots.dropLast(2) { try Disk.remove(directory + "/" + name) }
    }
}

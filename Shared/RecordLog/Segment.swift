import Glibc

/// One file of batches, named by the offset of its first record.
final class Segment {
    let baseOffset: Int64
    let stem: String
    /// Whole batches only.
    var byteCount: Int64 = 0
    var nextOffset: Int64
    /// -1 while no record has a timestamp.
    var largestTimestamp: Int64 = -1
    /// The first offset of the first batch that has the largest timestamp.
    var offsetOfLargestTimestamp: Int64 = -1
    /// The first batch's largest timestamp: a segment's age counts from it.
    var firstTimestamp: Int64 = -1
    /// When the first batch came, for segments without timestamps; nil for what was found on disk.
    var createdMillis: Int64?
    var file: SegmentFile?
    /// nil while a sealed segment's index is only on disk.
    var index: SparseIndex?
    private var bytesSinceEntry = 0

    init(directory: String, baseOffset: Int64) {
        self.baseOffset = baseOffset
        nextOffset = baseOffset
        stem = directory + "/" + Segment.stem(baseOffset)
    }

    static func stem(_ offset: Int64) -> String {
        let digits = String(offset)
        return String(repeating: "0", count: 20 - digits.count) + digits
    }

    var logPath: String { stem + ".log" }
    var indexPath: String { stem + ".index" }
    var timeIndexPath: String { stem + ".timeindex" }

    var summary: SparseIndex.Summary {
        SparseIndex.Summary(
            segmentByteCount: byteCount, nextOffset: nextOffset, largestTimestamp: largestTimestamp,
            offsetOfLargestTimestamp: offsetOfLargestTimestamp)
    }

    /// Takes a batch into account that lies at the segment's end.
    func add(_ header: RecordBatchHeader, indexIntervalBytes: Int) {
        if byteCount == 0 { firstTimestamp = header.maxTimestamp }
        if header.maxTimestamp > largestTimestamp {
            largestTimestamp = header.maxTimestamp
            offsetOfLargestTimestamp = header.baseOffset
        }
        if bytesSinceEntry > indexIntervalBytes {
            index!.addPosition(relativeOffset: UInt32(header.baseOffset - baseOffset), position: UInt32(byteCount))
            if offsetOfLargestTimestamp >= 0 {
                index!.addTime(largestTimestamp, relativeOffset: UInt32(offsetOfLargestTimestamp - baseOffset))
            }
            bytesSinceEntry = 0
        }
        bytesSinceEntry += header.sizeInBytes
        byteCount += Int64(header.sizeInBytes)
        nextOffset = header.nextOffset
    }

    /// Forgets what is known of the content, before it is read anew.
    func reset() {
        byteCount = 0
        nextOffset = baseOffset
        largestTimestamp = -1
        offsetOfLargestTimestamp = -1
        firstTimestamp = -1
        index = SparseIndex()
        bytesSinceEntry = 0
    }

    func adopt(_ summary: SparseIndex.Summary) {
        byteCount = summary.segmentByteCount
        nextOffset = summary.nextOffset
        largestTimestamp = summary.largestTimestamp
        offsetOfLargestTimestamp = summary.offsetOfLargestTimestamp
    }

    /// Writes both index files. Torn ones are noticed and rebuilt, so nothing waits for the device.
    func writeIndexFiles(faults: any DiskFaults) throws(LogFault) {
        guard let index else { return }
        try Disk.write(index.positionFile(summary), to: indexPath, faults: faults)
        try Disk.write(index.timeFile(summary), to: timeIndexPath, faults: faults)
    }

    /// The index files' content; nil when they are missing, damaged or of another length than the segment.
    func readIndexFiles(logByteCount: Int64) throws(LogFault) -> (SparseIndex, SparseIndex.Summary)? {
        guard let positions = try Disk.contents(indexPath), let times = try Disk.contents(timeIndexPath),
            let read = SparseIndex.read(positionFile: positions, timeFile: times), read.1.segmentByteCount == logByteCount,
            read.1.nextOffset >= baseOffset
        else { return nil }
        return read
    }

    func removeFiles() throws(LogFault) {
        try Disk.remove(indexPath)
        try Disk.remove(timeIndexPath)
        // Last, because it is what makes the segment exist.
        try Disk.remove(logPath)
    }
}

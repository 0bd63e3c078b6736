/// A range of a segment's file that holds whole batches.
package struct FileSlice {
    /// Keeps the descriptor open, also after the segment is deleted.
    package let file: SegmentFile
    package let position: Int64
    package let byteCount: Int

    package init(file: SegmentFile, position: Int64, byteCount: Int) {
        self.file = file
        self.position = position
        self.byteCount = byteCount
    }
}

extension PartitionLog {
    /// Whole batches of one segment, from the one that holds `offset`.
    ///
    /// - Parameters:
    ///   - byteCountMax: The most bytes; the slice ends at the last batch that fits.
    ///   - atLeastOne: The first batch is given even when it is larger.
    /// - Returns: nil at the end of the log. A slice of no bytes when the first batch does not fit.
    /// - Throws: ``LogFault/offsetOutOfRange(offset:start:end:)`` outside of `startOffset...endOffset`.
    /// - Complexity: No disk access among the newest batches; otherwise a binary search and a few headers.
    package func read(from offset: Int64, byteCountMax: Int, atLeastOne: Bool) throws(LogFault) -> FileSlice? {
        try requireOpen()
        guard offset >= startOffset, offset <= endOffset else {
            throw LogFault.offsetOutOfRange(offset: offset, start: startOffset, end: endOffset)
        }
        guard offset < endOffset else { return nil }
        let segment = segment(holding: offset)
        let file = try opened(segment)
        let start = try position(of: offset, in: segment, file)
        guard segment.byteCount - start > Int64(max(byteCountMax, 0)) else {
            return FileSlice(file: file, position: start, byteCount: Int(segment.byteCount - start))
        }
        var end = try boundary(atOrBelow: start + Int64(max(byteCountMax, 0)), after: start, in: segment, file)
        if end == start, atLeastOne { end = try self.end(ofBatchAt: start, in: segment, file) }
        return FileSlice(file: file, position: start, byteCount: Int(end - start))
    }

    /// Where the batch begins that holds an offset of the segment.
    func position(of offset: Int64, in segment: Segment, _ file: SegmentFile) throws(LogFault) -> Int64 {
        if segment === active, let known = tail.position(holding: offset) { return known }
        let from = segment.index!.position(atOrBelow: offset - segment.baseOffset)
        var walk = BatchWalk(file, from: from, to: segment.byteCount, through: walkBuffer)
        while try walk.advance() {
            if walk.header!.lastOffset >= offset { return walk.start }
        }
        throw LogFault.corrupt(path: segment.logPath, position: walk.position, reason: "offset \(offset) is not here")
    }

    /// The last batch start at or below `limit`, not before the batch start `start`.
    private func boundary(atOrBelow limit: Int64, after start: Int64, in segment: Segment, _ file: SegmentFile) throws(LogFault) -> Int64 {
        if segment === active, let known = tail.boundary(atOrBelow: limit) { return max(known, start) }
        let from = max(segment.index!.boundary(atOrBelow: limit), start)
        var walk = BatchWalk(file, from: from, to: segment.byteCount, through: walkBuffer)
        while try walk.advance() {
            if walk.position > limit { return walk.start }
        }
        throw LogFault.corrupt(path: segment.logPath, position: walk.position, reason: "no whole batch begins here")
    }

    private func end(ofBatchAt start: Int64, in segment: Segment, _ file: SegmentFile) throws(LogFault) -> Int64 {
        var walk = BatchWalk(file, from: start, to: segment.byteCount, through: walkBuffer)
        guard try walk.advance() else {
            throw LogFault.corrupt(path: segment.logPath, position: start, reason: "no whole batch begins here")
        }
        return walk.position
    }
}

extension PartitionLog {
    /// The first record, in offset order, whose timestamp is at or after `atOrAfterMillis`.
    ///
    /// Segments, the sparse time index, batch headers and the records of one batch are looked at in this order. A batch whose records cannot be
    /// unfolded within ``LogSettings/decompressedBytesMax`` counts as if its first record had the batch's largest timestamp, so that the
    /// answer is never later than it should be.
    package func offset(atOrAfterMillis target: Int64) throws(LogFault) -> (offset: Int64, timestampMillis: Int64)? {
        try requireOpen()
        for segment in segments where segment.byteCount > 0 && segment.largestTimestamp >= target && segment.nextOffset > startOffset {
            let file = try opened(segment)
            let from = max(segment.index!.relativeOffset(atOrBefore: target), startOffset - segment.baseOffset)
            var walk = BatchWalk(file, from: segment.index!.position(atOrBelow: from), to: segment.byteCount, through: walkBuffer)
            while try walk.advance() {
                let header = walk.header!
                guard header.maxTimestamp >= target, header.lastOffset >= startOffset else { continue }
                if let found = try first(in: header, at: walk.start, file, where: { $0 >= target }) { return found }
            }
        }
        return nil
    }

    /// The first record that has the largest timestamp of all; nil when no record has a timestamp.
    package func maxTimestamp() throws(LogFault) -> (offset: Int64, timestampMillis: Int64)? {
        try requireOpen()
        var best: (offset: Int64, timestampMillis: Int64)?
        for segment in segments where segment.byteCount > 0 && segment.largestTimestamp > (best?.timestampMillis ?? -1) {
            let file = try opened(segment)
            // What was deleted may have held the segment's largest timestamp.
            let isWhole = segment.offsetOfLargestTimestamp >= startOffset
            let from = isWhole ? segment.offsetOfLargestTimestamp : startOffset
            var walk = BatchWalk(
                file, from: segment.index!.position(atOrBelow: from - segment.baseOffset), to: segment.byteCount, through: walkBuffer)
            while try walk.advance() {
                let header = walk.header!
                guard header.lastOffset >= from, header.maxTimestamp > (best?.timestampMillis ?? -1) else { continue }
                best = try largest(in: header, at: walk.start, file, above: best) ?? best
                if isWhole { break }
            }
        }
        return best
    }

    /// The first readable record of a batch whose timestamp fits.
    private func first(
        in header: RecordBatchHeader, at position: Int64, _ file: SegmentFile, where fits: (Int64) -> Bool
    ) throws(LogFault) -> (offset: Int64, timestampMillis: Int64)? {
        let firstReadable = max(header.baseOffset, startOffset)
        if header.isLogAppendTime { return (firstReadable, header.maxTimestamp) }
        var found: (offset: Int64, timestampMillis: Int64)?
        let isRead = try forEachRecord(of: header, at: position, file) { offset, timestamp in
            if offset < firstReadable || !fits(timestamp) { return true }
            found = (offset, timestamp)
            return false
        }
        return isRead ? found : (firstReadable, header.maxTimestamp)
    }

    /// The first readable record of a batch with the largest timestamp above what is known.
    private func largest(
        in header: RecordBatchHeader, at position: Int64, _ file: SegmentFile, above best: (offset: Int64, timestampMillis: Int64)?
    ) throws(LogFault) -> (offset: Int64, timestampMillis: Int64)? {
        let firstReadable = max(header.baseOffset, startOffset)
        if header.isLogAppendTime { return (firstReadable, header.maxTimestamp) }
        var found: (offset: Int64, timestampMillis: Int64)?
        let isRead = try forEachRecord(of: header, at: position, file) { offset, timestamp in
            if offset >= firstReadable, timestamp > (found ?? best)?.timestampMillis ?? -1 { found = (offset, timestamp) }
            return true
        }
        return isRead ? found : (firstReadable, header.maxTimestamp)
    }

    /// Gives the records of a batch, unfolded, until the body says false. False when they cannot be read.
    private func forEachRecord(
        of header: RecordBatchHeader, at position: Int64, _ file: SegmentFile, _ body: (_ offset: Int64, _ timestamp: Int64) -> Bool
    ) throws(LogFault) -> Bool {
        let count = header.sizeInBytes - RecordBatchHeader.byteCount
        if batchBytes.count < count { batchBytes.append(contentsOf: repeatElement(0, count: count - batchBytes.count)) }
        defer { if batchBytes.count > 4 << 20 { batchBytes = [] } }
        let read = batchBytes.withUnsafeMutableBytes { buffer in
            Result<Int, LogFault> { () throws(LogFault) in
                try file.read(
                    at: position + Int64(RecordBatchHeader.byteCount), into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
            }
        }
        guard try read.get() == count else {
            throw LogFault.corrupt(path: file.path, position: position, reason: "the file ends within a batch")
        }
        let isRead = batchBytes.withUnsafeBytes { buffer in
            unfolder.unfold(
                UnsafeRawBufferPointer(rebasing: buffer[..<count]), codec: header.codec, byteCountMax: settings.decompressedBytesMax
            ) { records in
                var walk = RecordWalk(records)
                for _ in 0..<header.recordsCount {
                    guard let record = walk.next() else { return false }
                    if !body(header.baseOffset &+ Int64(record.offsetDelta), header.baseTimestamp &+ record.timestampDelta) { return true }
                }
                return true
            }
        }
        return isRead ?? false
    }
}

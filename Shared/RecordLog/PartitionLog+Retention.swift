extension PartitionLog {
    /// Makes everything below `offset` unreadable and removes the segments that hold nothing else. Survives a restart.
    ///
    /// - Parameter offset: At most ``endOffset``; at or below ``startOffset`` nothing happens.
    package func deleteRecords(before offset: Int64) throws(LogFault) {
        try requireOpen()
        guard offset >= 0, offset <= endOffset else {
            throw LogFault.offsetOutOfRange(offset: offset, start: startOffset, end: endOffset)
        }
        guard offset > startOffset else { return }
        try Disk.replace(
            directory + "/" + LogOpening.startOffsetFile, with: Checkpoint(.logStartOffset, [offset]).sealed(), isDurable: true,
            faults: faults)
        startOffset = offset
        var count = 0
        for segment in segments where segment.nextOffset <= offset && segment.byteCount > 0 { count += 1 }
        try removeOldest(count)
    }

    /// Removes segments that are too old or too many, and forgets silent producers.
    ///
    /// - Parameter now: Unix milliseconds.
    /// - Returns: How many segments were removed.
    package func applyRetention(now: Int64) throws(LogFault) -> Int {
        try requireOpen()
        producers.expire(now: now, afterMillis: settings.producerIdExpirationMillis)
        var count = 0
        if settings.retentionMillis >= 0 {
            while count < segments.count, segments[count].byteCount > 0,
                now - (try youngest(segments[count], now: now)) > settings.retentionMillis
            { count += 1 }
        }
        if settings.retentionBytes >= 0 {
            var excess = byteCount - settings.retentionBytes
            for (number, segment) in segments.enumerated() where segment.byteCount > 0 {
                excess -= segment.byteCount
                if excess < 0 { break }
                count = max(count, number + 1)
            }
        }
        try removeOldest(count)
        return count
    }

    /// The time of a segment's youngest record; of its file, when its records have none.
    private func youngest(_ segment: Segment, now: Int64) throws(LogFault) -> Int64 {
        segment.largestTimestamp >= 0 ? segment.largestTimestamp : try Disk.modificationMillis(segment.logPath)
    }

    /// Removes the oldest segments; a new one is begun when none would be left.
    private func removeOldest(_ count: Int) throws(LogFault) {
        guard count > 0 else { return }
        if count == segments.count { try roll() }
        for _ in 0..<count {
            let segment = segments[0]
            // Readers must not be shown what is about to go, also when removing it fails.
            startOffset = max(startOffset, segment.nextOffset)
            try segment.removeFiles()
            segments.removeFirst()
            segment.file = nil
            openSealed.removeAll { $0 === segment }
            unflushedSealed.removeAll { $0 == segment.baseOffset }
        }
    }
}

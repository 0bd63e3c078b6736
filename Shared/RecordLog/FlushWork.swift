import Glibc

/// What has to go to the device for everything below ``endOffset`` to be safe. Performed on any one thread.
package struct FlushWork: Sendable {
    package let endOffset: Int64
    let active: SegmentFile
    let directory: String
    /// Base offsets of sealed segments.
    let sealed: [Int64]
    let includesDirectory: Bool
    /// The growing segment's base offset: with `sealed` on the device, recovery needs to look no further back.
    let recoveryPoint: Int64
    let faults: any DiskFaults

    /// Waits for the device. After a fault the log's data may be lost although writing them succeeded: the work must not be taken as done.
    package func perform() throws(LogFault) {
        faults.reached(.flushBefore)
        switch faults.verdict(on: .synchronize) {
        case .proceed: break
        case .fail(let code), .short(_, let code): throw LogFault.failed("fdatasync", active.path, errno: code)
        }
        for base in sealed {
            let path = directory + "/" + Segment.stem(base) + ".log"
            do { try SegmentFile(path: path, flags: O_RDONLY).synchronize() } catch {
                // Deleted in the meantime: nobody can read it any more.
                if case .io(_, _, ENOENT) = error { continue }
                throw error
            }
        }
        try active.synchronize()
        if includesDirectory { try Disk.synchronizeDirectory(directory) }
        if includesDirectory || !sealed.isEmpty {
            try Disk.replace(
                directory + "/" + LogOpening.recoveryPointFile, with: Checkpoint(.recoveryPoint, [recoveryPoint]).sealed(), isDurable: true,
                faults: faults)
        }
        faults.reached(.flushAfter)
    }
}

extension PartitionLog {
    /// Whether segments were closed since the last flush: after a kill they would all be scanned.
    package var hasUnflushedSegments: Bool { !unflushedSealed.isEmpty }

    /// What is not on the device yet; nil when everything is. Ask also under a policy that leaves flushing to the system, after rolls at least:
    /// it moves the point from which a killed broker's log is scanned.
    package func unflushed() -> FlushWork? {
        guard !isClosed, flushedEndOffset < endOffset || !unflushedSealed.isEmpty || isDirectoryUnflushed, let file = active.file else {
            return nil
        }
        return FlushWork(
            endOffset: endOffset, active: file, directory: directory, sealed: unflushedSealed, includesDirectory: isDirectoryUnflushed,
            recoveryPoint: active.baseOffset, faults: faults)
    }

    /// Takes a work as done. Works may come back late, and segments may have been rolled since.
    package func didFlush(_ work: FlushWork) {
        flushedEndOffset = max(flushedEndOffset, min(work.endOffset, endOffset))
        unflushedSealed.removeAll { $0 < work.recoveryPoint }
        if work.includesDirectory, work.recoveryPoint == active.baseOffset { isDirectoryUnflushed = false }
    }
}

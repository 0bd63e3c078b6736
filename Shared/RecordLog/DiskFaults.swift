/// A place where a process may die, in the order in which an append, a roll, a snapshot or a flush passes them.
package enum CrashPoint: String, CaseIterable, Hashable, Sendable {
    case appendBeforeWrite = "append.before-write"
    /// Passed only when ``DiskFaults/verdict(on:)`` cut a write short: some of its bytes are in the file.
    case appendTornWrite = "append.torn-write"
    case appendAfterWrite = "append.after-write"
    case rollBefore = "roll.before"
    case rollAfter = "roll.after"
    case snapshotBeforeRename = "snapshot.before-rename"
    case flushBefore = "flush.before"
    case flushAfter = "flush.after"
}

/// What is about to be asked of the disk.
package enum DiskOperation: Hashable, Sendable {
    case append(byteCount: Int)
    case writeFile(byteCount: Int)
    case createSegment
    case synchronize
}

/// What the disk shall answer.
package enum DiskVerdict: Hashable, Sendable {
    case proceed
    case fail(errno: CInt)
    /// This many bytes are written, then the operation fails.
    case short(byteCount: Int, errno: CInt)
}

/// Asked before everything that touches the disk; may be asked from the flushing thread too.
package protocol DiskFaults: Sendable {
    /// Called at each named point. An implementation that ends the process here does not return.
    func reached(_ point: CrashPoint)
    func verdict(on operation: DiskOperation) -> DiskVerdict
}

/// A disk without injected faults.
package struct NoDiskFaults: DiskFaults {
    package init() {}
    package func reached(_ point: CrashPoint) {}
    package func verdict(on operation: DiskOperation) -> DiskVerdict { .proceed }
}

extension DiskFaults where Self == NoDiskFaults {
    package static var none: NoDiskFaults { NoDiskFaults() }
}

internal import Checksums

/// The coordinator's memory on disk: one file that entries are appended to, rewritten when most of it is of no use any more.
///
/// Layout: 8 bytes of name and version, then entries, each a 32-bit length and the CRC-32C of the payload (both little-endian), then
/// the payload (`JournalCoding.swift`). Reading stops at the first entry that is cut short or does not match its sum; what follows is
/// what a crash left unfinished and is cut off. Used by its owner's thread alone.
package final class GroupJournal {
    package struct Settings: Hashable, Sendable {
        /// The file is rewritten when its dead bytes are more than this many times its live ones…
        package var deadToLiveRatioMax = 3
        /// …and at least this many.
        package var deadBytesMin = 16 << 20

        package init() {}
    }

    /// What opening found.
    package struct Recovery: Hashable, Sendable {
        package var entryCount = 0
        package var byteCount = 0
        /// Bytes cut off behind the last entry that is whole; 0 after an orderly end.
        package var tornByteCount = 0
    }

    /// What is written and not flushed yet; may be performed on another thread.
    package struct FlushWork: Sendable {
        fileprivate let file: JournalFile
        fileprivate let end: Int

        package func perform() throws(GroupJournalFault) { try file.flush() }
    }

    /// A payload's bytes are bounded by what one request may hold, with room to spare.
    static let entryBytesMax = 1 << 30
    private static let head: [UInt8] = Array("GRPJRNL1".utf8)
    private static let frameByteCount = 8

    package let path: String
    package let settings: Settings
    package private(set) var recovery = Recovery()
    /// Bytes of the file.
    package private(set) var byteCount = 0
    /// Bytes of the file right after it was last rewritten, or of what would have been written at the start.
    package private(set) var liveByteCount = 0
    package private(set) var rewriteCount = 0
    private var file: JournalFile
    private var flushedEnd = 0
    /// A write failed half-way and could not be taken back: the next one tries again first.
    private var isTailDirty = false
    private var buffer: [UInt8] = []
    /// Asked before each append: an errno makes it fail with half of its bytes written, as a disk that fills up does.
    package var appendFault: (() -> Int32?)?

    /// Opens or creates the file, and restores the coordinator from it; members' sessions begin at `moment`.
    package init(path: String, settings: Settings, restoring coordinator: inout GroupCoordinator, at moment: Moment)
        throws(GroupJournalFault)
    {
        self.path = path
        self.settings = settings
        file = try JournalFile(creatingAt: path, truncate: false)
        let bytes = try file.contents()
        if bytes.count < Self.head.count {
            // New, or ended before its name was written.
            if bytes != Array(Self.head.prefix(bytes.count)) { throw .foreignFile(path: path) }
            recovery.tornByteCount = bytes.count
            try file.write(Self.head[...], at: 0)
            try file.flush()
            try JournalFile.flushDirectory(of: path)
            byteCount = Self.head.count
        } else {
            if !bytes.starts(with: Self.head) { throw .foreignFile(path: path) }
            try replay(bytes, into: &coordinator)
        }
        recovery.byteCount = byteCount
        flushedEnd = 0
        coordinator.didRestore(at: moment)
        liveByteCount = try Self.liveByteCount(of: coordinator)
    }

    private func replay(_ bytes: [UInt8], into coordinator: inout GroupCoordinator) throws(GroupJournalFault) {
        var position = Self.head.count
        while let payload = Self.payload(in: bytes, at: position) {
            guard let entry = JournalEntry(payload: payload) else { throw .unknownEntry(path: path, position: position) }
            coordinator.restore(entry)
            recovery.entryCount += 1
            position = payload.endIndex
        }
        recovery.tornByteCount = bytes.count - position
        byteCount = position
        if recovery.tornByteCount > 0 {
            try file.truncate(to: position)
            try file.flush()
        }
    }

    private static func payload(in bytes: [UInt8], at position: Int) -> ArraySlice<UInt8>? {
        let start = position + frameByteCount
        guard start <= bytes.count else { return nil }
        let (length, sum) = bytes[position..<start].withUnsafeBytes {
            (
                UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: 0, as: UInt32.self)),
                UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
            )
        }
        guard length > 0, length <= entryBytesMax, Int(length) <= bytes.count - start else { return nil }
        let payload = bytes[start..<start + Int(length)]
        return Crc32C.of(payload) == sum ? payload : nil
    }

    private static func frame(_ entry: JournalEntry, into bytes: inout [UInt8]) throws(GroupJournalFault) {
        let start = bytes.count
        bytes.put(UInt64(0))
        entry.encode(into: &bytes)
        let payload = bytes[(start + frameByteCount)...]
        if payload.count > entryBytesMax { throw .entryTooLarge(byteCount: payload.count) }
        let head = UInt64(payload.count) | UInt64(Crc32C.of(payload)) << 32
        for index in 0..<frameByteCount { bytes[start + index] = UInt8(truncatingIfNeeded: head >> (8 * index)) }
    }

    private static func liveByteCount(of coordinator: borrowing GroupCoordinator) throws(GroupJournalFault) -> Int {
        var count = head.count
        var scratch: [UInt8] = []
        try coordinator.forEachLiveEntry { entry throws(GroupJournalFault) in
            scratch.removeAll(keepingCapacity: true)
            try frame(entry, into: &scratch)
            count += scratch.count
        }
        return count
    }

    // MARK: Writing

    /// Appends entries with one write: all of them, or on an error none.
    package func append(_ entries: [JournalEntry]) throws(GroupJournalFault) {
        if isTailDirty {
            try file.truncate(to: byteCount)
            isTailDirty = false
        }
        buffer.removeAll(keepingCapacity: true)
        for entry in entries { try Self.frame(entry, into: &buffer) }
        do throws(GroupJournalFault) {
            if let code = appendFault?() {
                try file.write(buffer[..<(buffer.count / 2)], at: byteCount)
                throw .system(operation: "write", path: path, code: code)
            }
            try file.write(buffer[...], at: byteCount)
        } catch {
            isTailDirty = true
            if (try? file.truncate(to: byteCount)) != nil { isTailDirty = false }
            throw error
        }
        byteCount += buffer.count
        if buffer.capacity > 1 << 20 { buffer = [] }
    }

    /// An answer that may be sent.
    package struct Answer: Hashable, Sendable {
        package var token: GroupToken
        package var reply: GroupReply
    }

    /// Writes what is to be written and gives the answers to send, in order.
    ///
    /// Where writing fails, answers that promise what was not written say COORDINATOR_NOT_AVAILABLE, which clients try again, and
    /// `fault` says why. Whether answers wait for a flush is the caller's choice: see ``unflushed()``.
    package func carryOut(_ actions: [GroupAction], on coordinator: inout GroupCoordinator) -> (
        answers: [Answer], fault: GroupJournalFault?
    ) {
        var answers: [Answer] = []
        var fault: GroupJournalFault?
        for action in actions {
            switch action {
            case .persist(let entry):
                do throws(GroupJournalFault) {
                    try append([entry])
                    coordinator.didPersist(entry)
                } catch {
                    fault = error
                }
            case .reply(let token, let reply):
                answers.append(Answer(token: token, reply: fault == nil ? reply : reply.refused(.coordinatorNotAvailable)))
            }
        }
        if fault == nil && isRewriteDue {
            // A rewrite that fails leaves the old file in use: the next one is tried when as much has been added again.
            do throws(GroupJournalFault) { try rewrite(coordinator) } catch { postponeRewrite(error, &fault) }
        }
        return (answers, fault)
    }

    private func postponeRewrite(_ error: GroupJournalFault, _ fault: inout GroupJournalFault?) {
        fault = error
        liveByteCount = byteCount
    }

    // MARK: Flushing

    /// What there is to flush, or nil.
    package func unflushed() -> FlushWork? {
        flushedEnd < byteCount ? FlushWork(file: file, end: byteCount) : nil
    }

    /// Notes that the work was performed without an error.
    package func didFlush(_ work: FlushWork) {
        if work.file === file { flushedEnd = max(flushedEnd, work.end) }
    }

    // MARK: Rewriting

    package var isRewriteDue: Bool {
        let dead = byteCount - liveByteCount
        return dead >= settings.deadBytesMin && dead > liveByteCount * settings.deadToLiveRatioMax
    }

    /// Writes what still counts to a new file, flushes it and puts it in the old one's place; a crash leaves one or the other.
    package func rewrite(_ coordinator: borrowing GroupCoordinator) throws(GroupJournalFault) {
        let next = try JournalFile(creatingAt: path + ".new", truncate: true)
        var end = 0
        var bytes = Self.head
        try coordinator.forEachLiveEntry { entry throws(GroupJournalFault) in
            try Self.frame(entry, into: &bytes)
            if bytes.count >= 1 << 20 {
                try next.write(bytes[...], at: end)
                end += bytes.count
                bytes.removeAll(keepingCapacity: true)
            }
        }
        try next.write(bytes[...], at: end)
        end += bytes.count
        try next.flush()
        try next.rename(to: path)
        file = next
        byteCount = end
        liveByteCount = end
        flushedEnd = end
        isTailDirty = false
        rewriteCount += 1
        try JournalFile.flushDirectory(of: path)
    }
}

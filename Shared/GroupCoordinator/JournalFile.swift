import Glibc

/// An open file of the journal; the descriptor is closed with the last reference to it.
///
/// Shared with the thread that flushes: what it holds never changes.
final class JournalFile: Sendable {
    let descriptor: CInt
    let path: String

    init(creatingAt path: String, truncate: Bool) throws(GroupJournalFault) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | (truncate ? O_TRUNC : 0), 0o644)
        if descriptor < 0 { throw .system(operation: "open", path: path, code: errno) }
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close(descriptor) }

    func write(_ bytes: ArraySlice<UInt8>, at position: Int) throws(GroupJournalFault) {
        var position = position
        var rest = bytes
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, off_t(position)) }
            if written < 0 {
                if errno == EINTR { continue }
                throw .system(operation: "write", path: path, code: errno)
            }
            position += written
            rest = rest.dropFirst(written)
        }
    }

    func contents() throws(GroupJournalFault) -> [UInt8] {
        var status = stat()
        if fstat(descriptor, &status) != 0 { throw .system(operation: "fstat", path: path, code: errno) }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress?.advanced(by: filled), $0.count - filled, off_t(filled))
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw .system(operation: "read", path: path, code: errno)
            }
            if count == 0 { break }
            filled += count
        }
        bytes.removeSubrange(filled...)
        return bytes
    }

    func truncate(to byteCount: Int) throws(GroupJournalFault) {
        if ftruncate(descriptor, off_t(byteCount)) != 0 { throw .system(operation: "ftruncate", path: path, code: errno) }
    }

    func flush() throws(GroupJournalFault) {
        while fdatasync(descriptor) != 0 {
            if errno != EINTR { throw .system(operation: "fdatasync", path: path, code: errno) }
        }
    }

    /// Takes another name; the path said in errors stays the old one.
    func rename(to other: String) throws(GroupJournalFault) {
        if Glibc.rename(path, other) != 0 { throw .system(operation: "rename", path: path, code: errno) }
    }

    /// Makes a new or renamed name in a directory last.
    static func flushDirectory(of path: String) throws(GroupJournalFault) {
        let parent = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if descriptor < 0 { throw .system(operation: "open", path: parent, code: errno) }
        defer { close(descriptor) }
        if fsync(descriptor) != 0 { throw .system(operation: "fsync", path: parent, code: errno) }
    }
}

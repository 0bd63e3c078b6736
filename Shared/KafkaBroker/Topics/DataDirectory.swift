import CLinuxIo
import Glibc

/// The broker's directory and the few operations on whole files and directories that it needs.
///
///     LOCK                      flock'ed by the broker that owns the directory
///     broker.json               cluster id, topics, producer ids (MetadataFile)
///     groups/                   the group coordinator's journal
///     topics/<topic>-<n>/       one partition's log
///     removed/<topic id>-<n>/   logs of deleted topics on their way out
package final class DataDirectory {
    package let path: String
    /// -1 when it is given back.
    private var lock: CInt

    /// Makes what is missing and takes the lock, which ends with the process.
    package init(path: String) throws(DiskFailure) {
        self.path = path
        try DataDirectory.make(path)
        let lockPath = path + "/LOCK"
        let lock = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard lock >= 0 else { throw DiskFailure("open", lockPath) }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            let owner = DataDirectory.firstLine(of: lock)
            close(lock)
            throw DiskFailure(
                "use", path,
                problem: code == EWOULDBLOCK
                    ? "it belongs to another running broker\(owner.isEmpty ? "" : " (process \(owner))")" : String(cString: strerror(code)))
        }
        self.lock = lock
        let text = "\(getpid())\n"
        ftruncate(lock, 0)
        _ = text.withCString { pwrite(lock, $0, strlen($0), 0) }
        do {
            for name in ["topics", "removed", "groups"] { try DataDirectory.make(path + "/" + name) }
        } catch {
            close(lock)
            throw error
        }
    }

    deinit { unlock() }

    /// Lets another broker have the directory; nothing may be done with this value afterwards.
    package func unlock() {
        if lock >= 0 { close(lock) }
        lock = -1
    }

    package var metadataPath: String { path + "/broker.json" }
    package var groupsPath: String { path + "/groups" }
    package func partitionPath(_ topic: String, _ partition: Int) -> String { "\(path)/topics/\(topic)-\(partition)" }
    func removedPath(_ topicId: String, _ partition: Int) -> String { "\(path)/removed/\(topicId)-\(partition)" }

    private static func firstLine(of descriptor: CInt) -> String {
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        return String(decoding: bytes.prefix(max(0, count)).prefix { $0 != 0x0A }, as: UTF8.self)
    }

    static func make(_ path: String) throws(DiskFailure) {
        if mkdir(path, 0o755) != 0, errno != EEXIST { throw DiskFailure("make the directory", path) }
    }

    /// Moves a deleted topic's partition out of the way; a missing one is fine.
    func setAside(_ topic: String, _ topicId: String, _ partition: Int) throws(DiskFailure) {
        let from = partitionPath(topic, partition)
        if rename(from, removedPath(topicId, partition)) != 0, errno != ENOENT { throw DiskFailure("move", from) }
    }

    /// Removes at most `fileCountMax` files of what was set aside.
    ///
    /// - Returns: Whether anything is left.
    func removeSome(fileCountMax: Int) -> Bool {
        let root = path + "/removed"
        var left = fileCountMax
        for name in DataDirectory.names(in: root, countMax: fileCountMax) {
            let directory = root + "/" + name
            for file in DataDirectory.names(in: directory, countMax: left) {
                unlink(directory + "/" + file)
                left -= 1
            }
            if left <= 0 { return true }
            // Not empty only when something strange lies in it; then it stays and is not tried for ever.
            if rmdir(directory) == 0 { left -= 1 }
            if left <= 0 { return true }
        }
        return false
    }

    private static func names(in path: String, countMax: Int) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while names.count < countMax, let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Nil when there is no such file.
    static func read(_ path: String, byteCountMax: Int) throws(DiskFailure) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 {
            if errno == ENOENT { return nil }
            throw DiskFailure("open", path)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw DiskFailure("look at", path) }
        guard status.st_size <= byteCountMax else { throw DiskFailure("read", path, problem: "it is too large") }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress! + filled, $0.count - filled, off_t(filled)) }
            if count < 0 {
                if errno == EINTR { continue }
                throw DiskFailure("read", path)
            }
            if count == 0 { break }
            filled += count
        }
        return Array(bytes.prefix(filled))
    }

    /// The file holds either what it held or all of `bytes`, whatever happens: a new file is written, flushed and renamed.
    func replace(_ target: String, with bytes: [UInt8]) throws(DiskFailure) {
        let draft = target + ".new"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw DiskFailure("write", draft) }
        var failure: DiskFailure?
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + written, $0.count - written) }
            if count < 0 {
                if errno == EINTR { continue }
                failure = DiskFailure("write", draft)
                break
            }
            written += count
        }
        if failure == nil, fsync(descriptor) != 0 { failure = DiskFailure("flush", draft) }
        close(descriptor)
        if let failure { throw failure }
        guard rename(draft, target) == 0 else { throw DiskFailure("rename", draft) }
        flushDirectory(path)
    }

    /// Makes renames in a directory outlive a loss of power; best effort, as some file systems cannot.
    func flushDirectory(_ path: String) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if descriptor < 0 { return }
        fsync(descriptor)
        close(descriptor)
    }
}

import Glibc

/// An open file of a log. Its descriptor closes when the last reference goes, also when the file's name is gone by then.
package final class SegmentFile: Sendable {
    package let descriptor: CInt
    package let path: String

    init(path: String, flags: CInt) throws(LogFault) {
        var opened: CInt
        repeat { opened = open(path, flags | O_CLOEXEC, 0o644) } while opened < 0 && errno == EINTR
        guard opened >= 0 else { throw LogFault.failed("open", path, errno: errno) }
        descriptor = opened
        self.path = path
    }

    deinit { close(descriptor) }

    func byteCount() throws(LogFault) -> Int64 {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw LogFault.failed("stat", path, errno: errno) }
        return Int64(status.st_size)
    }

    /// Reads until the buffer is full or the file ends; how many bytes there were.
    func read(at position: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(LogFault) -> Int {
        var count = 0
        while count < buffer.count {
            let got = pread(descriptor, buffer.baseAddress! + count, buffer.count - count, off_t(position) + off_t(count))
            if got > 0 {
                count += got
            } else if got == 0 {
                break
            } else if errno != EINTR {
                throw LogFault.failed("read", path, errno: errno)
            }
        }
        return count
    }

    /// Writes all bytes; on a fault some of them may be in the file.
    func write(_ bytes: UnsafeRawBufferPointer, at position: Int64) throws(LogFault) {
        var count = 0
        while count < bytes.count {
            let put = pwrite(descriptor, bytes.baseAddress! + count, bytes.count - count, off_t(position) + off_t(count))
            if put >= 0 {
                count += put
            } else if errno != EINTR {
                throw LogFault.failed("write", path, errno: errno)
            }
        }
    }

    func truncate(to byteCount: Int64) throws(LogFault) {
        while ftruncate(descriptor, off_t(byteCount)) != 0 {
            guard errno == EINTR else { throw LogFault.failed("truncate", path, errno: errno) }
        }
    }

    /// Waits until the file's data are on the device.
    func synchronize() throws(LogFault) {
        while fdatasync(descriptor) != 0 {
            guard errno == EINTR else { throw LogFault.failed("fdatasync", path, errno: errno) }
        }
    }
}

/// Whole small files and directories.
enum Disk {
    /// The names in a directory, sorted.
    static func names(in directory: String) throws(LogFault) -> [String] {
        guard let stream = opendir(directory) else { throw LogFault.failed("open", directory, errno: errno) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
                field.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        names.sort()
        return names
    }

    /// Makes a directory and those above it.
    static func makeDirectory(_ path: String) throws(LogFault) {
        if mkdir(path, 0o755) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw LogFault.failed("mkdir", path, errno: errno)
        }
        try makeDirectory(String(path[..<slash]))
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw LogFault.failed("mkdir", path, errno: errno) }
    }

    /// A small file's bytes; nil when there is none.
    static func contents(_ path: String) throws(LogFault) -> [UInt8]? {
        let file: SegmentFile
        do { file = try SegmentFile(path: path, flags: O_RDONLY) } catch {
            if case .io(_, _, ENOENT) = error { return nil }
            throw error
        }
        var bytes = [UInt8](repeating: 0, count: Int(try file.byteCount()))
        let read = bytes.withUnsafeMutableBytes { buffer in
            Result<Int, LogFault> { () throws(LogFault) in try file.read(at: 0, into: buffer) }
        }
        let count = try read.get()
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    /// Writes a file whole, in place: a reader must be able to tell a torn one.
    static func write(_ bytes: [UInt8], to path: String, faults: any DiskFaults) throws(LogFault) {
        let file = try SegmentFile(path: path, flags: O_WRONLY | O_CREAT | O_TRUNC)
        try bytes.withUnsafeBytes { buffer in
            Result<Void, LogFault> { () throws(LogFault) in
                switch faults.verdict(on: .writeFile(byteCount: buffer.count)) {
                case .proceed: try file.write(buffer, at: 0)
                case .fail(let code): throw LogFault.failed("write", path, errno: code)
                case .short(let count, let code):
                    try file.write(UnsafeRawBufferPointer(rebasing: buffer[..<min(count, buffer.count)]), at: 0)
                    throw LogFault.failed("write", path, errno: code)
                }
            }
        }.get()
    }

    /// Replaces a file as a whole: a killed process leaves the old one or the new one.
    ///
    /// - Parameter isDurable: Wait for the device, so that the same holds when the machine stops.
    static func replace(
        _ path: String, with bytes: [UInt8], isDurable: Bool, faults: any DiskFaults, point: CrashPoint? = nil
    ) throws(LogFault) {
        let temporary = path + ".tmp"
        do {
            try write(bytes, to: temporary, faults: faults)
            if isDurable { try SegmentFile(path: temporary, flags: O_RDWR).synchronize() }
        } catch {
            unlink(temporary)
            throw error
        }
        if let point { faults.reached(point) }
        guard rename(temporary, path) == 0 else { throw LogFault.failed("rename", temporary, errno: errno) }
        if isDurable, let slash = path.lastIndex(of: "/") { try synchronizeDirectory(String(path[..<slash])) }
    }

    /// How long a file is.
    static func byteCount(_ path: String) throws(LogFault) -> Int64 {
        var status = stat()
        guard stat(path, &status) == 0 else { throw LogFault.failed("stat", path, errno: errno) }
        return Int64(status.st_size)
    }

    /// When a file was last written to, in Unix milliseconds.
    static func modificationMillis(_ path: String) throws(LogFault) -> Int64 {
        var status = stat()
        guard stat(path, &status) == 0 else { throw LogFault.failed("stat", path, errno: errno) }
        return Int64(status.st_mtim.tv_sec) * 1000 + Int64(status.st_mtim.tv_nsec) / 1_000_000
    }

    static func remove(_ path: String) throws(LogFault) {
        guard unlink(path) == 0 || errno == ENOENT else { throw LogFault.failed("unlink", path, errno: errno) }
    }

    static func synchronizeDirectory(_ path: String) throws(LogFault) {
        let directory = try SegmentFile(path: path, flags: O_RDONLY | O_DIRECTORY)
        guard fsync(directory.descriptor) == 0 else { throw LogFault.failed("fsync", path, errno: errno) }
    }
}

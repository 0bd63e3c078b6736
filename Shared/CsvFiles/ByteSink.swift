import CZlib
import Glibc

/// Owns a file being written, plain or gzip. It appears under its own name only when it is finished: readers never see half a file.
struct ByteSink: ~Copyable {
    private let path: String
    /// Where the bytes go until the end; the path itself for what is not a regular file, such as /dev/stdout.
    private let workPath: String
    private var descriptor: Int32
    private let gzip: gzFile?

    init(path: String, isGzip: Bool) throws(CsvFailure) {
        self.path = path
        var status = stat()
        let isSpecial = stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFREG
        workPath = isSpecial ? path : path + ".partial"
        let descriptor = open(workPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .system(workPath, "cannot create", errno) }
        if isGzip {
            // Level 6 is zlib's own default.
            guard let stream = gzdopen(descriptor, "wb6") else {
                close(descriptor)
                throw .system(workPath, "cannot compress", ENOMEM)
            }
            gzbuffer(stream, 131_072)
            gzip = stream
        } else {
            gzip = nil
        }
        self.descriptor = descriptor
    }

    deinit {
        // Only reached with an open file when `finish` was not, or failed.
        guard descriptor >= 0 else { return }
        if let gzip { gzclose_w(gzip) } else { close(descriptor) }
        if workPath != path { unlink(workPath) }
    }

    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(CsvFailure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest)
            let count: Int
            if let gzip {
                count = Int(gzwrite(gzip, piece.baseAddress, UInt32(min(piece.count, 1 << 30))))
            } else {
                count = Glibc.write(descriptor, piece.baseAddress, piece.count)
                if count < 0, errno == EINTR { continue }
            }
            guard count > 0 else { throw .system(workPath, "cannot write", errno) }
            rest = rest.dropFirst(count)
        }
    }

    /// Closes the file and gives it its name.
    consuming func finish() throws(CsvFailure) {
        let open = descriptor
        descriptor = -1
        let closed: Bool
        if let gzip { closed = gzclose_w(gzip) == Z_OK } else { closed = close(open) == 0 }
        let code = errno
        guard closed else {
            if workPath != path { unlink(workPath) }
            throw .system(workPath, "cannot finish", code)
        }
        if workPath != path, rename(workPath, path) != 0 { throw .system(path, "cannot rename \(workPath) to it", errno) }
    }
}

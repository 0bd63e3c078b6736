import CZlib
import Glibc

func errorText(_ code: Int32) -> String { String(cString: strerror(code)) }

/// Owns an open file, plain or gzip by its first two bytes, and hands out its bytes decompressed.
struct ByteSource: ~Copyable {
    private let file: String
    private let descriptor: Int32
    /// Nil for a plain file. Closing it closes the descriptor.
    private let gzip: gzFile?
    /// The file's size on disk in bytes; 0 when it has none, such as a pipe.
    let byteCount: Int
    private(set) var plainBytesRead: Int

    init(path: String) throws(CsvFailure) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(path, "cannot open", errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT != S_IFDIR else {
            let code = errno == 0 ? EISDIR : errno
            close(descriptor)
            throw .system(path, "cannot read", code)
        }
        // Magic of RFC 1952. Only a regular file can be looked at without taking from it; a pipe is taken as plain.
        var magic: (UInt8, UInt8) = (0, 0)
        var gzip: gzFile?
        if pread(descriptor, &magic, 2, 0) == 2, magic == (0x1F, 0x8B) {
            guard let stream = gzdopen(descriptor, "rb") else {
                close(descriptor)
                throw .system(path, "cannot decompress", ENOMEM)
            }
            gzbuffer(stream, 131_072)
            gzip = stream
        }
        file = path
        byteCount = status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : 0
        plainBytesRead = 0
        self.gzip = gzip
        self.descriptor = descriptor
    }

    deinit {
        if let gzip { gzclose_r(gzip) } else { close(descriptor) }
    }

    /// Bytes taken from the disk so far, compressed ones for gzip.
    var bytesRead: Int { gzip.map { max(0, Int(gzoffset($0))) } ?? plainBytesRead }

    /// Fills the front of `buffer`.
    ///
    /// - Returns: How many bytes; 0 at the end.
    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(CsvFailure) -> Int {
        guard let gzip else {
            while true {
                let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { throw .system(file, "cannot read", errno) }
                plainBytesRead += count
                return count
            }
        }
        let count = gzread(gzip, buffer.baseAddress, UInt32(min(buffer.count, 1 << 30)))
        if count > 0 { return Int(count) }
        // A file that was cut off ends like a whole one, but for the error kept here (zlib.h, gzread).
        var code: Int32 = 0
        let text = gzerror(gzip, &code).map { String(cString: $0) } ?? ""
        guard count == 0, code == Z_OK || code == Z_STREAM_END else {
            throw CsvFailure(file: file, line: 0, problem: "the gzip data is broken or cut off: \(text)")
        }
        return 0
    }
}

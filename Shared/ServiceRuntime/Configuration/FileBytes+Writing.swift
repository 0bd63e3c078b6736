import Glibc

extension FileBytes {
    /// Tells before long work whether its result could be written.
    ///
    /// - Throws: ``Failure`` with the system's reason.
    package static func checkWritable(_ path: String) throws(Failure) {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        guard access(folder, W_OK | X_OK) == 0 else { throw unwritable(path) }
    }

    /// Writes a file that appears whole under its name or not at all.
    ///
    /// - Throws: ``Failure`` with the system's reason.
    package static func write(_ bytes: [UInt8], to path: String) throws(Failure) {
        let temporary = "\(path).\(getpid()).part"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw unwritable(path) }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + written, $0.count - written) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw abandoned(path, temporary, descriptor) }
            written += count
        }
        // A device or a pipe has nothing to be synchronised.
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw abandoned(path, temporary, descriptor) }
        close(descriptor)
        guard rename(temporary, path) == 0 else {
            let failure = unwritable(path)
            unlink(temporary)
            throw failure
        }
    }

    private static func abandoned(_ path: String, _ temporary: String, _ descriptor: Int32) -> Failure {
        let failure = unwritable(path)
        close(descriptor)
        unlink(temporary)
        return failure
    }

    private static func unwritable(_ path: String) -> Failure {
        Failure(path: path, problem: "cannot be written: \(String(cString: strerror(errno)))")
    }
}

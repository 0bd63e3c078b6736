import Glibc

/// Writes a file that appears whole under its name or not at all.
enum OutputFile {
    /// Tells before the work whether its result could be written.
    ///
    /// - Throws: ``TrainerFault`` with the system's reason.
    static func check(_ path: String) throws(TrainerFault) {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        guard access(folder, W_OK | X_OK) == 0 else { throw failure(path) }
    }

    /// - Throws: ``TrainerFault`` with the system's reason.
    static func write(_ bytes: [UInt8], to path: String) throws(TrainerFault) {
        let temporary = "\(path).\(getpid()).part"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure(path) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw abandoned(path, temporary, descriptor) }
            rest = rest.dropFirst(count)
        }
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw abandoned(path, temporary, descriptor) }
        close(descriptor)
        guard rename(temporary, path) == 0 else {
            let fault = failure(path)
            unlink(temporary)
            throw fault
        }
    }

    private static func abandoned(_ path: String, _ temporary: String, _ descriptor: Int32) -> TrainerFault {
        let fault = failure(path)
        close(descriptor)
        unlink(temporary)
        return fault
    }

    private static func failure(_ path: String) -> TrainerFault {
        TrainerFault("\(path): cannot be written: \(String(cString: strerror(errno)))")
    }
}

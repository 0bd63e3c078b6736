import Glibc

/// Runs another program to its end: an oracle's script, `protoc`, `gzip`.
///
/// `posix_spawn` rather than Foundation's `Process`, which watches its children through run loops that tests running at once on
/// threads of a pool share, and hands every descriptor that happens to be open down to them.
package enum OracleTool {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// - Parameters:
    ///   - command: The program, sought in `PATH` when it has no slash, and its arguments.
    ///   - input: Its whole standard input.
    /// - Returns: Its whole standard output. Standard error goes where ours goes.
    /// - Throws: ``Failure`` when it does not start or does not end with status 0.
    package static func run(_ command: [String], input: [UInt8] = []) throws(Failure) -> [UInt8] {
        // Files rather than pipes: a pipe that fills on both sides would wait for ever.
        let inputFile = try temporaryFile()
        defer { close(inputFile) }
        let outputFile = try temporaryFile()
        defer { close(outputFile) }
        guard write(all: input, to: inputFile), lseek(inputFile, 0, SEEK_SET) == 0 else {
            throw Failure(description: "\(command[0]): its input cannot be written: errno \(errno)")
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, inputFile, 0)
        posix_spawn_file_actions_adddup2(&actions, outputFile, 1)
        var words: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var child = pid_t()
        let refusal = posix_spawnp(&child, command[0], &actions, nil, &words, environ)
        guard refusal == 0 else { throw Failure(description: "\(command[0]): does not start: errno \(refusal)") }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0 {
            guard errno == EINTR else { throw Failure(description: "\(command[0]): cannot be waited for: errno \(errno)") }
        }
        guard status == 0 else { throw Failure(description: "\(command.joined(separator: " ")): wait status \(status)") }
        return contents(of: outputFile)
    }

    /// A file that nobody else can name, closed in children by itself.
    private static func temporaryFile() throws(Failure) -> Int32 {
        var template = Array("/tmp/assay-oracle-XXXXXX".utf8CString)
        let file = mkstemp(&template)
        guard file >= 0 else { throw Failure(description: "/tmp: no file can be made: errno \(errno)") }
        _ = fcntl(file, F_SETFD, FD_CLOEXEC)
        unlink(template)
        return file
    }

    private static func write(all bytes: [UInt8], to file: Int32) -> Bool {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress! + written, $0.count - written) }
            guard count > 0 else { return false }
            written += count
        }
        return true
    }

    private static func contents(of file: Int32) -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let start = bytes.count
            bytes.append(contentsOf: repeatElement(0, count: 1 << 20))
            let count = bytes.withUnsafeMutableBytes { pread(file, $0.baseAddress! + start, $0.count - start, off_t(start)) }
            bytes.removeLast(bytes.count - start - max(count, 0))
            if count <= 0 { return bytes }
        }
    }
}

import Glibc

/// What the disk, or a reader's offset, does to a log.
package enum LogFault: Error, Hashable, Sendable {
    /// ENOSPC or EDQUOT. The log is as it was before; append again when there is room.
    case diskFull(operation: String, path: String)
    /// Any other errno. The log is as it was before.
    case io(operation: String, path: String, errno: CInt)
    /// No record has this offset: it is below the start or above the end.
    case offsetOutOfRange(offset: Int64, start: Int64, end: Int64)
    /// Bytes on disk are not what was written there; the segment has to be restored or deleted.
    case corrupt(path: String, position: Int64, reason: String)
    /// The log was closed.
    case closed(path: String)

    static func failed(_ operation: String, _ path: String, errno code: CInt) -> LogFault {
        code == ENOSPC || code == EDQUOT ? .diskFull(operation: operation, path: path) : .io(operation: operation, path: path, errno: code)
    }
}

extension LogFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .diskFull(let operation, let path): "\(operation) \(path): no space left on the device; free space or shorten the retention"
        case .io(let operation, let path, let code): "\(operation) \(path): errno \(code) (\(String(cString: strerror(code))))"
        case .offsetOutOfRange(let offset, let start, let end): "offset \(offset) is out of range: the log holds \(start)..<\(end)"
        case .corrupt(let path, let position, let reason): "\(path) at byte \(position): \(reason)"
        case .closed(let path): "\(path): the log is closed"
        }
    }
}

/// Why the journal could not be read or written.
package enum GroupJournalFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// The system refused; `code` is errno.
    case system(operation: String, path: String, code: Int32)
    /// The file is not a journal of groups, or of a version that this build does not know.
    case foreignFile(path: String)
    /// An entry is intact and means nothing to this build; `position` is its byte in the file.
    case unknownEntry(path: String, position: Int)
    /// An entry would be longer than the file's format allows.
    case entryTooLarge(byteCount: Int)

    package var description: String {
        switch self {
        case .system(let operation, let path, let code): "\(operation) of \(path) failed with errno \(code)"
        case .foreignFile(let path): "\(path) is not a group journal of a known version; move it away or use the build that wrote it"
        case .unknownEntry(let path, let position):
            "\(path) holds an entry of an unknown kind at byte \(position); use the build that wrote it"
        case .entryTooLarge(let byteCount): "A journal entry of \(byteCount) bytes is over the limit of \(GroupJournal.entryBytesMax)"
        }
    }
}

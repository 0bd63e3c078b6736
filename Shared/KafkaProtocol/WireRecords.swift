/// The records of one partition in a message: batches as they are, never looked into here.
package enum WireRecords: Equatable, Sendable {
    case null
    /// Decoded: where they lie in the frame that was read.
    case frame(Range<Int>)
    /// To encode: held in memory.
    case bytes([UInt8])
    /// To encode: so many bytes that lie elsewhere; see ``WireWriter/splices``.
    case file(byteCount: Int)

    /// Nil for null.
    package var byteCount: Int? {
        switch self {
        case .null: nil
        case .frame(let range): range.count
        case .bytes(let bytes): bytes.count
        case .file(let byteCount): byteCount
        }
    }
}

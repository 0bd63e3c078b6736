/// Why bytes are not a snapshot of a pass's state. Safe to log.
package enum SnapshotFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// The bytes are cut, damaged or of something else; the offset is where reading stopped.
    case malformed(offset: Int)
    case unknownVersion(UInt8)
    /// It was taken with another feature set or by another pass.
    case otherLayout

    package var description: String {
        switch self {
        case .malformed(let offset): "the snapshot is damaged at byte \(offset); use the older one or replay from the event log"
        case .unknownVersion(let version): "the snapshot has format version \(version), this program reads 1; replay from the event log"
        case .otherLayout: "the snapshot was taken with another feature set or pass; load that feature set or replay from the event log"
        }
    }
}

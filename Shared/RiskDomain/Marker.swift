/// What a record became when it was not scored. One record in, one record out: never silence.
public enum Marker: UInt8, Hashable, Sendable, CaseIterable {
    /// A transaction on its way to a score; no marker.
    case none = 0
    /// The same transaction again (same id, same body) within the horizon.
    case duplicate = 1
    /// The id of an earlier transaction with another body.
    case conflict = 2
    /// An outcome that changed the state of its entities.
    case labelFolded = 3
    /// An outcome whose transaction no pass remembers: too old for any window, or never seen.
    case labelUnmatched = 4
    /// An outcome that repeats what is known.
    case labelRepeated = 5
    /// A transaction older than every window that its entity keeps; it is scored, but changes no state.
    case tooLate = 6
    /// A control record: a version took effect here.
    case activation = 7

    /// The word in JSON and SQL.
    public var word: StaticString {
        switch self {
        case .none: "none"
        case .duplicate: "duplicate"
        case .conflict: "conflict"
        case .labelFolded: "label_folded"
        case .labelUnmatched: "label_unmatched"
        case .labelRepeated: "label_repeated"
        case .tooLate: "too_late"
        case .activation: "activation"
        }
    }
}

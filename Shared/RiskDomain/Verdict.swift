/// What became known about a transaction after the fact.
public enum Verdict: UInt8, Hashable, Sendable, CaseIterable {
    /// Confirmed by an investigation.
    case fraud = 1
    /// The cardholder's bank took the money back; counted as fraud.
    case chargeback = 2
    /// Looked at and found legitimate.
    case cleared = 3

    /// Whether features and training count the transaction as fraud.
    @inlinable
    public var isFraud: Bool { self != .cleared }

    /// The word in JSON and SQL.
    public var word: StaticString {
        switch self {
        case .fraud: "fraud"
        case .chargeback: "chargeback"
        case .cleared: "cleared"
        }
    }
}

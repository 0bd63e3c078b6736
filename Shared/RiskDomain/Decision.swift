/// What the suite says about a transaction.
public enum Decision: UInt8, Hashable, Sendable, CaseIterable {
    case approve = 1
    case review = 2
    case decline = 3

    /// The word in JSON and SQL.
    public var word: StaticString {
        switch self {
        case .approve: "approve"
        case .review: "review"
        case .decline: "decline"
        }
    }
}

/// The two scores at which a decision changes. A score equal to a threshold takes the stricter decision.
public struct DecisionThresholds: Hashable, Sendable {
    /// Scores from here are reviewed.
    public var review: Double
    /// Scores from here are declined.
    public var decline: Double

    /// - Precondition: `0 <= review <= decline`, both finite; the readers of files check this and say where.
    public init(review: Double, decline: Double) {
        precondition(review.isFinite && decline.isFinite && 0 <= review && review <= decline)
        self.review = review
        self.decline = decline
    }

    @inlinable
    public func decision(for score: Double) -> Decision {
        score >= decline ? .decline : score >= review ? .review : .approve
    }
}

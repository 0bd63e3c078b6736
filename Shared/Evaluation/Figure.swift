/// The figures a model is judged by, in the order in which reports show them.
package enum Figure: String, Hashable, Sendable, CaseIterable {
    case rocAuc, averagePrecision, cardPrecision, kolmogorovSmirnov, brier, logLoss
    case reviewPrecision, reviewRecall, reviewRate, declinePrecision, declineRecall, declineRate
    /// What a thousand transactions cost with the model's thresholds.
    case costPerThousand

    /// What tables for people call it.
    package var words: String {
        switch self {
        case .rocAuc: "ROC AUC"
        case .averagePrecision: "average precision"
        case .cardPrecision: "card precision"
        case .kolmogorovSmirnov: "Kolmogorov-Smirnov"
        case .brier: "Brier score"
        case .logLoss: "log loss"
        case .reviewPrecision: "review precision"
        case .reviewRecall: "review recall"
        case .reviewRate: "review rate"
        case .declinePrecision: "decline precision"
        case .declineRecall: "decline recall"
        case .declineRate: "decline rate"
        case .costPerThousand: "cost per thousand"
        }
    }

    /// Whether more is better; nil where it depends.
    package var isBetterWhenGreater: Bool? {
        switch self {
        case .rocAuc, .averagePrecision, .cardPrecision, .kolmogorovSmirnov, .reviewPrecision, .reviewRecall, .declinePrecision,
            .declineRecall:
            true
        case .brier, .logLoss, .costPerThousand: false
        case .reviewRate, .declineRate: nil
        }
    }
}

/// A value for each figure that exists.
package struct Figures: Hashable, Sendable {
    private var values = [Double?](repeating: nil, count: Figure.allCases.count)

    package init() {}

    package subscript(figure: Figure) -> Double? {
        get { values[Figures.places[figure]!] }
        set { values[Figures.places[figure]!] = newValue }
    }

    private static let places = Dictionary(uniqueKeysWithValues: Figure.allCases.enumerated().map { ($1, $0) })
}

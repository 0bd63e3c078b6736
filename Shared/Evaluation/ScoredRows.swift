package import RiskDomain

/// Scores beside what became known of the rows: what every figure here is made from.
package struct ScoredRows: Hashable, Sendable {
    /// The greater, the more suspect; no NaN. Figures of calibration take them for probabilities.
    package let scores: [Double]
    package let isFraud: [Bool]
    package let times: [EventTime]
    /// A number per customer: the unit of card precision and of the bootstrap.
    package let customers: [Int64]
    /// Money at stake, major units, not negative; all 0 where it is not known.
    package let amounts: [Double]

    /// - Parameter amounts: One per row, or empty where none is known.
    /// - Precondition: one of each per row; scores are numbers, amounts finite and not negative.
    package init(scores: [Double], isFraud: [Bool], times: [EventTime], customers: [Int64], amounts: [Double] = []) {
        precondition(
            scores.count == isFraud.count && scores.count == times.count && scores.count == customers.count
                && (amounts.isEmpty || amounts.count == scores.count), "one of each per row")
        precondition(!scores.contains(where: \.isNaN), "a score is a number")
        precondition(amounts.allSatisfy { $0 >= 0 && $0.isFinite }, "an amount is finite and not negative")
        self.scores = scores
        self.isFraud = isFraud
        self.times = times
        self.customers = customers
        self.amounts = amounts.isEmpty ? [Double](repeating: 0, count: scores.count) : amounts
    }

    package var count: Int { scores.count }
    package var fraudCount: Int { isFraud.count { $0 } }

    /// From the first row's instant to just behind the last one's; nil without rows.
    package var period: Range<EventTime>? {
        guard let first = times.min(), let last = times.max() else { return nil }
        return first..<EventTime(micros: last.micros + 1)
    }

    /// Days (UTC) on which there is a row.
    package var dayCount: Int { Set(times.map(\.day)).count }

    /// Some of the rows, in the order given; indexes may repeat.
    package func picking(_ rows: [Int]) -> ScoredRows {
        ScoredRows(
            scores: rows.map { scores[$0] }, isFraud: rows.map { isFraud[$0] }, times: rows.map { times[$0] },
            customers: rows.map { customers[$0] }, amounts: rows.map { amounts[$0] })
    }
}

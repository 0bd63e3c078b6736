import Features
import RiskDomain

/// What happened, and what became known of it when: all that training reads.
struct LabelledHistory: Sendable {
    /// In order of time.
    var transactions: [OfflineTransaction] = []
    /// Those of one instant in the order in which they became known.
    var outcomes: [OfflineOutcome] = []

    /// First and last day (UTC) of the transactions, days since 1970-01-01; nil without any.
    var days: ClosedRange<Int32>? {
        guard let first = transactions.first, let last = transactions.last else { return nil }
        return first.time.day...last.time.day
    }

    /// Which transactions count as fraud by the last word on each that was known at `time`; nil for all that is ever known.
    func frauds(knownAt time: EventTime?) -> [Bool] {
        var isFraud = [Bool](repeating: false, count: transactions.count)
        let order = outcomes.indices.sorted { (outcomes[$0].time, $0) < (outcomes[$1].time, $1) }
        for outcome in order.lazy.map({ outcomes[$0] }) where time.map({ outcome.time <= $0 }) ?? true {
            isFraud[outcome.transaction] = outcome.verdict.isFraud
        }
        return isFraud
    }

    /// A number for each transaction's first entity, the card: the key itself where all are whole numbers, else its place among the keys.
    var cards: [Int64] {
        let keys = transactions.map { $0.entities[0] }
        let numbers = keys.map { Int64(String(decoding: $0, as: UTF8.self)) }
        if !numbers.contains(nil) { return numbers.compactMap(\.self) }
        let texts = Set(keys).sorted { $0.lexicographicallyPrecedes($1) }
        let places = Dictionary(uniqueKeysWithValues: zip(texts, 0..<Int64(texts.count)))
        return keys.compactMap { places[$0] }
    }
}

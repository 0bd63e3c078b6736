package import RiskDomain

/// Card precision@k: how many of the k cards that investigators can check in a day are really compromised.
///
/// Per day (UTC) a card scores the maximum of its transactions and is compromised if one of them is fraud. The k cards with the
/// greatest scores are checked; compromised ones among them are known from then on and leave the following days. The day's precision is
/// the share of compromised cards among k, also when fewer than k cards were seen. Of cards with equal scores the one with the lower
/// number is checked first, so that the figure does not depend on the order of the rows; ``Day/foundCountRange`` says what another rule
/// could have given. (The book's own code leaves ties to an unstable sort: its 0.241 for a tree of depth 2, which has four different
/// scores, is one value out of such a range.)
///
/// Source: Le Borgne et al., "Reproducible machine learning for credit card fraud detection", ULB 2022, section 4.5.
package struct CardPrecision: Hashable, Sendable {
    /// A day's share.
    package struct Day: Hashable, Sendable {
        /// Days since 1970-01-01.
        package var day: Int32
        /// Compromised cards among the k checked ones.
        package var foundCount: Int
        /// The fewest and the most that could have been found had the cards tied at the k-th score been checked in another order.
        package var foundCountRange: ClosedRange<Int>
        /// Compromised cards of the day that were not known before.
        package var compromisedCount: Int
    }

    /// A card's day.
    struct Card {
        var customer: Int64
        var score: Double
        var isCompromised: Bool
    }

    package var k: Int
    /// By day, ascending.
    package var days: [Day]

    /// Mean of the days' precisions; nil without days.
    package var mean: Double? {
        days.isEmpty ? nil : days.reduce(0) { $0 + Double($1.foundCount) / Double(k) } / Double(days.count)
    }

    /// The least and the greatest mean that other orders of tied cards could have given, each day taken alone; nil without days.
    package var meanRange: ClosedRange<Double>? {
        guard !days.isEmpty else { return nil }
        let checks = Double(k) * Double(days.count)
        let least = days.reduce(0) { $0 + $1.foundCountRange.lowerBound }
        let most = days.reduce(0) { $0 + $1.foundCountRange.upperBound }
        return Double(least) / checks...Double(most) / checks
    }

    package init(k: Int, scores: [Double], isFraud: [Bool], times: [EventTime], customers: [Int64]) {
        self.init(k: k, ScoredRows(scores: scores, isFraud: isFraud, times: times, customers: customers))
    }

    package init(k: Int, _ rows: ScoredRows) {
        precondition(k > 0)
        self.k = k
        days = []
        var known = Set<Int64>()
        for (day, all) in CardPrecision.cardDays(rows) {
            let cards = all.filter { !known.contains($0.customer) }.sorted { ($1.score, $0.customer) < ($0.score, $1.customer) }
            let found = cards.prefix(k).filter(\.isCompromised)
            days.append(
                Day(
                    day: day, foundCount: found.count, foundCountRange: CardPrecision.foundCountRange(cards, k),
                    compromisedCount: cards.count { $0.isCompromised }))
            known.formUnion(found.map(\.customer))
        }
    }

    /// By day, ascending, the cards with a transaction, ascending by number.
    static func cardDays(_ rows: ScoredRows) -> [(day: Int32, cards: [Card])] {
        let order = (0..<rows.count).sorted { (rows.times[$0].day, rows.customers[$0]) < (rows.times[$1].day, rows.customers[$1]) }
        var days: [(day: Int32, cards: [Card])] = []
        for row in order {
            let day = rows.times[row].day
            if days.last?.day != day { days.append((day, [])) }
            let last = days.count - 1
            if var card = days[last].cards.last, card.customer == rows.customers[row] {
                card.score = max(card.score, rows.scores[row])
                card.isCompromised = card.isCompromised || rows.isFraud[row]
                days[last].cards[days[last].cards.count - 1] = card
            } else {
                days[last].cards.append(Card(customer: rows.customers[row], score: rows.scores[row], isCompromised: rows.isFraud[row]))
            }
        }
        return days
    }

    private static func foundCountRange(_ cards: [Card], _ k: Int) -> ClosedRange<Int> {
        guard cards.count > k else {
            let found = cards.count { $0.isCompromised }
            return found...found
        }
        let cut = cards[k - 1].score
        let above = cards.count { $0.score > cut && $0.isCompromised }
        let places = k - cards.count { $0.score > cut }
        let tied = cards.filter { $0.score == cut }
        let tiedCompromised = tied.count { $0.isCompromised }
        return above + max(0, places - (tied.count - tiedCompromised))...above + min(places, tiedCompromised)
    }
}

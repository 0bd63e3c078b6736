internal import RiskDomain

/// All figures of some rows, quickly and again and again with other weights: what the bootstrap asks for a thousand times.
///
/// What weights cannot change is done once: rows are sorted by score, cards by day and score. A customer that was drawn three times stands
/// for three customers with the same rows, which is what weights of three and three equal cards a day give.
struct WeightedFigures: Sendable {
    /// A card's day.
    private struct Card {
        var customer: Int
        var isCompromised: Bool
    }

    private let thresholds: DecisionThresholds
    private let k: Int
    /// Place of each row's customer among the distinct ones, ascending by number.
    private let customers: [Int]
    let customerCount: Int
    /// Rows by score, the greatest first.
    private let order: [Int]
    private let rows: ScoredRows
    private let squaredErrors: [Double]
    private let logarithmicLosses: [Double]
    private let costs: [Double]
    /// By day, ascending: cards by score, the greatest first, then by number.
    private let days: [[Card]]

    init(_ rows: ScoredRows, thresholds: DecisionThresholds, k: Int, costs: OutcomeCosts) {
        self.rows = rows
        self.thresholds = thresholds
        self.k = k
        let distinct = Set(rows.customers).sorted()
        let places = Dictionary(uniqueKeysWithValues: zip(distinct, distinct.indices))
        customers = rows.customers.map { places[$0]! }
        customerCount = distinct.count
        order = (0..<rows.count).sorted { (rows.scores[$1], $0) < (rows.scores[$0], $1) }
        squaredErrors = zip(rows.scores, rows.isFraud).map { ProbabilityMetrics.squaredError($0, $1) }
        logarithmicLosses = zip(rows.scores, rows.isFraud).map { ProbabilityMetrics.logarithmicLoss($0, $1) }
        self.costs = (0..<rows.count).map { row in
            costs.cost(of: thresholds.decision(for: rows.scores[row]), isFraud: rows.isFraud[row], amount: rows.amounts[row])
        }
        days = CardPrecision.cardDays(rows).map { day in
            day.cards.sorted { ($1.score, $0.customer) < ($0.score, $1.customer) }
                .map { Card(customer: places[$0.customer]!, isCompromised: $0.isCompromised) }
        }
    }

    /// - Parameter weights: How often each customer counts, by place among the distinct ones.
    func figures(weights: [Int]) -> Figures {
        var figures = Figures()
        ranking(weights, &figures)
        var (total, brier, loss, cost) = (0, 0.0, 0.0, 0.0)
        var (frauds, reviewed, reviewedFrauds, declined, declinedFrauds) = (0, 0, 0, 0, 0)
        for row in 0..<rows.count {
            let weight = weights[customers[row]]
            if weight == 0 { continue }
            total += weight
            brier += Double(weight) * squaredErrors[row]
            loss += Double(weight) * logarithmicLosses[row]
            cost += Double(weight) * costs[row]
            let fraudWeight = rows.isFraud[row] ? weight : 0
            frauds += fraudWeight
            if rows.scores[row] >= thresholds.review {
                reviewed += weight
                reviewedFrauds += fraudWeight
            }
            if rows.scores[row] >= thresholds.decline {
                declined += weight
                declinedFrauds += fraudWeight
            }
        }
        func share(_ part: Double, _ whole: Int) -> Double? { whole > 0 ? part / Double(whole) : nil }
        figures[.brier] = share(brier, total)
        figures[.logLoss] = share(loss, total)
        figures[.costPerThousand] = share(1_000 * cost, total)
        figures[.reviewPrecision] = share(Double(reviewedFrauds), reviewed)
        figures[.reviewRecall] = share(Double(reviewedFrauds), frauds)
        figures[.reviewRate] = share(Double(reviewed), total)
        figures[.declinePrecision] = share(Double(declinedFrauds), declined)
        figures[.declineRecall] = share(Double(declinedFrauds), frauds)
        figures[.declineRate] = share(Double(declined), total)
        figures[.cardPrecision] = cardPrecision(weights)
        return figures
    }

    private func ranking(_ weights: [Int], _ figures: inout Figures) {
        var groups: [RankingMetrics.TieGroup] = []
        groups.reserveCapacity(order.count)
        var last = Double.nan
        for row in order {
            let weight = weights[customers[row]]
            if weight == 0 { continue }
            if rows.scores[row] != last {
                last = rows.scores[row]
                groups.append(RankingMetrics.TieGroup(score: last, frauds: 0, legitimates: 0))
            }
            if rows.isFraud[row] { groups[groups.count - 1].frauds += weight } else { groups[groups.count - 1].legitimates += weight }
        }
        figures[.rocAuc] = RankingMetrics.rocAuc(of: groups)
        figures[.averagePrecision] = RankingMetrics.averagePrecision(of: groups)
        figures[.kolmogorovSmirnov] = RankingMetrics.kolmogorovSmirnov(of: groups)
    }

    /// As ``CardPrecision``, where a customer of weight w is w cards.
    private func cardPrecision(_ weights: [Int]) -> Double? {
        var known = [Int](repeating: 0, count: customerCount)
        var found = 0
        var dayCount = 0
        for day in days {
            var places = k
            var hasCards = false
            for card in day {
                let copies = weights[card.customer] - known[card.customer]
                if weights[card.customer] > 0 { hasCards = true }
                if copies <= 0 { continue }
                let checked = min(copies, places)
                places -= checked
                if card.isCompromised {
                    found += checked
                    known[card.customer] += checked
                }
                if places == 0 { break }
            }
            if hasCards { dayCount += 1 }
        }
        return dayCount > 0 ? Double(found) / (Double(k) * Double(dayCount)) : nil
    }
}

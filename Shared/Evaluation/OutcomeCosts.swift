package import RiskDomain

/// What each outcome of a decision costs, in the currency of the amounts.
///
/// An approved fraud costs `missedFraud` and the share `missedFraudShare` of its amount; a declined legitimate transaction costs
/// `falseDecline` and `falseDeclineShare` of its amount; every review costs `review` and is taken to find the truth. The rest is free.
///
/// Source for costs that depend on the row: Elkan, "The foundations of cost-sensitive learning", IJCAI 2001; Bahnsen et al., "Example-dependent
/// cost-sensitive decision trees", Expert Systems with Applications 42, 2015.
package struct OutcomeCosts: Hashable, Sendable {
    package var missedFraud: Double
    package var missedFraudShare: Double
    package var falseDecline: Double
    package var falseDeclineShare: Double
    package var review: Double

    /// The defaults are only a beginning: the amount is lost with a missed fraud, a false decline costs 5 and a review 3.
    ///
    /// - Precondition: all finite and not negative.
    package init(
        missedFraud: Double = 0, missedFraudShare: Double = 1, falseDecline: Double = 5, falseDeclineShare: Double = 0, review: Double = 3
    ) {
        precondition(
            [missedFraud, missedFraudShare, falseDecline, falseDeclineShare, review].allSatisfy { $0 >= 0 && $0.isFinite },
            "a cost is finite and not negative")
        self.missedFraud = missedFraud
        self.missedFraudShare = missedFraudShare
        self.falseDecline = falseDecline
        self.falseDeclineShare = falseDeclineShare
        self.review = review
    }

    package func cost(of decision: Decision, isFraud: Bool, amount: Double) -> Double {
        switch decision {
        case .approve: isFraud ? missedFraud + missedFraudShare * amount : 0
        case .review: review
        case .decline: isFraud ? 0 : falseDecline + falseDeclineShare * amount
        }
    }

    /// What the rows cost with these thresholds.
    package func total(of rows: ScoredRows, with thresholds: DecisionThresholds) -> Double {
        var sum = 0.0
        for row in 0..<rows.count {
            sum += cost(of: thresholds.decision(for: rows.scores[row]), isFraud: rows.isFraud[row], amount: rows.amounts[row])
        }
        return sum
    }
}

/// What the rows cost at every threshold, if alerts are all reviewed and if they are all declined, and which pair of thresholds costs least.
package struct CostCurve: Hashable, Sendable {
    package struct Point: Hashable, Sendable {
        /// Rows that score at least this raise an alert; the first point's is infinite: no alert at all.
        package var threshold: Double
        package var costIfReviewed: Double
        package var costIfDeclined: Double
    }

    /// Thresholds from infinity down through every distinct score.
    package let points: [Point]
    /// The least cost of any pair of thresholds.
    package let least: Double
    /// The pair that costs least; the greater thresholds, so the fewer alerts, where pairs cost the same. A threshold that no score
    /// reaches is infinite.
    package let review: Double
    package let decline: Double

    /// - Complexity: O(n log n).
    package init(_ rows: ScoredRows, _ costs: OutcomeCosts) {
        let order = (0..<rows.count).sorted { (rows.scores[$1], $0) < (rows.scores[$0], $1) }
        // By place from the top: what the rows above it cost when reviewed and when declined; `approved` what those below cost.
        var approved = 0.0
        for row in order.reversed() { approved += costs.cost(of: .approve, isFraud: rows.isFraud[row], amount: rows.amounts[row]) }
        var reviewed = 0.0
        var declined = 0.0
        var missedAbove = 0.0
        var points = [Point(threshold: .infinity, costIfReviewed: approved, costIfDeclined: approved)]
        // Of the places passed, the one at which to stop declining: it has the least `declined - reviewed`.
        var bestDecline = (difference: 0.0, threshold: Double.infinity)
        var best = (cost: approved, review: Double.infinity, decline: Double.infinity)
        for (place, row) in order.enumerated() {
            let (isFraud, amount) = (rows.isFraud[row], rows.amounts[row])
            missedAbove += costs.cost(of: .approve, isFraud: isFraud, amount: amount)
            reviewed += costs.cost(of: .review, isFraud: isFraud, amount: amount)
            declined += costs.cost(of: .decline, isFraud: isFraud, amount: amount)
            let score = rows.scores[row]
            if place + 1 < order.count, rows.scores[order[place + 1]] == score { continue }
            let below = approved - missedAbove
            points.append(Point(threshold: score, costIfReviewed: reviewed + below, costIfDeclined: declined + below))
            if declined - reviewed < bestDecline.difference { bestDecline = (declined - reviewed, score) }
            let cost = below + reviewed + bestDecline.difference
            if cost < best.cost { best = (cost, score, bestDecline.threshold) }
        }
        self.points = points
        least = best.cost
        review = best.review
        decline = best.decline
    }

    /// The threshold of least cost if alerts are all reviewed, or all declined.
    package func leastPoint(declining: Bool) -> Point {
        points.min { (declining ? $0.costIfDeclined : $0.costIfReviewed) < (declining ? $1.costIfDeclined : $1.costIfReviewed) }!
    }

    /// The pair of least cost as a model's thresholds, which lie in `0...1`.
    package var thresholds: DecisionThresholds {
        let review = min(max(review, 0), 1)
        return DecisionThresholds(review: review, decline: max(review, min(max(decline, 0), 1)))
    }
}

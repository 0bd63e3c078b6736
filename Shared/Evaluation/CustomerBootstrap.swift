package import RiskDomain

/// How far figures could have come out otherwise had other customers been seen.
///
/// Customers are drawn with replacement, as many as there are, each with all its rows, for rows of one customer resemble each other and to
/// draw them singly would make intervals too narrow. Every replicate draws from a stream of its own, so the intervals depend on rows and
/// seed alone, at any number of threads.
///
/// Source: Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7, 1979 (percentile intervals); Field, Welsh,
/// "Bootstrapping clustered data", JRSS B 69, 2007.
package struct CustomerBootstrap: Hashable, Sendable {
    package struct Interval: Hashable, Sendable {
        package var lower: Double
        package var upper: Double
        /// Standard deviation over the replicates.
        package var standardError: Double
    }

    package var replicateCount: Int
    package var seed: UInt64
    /// Share of the replicates inside an interval.
    package var confidence: Double

    package init(replicateCount: Int = 1_000, seed: UInt64 = 0, confidence: Double = 0.95) {
        precondition(replicateCount > 0 && confidence > 0 && confidence < 1)
        self.replicateCount = replicateCount
        self.seed = seed
        self.confidence = confidence
    }

    /// Intervals of the figures; a figure that fewer than nine tenths of the replicates have (no fraud drawn, no alert) has none.
    ///
    /// - Parameters:
    ///   - taskCount: Replicates computed at once; changes nothing but the time.
    ///   - progress: Called after each replicate, from any thread.
    package func intervals(
        _ rows: ScoredRows, thresholds: DecisionThresholds, k: Int, costs: OutcomeCosts, taskCount: Int = 4,
        progress: (@Sendable () -> Void)? = nil
    ) async -> [Figure: Interval] {
        let prepared = WeightedFigures(rows, thresholds: thresholds, k: k, costs: costs)
        guard prepared.customerCount > 0 else { return [:] }
        let replicates = await withTaskGroup(of: (Int, [Figures]).self) { group in
            let parts = min(max(1, taskCount), replicateCount)
            for part in 0..<parts {
                let range = replicateCount * part / parts..<replicateCount * (part + 1) / parts
                group.addTask {
                    let figures = range.map { replicate in
                        defer { progress?() }
                        return prepared.figures(weights: weights(of: replicate, customerCount: prepared.customerCount))
                    }
                    return (part, figures)
                }
            }
            var figures = [[Figures]](repeating: [], count: parts)
            for await (part, some) in group { figures[part] = some }
            return figures.flatMap(\.self)
        }
        var intervals: [Figure: Interval] = [:]
        for figure in Figure.allCases {
            let values = replicates.compactMap { $0[figure] }
            guard values.count * 10 >= replicateCount * 9, let interval = interval(values) else { continue }
            intervals[figure] = interval
        }
        return intervals
    }

    /// How often each customer is drawn in a replicate.
    package func weights(of replicate: Int, customerCount: Int) -> [Int] {
        var draws = SplitMix64(seed: seed, stream: UInt64(replicate))
        var weights = [Int](repeating: 0, count: customerCount)
        for _ in 0..<customerCount { weights[draws.next(below: customerCount)] += 1 }
        return weights
    }

    /// The middle share ``confidence`` of some values; nil without any.
    package func interval(_ values: [Double]) -> Interval? {
        let quantiles = Quantiles(values)
        let tail = (1 - confidence) / 2
        guard let lower = quantiles.value(at: tail), let upper = quantiles.value(at: 1 - tail) else { return nil }
        let mean = values.reduce(0, +) / Double(values.count)
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return Interval(
            lower: lower, upper: upper, standardError: values.count > 1 ? (squares / Double(values.count - 1)).squareRoot() : 0)
    }
}

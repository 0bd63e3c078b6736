/// The reliability curve: scores in bins, each bin's mean score beside its share of fraud.
///
/// Source: DeGroot, Fienberg, "The comparison and evaluation of forecasters", The Statistician 32, 1983; expected calibration error as in
/// Naeini, Cooper, Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning", AAAI 2015.
package struct CalibrationCurve: Hashable, Sendable {
    package enum Binning: Hashable, Sendable {
        /// Bins of equal width between 0 and 1.
        case uniform
        /// Bins of about equally many rows; edges that fall on one score are one edge.
        case quantile
    }

    package struct Bin: Hashable, Sendable {
        /// Scores above `above` (the first bin: from it) up to `through`.
        package var above: Double
        package var through: Double
        package var rowCount: Int
        package var fraudCount: Int
        package var meanScore: Double
        package var fraudShare: Double { Double(fraudCount) / Double(rowCount) }
        /// 95 % of the share of fraud, rows taken as independent.
        ///
        /// Source: Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22, 1927.
        package var shareInterval: ClosedRange<Double> { wilsonInterval(fraudCount, of: rowCount) }
    }

    /// Those with rows, ascending.
    package let bins: [Bin]

    /// Scores are expected in `0...1`; those beyond fall in the outer bins.
    package init(scores: [Double], isFraud: [Bool], binning: Binning = .uniform, binCount: Int = 10) {
        precondition(scores.count == isFraud.count && binCount > 0)
        let quantiles = Quantiles(scores)
        let inner =
            switch binning {
            case .uniform: (1..<binCount).map { Double($0) / Double(binCount) }
            case .quantile: quantiles.innerEdges(binCount: binCount)
            }
        var sums = [(rows: Int, frauds: Int, score: Double)](repeating: (0, 0, 0), count: inner.count + 1)
        for (score, isFraud) in zip(scores, isFraud) {
            let bin = inner.countBelow(score)
            sums[bin].rows += 1
            sums[bin].frauds += isFraud ? 1 : 0
            sums[bin].score += score
        }
        let isUniform = binning == .uniform
        let bounds = [isUniform ? 0 : quantiles.sorted.first ?? 0] + inner + [isUniform ? 1 : quantiles.sorted.last ?? 1]
        bins = sums.indices.filter { sums[$0].rows > 0 }.map { place in
            let sum = sums[place]
            return Bin(
                above: bounds[place], through: bounds[place + 1], rowCount: sum.rows, fraudCount: sum.frauds,
                meanScore: sum.score / Double(sum.rows))
        }
    }

    /// Expected calibration error: the distance between mean score and share of fraud, averaged over the rows; nil without rows.
    package var expectedError: Double? {
        let rowCount = bins.reduce(0) { $0 + $1.rowCount }
        guard rowCount > 0 else { return nil }
        return bins.reduce(0) { $0 + Double($1.rowCount) / Double(rowCount) * abs($1.meanScore - $1.fraudShare) }
    }

    /// The greatest such distance of any bin; nil without rows.
    package var greatestError: Double? { bins.map { abs($0.meanScore - $0.fraudShare) }.max() }
}

/// 95 % interval of a share of which `count` of `total` were seen.
package func wilsonInterval(_ count: Int, of total: Int) -> ClosedRange<Double> {
    guard total > 0 else { return 0...1 }
    let z = 1.959963984540054  // the normal distribution's 97.5 % quantile
    let n = Double(total)
    let share = Double(count) / n
    let middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    let half = z / (1 + z * z / n) * (share * (1 - share) / n + z * z / (4 * n * n)).squareRoot()
    return max(0, middle - half)...min(1, middle + half)
}

internal import RiskDomain

/// Population stability index: how far a number's distribution has moved between two periods.
///
/// `Σ (aᵢ − eᵢ) ln(aᵢ / eᵢ)` over bins with the shares e (the earlier period) and a (the later one): the symmetrised Kullback-Leibler
/// divergence. Bins hold about equally many of the earlier numbers; missing values have a bin of their own where there are any. Half a row
/// is added to every bin, so that an empty one does not make the index infinite. Below 0.1 is commonly read as steady, above 0.25 as moved.
///
/// Source: Siddiqi, "Credit risk scorecards", 2006; the half row: Jeffreys' prior.
package struct StabilityIndex: Hashable, Sendable {
    package struct Bin: Hashable, Sendable {
        /// Numbers above `above` (the first bin: all) up to `through` (the last bin: all); both nil for missing values.
        package var above: Double?
        package var through: Double?
        package var earlierCount: Int
        package var laterCount: Int
    }

    package let bins: [Bin]

    package init(earlier: [Double], later: [Double], binCount: Int = 10) {
        precondition(binCount > 0)
        let inner = StabilityIndex.innerEdges(Quantiles(earlier), binCount)
        func counts(_ values: [Double]) -> [Int] {
            var counts = [Int](repeating: 0, count: inner.count + 2)
            for value in values { counts[value.isNaN ? inner.count + 1 : inner.countBelow(value)] += 1 }
            return counts
        }
        let before = counts(earlier)
        let after = counts(later)
        bins = before.indices.compactMap { place in
            // Empty in both periods: the missing values' bin, and the one above a single value.
            if before[place] + after[place] == 0 { return nil }
            let isMissing = place == inner.count + 1
            return Bin(
                above: isMissing || place == 0 ? nil : inner[place - 1], through: isMissing || place == inner.count ? nil : inner[place],
                earlierCount: before[place], laterCount: after[place])
        }
    }

    /// The quantiles between the bins, each once. One that is the greatest value makes way for the next lower value, so that a mass of
    /// rows there is set apart from the rest (a flag that is mostly 1).
    private static func innerEdges(_ quantiles: Quantiles, _ binCount: Int) -> [Double] {
        guard let greatest = quantiles.sorted.last else { return [] }
        let nextLower = quantiles.sorted.last { $0 < greatest } ?? greatest
        var edges: [Double] = []
        for quantile in quantiles.innerEdges(binCount: max(2, binCount)) {
            let edge = quantile == greatest ? nextLower : quantile
            if edges.last.map({ $0 < edge }) ?? true { edges.append(edge) }
        }
        return edges
    }

    /// nil unless both periods have rows.
    package var value: Double? {
        let earlier = bins.reduce(0) { $0 + $1.earlierCount }
        let later = bins.reduce(0) { $0 + $1.laterCount }
        guard earlier > 0, later > 0 else { return nil }
        let halves = Double(bins.count) / 2
        return bins.reduce(0) { sum, bin in
            let before = (Double(bin.earlierCount) + 0.5) / (Double(earlier) + halves)
            let after = (Double(bin.laterCount) + 0.5) / (Double(later) + halves)
            return sum + (after - before) * PortableMath.log(after / before)
        }
    }
}

/// Quantiles of some numbers by linear interpolation between order statistics, as NumPy's default and R's type 7.
///
/// Source: Hyndman, Fan, "Sample quantiles in statistical packages", The American Statistician 50, 1996.
package struct Quantiles: Hashable, Sendable {
    /// Ascending, no NaN.
    package let sorted: [Double]

    /// NaN is left out.
    package init(_ values: [Double]) { sorted = values.filter { !$0.isNaN }.sorted() }

    /// - Parameter share: In `0...1`.
    /// - Returns: nil without numbers.
    package func value(at share: Double) -> Double? {
        precondition((0...1).contains(share))
        guard !sorted.isEmpty else { return nil }
        let place = share * Double(sorted.count - 1)
        let low = Int(place)
        guard low + 1 < sorted.count else { return sorted[low] }
        let step = sorted[low + 1] - sorted[low]
        let fraction = place - Double(low)
        // From the nearer end, so that the ends are met exactly.
        return fraction < 0.5 ? sorted[low] + step * fraction : sorted[low + 1] - step * (1 - fraction)
    }

    /// The quantiles that part the numbers into `binCount` bins, each of which holds its upper edge; ascending, equal ones once.
    package func innerEdges(binCount: Int) -> [Double] {
        var edges: [Double] = []
        for place in 1..<max(1, binCount) {
            guard let edge = value(at: Double(place) / Double(binCount)) else { return [] }
            if edges.last.map({ $0 < edge }) ?? true { edges.append(edge) }
        }
        return edges
    }
}

extension [Double] {
    /// How many of these ascending numbers lie below `value`: its bin where each bin holds its upper edge.
    func countBelow(_ value: Double) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

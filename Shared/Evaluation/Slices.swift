/// How a model does on parts of the rows: where it is weak, and on whom.
package struct Slice: Hashable, Sendable {
    /// Such as `12.5 … 40` or `missing`.
    package var name: String
    package var rowCount: Int
    package var fraudCount: Int
    /// nil where one of the classes does not occur.
    package var rocAuc: Double?
    /// nil without frauds.
    package var averagePrecision: Double?
    /// Beside the share of fraud it tells whether scores are too high or too low here.
    package var meanScore: Double
    package var review: ThresholdFigures

    package var fraudShare: Double { Double(fraudCount) / Double(rowCount) }

    init(name: String, _ rows: ScoredRows, reviewAt threshold: Double) {
        self.name = name
        rowCount = rows.count
        fraudCount = rows.fraudCount
        rocAuc = RankingMetrics.rocAuc(scores: rows.scores, isFraud: rows.isFraud)
        averagePrecision = RankingMetrics.averagePrecision(scores: rows.scores, isFraud: rows.isFraud)
        meanScore = rows.scores.reduce(0, +) / Double(rows.count)
        review = ThresholdFigures(threshold: threshold, scores: rows.scores, isFraud: rows.isFraud)
    }

    /// Parts by the values of a column: each value its own part where there are at most `partCount` different ones, else parts of about
    /// equally many rows. Missing values are a part of their own.
    ///
    /// - Parameter values: One per row.
    /// - Returns: Ascending, parts without rows left out.
    package static func byValue(
        _ values: [Double], of rows: ScoredRows, reviewAt threshold: Double, partCount: Int = 5
    ) -> [Slice] {
        precondition(values.count == rows.count && partCount > 0)
        let quantiles = Quantiles(values)
        var distinct: [Double] = []
        for value in quantiles.sorted where distinct.last != value {
            distinct.append(value)
            if distinct.count > partCount { break }
        }
        let isByValue = distinct.count <= partCount
        // The upper edges of all parts but the last.
        let edges = isByValue ? Array(distinct.dropLast()) : quantiles.innerEdges(binCount: partCount)
        var parts = [[Int]](repeating: [], count: edges.count + 2)
        for row in values.indices { parts[values[row].isNaN ? edges.count + 1 : edges.countBelow(values[row])].append(row) }
        return parts.indices.filter { !parts[$0].isEmpty }.map { place in
            let own = parts[place].map { values[$0] }
            let name =
                if place == edges.count + 1 { "missing" } else { Slice.rangeText(own.min()!, own.max()!) }
            return Slice(name: name, rows.picking(parts[place]), reviewAt: threshold)
        }
    }

    /// Parts by a word per row, in the words' order.
    package static func byCategory(_ categories: [String], of rows: ScoredRows, reviewAt threshold: Double) -> [Slice] {
        precondition(categories.count == rows.count)
        return Set(categories).sorted().map { category in
            Slice(
                name: category, rows.picking(categories.indices.filter { categories[$0] == category }), reviewAt: threshold)
        }
    }

    private static func rangeText(_ least: Double, _ greatest: Double) -> String {
        least == greatest ? FigureText.short(least) : "\(FigureText.short(least)) … \(FigureText.short(greatest))"
    }
}

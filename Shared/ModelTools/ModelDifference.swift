internal import Evaluation
internal import Forest
internal import RiskDomain

/// How two models differ: in what they say of themselves, in their shape, and in what they say of rows.
package struct ModelDifference: Sendable {
    /// A property that differs; `-` where a model does not have it.
    package struct Property: Hashable, Sendable {
        package var name: String
        package var first: String
        package var second: String
    }

    /// What becomes of rows.
    package struct Rows: Hashable, Sendable {
        package var count: Int
        package var equalCount: Int
        package var meanDifference: Double
        /// Of the magnitudes of the differences: mean, median, 99 % and greatest.
        package var meanMagnitude: Double
        package var median: Double
        package var high: Double
        package var greatest: Double
        /// Index of the row that differs most.
        package var greatestRow: Int
        /// By the first model's decision, then the second's; empty where one has no thresholds.
        package var decisions: [[Int]]
    }

    package var properties: [Property]
    /// Trees that are equal in both, at the same place.
    package var equalTreeCount: Int
    package var rows: Rows?

    /// - Parameters:
    ///   - rows: In the first model's order of features; nil where features differ.
    ///   - output: Whose scores are compared.
    package init(_ first: LoadedModel, _ second: LoadedModel, rows: ModelRows?, output: Int = 0) {
        let names = Set(first.propertyNames).union(second.propertyNames)
        let ordered = first.propertyNames + second.propertyNames.filter { !first.propertyNames.contains($0) }
        properties = ordered.filter { names.contains($0) }.compactMap { name in
            let (left, right) = (first.property(name) ?? "-", second.property(name) ?? "-")
            return left == right ? nil : Property(name: name, first: left, second: right)
        }
        equalTreeCount = zip(first.ensemble.trees, second.ensemble.trees).count { $0 == $1 }
        self.rows = rows.flatMap { rows in
            rows.count == 0 || first.features.count != second.features.count ? nil : ModelDifference.compare(first, second, rows, output)
        }
    }

    private static func compare(_ first: LoadedModel, _ second: LoadedModel, _ rows: ModelRows, _ output: Int) -> Rows {
        func scores(_ model: LoadedModel) -> [Double] {
            let count = model.ensemble.outputCount
            let margins = ModelEngine.chosen(model).margins(rows: rows.values, outputCount: count, rowCount: rows.count)
            return (0..<rows.count).map { row in
                model.ensemble.scores(of: Array(margins[row * count..<(row + 1) * count]))[min(output, count - 1)]
            }
        }
        let (left, right) = (scores(first), scores(second))
        let differences = zip(left, right).map { $1 - $0 }
        let magnitudes = differences.map(\.magnitude)
        let quantiles = Quantiles(magnitudes)
        var decisions: [[Int]] = []
        if let before = first.thresholds, let after = second.thresholds {
            decisions = [[Int]](repeating: [0, 0, 0], count: 3)
            for (old, new) in zip(left, right) {
                decisions[before.decision(for: old).place][after.decision(for: new).place] += 1
            }
        }
        let greatestRow = magnitudes.indices.max { (magnitudes[$0], $1) < (magnitudes[$1], $0) } ?? 0
        return Rows(
            count: rows.count, equalCount: zip(left, right).count { $0 == $1 },
            meanDifference: differences.reduce(0, +) / Double(rows.count),
            meanMagnitude: magnitudes.reduce(0, +) / Double(rows.count), median: quantiles.value(at: 0.5) ?? 0,
            high: quantiles.value(at: 0.99) ?? 0, greatest: magnitudes[greatestRow], greatestRow: greatestRow, decisions: decisions)
    }
}

extension Decision {
    /// Approve, review, decline: 0, 1, 2.
    fileprivate var place: Int {
        switch self {
        case .approve: 0
        case .review: 1
        case .decline: 2
        }
    }
}

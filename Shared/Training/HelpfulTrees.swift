internal import Forest

/// Which trees of a forest its mean can do without, by the squared error on rows that the trees did not see.
struct HelpfulTrees {
    /// By tree, its answers to the rows that it did not see: place and answer.
    private let answers: [[(place: Int32, answer: Double)]]
    private let labels: [Double]

    /// Rows that are looked at, evenly chosen, at most: enough for the third digit of an error, and a bound for the memory.
    private static let rowCountMax = 100_000

    /// - Parameter outOfBag: Of the trees and of `rows` in their order; nil where no tree saw any of them.
    init(_ trees: [DecisionTree], _ set: TrainingSet, _ rows: [Int], _ outOfBag: OutOfBag?) {
        let count = min(rows.count, HelpfulTrees.rowCountMax)
        let places = (0..<count).map { $0 * rows.count / count }
        labels = places.map { set.isFraud[rows[$0]] ? 1 : 0 }
        answers = trees.enumerated().map { index, tree in
            places.enumerated().compactMap { number, place in
                guard outOfBag?.isOut(tree: index, place: place) ?? true else { return nil }
                return (Int32(number), tree.answer(set.columns, row: rows[place]))
            }
        }
    }

    /// Drops the tree without which the error is least, again and again, while it grows by at most a share of what it was.
    ///
    /// A row that no tree is left for counts as scored 0.
    func kept(errorGrowthMax: Double) -> [Int] {
        var kept = Array(answers.indices)
        var sums = [Double](repeating: 0, count: labels.count)
        var counts = [Double](repeating: 0, count: labels.count)
        for tree in answers {
            for (place, answer) in tree {
                sums[Int(place)] += answer
                counts[Int(place)] += 1
            }
        }
        func squared(_ sum: Double, _ count: Double, _ label: Double) -> Double {
            let difference = (count > 0 ? sum / count : 0) - label
            return difference * difference
        }
        var errors = labels.indices.map { squared(sums[$0], counts[$0], labels[$0]) }
        var total = errors.reduce(0, +)
        let limit = total * (1 + errorGrowthMax)
        while kept.count > 1 {
            var least: (place: Int, total: Double)?
            for (place, tree) in kept.enumerated() {
                var change = 0.0
                for (row, answer) in answers[tree] {
                    let row = Int(row)
                    change += squared(sums[row] - answer, counts[row] - 1, labels[row]) - errors[row]
                }
                if total + change < least?.total ?? .infinity { least = (place, total + change) }
            }
            guard let least, least.total <= limit else { break }
            for (row, answer) in answers[kept.remove(at: least.place)] {
                let row = Int(row)
                sums[row] -= answer
                counts[row] -= 1
                errors[row] = squared(sums[row], counts[row], labels[row])
            }
            total = errors.reduce(0, +)
        }
        return kept
    }
}

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

    /// Drops the tree without which the error is least, again and again, while it is at most a share above the least it has been.
    ///
    /// A row whose last tree goes keeps the error it had with it: losing it neither helps nor harms. So a tree stays where no row tells it
    /// from others, for nothing speaks against it.
    ///
    /// - Throws: ``ForestFailure`` where no tree judges any row.
    func kept(errorGrowthMax: Double) throws(ForestFailure) -> [Int] {
        guard answers.contains(where: { !$0.isEmpty }) else {
            throw ForestFailure(at: "dropping trees", "none of \(labels.count) rows is left out by any tree, to judge the trees by")
        }
        var kept = Array(answers.indices)
        var sums = [Double](repeating: 0, count: labels.count)
        var counts = [Double](repeating: 0, count: labels.count)
        for tree in answers {
            for (place, answer) in tree {
                sums[Int(place)] += answer
                counts[Int(place)] += 1
            }
        }
        var errors = [Double](repeating: 0, count: labels.count)
        func error(_ row: Int, _ sum: Double, _ count: Double) -> Double {
            guard count > 0 else { return errors[row] }
            let difference = sum / count - labels[row]
            return difference * difference
        }
        for row in labels.indices { errors[row] = error(row, sums[row], counts[row]) }
        var total = errors.reduce(0, +)
        var totalLeast = total
        while kept.count > 1 {
            var least: (place: Int, total: Double)?
            for (place, tree) in kept.enumerated() {
                var change = 0.0
                var isCompared = false
                for (row, answer) in answers[tree] {
                    let row = Int(row)
                    guard counts[row] > 1 else { continue }
                    isCompared = true
                    change += error(row, sums[row] - answer, counts[row] - 1) - errors[row]
                }
                if isCompared, total + change < least?.total ?? .infinity { least = (place, total + change) }
            }
            guard let least, least.total <= totalLeast * (1 + errorGrowthMax) else { break }
            for (row, answer) in answers[kept.remove(at: least.place)] {
                let row = Int(row)
                sums[row] -= answer
                counts[row] -= 1
                errors[row] = error(row, sums[row], counts[row])
            }
            total = errors.reduce(0, +)
            totalLeast = min(totalLeast, total)
        }
        return kept
    }
}

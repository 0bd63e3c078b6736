internal import Forest
internal import RiskDomain
internal import Synchronization

/// Which rows each tree of a forest saw while it was grown, drawn again from the seed: scores by the other trees are an honest estimate
/// without a test set.
///
/// Source: Breiman, "Out-of-bag estimation", 1996.
struct OutOfBag: Sendable {
    /// The columns and rows that the forest was fitted to.
    let columns: [[Double]]
    let rows: [Int]
    let workerCount: Int
    /// By tree, a bit per row that it saw.
    private let seen: [[UInt64]]

    /// - Parameter numbers: The trees' numbers in the forest they were grown for.
    /// - Complexity: O(trees × rows), a bit each of memory.
    init(_ columns: [[Double]], rows: [Int], sample: RowSample, seed: UInt64, numbers: [Int], workerCount: Int) {
        self.columns = columns
        self.rows = rows
        self.workerCount = workerCount
        let rowCount = rows.count
        let words = (rowCount + 63) / 64
        let seen = Mutex<[[UInt64]]>(Array(repeating: [], count: numbers.count))
        Workers.run(count: numbers.count, workerCount: workerCount) { index in
            var random = SplitMix64(seed: seed, stream: UInt64(numbers[index]))
            let draws = Scratch<UInt8>(rowCount)
            sample.draw(rowCount: rowCount, into: draws.base, &random)
            var bits = [UInt64](repeating: 0, count: words)
            for row in 0..<rowCount where draws.base[row] > 0 { bits[row >> 6] |= 1 << UInt64(row & 63) }
            seen.withLock { $0[index] = bits }
        }
        self.seen = seen.withLock { $0 }
    }

    /// Whether a tree did not see a row, by its place among ``rows``.
    func isOut(tree: Int, place: Int) -> Bool { seen[tree][place >> 6] >> UInt64(place & 63) & 1 == 0 }

    /// The mean answer of the trees that did not see a row, in the trees' order; nil for a row that every tree saw.
    ///
    /// - Parameter places: Which of the trees, by their place among the numbers, `trees` are; all by default.
    func scores(of trees: [DecisionTree], places: [Int]? = nil) -> [Double?] {
        let places = places ?? Array(trees.indices)
        let rowCount = rows.count
        // Rows are dealt out in blocks; each row's trees are summed in their order.
        let blockSize = 4_096
        let blockCount = (rowCount + blockSize - 1) / blockSize
        let results = Mutex<[[Double?]]>(Array(repeating: [], count: blockCount))
        Workers.run(count: blockCount, workerCount: workerCount) { block in
            let range = block * blockSize..<min(rowCount, (block + 1) * blockSize)
            var sums = [Double](repeating: 0, count: range.count)
            var counts = [Int](repeating: 0, count: range.count)
            for (tree, number) in zip(trees, places) {
                for place in range where isOut(tree: number, place: place) {
                    sums[place - range.lowerBound] += tree.answer(columns, row: rows[place])
                    counts[place - range.lowerBound] += 1
                }
            }
            let scores = zip(sums, counts).map { $1 == 0 ? nil : $0 / Double($1) }
            results.withLock { $0[block] = scores }
        }
        return results.withLock { $0.flatMap(\.self) }
    }
}

extension DecisionTree {
    /// What a tree grown here says of a row of column-major values.
    func answer(_ columns: [[Double]], row: Int) -> Double {
        var node = 0
        while feature[node] >= 0 {
            let value = columns[Int(feature[node])][row]
            let flags = flags[node]
            let goesLeft =
                value.isNaN
                ? flags.contains(.missingGoesLeft)
                : flags.contains(.isCategorical) ? categories[Int(categorySet[node])].contains(value) : value <= threshold[node]
            node = Int(goesLeft ? left[node] : right[node])
        }
        return leafValues[Int(left[node])]
    }
}

internal import Synchronization

/// How finely the values of a column are told apart.
package enum SplitMode: String, Hashable, Sendable, CaseIterable {
    /// Every place between two values is a possible split up to 65,535 distinct values a column; beyond, as ``histogram``.
    case automatic
    /// Every place between two values, however many there are.
    case exact
    /// At most 65,535 runs of neighbouring values, with about as many rows each.
    case histogram
}

/// A training set's chosen rows with every value replaced by its rank among the column's distinct values.
///
/// Ranks turn the search for the best split into counting: made once, shared by all trees of a forest.
/// NaN has the rank `scale.count`, behind all numbers.
struct RankedColumns: Sendable {
    enum Table: Sendable {
        case narrow(RankTable<UInt16>)
        case wide(RankTable<UInt32>)
    }

    /// Ranks that fit 16 bits beside the missing one.
    static let narrowCountMax = 65_535

    let scales: [RankScale]
    let table: Table
    let rowCount: Int

    var featureCount: Int { scales.count }

    /// The first feature whose values are names but have more of them than ranks: neighbours would be taken for one name.
    func unrankedNames(of parameters: TreeParameters) -> Int? { parameters.categoricalFeatures.first { scales[$0].hasRuns } }

    var rankCountMax: Int { scales.reduce(0) { max($0, $1.count) } }

    /// - Parameter workerCount: Threads that sort columns, at most.
    init(_ columns: [[Double]], rows: [Int], mode: SplitMode, workerCount: Int) {
        precondition(rows.count < 1 << 27, "ranks, weight and label of a row share 32 bits")
        rowCount = rows.count
        let narrow = RankTable<UInt16>(rowCount: mode == .exact ? 0 : rows.count, featureCount: columns.count)
        let results = Mutex<[RankScale?]>(Array(repeating: nil, count: columns.count))
        let wideRanks = Mutex<[Int: [UInt32]]>([:])
        let limit = mode == .exact ? Int.max : RankedColumns.narrowCountMax
        Workers.run(count: columns.count, workerCount: workerCount) { feature in
            let ranked = ColumnRanks(columns[feature], rows: rows, rankCountMax: limit)
            results.withLock { $0[feature] = ranked.scale }
            // Features of one row lie side by side: two threads never write one cell, and whoever reads waits for both.
            if mode == .exact { wideRanks.withLock { $0[feature] = ranked.ranks } } else { narrow.fill(feature, ranked.ranks) }
        }
        scales = results.withLock { $0.map { $0! } }
        guard mode == .exact else {
            table = .narrow(narrow)
            return
        }
        let ranks = wideRanks.withLock { $0 }
        if scales.allSatisfy({ $0.count <= RankedColumns.narrowCountMax }) {
            let exact = RankTable<UInt16>(rowCount: rows.count, featureCount: columns.count)
            for feature in columns.indices { exact.fill(feature, ranks[feature]!) }
            table = .narrow(exact)
        } else {
            let exact = RankTable<UInt32>(rowCount: rows.count, featureCount: columns.count)
            for feature in columns.indices { exact.fill(feature, ranks[feature]!) }
            table = .wide(exact)
        }
    }
}

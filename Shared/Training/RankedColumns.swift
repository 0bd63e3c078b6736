/// A training set's chosen rows with every value replaced by its rank among the column's distinct values.
///
/// Ranks turn the search for the best split into counting: made once, shared by all trees of a forest.
/// NaN has the rank `distinct.count`, behind all numbers.
struct RankedColumns: Sendable {
    /// By feature: its distinct values, ascending, NaN left out.
    let distinct: [[Double]]
    /// By feature, by row.
    let ranks: [[UInt32]]
    let isFraud: [Bool]

    var rowCount: Int { isFraud.count }
    var featureCount: Int { ranks.count }

    init(_ set: TrainingSet, rows: [Int]) {
        var distinct: [[Double]] = []
        var ranks: [[UInt32]] = []
        for column in set.columns {
            // -0.0 equals 0.0 and shares its rank.
            let order = rows.indices.filter { !column[rows[$0]].isNaN }.sorted { column[rows[$0]] < column[rows[$1]] }
            var values: [Double] = []
            var rankOfRow = [UInt32](repeating: .max, count: rows.count)
            for place in order {
                let value = column[rows[place]]
                if values.last != value { values.append(value) }
                rankOfRow[place] = UInt32(values.count - 1)
            }
            let missing = UInt32(values.count)
            for place in rankOfRow.indices where rankOfRow[place] == .max { rankOfRow[place] = missing }
            distinct.append(values)
            ranks.append(rankOfRow)
        }
        self.distinct = distinct
        self.ranks = ranks
        isFraud = rows.map { set.isFraud[$0] }
    }
}

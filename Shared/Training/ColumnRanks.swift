// The distinct values of a column and each row's place among them, by a radix sort of the values' bits.
//
// A double's bits, with the sign flipped for positive numbers and all bits flipped for negative ones, order as the numbers do. Digits of
// eleven bits are sorted from the least one up, each in one pass; a digit that all values share, as the low bits of whole numbers, is
// skipped. Scratch memory: 24 bytes a row.

/// How ranks of a column map to values. A rank stands for one value, or in a column with more values than ranks for a run of them.
struct RankScale: Sendable {
    /// By rank, the least value it stands for.
    let lowest: [Double]
    /// By rank, the greatest value it stands for; the same array as `lowest` where each rank is one value.
    let highest: [Double]

    /// Whether some rank stands for several values.
    var hasRuns: Bool { lowest != highest }

    /// Ranks of numbers; the rank of NaN is this count.
    var count: Int { lowest.count }

    /// The threshold between two ranks that are neighbours within a node: the middle of their values, as scikit-learn has it. The sum of
    /// the halves does not overflow; the lower value stands in where rounding reaches the upper one.
    func threshold(from lowerRank: Int, to upperRank: Int?) -> Double {
        let lower = highest[lowerRank]
        guard let upperRank else { return lower }
        let upper = lowest[upperRank]
        let middle = lower / 2 + upper / 2
        return middle >= upper || middle < lower ? lower : middle
    }
}

struct ColumnRanks {
    var scale: RankScale
    /// By row.
    var ranks: [UInt32]

    /// - Parameter rankCountMax: Columns with more distinct values are cut into at most so many runs with about as many rows each.
    init(_ column: [Double], rows: [Int], rankCountMax: Int) {
        let (keys, order) = ColumnRanks.sorted(column, rows)
        var distinctCount = 0
        for place in keys.indices where place == 0 || keys[place] != keys[place - 1] { distinctCount += 1 }
        var lowest: [Double] = []
        var highest: [Double] = []
        lowest.reserveCapacity(min(distinctCount, rankCountMax))
        let isExact = distinctCount <= rankCountMax
        if !isExact { highest.reserveCapacity(rankCountMax) }
        var ranks = [UInt32](repeating: 0, count: rows.count)
        // A run ends at the first new value after its share of the rows is used up; so there are never more than the maximum.
        var end = 0
        ranks.withUnsafeMutableBufferPointer { ranks in
            for place in keys.indices {
                if place == 0 || keys[place] != keys[place - 1], isExact || place >= end {
                    if !isExact, place > 0 { highest.append(ColumnRanks.value(of: keys[place - 1])) }
                    lowest.append(ColumnRanks.value(of: keys[place]))
                    if !isExact { end = place + max(1, (keys.count - place) / max(1, rankCountMax - lowest.count + 1)) }
                }
                ranks[Int(order[place])] = UInt32(lowest.count - 1)
            }
            if keys.count < rows.count {
                for place in rows.indices where column[rows[place]].isNaN { ranks[place] = UInt32(lowest.count) }
            }
        }
        if !isExact, let last = keys.last { highest.append(ColumnRanks.value(of: last)) }
        scale = RankScale(lowest: lowest, highest: isExact ? lowest : highest)
        self.ranks = ranks
    }

    private static func value(of key: UInt64) -> Double {
        Double(bitPattern: key >> 63 == 1 ? key ^ 1 << 63 : ~key)
    }

    /// The numbers' keys, ascending, and the places they come from.
    private static func sorted(_ column: [Double], _ rows: [Int]) -> (keys: [UInt64], order: [UInt32]) {
        var keys: [UInt64] = []
        var order: [UInt32] = []
        keys.reserveCapacity(rows.count)
        order.reserveCapacity(rows.count)
        var differing: UInt64 = 0
        column.withUnsafeBufferPointer { column in
            for place in rows.indices {
                let value = column[rows[place]]
                if value.isNaN { continue }
                // Adding 0 turns -0.0 into 0.0, which share a rank.
                let bits = (value + 0).bitPattern
                let key = bits >> 63 == 1 ? ~bits : bits ^ 1 << 63
                differing |= key ^ (keys.first ?? key)
                keys.append(key)
                order.append(UInt32(truncatingIfNeeded: place))
            }
        }
        var nextKeys = [UInt64](repeating: 0, count: keys.count)
        var nextOrder = [UInt32](repeating: 0, count: keys.count)
        var starts = [Int](repeating: 0, count: 2_048)
        for shift in stride(from: 0 as UInt64, to: 64, by: 11) where differing >> shift & 2_047 != 0 {
            starts.withUnsafeMutableBufferPointer { starts in
                keys.withUnsafeBufferPointer { keys in
                    order.withUnsafeBufferPointer { order in
                        nextKeys.withUnsafeMutableBufferPointer { nextKeys in
                            nextOrder.withUnsafeMutableBufferPointer { nextOrder in
                                starts.update(repeating: 0)
                                for key in keys { starts[Int(key >> shift & 2_047)] += 1 }
                                var sum = 0
                                for digit in starts.indices {
                                    let count = starts[digit]
                                    starts[digit] = sum
                                    sum += count
                                }
                                for place in keys.indices {
                                    let digit = Int(keys[place] >> shift & 2_047)
                                    nextKeys[starts[digit]] = keys[place]
                                    nextOrder[starts[digit]] = order[place]
                                    starts[digit] += 1
                                }
                            }
                        }
                    }
                }
            }
            swap(&keys, &nextKeys)
            swap(&order, &nextOrder)
        }
        return (keys, order)
    }
}

/// Ranks of all rows, twice: column by column, where a node that holds a good part of the rows reads few columns in a stream, and row
/// by row, from where the rows of a small node are copied together.
final class RankTable<Rank: FixedWidthInteger & UnsignedInteger & BitwiseCopyable & Sendable>: @unchecked Sendable {
    // Written by `fill` alone, column by column, before any tree is grown; only read afterwards. That makes it safe to share.
    private let columns: UnsafeMutablePointer<Rank>
    private let rows: UnsafeMutablePointer<Rank>
    let rowCount: Int
    let featureCount: Int
    /// Ranks of a row, filled up to whole 8-byte words, which is how they are copied.
    let rowStride: Int

    init(rowCount: Int, featureCount: Int) {
        self.rowCount = rowCount
        self.featureCount = featureCount
        let word = 8 / MemoryLayout<Rank>.size
        rowStride = (featureCount + word - 1) / word * word
        columns = .allocate(capacity: max(1, rowCount * featureCount))
        let bytes = UnsafeMutableRawPointer.allocate(byteCount: max(1, rowCount * rowStride * MemoryLayout<Rank>.size), alignment: 64)
        rows = bytes.bindMemory(to: Rank.self, capacity: max(1, rowCount * rowStride))
        rows.initialize(repeating: 0, count: rowCount * rowStride)
    }

    deinit {
        columns.deallocate()
        rows.deallocate()
    }

    func fill(_ feature: Int, _ ranks: [UInt32]) {
        let column = columns + feature * rowCount
        for row in 0..<rowCount {
            let rank = Rank(truncatingIfNeeded: ranks[row])
            (column + row).initialize(to: rank)
            rows[row * rowStride + feature] = rank
        }
    }

    /// Where a node's ranks lie.
    struct View {
        let base: UnsafePointer<Rank>
        let rowCount: Int
        /// From a row to the next, and from a feature to the next.
        let rowStride: Int
        let featureStride: Int

        @inline(__always) func column(_ feature: Int) -> UnsafePointer<Rank> { base + feature &* featureStride }
    }

    var byColumn: View { View(base: columns, rowCount: rowCount, rowStride: 1, featureStride: rowCount) }
    var byRow: View { View(base: rows, rowCount: rowCount, rowStride: rowStride, featureStride: 1) }
}

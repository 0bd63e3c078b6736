/// What engines cost for a model, in nanoseconds as measured on Sapphire Rapids at 3.5 GHz, `subtrees` on Zen 3; the sieve's and the ranks'
/// on AVX2 are scaled by what changed on Zen 1. Only comparisons matter.
///
/// It tells which engines are worth a trial (``EngineTrial``), and chooses where there is none: models too large to try in time.
struct EngineCosts {
    /// Columns of ranks, and those of them that are sets of categories.
    var columnCount: Int
    var setCount: Int
    var treeCount: Int
    /// Steps of eight trees.
    var flatSteps: Int
    var isPlain: Bool
    /// Steps of one tree.
    var rankSteps: Int
    /// Gathers of sixteen trees.
    var laneSteps: Int
    /// Records of four levels.
    var subtreeSteps: Int
    /// Of 32 rows.
    var sieveCycles: Double
    /// Of one value.
    var rankNanoseconds: Double
    /// Of one value sought in a set.
    private static let setNanoseconds = 15.0

    /// The engine for one row, the engine for a block, and the least number of rows that makes a block worth it.
    func choice(of engines: [CompiledForest.Engine]) -> (row: CompiledForest.Engine, block: CompiledForest.Engine, rowCountMin: Int) {
        let whole = RankColumns.blockRowCount
        let row = engines.filter(\.isForOneRow).min { cost($0, 1) < cost($1, 1) }!
        let block = engines.min { cost($0, whole) < cost($1, whole) }!
        let least = (2...whole).first { cost(block, $0) <= cost(row, $0) } ?? whole
        return (row, block, least)
    }

    /// Of a batch of at most a block's rows.
    func cost(_ engine: CompiledForest.Engine, _ rowCount: Int) -> Double {
        let rows = Double(rowCount)
        let sets = rows * Double(setCount) * EngineCosts.setNanoseconds
        let columns = sets + rows * Double(columnCount - setCount) * rankNanoseconds
        // Of 64 rows; half of one is the least.
        let vectors = rowCount <= 32 ? 0.5 : Double((rowCount + 63) / 64)
        switch engine {
        case .flat: return rows * (isPlain ? 14.5 : 20) * Double(flatSteps)
        case .ranks:
            // Eight rows go together, present or not.
            return 50 + sets + rows * Double(columnCount - setCount) * 6 + Double((rowCount + 7) / 8 * 8) * 0.8 * Double(rankSteps)
        case .lanes: return rowCount == 1 ? 60 + sets + 5.4 * Double(laneSteps) : 50 + columns + rows * (10 + 3.8 * Double(laneSteps))
        case .subtrees: return 50 + columns + rows * 1.9 * Double(subtreeSteps)
        case .sieve512: return 50 + columns + sieveCycles * 0.26 * (1.1 + vectors) + rows * 0.2 * Double(treeCount)
        case .sieve256: return 50 + columns + sieveCycles * 0.46 * (0.6 + vectors) + rows * 0.3 * Double(treeCount)
        case .sieve128: return 50 + columns + sieveCycles * 0.92 * (0.3 + vectors) + rows * 0.3 * Double(treeCount)
        }
    }
}

extension RankColumns.Kernel {
    /// Of one value.
    var nanoseconds: Double {
        switch self {
        case .portable: 6
        case .avx2: 2.3
        case .avx512: 1.3
        }
    }
}

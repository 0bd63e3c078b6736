/// What engines cost for a model, in nanoseconds as measured on one machine; only comparisons matter.
///
/// The choice never shows in a result's bits, so it need not be exact; it must be the same at every load, so nothing is measured then.
struct EngineCosts {
    var columnCount: Int
    var treeCount: Int
    var flatSteps: Int
    var isPlain: Bool
    var rankSteps: Int
    var laneSteps: Int
    var sieveNodes: Int

    /// One row alone.
    private func row(_ engine: CompiledForest.Engine) -> Double? {
        switch engine {
        case .flat: isPlain ? 4 * Double(flatSteps) : 40 * Double(flatSteps)
        case .lanes: 60 + 12 * Double(columnCount) / 4 + 20 * Double(laneSteps)
        case .ranks, .sieve128, .sieve256, .sieve512: nil
        }
    }

    /// A block of 128 rows.
    private func block(_ engine: CompiledForest.Engine) -> Double {
        switch engine {
        case .flat: 128 * row(.flat)!
        case .ranks: 128 * (4 * Double(columnCount) + 0.6 * Double(rankSteps))
        case .lanes: 128 * (2 * Double(columnCount) + 20 * Double(laneSteps))
        case .sieve512: 128 * 1.5 * Double(columnCount) + 1.7 * Double(sieveNodes) + 32 * Double(treeCount)
        case .sieve256: 128 * 4 * Double(columnCount) + 5 * Double(sieveNodes) + 80 * Double(treeCount)
        case .sieve128: 128 * 4 * Double(columnCount) + 16 * Double(sieveNodes) + 80 * Double(treeCount)
        }
    }

    func cheapestForRow(of engines: [CompiledForest.Engine]) -> CompiledForest.Engine {
        engines.filter { row($0) != nil }.min { row($0)! < row($1)! }!
    }

    func cheapestForBlock(of engines: [CompiledForest.Engine]) -> CompiledForest.Engine {
        engines.min { block($0) < block($1) }!
    }

    func blockRowCountMin(row rowEngine: CompiledForest.Engine, block blockEngine: CompiledForest.Engine) -> Int {
        max(2, Int((block(blockEngine) / row(rowEngine)!).rounded(.up)))
    }
}

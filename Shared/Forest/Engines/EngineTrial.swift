internal import RiskDomain

/// Times engines on a few made-up rows when a model is loaded: what a step costs differs between processors by more than any table tells.
///
/// The choice of an engine never shows in a score's bits, and nothing else depends on what is timed here.
struct EngineTrial {
    /// What a trial may take; a run that would not end in time is not begun.
    static let nanosecondsMax = 1_500_000.0
    /// Runs of which the fastest counts: the first one fills the caches.
    private static let runCount = 2

    /// Nanoseconds that this thread has run, so that others' turns do not count.
    let now: () -> Int64
    private let begin: Int64

    init(now: @escaping () -> Int64) {
        self.now = now
        begin = now()
    }

    /// The fastest run's nanoseconds; nil where there is no time for one.
    ///
    /// - Parameter estimate: What a run is thought to take.
    func nanoseconds(estimate: Double, _ run: () -> Void) -> Double? {
        var fastest: Double?
        for _ in 0..<EngineTrial.runCount {
            let start = now()
            guard Double(start - begin) + (fastest ?? estimate) < EngineTrial.nanosecondsMax else { break }
            run()
            fastest = min(fastest ?? .infinity, Double(now() - start))
        }
        return fastest
    }
}

/// Half a block of rows whose values are the model's own thresholds, drawn from a fixed seed, so that rows take all kinds of paths.
struct TrialRows {
    /// A row of more features costs more to make up than a trial may take.
    static let featureCountMax = 256

    /// `block / 2 × featureCount`.
    let values: [Double]

    init(_ columns: RankColumns, featureCount: Int) {
        var thresholds = [[Double]](repeating: [0], count: featureCount)
        for (key, values) in zip(columns.keys, columns.thresholds) where !values.isEmpty {
            thresholds[Int(key.feature)] = key.categories.map { $0.values.isEmpty ? [0] : $0.values } ?? values
        }
        var random = SplitMix64(seed: 1)
        values = (0..<RankColumns.blockRowCount / 2).flatMap { _ in
            thresholds.map { $0[random.next(below: $0.count)] }
        }
    }
}

extension CompiledForest {
    /// Chooses engines by timing those that the table of costs does not think hopeless.
    mutating func choose(by trial: EngineTrial, _ columns: RankColumns, _ costs: EngineCosts) {
        let half = RankColumns.blockRowCount / 2
        let rows = TrialRows(columns, featureCount: featureCount).values
        var margins = [Double](repeating: 0, count: half * outputCount)
        let forest = self

        func time(_ engine: Engine, rowsAtOnce: Int, calls: Int = 1) -> Double? {
            trial.nanoseconds(estimate: costs.cost(engine, rowsAtOnce) * Double(calls)) {
                rows.withUnsafeBufferPointer { rows in
                    margins.withUnsafeMutableBufferPointer { margins in
                        for call in 0..<calls {
                            let from = rows[call * rowsAtOnce * forest.featureCount..<(call + 1) * rowsAtOnce * forest.featureCount]
                            forest.margins(
                                rows: UnsafeBufferPointer(rebasing: from),
                                into: UnsafeMutableBufferPointer(rebasing: margins[..<(rowsAtOnce * forest.outputCount)]), using: engine)
                        }
                    }
                }
            }
        }
        /// The most promising first, in case that time runs out.
        func candidates(_ engines: [Engine], _ rowCount: Int) -> [Engine] {
            let sorted = engines.sorted { (costs.cost($0, rowCount), $0.rawValue) < (costs.cost($1, rowCount), $1.rawValue) }
            return sorted.filter { costs.cost($0, rowCount) <= EngineTrial.hopeless * costs.cost(sorted[0], rowCount) }
        }

        let single = candidates(engines.filter(\.isForOneRow), 1).compactMap { engine in
            time(engine, rowsAtOnce: 1, calls: EngineTrial.calls).map { (engine, $0) }
        }
        guard let row = single.min(by: { $0.1 < $1.1 }) else { return }
        rowEngine = row.0
        let few = EngineTrial.calls
        let perRow = (time(rowEngine, rowsAtOnce: few) ?? row.1) / Double(few)
        // Half a block tells which engine is best for a whole one.
        let blocks = candidates(engines, half).compactMap { engine in time(engine, rowsAtOnce: half).map { (engine, $0) } }
        guard let block = blocks.min(by: { $0.1 < $1.1 }) else { return }
        blockEngine = block.0
        guard blockEngine != rowEngine else {
            blockRowCountMin = 2
            return
        }
        let quarter = time(blockEngine, rowsAtOnce: half / 2) ?? block.1 / 2
        let eighth = time(blockEngine, rowsAtOnce: half / 4) ?? quarter
        // A sieve costs the same for up to 32 rows, and for up to 64; then rows add to it. Just above 32 rows it may be a little dearer than
        // row by row, which is no reason to leave it below.
        func cost(_ count: Int) -> Double {
            if count <= half / 4 { return eighth }
            return quarter + max(0, Double(count - half / 2)) / Double(half / 2) * (block.1 - quarter)
        }
        blockRowCountMin = (2..<half).first { cost($0) <= Double($0) * perRow } ?? half
    }
}

extension EngineTrial {
    /// Times as costly as the best by the table: not tried.
    fileprivate static let hopeless = 3.0
    /// Single rows timed together: one is too short for the clock.
    fileprivate static let calls = 16
}

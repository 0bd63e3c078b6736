internal import Evaluation
internal import Forest

/// How long a model takes for a row, by the rows scored at once.
package struct ModelBench: Hashable, Sendable {
    package struct Line: Hashable, Sendable {
        package var engine: String
        package var batchCount: Int
        /// Nanoseconds a row: of the batches' times the median, 99 % and the least.
        package var median: Double
        package var high: Double
        package var least: Double
        package var batches: Int
    }

    package var lines: [Line]

    /// - Parameters:
    ///   - rows: Scored in turn, so that a batch finds other rows than the one before.
    ///   - budget: Time spent on each line.
    package init(
        _ model: LoadedModel, rows: ModelRows, batchCounts: [Int], budget: Duration, engines: [ModelEngine]? = nil
    ) {
        precondition(rows.count > 0)
        lines = []
        let outputCount = model.ensemble.outputCount
        for engine in engines ?? [ModelEngine.chosen(model)] {
            for wanted in batchCounts {
                let batch = min(wanted, rows.count)
                var margins = [Double](repeating: 0, count: batch * outputCount)
                var times: [Double] = []
                let clock = ContinuousClock()
                let start = clock.now
                var next = 0
                // Several small batches a reading, so that the clock's own cost does not show.
                let repeats = max(1, 64 / batch)
                rows.values.withUnsafeBufferPointer { values in
                    margins.withUnsafeMutableBufferPointer { margins in
                        func score() {
                            if next + batch > rows.count { next = 0 }
                            let part = values[next * rows.featureCount..<(next + batch) * rows.featureCount]
                            engine.margins(UnsafeBufferPointer(rebasing: part), margins)
                            next += batch
                        }
                        // Warm caches and branch tables.
                        for _ in 0..<3 { score() }
                        repeat {
                            let begun = clock.now
                            for _ in 0..<repeats { score() }
                            let elapsed = begun.duration(to: clock.now)
                            times.append(elapsed / .nanoseconds(1) / Double(batch * repeats))
                        } while times.count < 5 || (start.duration(to: clock.now) < budget && times.count < 1_000_000)
                    }
                }
                let quantiles = Quantiles(times)
                lines.append(
                    Line(
                        engine: engine.name, batchCount: batch, median: quantiles.value(at: 0.5) ?? 0,
                        high: quantiles.value(at: 0.99) ?? 0, least: quantiles.sorted.first ?? 0, batches: times.count * repeats))
            }
        }
    }
}

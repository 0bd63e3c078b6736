internal import Forest

/// The engines that can score a model here: the one place where commands are tied to them.
package struct ModelEngine: Sendable {
    package var name: String
    /// Margins of rows that lie one behind the other, `rows × outputs`.
    package var margins: @Sendable (UnsafeBufferPointer<Double>, UnsafeMutableBufferPointer<Double>) -> Void

    package init(
        name: String, margins: @escaping @Sendable (UnsafeBufferPointer<Double>, UnsafeMutableBufferPointer<Double>) -> Void
    ) {
        self.name = name
        self.margins = margins
    }

    /// The slow, obvious walk that all others must agree with.
    package static func reference(_ model: LoadedModel) -> ModelEngine {
        let ensemble = model.ensemble
        return ModelEngine(name: "reference") { rows, margins in
            for row in 0..<margins.count / ensemble.outputCount {
                let values = UnsafeBufferPointer(
                    rebasing: rows[row * ensemble.featureCount..<(row + 1) * ensemble.featureCount])
                for (output, margin) in ensemble.margins(row: values).enumerated() {
                    margins[row * ensemble.outputCount + output] = margin
                }
            }
        }
    }

    /// The fast ones.
    package static func fast(_ model: LoadedModel) -> [ModelEngine] {
        guard let forest = model.forest else { return [] }
        let engine = FlatEngine(forest)
        return [
            ModelEngine(name: "flat") { rows, margins in
                if margins.count == 1 {
                    margins[0] = engine.score(rows)
                    return
                }
                var scores = [Double](repeating: 0, count: margins.count)
                engine.score(rows: rows, into: &scores)
                for row in scores.indices { margins[row] = scores[row] }
            }
        ]
    }

    /// The one that services score with.
    package static func fastest(_ model: LoadedModel) -> ModelEngine { fast(model).first ?? reference(model) }

    package func margins(rows: [Double], outputCount: Int, rowCount: Int) -> [Double] {
        var result = [Double](repeating: 0, count: rowCount * outputCount)
        rows.withUnsafeBufferPointer { rows in result.withUnsafeMutableBufferPointer { margins(rows, $0) } }
        return result
    }
}

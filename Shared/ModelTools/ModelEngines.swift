internal import Forest

/// An engine that can score a model here: the one place where commands are tied to them.
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

    /// The one that is chosen for the model, this machine and the number of rows.
    package static func chosen(_ model: LoadedModel) -> ModelEngine {
        let compiled = CompiledForest(model.ensemble)
        return ModelEngine(name: "chosen") { rows, margins in compiled.margins(rows: rows, into: margins) }
    }

    /// The chosen one, then every one that takes the model on this machine.
    package static func fast(_ model: LoadedModel) -> [ModelEngine] {
        let compiled = CompiledForest(model.ensemble)
        return [chosen(model)]
            + compiled.engines.map { engine in
                ModelEngine(name: engine.rawValue) { rows, margins in compiled.margins(rows: rows, into: margins, using: engine) }
            }
    }

    package func margins(rows: [Double], outputCount: Int, rowCount: Int) -> [Double] {
        var result = [Double](repeating: 0, count: rowCount * outputCount)
        rows.withUnsafeBufferPointer { rows in result.withUnsafeMutableBufferPointer { margins(rows, $0) } }
        return result
    }
}

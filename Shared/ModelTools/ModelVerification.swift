package import Forest

/// Whether every engine says of every row what the reference says, to the bit.
package struct ModelVerification: Hashable, Sendable {
    /// An engine and how often it was wrong.
    package struct Verdict: Hashable, Sendable {
        package var engine: String
        package var wrongCount: Int
        /// Index of the first wrong row, and both margins of the first output that differs.
        package var first: Mismatch?
    }

    package struct Mismatch: Hashable, Sendable {
        package var row: Int
        package var output: Int
        package var expected: Double
        package var found: Double
    }

    package var rowCount: Int
    package var verdicts: [Verdict]

    package var isFlawless: Bool { verdicts.allSatisfy { $0.wrongCount == 0 } }

    package init(_ model: LoadedModel, rows: ModelRows, engines: [ModelEngine]? = nil) {
        let outputCount = model.ensemble.outputCount
        rowCount = rows.count
        let expected = ModelEngine.reference(model).margins(rows: rows.values, outputCount: outputCount, rowCount: rows.count)
        verdicts = (engines ?? ModelEngine.fast(model)).map { engine in
            let found = engine.margins(rows: rows.values, outputCount: outputCount, rowCount: rows.count)
            var verdict = Verdict(engine: engine.name, wrongCount: 0)
            for row in 0..<rows.count {
                let outputs = row * outputCount..<(row + 1) * outputCount
                guard let wrong = outputs.first(where: { expected[$0].bitPattern != found[$0].bitPattern }) else { continue }
                verdict.wrongCount += 1
                if verdict.first == nil {
                    verdict.first = Mismatch(
                        row: row, output: wrong - outputs.lowerBound, expected: expected[wrong], found: found[wrong])
                }
            }
            return verdict
        }
    }

    /// Rows at the model's thresholds, and as many arbitrary ones.
    package static func probes(_ ensemble: TreeEnsemble, rowCount: Int, seed: UInt64) -> ModelRows {
        var probes = ProbeRows(ensemble, seed: seed)
        var rows = ModelRows(featureCount: ensemble.featureCount)
        // Seven rows a node.
        for row in probes.atThresholds(nodeCountMax: max(1, rowCount / 14)) { rows.append(row) }
        while rows.count < rowCount { rows.append(probes.arbitrary()) }
        return rows
    }
}

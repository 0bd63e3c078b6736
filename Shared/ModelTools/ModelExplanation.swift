package import Forest
package import RiskDomain

/// A row's score and what each feature added to it.
package struct ModelExplanation: Hashable, Sendable {
    package struct Part: Hashable, Sendable {
        package var feature: String
        /// NaN for a missing value.
        package var value: Double
        /// Of the margin, above or below ``base``.
        package var contribution: Double
    }

    /// How a margin is divided among the features.
    package enum Method: String, Hashable, Sendable, CaseIterable {
        /// Shapley values, path-dependent (Lundberg et al., 2020): what services give reasons by.
        case shap
        /// The cheap attribution along a row's way through the trees (Saabas, 2014).
        case path
        /// Shapley values, interventional: what is not known of a row is taken from the rows of a background.
        case interventional
    }

    /// The output explained.
    package var output: Int
    package var scores: [Double]
    package var margin: Double
    /// The margin where nothing is known of a row; with a background its mean margin.
    package var base: Double
    package var decision: Decision?
    /// The greatest contribution, up or down, first; of equal ones the lower feature index.
    package var parts: [Part]
    /// At most four reasons that pushed the score up most.
    package var reasons: [Reason]

    package struct Reason: Hashable, Sendable {
        package var code: String
        package var text: String
        package var contribution: Double
    }
}

/// Explains rows of one model.
package struct ModelExplainer {
    private enum Attribution {
        case shap(ShapEngine, ShapScratch)
        case path(PathAttribution)
        case interventional(InterventionalShapEngine)
    }

    private let model: LoadedModel
    private let output: Int
    private let words: ReasonWords
    private let attribution: Attribution

    /// - Parameters:
    ///   - output: Whose margin is explained.
    ///   - background: What ``ModelExplanation/Method/interventional`` compares with; the other methods do not look at it.
    ///   - words: What reasons are told in; nil for the model's own words, or else the features' names.
    /// - Throws: ``ModelToolFailure`` for an output that the model does not have or a background without rows,
    ///   `ForestFailure` for a model that the method cannot explain, such as paths of more than 64 features against a background.
    package init(
        _ model: LoadedModel, output: Int = 0, method: ModelExplanation.Method = .shap, background: ModelRows? = nil,
        words: ReasonWords? = nil
    ) throws {
        guard (0..<model.ensemble.outputCount).contains(output) else {
            throw ModelToolFailure("\(model.path): the model has \(model.ensemble.outputCount) outputs, the first is 0")
        }
        self.model = model
        self.output = output
        self.words = words ?? model.forest?.words ?? ReasonWords(features: model.features)
        switch method {
        case .shap:
            let engine = try ShapEngine(model.ensemble.withCover)
            attribution = .shap(engine, engine.makeScratch())
        case .path: attribution = .path(try PathAttribution(model.ensemble.withCover))
        case .interventional:
            guard let background, background.count > 0 else { throw ModelToolFailure("there are no background rows to compare with") }
            attribution = .interventional(try InterventionalShapEngine(model.ensemble, background: background.values))
        }
    }

    /// - Parameter row: One value per feature.
    package func explain(_ row: [Double]) -> ModelExplanation {
        precondition(row.count == model.features.count)
        var all = [Double](repeating: 0, count: model.ensemble.outputCount * row.count)
        let base: Double
        switch attribution {
        case .shap(let engine, let scratch):
            engine.explain(row, into: &all, using: scratch)
            base = engine.base[output]
        case .path(let path):
            path.explain(row, into: &all)
            base = path.base[output]
        case .interventional(let engine):
            var scratch = engine.makeScratch()
            engine.explain(row, into: &all, using: &scratch)
            base = engine.base[output]
        }
        let contributions = Array(all[output * row.count..<(output + 1) * row.count])
        let margins = model.ensemble.margins(row: row)
        let scores = row.withUnsafeBufferPointer { model.scores(of: $0) }
        var reasons = TopReasons()
        words.reasons(contributions: contributions, row: row, into: &reasons)
        let parts = row.indices.map {
            ModelExplanation.Part(feature: model.features[$0], value: row[$0], contribution: contributions[$0])
        }
        return ModelExplanation(
            output: output, scores: scores, margin: margins[output], base: base,
            decision: model.thresholds.map { $0.decision(for: scores[output]) },
            parts: parts.enumerated()
                .sorted { ($1.element.contribution.magnitude, $0.offset) < ($0.element.contribution.magnitude, $1.offset) }
                .map(\.element),
            reasons: reasons.map {
                ModelExplanation.Reason(code: words.code(of: $0), text: words.text(of: $0), contribution: $0.contribution)
            })
    }
}

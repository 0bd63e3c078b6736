package import Forest
package import Hashing
package import RiskDomain

/// A model file of any format, read and checked.
package struct LoadedModel: Sendable {
    /// As it was named.
    package var path: String
    package var format: ModelFormat
    package var byteCount: Int
    /// SHA-256 of the file: the name by which decisions remember a model.
    package var hash: ContentHash
    package var ensemble: TreeEnsemble
    /// One per value of a row, unique.
    package var features: [String]
    package var featureSet: ContentHash?
    package var thresholds: DecisionThresholds?
    package var training: TrainingRecord?
    /// What else the file tells of itself, such as its producer; in the file's order.
    package var metadata: [(name: String, value: String)]
    /// The model as services load it; nil for a format of another library.
    package var forest: Forest?

    package init(
        path: String, format: ModelFormat, byteCount: Int, hash: ContentHash, ensemble: TreeEnsemble, features: [String],
        featureSet: ContentHash? = nil, thresholds: DecisionThresholds? = nil, training: TrainingRecord? = nil,
        metadata: [(name: String, value: String)] = [], forest: Forest? = nil
    ) {
        self.path = path
        self.format = format
        self.byteCount = byteCount
        self.hash = hash
        self.ensemble = ensemble
        self.features = features
        self.featureSet = featureSet
        self.thresholds = thresholds
        self.training = training
        self.metadata = metadata
        self.forest = forest
    }

    /// What a row scores: its margins after the link.
    package func scores(of row: UnsafeBufferPointer<Double>) -> [Double] { ensemble.scores(of: ensemble.margins(row: row)) }
}

/// Why a command about models cannot do what it is asked to.
package struct ModelToolFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// One line that says what, where, and what to do.
    package var description: String

    package init(_ description: String) { self.description = description }
}

extension TreeEnsemble {
    /// Scores of one row's margins.
    package func scores(of margins: [Double]) -> [Double] {
        var scores = margins
        scores.withUnsafeMutableBufferPointer { link.apply(to: $0, in: arithmetic) }
        return scores
    }
}

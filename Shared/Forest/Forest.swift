package import Hashing
package import RiskDomain

/// A fraud model: one or more trees, the thresholds that turn its score into a decision, and where it comes from.
///
/// The score is the mean of the trees' leaf values: a probability of fraud in `0...1`. It is summed in `Double` in the trees'
/// order and divided once by their number, so it has the same bits on every machine and in every engine.
///
/// A `Forest` is always valid (see ``validate()``): it is made by a checking initialiser and does not change afterwards.
package struct Forest: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case tree
        case forest
    }

    package let kind: Kind
    /// Names of the inputs; a row's values stand in this order.
    package let features: [String]
    /// Content hash of the feature-set file the model was trained with, where one is known.
    package let featureSet: ContentHash?
    package let thresholds: DecisionThresholds
    /// What the model was fitted on; nil for an imported model.
    package let training: TrainingRecord?
    package let trees: [Tree]

    /// - Throws: ``ForestFailure`` that names the first part that breaks a rule.
    package init(
        kind: Kind, features: [String], featureSet: ContentHash? = nil, thresholds: DecisionThresholds,
        training: TrainingRecord? = nil, trees: [Tree]
    ) throws(ForestFailure) {
        self.kind = kind
        self.features = features
        self.featureSet = featureSet
        self.thresholds = thresholds
        self.training = training
        self.trees = trees
        try validate()
    }

    /// The same trees with other thresholds or another record of their training.
    package func replacing(thresholds: DecisionThresholds, training: TrainingRecord?) throws(ForestFailure) -> Forest {
        try Forest(kind: kind, features: features, featureSet: featureSet, thresholds: thresholds, training: training, trees: trees)
    }

    package var nodeCount: Int { trees.reduce(0) { $0 + $1.nodeCount } }

    /// Edges on the longest path of any tree.
    package var depth: Int { trees.reduce(0) { max($0, $1.depth) } }
}

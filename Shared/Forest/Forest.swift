package import Hashing
package import RiskDomain
internal import Yaml

/// A fraud model: one or more trees, the thresholds that turn its score into a decision, and where it comes from.
///
/// The score is a probability of fraud in `0...1`: for a forest grown here the mean of the trees' leaf values, for a boosted one the
/// logistic function of their sum. Sums are taken in the trees' order and in `Double` (or as ``TreeEnsemble/arithmetic`` says), so they have
/// the same bits on every machine and in every engine.
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
    /// The file that puts reasons into words; nil where every feature is a reason by its own name.
    package let reasons: ReasonFile?
    /// What ``reasons`` says of ``features``.
    package let words: ReasonWords
    /// The trees: one output, whose link is ``TreeEnsemble/Link/identity`` or ``TreeEnsemble/Link/logistic``.
    package let ensemble: TreeEnsemble

    /// A model of trees whose leaves hold shares of fraud: its score is their mean. What `trees` say of inner nodes' values is not
    /// kept: they follow from the leaves' (``DecisionTree/nodeValues``).
    ///
    /// - Throws: ``ForestFailure`` that names the first part that breaks a rule.
    package init(
        kind: Kind, features: [String], featureSet: ContentHash? = nil, thresholds: DecisionThresholds,
        training: TrainingRecord? = nil, reasons: ReasonFile? = nil, trees: [Tree]
    ) throws(ForestFailure) {
        try Forest.validate(trees, featureCount: features.count)
        try self.init(
            kind: kind, features: features, featureSet: featureSet, thresholds: thresholds, training: training, reasons: reasons,
            ensemble: TreeEnsemble(featureCount: features.count, aggregation: .mean, trees: trees.map(\.decisionTree)))
    }

    /// A model of any trees that give one probability.
    ///
    /// - Throws: ``ForestFailure`` that names the first part that breaks a rule.
    package init(
        kind: Kind, features: [String], featureSet: ContentHash? = nil, thresholds: DecisionThresholds,
        training: TrainingRecord? = nil, reasons: ReasonFile? = nil, ensemble: TreeEnsemble
    ) throws(ForestFailure) {
        self.kind = kind
        self.features = features
        self.featureSet = featureSet
        self.thresholds = thresholds
        self.training = training
        self.reasons = reasons
        do throws(YamlFailure) { words = try reasons?.words(for: features) ?? ReasonWords(features: features) } catch {
            throw ForestFailure(at: "reasons", "\(error)")
        }
        self.ensemble = ensemble
        try validate()
    }

    /// The same trees with other thresholds or another record of their training.
    package func replacing(thresholds: DecisionThresholds, training: TrainingRecord?) throws(ForestFailure) -> Forest {
        try Forest(
            kind: kind, features: features, featureSet: featureSet, thresholds: thresholds, training: training, reasons: reasons,
            ensemble: ensemble)
    }

    /// The same trees for a feature set whose features stand in the same order, told in those features' names.
    package func replacing(features: [String], featureSet: ContentHash?) throws(ForestFailure) -> Forest {
        try Forest(
            kind: kind, features: features, featureSet: featureSet, thresholds: thresholds, training: training, ensemble: ensemble)
    }

    /// The same model told in other words.
    package func replacing(reasons: ReasonFile?) throws(ForestFailure) -> Forest {
        try Forest(
            kind: kind, features: features, featureSet: featureSet, thresholds: thresholds, training: training, reasons: reasons,
            ensemble: ensemble)
    }

    package var treeCount: Int { ensemble.trees.count }
    package var nodeCount: Int { ensemble.nodeCount }

    /// Edges on the longest path of any tree.
    package var depth: Int { ensemble.depth }
}

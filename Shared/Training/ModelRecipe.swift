package import Forest

/// What the thresholds of a new model shall achieve, as far as its training rows tell.
package struct ThresholdTargets: Hashable, Sendable {
    /// At most this share of the transactions is reviewed or declined.
    package var alertRateMax: Double
    /// Declined transactions are fraud in at least this share of the cases.
    package var declinePrecisionMin: Double

    /// - Precondition: both in `0...1`.
    package init(alertRateMax: Double = 0.01, declinePrecisionMin: Double = 0.95) {
        precondition((0...1).contains(alertRateMax) && (0...1).contains(declinePrecisionMin))
        self.alertRateMax = alertRateMax
        self.declinePrecisionMin = declinePrecisionMin
    }
}

/// All that decides, with the rows, what a new model will be.
///
/// Trees are grown, pruned, made smaller, scored on rows they have not seen, calibrated; then thresholds are chosen.
package struct ModelRecipe: Hashable, Sendable {
    package enum Algorithm: Hashable, Sendable {
        case tree(TreeParameters)
        case forest(ForestParameters)
    }

    /// How scores become probabilities that hold.
    package enum CalibrationMethod: String, Hashable, Sendable, CaseIterable {
        /// A sigmoid of the score: of a mean of trees it is again a mean of trees, of scaled leaves, under the logistic link.
        case platt
        /// A rising function of the score: new leaves for one tree; of several trees it is no sum of trees and cannot be served.
        case isotonic
    }

    /// A new model and how it scores rows it was fitted to.
    package struct Fit: Sendable {
        package var forest: Forest
        /// The same trees with shares of fraud in their leaves, where ``forest`` is calibrated.
        package var uncalibrated: Forest
        /// Of ``rows``.
        package var scores: [Double]
        /// Indexes into the set; those that no tree left out are missing where scores are out-of-bag.
        package var rows: [Int]
        package var basis: Basis
        /// What was made smaller; nil without ``ModelRecipe/compression``.
        package var compression: ForestCompression.Report?
    }

    /// Where the scores come from that thresholds and calibration are chosen on.
    package enum Basis: String, Hashable, Sendable {
        /// Of the trees that did not see a row.
        case outOfBag = "out of bag"
        /// Of a forest of the same recipe that saw no row of the row's customer.
        case crossFitted = "cross-fitted"
        /// Of the model itself, which knows the rows too well.
        case fitted
    }

    package var algorithm: Algorithm
    package var seed: UInt64
    package var targets: ThresholdTargets
    /// Whether classes weigh alike, each row `rows / (2 × rows of its class)`, in place of the parameters' own weights.
    package var isBalancing = false
    /// Whether the strength of cost-complexity pruning is chosen on rows that trees have not seen, in place of the parameters' own.
    package var isChoosingPruning = false
    package var splitMode = SplitMode.automatic
    package var compression: ForestCompression?
    package var calibration: CalibrationMethod?
    /// Threads that work at the same time; nil for as many as there are processors. It does not show in the model.
    package var workerCount: Int?

    /// The recipe of the card-transaction model: 100 trees by information gain, at most 12 deep, 5 rows a leaf, 5 features a split.
    ///
    /// Chosen among 24 (criterion, depth 10, 12 or 15, leaf 1 or 5, 3 or 5 features) by the out-of-bag average precision on the
    /// handbook's training week. Twelve levels also keep a score at about 1,000 steps.
    package static let standard = ModelRecipe(
        algorithm: .forest(
            ForestParameters(
                treeCount: 100, tree: TreeParameters(criterion: .entropy, depthMax: 12, leafRowsMin: 5, featureSample: .count(5)))))

    package init(algorithm: Algorithm, seed: UInt64 = 0, targets: ThresholdTargets = ThresholdTargets()) {
        self.algorithm = algorithm
        self.seed = seed
        self.targets = targets
    }

    package var treeCount: Int { if case .forest(let forest) = algorithm { forest.treeCount } else { 1 } }

    /// What is done to the trees once they are grown does not matter to those who grow them.
    package var growing: ModelRecipe {
        var recipe = self
        recipe.isChoosingPruning = false
        recipe.compression = nil
        recipe.calibration = nil
        return recipe
    }

    /// What the trees have in common.
    package var tree: TreeParameters {
        get {
            switch algorithm {
            case .tree(let tree): tree
            case .forest(let forest): forest.tree
            }
        }
        set {
            switch algorithm {
            case .tree: algorithm = .tree(newValue)
            case .forest(var forest):
                forest.tree = newValue
                algorithm = .forest(forest)
            }
        }
    }
}

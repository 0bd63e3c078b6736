/// What makes a split good.
package enum SplitCriterion: String, Hashable, Sendable, CaseIterable {
    /// Information gain: decrease of entropy in bits (Quinlan, "Induction of decision trees", 1986).
    case entropy
    /// Decrease of Gini impurity (Breiman, Friedman, Olshen, Stone, "Classification and regression trees", 1984).
    case gini
}

/// Which thresholds of a feature a node considers.
package enum SplitChoice: String, Hashable, Sendable, CaseIterable {
    /// All of them.
    case best
    /// One, drawn evenly between the node's least and greatest value (Geurts, Ernst, Wehenkel, "Extremely randomized trees", 2006).
    case random
}

/// How many features a node looks at.
package enum FeatureSample: Hashable, Sendable {
    case all
    /// The square root of the number of features, rounded down; at least one.
    case squareRoot
    case count(Int)

    func count(of featureCount: Int) -> Int {
        switch self {
        case .all: featureCount
        case .squareRoot: max(1, Int(Double(featureCount).squareRoot()))
        case .count(let count): min(max(1, count), featureCount)
        }
    }
}

/// How much a row of each class weighs.
package struct ClassWeights: Hashable, Sendable {
    package var legitimate: Double
    package var fraud: Double

    /// - Precondition: both finite and positive.
    package init(legitimate: Double, fraud: Double) {
        precondition(legitimate.isFinite && fraud.isFinite && legitimate > 0 && fraud > 0)
        self.legitimate = legitimate
        self.fraud = fraud
    }

    package static let equal = ClassWeights(legitimate: 1, fraud: 1)
}

/// What a tree's answer may do while one feature grows and the others stay.
package enum Monotonicity: Int8, Hashable, Sendable {
    case falling = -1
    case free = 0
    case rising = 1
}

/// Where a tree stops growing and how it chooses.
package struct TreeParameters: Hashable, Sendable {
    package var criterion: SplitCriterion
    package var choice: SplitChoice
    /// Edges from the root to a leaf at most; nil for no bound but the model file's.
    package var depthMax: Int?
    /// Rows that a node needs to be split, at least 2; a row that the sample holds several times counts once.
    package var splitRowsMin: Int
    /// Rows that each child must keep, at least 1; a row that the sample holds several times counts once.
    package var leafRowsMin: Int
    /// Least decrease of impurity, weighed by the node's share of the tree's rows, that a split must bring.
    package var impurityDecreaseMin: Double
    package var featureSample: FeatureSample
    package var classWeights: ClassWeights
    /// By feature; empty where all are free. A missing value is outside of the order.
    package var monotonicity: [Monotonicity]
    /// Features whose values are names: a split parts them into two sets, the best of all sets there are (Breiman et al. 1984, theorem
    /// 4.5: ordered by their share of fraud). Missing values are on either side.
    package var categoricalFeatures: [Int]
    /// Strength of cost-complexity pruning: subtrees that lower the impurity by at most this per leaf are cut (0: none).
    package var pruningAlpha: Double

    package init(
        criterion: SplitCriterion = .gini, choice: SplitChoice = .best, depthMax: Int? = nil, splitRowsMin: Int = 2, leafRowsMin: Int = 1,
        impurityDecreaseMin: Double = 0, featureSample: FeatureSample = .all, classWeights: ClassWeights = .equal,
        monotonicity: [Monotonicity] = [], categoricalFeatures: [Int] = [], pruningAlpha: Double = 0
    ) {
        precondition(splitRowsMin >= 2 && leafRowsMin >= 1 && (depthMax ?? 0) >= 0 && impurityDecreaseMin >= 0 && pruningAlpha >= 0)
        self.criterion = criterion
        self.choice = choice
        self.depthMax = depthMax
        self.splitRowsMin = splitRowsMin
        self.leafRowsMin = leafRowsMin
        self.impurityDecreaseMin = impurityDecreaseMin
        self.featureSample = featureSample
        self.classWeights = classWeights
        self.monotonicity = monotonicity.contains { $0 != .free } ? monotonicity : []
        self.categoricalFeatures = categoricalFeatures.sorted()
        self.pruningAlpha = pruningAlpha
    }
}

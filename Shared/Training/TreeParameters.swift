/// What makes a split good.
package enum SplitCriterion: String, Hashable, Sendable, CaseIterable {
    /// Information gain: decrease of entropy in bits (Quinlan, "Induction of decision trees", 1986).
    case entropy
    /// Decrease of Gini impurity (Breiman, Friedman, Olshen, Stone, "Classification and regression trees", 1984).
    case gini
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

/// Where a tree stops growing and how it chooses.
package struct TreeParameters: Hashable, Sendable {
    package var criterion: SplitCriterion
    /// Edges from the root to a leaf at most; nil for no bound but the model file's.
    package var depthMax: Int?
    /// Rows, repeated draws counted, that a node needs to be split; at least 2.
    package var splitRowsMin: Int
    /// Rows, repeated draws counted, that each child must keep; at least 1.
    package var leafRowsMin: Int
    package var featureSample: FeatureSample
    package var classWeights: ClassWeights

    package init(
        criterion: SplitCriterion = .gini, depthMax: Int? = nil, splitRowsMin: Int = 2, leafRowsMin: Int = 1,
        featureSample: FeatureSample = .all, classWeights: ClassWeights = .equal
    ) {
        precondition(splitRowsMin >= 2 && leafRowsMin >= 1 && (depthMax ?? 0) >= 0)
        self.criterion = criterion
        self.depthMax = depthMax
        self.splitRowsMin = splitRowsMin
        self.leafRowsMin = leafRowsMin
        self.featureSample = featureSample
        self.classWeights = classWeights
    }
}

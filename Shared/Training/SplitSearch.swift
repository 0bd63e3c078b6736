/// Rows of a node by class, repeated draws counted. Whole numbers, so their sums do not depend on the order of the rows.
struct ClassCounts: Hashable {
    /// Frauds in the upper half, legitimate rows in the lower: both are added at once.
    var packed: UInt64

    init(packed: UInt64) { self.packed = packed }
    init(legitimate: Int, fraud: Int) { packed = UInt64(fraud) << 32 | UInt64(legitimate) }

    static let zero = ClassCounts(packed: 0)

    var legitimate: Int { Int(packed & 0xFFFF_FFFF) }
    var fraud: Int { Int(packed >> 32) }
    var total: Int { legitimate + fraud }
    var isEmpty: Bool { packed == 0 }
    var isPure: Bool { packed >> 32 == 0 || packed & 0xFFFF_FFFF == 0 }

    @inline(__always) static func + (lhs: ClassCounts, rhs: ClassCounts) -> ClassCounts { ClassCounts(packed: lhs.packed &+ rhs.packed) }
    @inline(__always) static func - (lhs: ClassCounts, rhs: ClassCounts) -> ClassCounts { ClassCounts(packed: lhs.packed &- rhs.packed) }
}

/// A way to part a node's rows.
struct Split {
    var feature: Int
    /// Ranks up to this one go left; whether a row of the node has it does not matter. Without meaning for a categorical feature.
    var rank: Int
    /// Ranks that go left, of a categorical feature.
    var leftRanks: [UInt32] = []
    /// The threshold, where it was drawn.
    var threshold: Double?
    var missingGoesLeft: Bool
    /// Whether the node has missing values of the feature.
    var isMissingKnown: Bool
    var left: ClassCounts
    var right: ClassCounts
    /// What the criterion makes of it, see ``SplitScorer``: the greater the better, comparable within one node.
    var quality: Double
}

/// The part of a criterion that differs between the splits of one node.
///
/// With class weights `w` and totals `W` per side: Gini's impurity decrease is, up to terms equal for all splits of a node,
/// `Σ_sides Σ_classes w² / W`; entropy's is `Σ_sides (Σ_classes w log₂ w − W log₂ W)`.
struct SplitScorer {
    let criterion: SplitCriterion
    let weights: ClassWeights
    private let logarithm = BinaryLogarithm()

    init(criterion: SplitCriterion, weights: ClassWeights) {
        self.criterion = criterion
        self.weights = weights
    }

    @inline(__always)
    func quality(_ left: ClassCounts, _ right: ClassCounts) -> Double { side(left) + side(right) }

    @inline(__always)
    func side(_ counts: ClassCounts) -> Double {
        let legitimate = Double(counts.legitimate) * weights.legitimate
        let fraud = Double(counts.fraud) * weights.fraud
        let total = legitimate + fraud
        switch criterion {
        case .gini: return (legitimate * legitimate + fraud * fraud) / total
        case .entropy: return xLogX(legitimate) + xLogX(fraud) - xLogX(total)
        }
    }

    @inline(__always)
    private func xLogX(_ x: Double) -> Double { x == 0 ? 0 : x * logarithm(x) }

    /// The share of fraud by weight.
    func value(_ counts: ClassCounts) -> Double {
        let fraud = Double(counts.fraud) * weights.fraud
        return fraud / (Double(counts.legitimate) * weights.legitimate + fraud)
    }

    func weight(_ counts: ClassCounts) -> Double {
        Double(counts.legitimate) * weights.legitimate + Double(counts.fraud) * weights.fraud
    }
}

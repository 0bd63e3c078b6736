internal import Glibc
internal import RiskDomain

extension TreeEnsemble {
    /// Whose arithmetic turns leaf values into margins and margins into scores: the types, the order and the functions.
    ///
    /// Trees alone do not say what a score is to the last bit. Where a score must be the one that a model was validated with, it is summed
    /// and linked as the library does that it comes from (`assay model convert --source-arithmetic`).
    ///
    /// Source: microsoft/LightGBM `gbdt_prediction.cpp`; dmlc/xgboost `cpu_predictor.cc` and `common/math.h`; microsoft/onnxruntime
    /// `tree_ensemble_aggregator.h` and `ml_common.h`.
    package enum Arithmetic: String, Hashable, Sendable, CaseIterable {
        /// Ours: sums in `Double` that begin at the base score (a mean's has it added), functions with the same bits on every machine.
        case portable
        /// LightGBM, scikit-learn and PMML of doubles: the same sums, the C library's functions of `Double`.
        case float64
        /// Sums in `Float` that begin at the base score, the C library's functions of `Float`.
        case xgboost
        /// Sums in `Float` that the base score is added to, the C library's functions of `Float`.
        case onnxRuntime = "onnx_runtime"
        /// Trees of doubles: sums in `Double` that the base score is added to and that are rounded to `Float` then.
        case onnxRuntimeDouble = "onnx_runtime_double"

        /// Whether every sum is rounded to `Float`.
        ///
        /// A sum of two `Float` taken in `Double` and rounded is the sum in `Float`: 53 bits are more than twice 24 and two, so rounding
        /// twice is rounding once (Figueroa, "When is double rounding innocuous?", 1995). The same holds of quotients.
        var roundsSums: Bool { self == .xgboost || self == .onnxRuntime }
        /// Whether a margin is a `Float`, however it was summed.
        var roundsMargins: Bool { roundsSums || self == .onnxRuntimeDouble }
        /// Whether the base score is added to the sum of the leaf values, which else begins with it.
        var addsBaseLast: Bool { self == .onnxRuntime || self == .onnxRuntimeDouble }
    }

    /// The same trees in the arithmetic of the library that they come from.
    package var inSourceArithmetic: TreeEnsemble {
        var ensemble = self
        ensemble.arithmetic = sourceArithmetic
        return ensemble
    }
}

/// From leaf values to margins: what the slow walk and every engine share.
struct Summation: Sendable {
    /// By output: where a sum begins.
    let first: [Double]
    /// By output: what is added to the sum; nil where nothing is.
    private let last: [Double]?
    /// The number of trees where margins are means.
    private let divisor: Double?
    let roundsSums: Bool
    private let roundsMargins: Bool

    init(_ ensemble: TreeEnsemble) {
        let arithmetic = ensemble.arithmetic
        roundsSums = arithmetic.roundsSums
        roundsMargins = arithmetic.roundsMargins
        let isMean = ensemble.aggregation == .mean
        let base = ensemble.baseScores.map { arithmetic.roundsSums ? Double(Float($0)) : $0 }
        let isBaseLast = isMean || arithmetic.addsBaseLast
        first = isBaseLast ? base.map { _ in 0 } : base
        last = isBaseLast ? base : nil
        divisor = isMean ? Double(ensemble.trees.count) : nil
    }

    @inline(__always)
    private func rounded(_ sum: Double) -> Double { roundsSums ? Double(Float(sum)) : sum }

    @inline(__always)
    func add(_ value: Double, to sum: inout Double) { sum = rounded(sum + (roundsSums ? Double(Float(value)) : value)) }

    /// Whether a sum is not the margin yet.
    var hasRest: Bool { last != nil || roundsMargins }

    @inline(__always)
    func margin(_ sum: Double, output: Int) -> Double {
        var margin = sum
        if let divisor { margin = rounded(margin / divisor) }
        if let last { margin = rounded(margin + last[output]) }
        return roundsMargins ? Double(Float(margin)) : margin
    }
}

extension TreeEnsemble.Arithmetic {
    /// Whether a softmax's powers are summed in `Float`; else in `Double`.
    var roundsPowerSums: Bool { self == .onnxRuntime || self == .onnxRuntimeDouble }

    /// `e^x`.
    func exponential(_ value: Double) -> Double {
        switch self {
        case .portable: PortableMath.exp(value)
        case .float64: exp(value)
        case .xgboost, .onnxRuntime, .onnxRuntimeDouble: Double(expf(Float(value)))
        }
    }

    /// `1 / (1 + e^-x)`.
    func logistic(_ value: Double) -> Double {
        switch self {
        case .portable, .float64: return 1 / (1 + exponential(-value))
        case .xgboost:
            // The least number that keeps the divisor from 0 is theirs, and so is the greatest exponent.
            let power = expf(min(-Float(value), 88.7))
            return Double(1 / (power + 1 + 1e-16))
        case .onnxRuntime, .onnxRuntimeDouble:
            let share = 1 / (1 + expf(-Float(value).magnitude))
            return Double(value < 0 ? 1 - share : share)
        }
    }
}

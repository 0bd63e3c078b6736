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
        /// Whether a softmax's powers are summed in `Float`; else in `Double`.
        var roundsPowerSums: Bool { self == .onnxRuntime || self == .onnxRuntimeDouble }
    }

    /// The same trees in the arithmetic of the library that they come from.
    package var inSourceArithmetic: TreeEnsemble {
        var ensemble = self
        ensemble.arithmetic = sourceArithmetic
        return ensemble
    }
}

// One value of the trees' row as a function of one value of the model's row.
//
// Each step computes in the type in which ONNX Runtime computes it, rounding included, so that a test on the step's result can be turned
// into a test on the value itself: see TreeEnsemble+Folding.

internal import Forest

/// Which value of a row a column is made of, and by which steps.
struct ColumnSource: Hashable, Sendable {
    struct Step: Hashable, Sendable {
        var kind: Kind
        /// What complaints call the operator.
        var place: String
    }

    enum Kind: Hashable, Sendable {
        /// To `Float`.
        case round
        /// To an integer, towards zero; something must look it up then, where what is missing or too large is nothing known.
        case cut
        case floor
        /// `(x - offset) · scale`, in the type of `x`, then to `Float`.
        case scale(offset: Float, scale: Float, isSingle: Bool)
        case arithmetic(PipelineOperation.Binary, constant: Double, constantIsFirst: Bool, isSingle: Bool)
        case negate
        case clip(low: Double, high: Double)
        /// `replaced` is NaN where missing values are imputed.
        case impute(value: Double, replaced: Double)
        /// `x > threshold` is 1, anything else 0.
        case binarize(threshold: Float)
        case look(Lookup)
    }

    /// A value by key, and what all other keys have.
    struct Lookup: Hashable, Sendable {
        var values: [Double: Double]
        var other: Double
        /// Of NaN.
        var missing: Double
    }

    /// Columns side by side, and steps of one: far above any pipeline in use, so that a hostile file's do not multiply.
    static let countMax = 2 * ForestLimits.featureCountMax
    static let stepCountMax = 32

    /// Index in the model's row.
    var column: Int
    var steps: [Step] = []

    init(column: Int) { self.column = column }

    func then(_ kind: Kind, _ place: String) -> ColumnSource {
        var result = self
        result.steps.append(Step(kind: kind, place: place))
        return result
    }

    /// Whether the value goes through a `Float` before anything else happens to it.
    var isRounded: Bool { steps.first?.kind == .round }

    /// Index of the step that looks the value up, where one does.
    var lookupIndex: Int? { steps.firstIndex { if case .look = $0.kind { true } else { false } } }

    /// What the steps make of a value.
    ///
    /// - Parameters:
    ///   - first: The first step that is done.
    ///   - isReplacing: Whether imputers replace values that are not missing.
    func value(of value: Double, from first: Int = 0, isReplacing: Bool = true) -> Double {
        var value = value
        for step in steps[first...] { step.kind.apply(to: &value, isReplacing) }
        return value
    }
}

extension ColumnSource.Kind {
    fileprivate func apply(to value: inout Double, _ isReplacing: Bool) {
        switch self {
        case .round: value = Double(Float(value))
        case .cut: value.round(.towardZero)
        case .floor: value.round(.down)
        case .scale(let offset, let scale, let isSingle):
            let difference = value - Double(offset)
            value = Double(Float((isSingle ? Double(Float(difference)) : difference) * Double(scale)))
        // Of two numbers of 24 bits the result rounded to 53 and then to 24 is what one rounding gives (Figueroa, 1995).
        case .arithmetic(let operation, let constant, let constantIsFirst, let isSingle):
            let (left, right) = constantIsFirst ? (constant, value) : (value, constant)
            let result = operation.apply(left, right)
            value = isSingle ? Double(Float(result)) : result
        case .negate: value = -value
        case .clip(let low, let high):
            if value < low { value = low }
            if value > high { value = high }
        case .impute(let imputed, let replaced):
            if replaced.isNaN ? value.isNaN : isReplacing && value == replaced { value = imputed }
        case .binarize(let threshold): value = value > Double(threshold) ? 1 : 0
        case .look(let lookup): value = value.isNaN ? lookup.missing : lookup.values[value] ?? lookup.other
        }
    }

    /// Whether greater values never give a lower result, or never a greater one, and none but a missing value a missing one.
    var isMonotone: Bool {
        switch self {
        case .round, .floor, .negate, .impute: return true
        case .cut, .look: return false
        case .scale(let offset, let scale, _): return offset.isFinite && scale.isFinite && scale != 0
        case .arithmetic(let operation, let constant, let constantIsFirst, _):
            guard constant.isFinite else { return false }
            switch operation {
            case .add, .subtract: return true
            case .multiply: return constant != 0
            case .divide: return constant != 0 && !constantIsFirst
            }
        case .clip(let low, let high): return !low.isNaN && !high.isNaN
        case .binarize(let threshold): return !threshold.isNaN
        }
    }
}

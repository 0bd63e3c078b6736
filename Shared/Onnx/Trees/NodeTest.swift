internal import Forest

/// How a node of an ONNX tree compares; the number is operator TreeEnsemble's code.
enum BranchMode: Int {
    case lessOrEqual = 0
    case less = 1
    case greaterOrEqual = 2
    case greater = 3
    case equal = 4
    case notEqual = 5
    case member = 6

    /// The names of operators TreeEnsembleClassifier and TreeEnsembleRegressor; LEAF is none of them.
    init?(name: String) {
        switch name {
        case "BRANCH_LEQ": self = .lessOrEqual
        case "BRANCH_LT": self = .less
        case "BRANCH_GTE": self = .greaterOrEqual
        case "BRANCH_GT": self = .greater
        case "BRANCH_EQ": self = .equal
        case "BRANCH_NEQ": self = .notEqual
        default: return nil
        }
    }
}

/// A node's test in the ensemble's terms: left if `x <= threshold` or the value is in a set; ONNX's true branch may be on either side.
struct NodeTest {
    var threshold = 0.0
    var categories: [Double]?
    var isTrueLeft: Bool
    var missingGoesLeft: Bool

    /// - Parameters:
    ///   - value: What the node compares with; NaN is refused.
    ///   - missingTracksTrue: The file's word on NaN. It is not the last one: `x != value` holds for NaN as it is, as in ONNX Runtime.
    ///   - precision: The type of `x` and `value`: the next lower number depends on it.
    init(
        _ mode: BranchMode, _ value: Double, members: [Double] = [], missingTracksTrue: Bool, precision: TreeEnsemble.Precision,
        at place: String
    ) throws(ForestFailure) {
        guard !value.isNaN || mode == .member else { throw ForestFailure(at: place, "a node that compares with NaN") }
        switch mode {
        case .lessOrEqual, .greater:
            threshold = value
            isTrueLeft = mode == .lessOrEqual
        case .less, .greaterOrEqual:
            guard value != -.infinity else {
                throw ForestFailure(at: place, "a node that compares with -infinity by < or >=, which no number decides")
            }
            threshold = precision == .single ? Double(Float(value).nextDown) : value.nextDown
            isTrueLeft = mode == .less
        case .equal, .notEqual:
            categories = [value]
            isTrueLeft = mode == .equal
        case .member:
            categories = members
            isTrueLeft = true
        }
        let missingIsTrue = missingTracksTrue || mode == .notEqual
        missingGoesLeft = missingIsTrue == isTrueLeft
    }
}

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

internal import RiskDomain

/// The baseline that every model should beat: the log-odds of fraud as a weighted sum of the features.
///
/// Features are centred and divided by their standard deviation first; a missing value is the column's mean. The weights minimise
/// `Σ log-loss + strength / 2 · |weights|²` (the intercept is free), found by Newton's method with halved steps where a whole one does
/// not lower the loss; the same bits on every thread and machine with the same `exp` and `log`.
///
/// Source: Hastie, Tibshirani, Friedman, "The elements of statistical learning", 2nd edition 2009, section 4.4.
package struct LogisticRegression: Hashable, Sendable {
    package let means: [Double]
    /// 1 for a column that does not vary.
    package let deviations: [Double]
    /// For standardised values.
    package let weights: [Double]
    package let intercept: Double

    /// - Parameters:
    ///   - strength: Of the regularisation, positive; scikit-learn's `1 / C`.
    /// - Throws: ``TrainingFailure`` when there is only one class, or no minimum was found (features of extreme size).
    package init(
        _ set: TrainingSet, rows: [Int], strength: Double = 1, classWeights: ClassWeights = .equal
    ) throws(TrainingFailure) {
        precondition(strength > 0 && !rows.isEmpty)
        let fraudCount = set.fraudCount(of: rows)
        guard fraudCount > 0, fraudCount < rows.count else { throw TrainingFailure(at: "labels", "rows of both classes are needed") }
        let featureCount = set.columns.count
        var means = [Double](repeating: 0, count: featureCount)
        var deviations = [Double](repeating: 1, count: featureCount)
        // Row-major, a 1 for the intercept at the end.
        let width = featureCount + 1
        var x = [Double](repeating: 1, count: rows.count * width)
        for (feature, column) in set.columns.enumerated() {
            let known = rows.lazy.map { column[$0] }.filter { !$0.isNaN }
            var count = 0.0
            var mean = 0.0
            var squares = 0.0
            // Welford, "Note on a method for calculating corrected sums of squares and products", 1962.
            for value in known {
                count += 1
                let difference = value - mean
                mean += difference / count
                squares += difference * (value - mean)
            }
            means[feature] = mean
            let deviation = (squares / max(count, 1)).squareRoot()
            deviations[feature] = deviation > 0 && deviation.isFinite ? deviation : 1
            for (place, row) in rows.enumerated() {
                let value = column[row]
                x[place * width + feature] = value.isNaN ? 0 : (value - mean) / deviations[feature]
            }
        }
        let y = rows.map { set.isFraud[$0] ? 1.0 : 0 }
        let w = rows.map { set.isFraud[$0] ? classWeights.fraud : classWeights.legitimate }
        guard let found = LogisticRegression.minimum(x, width: width, y, w, strength: strength) else {
            throw TrainingFailure(at: "weights", "Newton's method found no minimum; scale the features or regularise more")
        }
        self.means = means
        self.deviations = deviations
        weights = Array(found.dropLast())
        intercept = found[featureCount]
    }

    /// The log-odds of fraud of a row of raw values.
    package func margin(_ row: some Collection<Double>) -> Double {
        var sum = 0.0
        for (feature, value) in row.enumerated() where !value.isNaN {
            sum += (value - means[feature]) / deviations[feature] * weights[feature]
        }
        return sum + intercept
    }

    /// The probability of fraud of a row of raw values.
    package func score(_ row: some Collection<Double>) -> Double { sigmoid(margin(row)) }

    package func scores(of rows: [Int], in set: TrainingSet) -> [Double] { rows.map { score(set.row($0)) } }

    private static func minimum(_ x: [Double], width: Int, _ y: [Double], _ w: [Double], strength: Double) -> [Double]? {
        var beta = [Double](repeating: 0, count: width)
        var loss = self.loss(x, width, y, w, beta, strength)
        for _ in 0..<100 {
            var gradient = [Double](repeating: 0, count: width)
            var hessian = [Double](repeating: 0, count: width * width)
            for feature in 0..<width - 1 {
                gradient[feature] = strength * beta[feature]
                hessian[feature * width + feature] = strength
            }
            x.withUnsafeBufferPointer { x in
                hessian.withUnsafeMutableBufferPointer { hessian in
                    for place in y.indices {
                        let row = x.baseAddress! + place * width
                        var margin = 0.0
                        for feature in 0..<width { margin += row[feature] * beta[feature] }
                        let p = sigmoid(margin)
                        let slope = w[place] * (p - y[place])
                        let curve = w[place] * p * (1 - p)
                        for a in 0..<width {
                            gradient[a] += slope * row[a]
                            let scaled = curve * row[a]
                            for b in 0...a { hessian[a * width + b] += scaled * row[b] }
                        }
                    }
                }
            }
            guard let step = solve(hessian, gradient) else { return nil }
            var size = 1.0
            while true {
                let next = zip(beta, step).map { $0 - size * $1 }
                let nextLoss = self.loss(x, width, y, w, next, strength)
                if nextLoss <= loss {
                    let gain = loss - nextLoss
                    beta = next
                    loss = nextLoss
                    if gain <= 1e-13 * max(1, loss) { return beta }
                    break
                }
                size /= 2
                // No descent that rounding lets us see: this is the minimum.
                if size < 1e-10 { return loss.isFinite ? beta : nil }
            }
        }
        return beta
    }

    private static func loss(
        _ x: [Double], _ width: Int, _ y: [Double], _ w: [Double], _ beta: [Double], _ strength: Double
    ) -> Double {
        var sum = 0.0
        x.withUnsafeBufferPointer { x in
            for place in y.indices {
                let row = x.baseAddress! + place * width
                var margin = 0.0
                for feature in 0..<width { margin += row[feature] * beta[feature] }
                // log(1 + e^m) - y m, without overflow.
                sum += w[place] * (max(margin, 0) + PortableMath.log1p(PortableMath.exp(-abs(margin))) - y[place] * margin)
            }
        }
        for feature in 0..<width - 1 { sum += strength / 2 * beta[feature] * beta[feature] }
        return sum
    }

    /// Solves a positive definite system, of which the lower half is given, by Cholesky's method; nil where it is not.
    private static func solve(_ matrix: [Double], _ right: [Double]) -> [Double]? {
        let n = right.count
        var l = matrix
        for column in 0..<n {
            for row in column..<n {
                var sum = l[row * n + column]
                for k in 0..<column { sum -= l[row * n + k] * l[column * n + k] }
                if row == column {
                    guard sum > 0, sum.isFinite else { return nil }
                    l[row * n + column] = sum.squareRoot()
                } else {
                    l[row * n + column] = sum / l[column * n + column]
                }
            }
        }
        var x = right
        for row in 0..<n {
            for k in 0..<row { x[row] -= l[row * n + k] * x[k] }
            x[row] /= l[row * n + row]
        }
        for row in (0..<n).reversed() {
            for k in row + 1..<max(n, row + 1) { x[row] -= l[k * n + row] * x[k] }
            x[row] /= l[row * n + row]
        }
        return x
    }
}

/// 1 / (1 + e^-x), without overflow.
func sigmoid(_ x: Double) -> Double {
    if x >= 0 { return 1 / (1 + PortableMath.exp(-x)) }
    let e = PortableMath.exp(x)
    return e / (1 + e)
}

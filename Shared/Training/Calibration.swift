internal import RiskDomain

/// Turns a model's scores into probabilities that hold: among the rows with 0.2, every fifth is fraud.
///
/// Fit it on rows that the model has not seen (out-of-bag scores will do).
package enum Calibration: Hashable, Sendable {
    case platt(PlattCalibration)
    case isotonic(IsotonicCalibration)

    package func probability(_ score: Double) -> Double {
        switch self {
        case .platt(let platt): platt.probability(score)
        case .isotonic(let isotonic): isotonic.probability(score)
        }
    }
}

/// A sigmoid of the score: `1 / (1 + e^(a·score + b))`.
///
/// Source: Platt, "Probabilistic outputs for support vector machines", 1999; targets and Newton's method with backtracking after Lin,
/// Lin, Weng, "A note on Platt's probabilistic outputs for support vector machines", 2007.
package struct PlattCalibration: Hashable, Sendable {
    package let a: Double
    package let b: Double

    /// - Precondition: As many labels as scores, all scores finite, both classes there.
    package init(scores: [Double], isFraud: [Bool]) {
        precondition(scores.count == isFraud.count && scores.allSatisfy(\.isFinite))
        let positive = Double(isFraud.count { $0 })
        let negative = Double(isFraud.count) - positive
        precondition(positive > 0 && negative > 0, "both classes are needed")
        let (high, low) = ((positive + 1) / (positive + 2), 1 / (negative + 2))
        let targets = isFraud.map { $0 ? high : low }
        func loss(_ a: Double, _ b: Double) -> Double {
            var sum = 0.0
            for (score, target) in zip(scores, targets) {
                let f = score * a + b
                sum +=
                    f >= 0
                    ? target * f + PortableMath.log1p(PortableMath.exp(-f)) : (target - 1) * f + PortableMath.log1p(PortableMath.exp(f))
            }
            return sum
        }
        var a = 0.0
        var b = PortableMath.log((negative + 1) / (positive + 1))
        var value = loss(a, b)
        // The figures of the paper's pseudo code: at most 100 iterations, steps down to 1e-10, a ridge of 1e-12, slopes below 1e-5.
        search: for _ in 0..<100 {
            var (h11, h22, h21, g1, g2) = (1e-12, 1e-12, 0.0, 0.0, 0.0)
            for (score, target) in zip(scores, targets) {
                let p = sigmoid(-(score * a + b))
                let d2 = p * (1 - p)
                h11 += score * score * d2
                h22 += d2
                h21 += score * d2
                g1 += score * (target - p)
                g2 += target - p
            }
            if abs(g1) < 1e-5, abs(g2) < 1e-5 { break }
            let determinant = h11 * h22 - h21 * h21
            let da = -(h22 * g1 - h21 * g2) / determinant
            let db = -(-h21 * g1 + h11 * g2) / determinant
            let slope = g1 * da + g2 * db
            var step = 1.0
            while step >= 1e-10 {
                let next = loss(a + step * da, b + step * db)
                if next < value + 1e-4 * step * slope {
                    a += step * da
                    b += step * db
                    value = next
                    continue search
                }
                step /= 2
            }
            break
        }
        self.a = a
        self.b = b
    }

    package func probability(_ score: Double) -> Double { sigmoid(-(a * score + b)) }
}

/// The rising step function with the least squared error, straight lines between its steps.
///
/// Source: pool adjacent violators: Ayer, Brunk, Ewing, Reid, Silverman, "An empirical distribution function for sampling with incomplete
/// information", 1955; as calibration: Zadrozny, Elkan, "Transforming classifier scores into accurate multiclass probability
/// estimates", 2002.
package struct IsotonicCalibration: Hashable, Sendable {
    /// Ascending; the first and the last score of each step.
    package let scores: [Double]
    /// As many, rising.
    package let probabilities: [Double]

    /// - Precondition: As many labels as scores, at least one, none NaN.
    package init(scores: [Double], isFraud: [Bool]) {
        precondition(scores.count == isFraud.count && !scores.isEmpty && !scores.contains(where: \.isNaN))
        struct Step {
            var first: Double
            var last: Double
            var count: Double
            var fraud: Double
            var mean: Double { fraud / count }
        }
        var steps: [Step] = []
        for index in scores.indices.sorted(by: { scores[$0] < scores[$1] }) {
            let fraud = isFraud[index] ? 1.0 : 0
            // Equal scores are one step from the start, whatever their order.
            if let last = steps.last, last.last == scores[index], last.first == last.last {
                steps[steps.count - 1].count += 1
                steps[steps.count - 1].fraud += fraud
            } else {
                steps.append(Step(first: scores[index], last: scores[index], count: 1, fraud: fraud))
            }
        }
        var pooled: [Step] = []
        for step in steps {
            pooled.append(step)
            while pooled.count > 1, pooled[pooled.count - 2].mean >= pooled[pooled.count - 1].mean {
                let upper = pooled.removeLast()
                pooled[pooled.count - 1].last = upper.last
                pooled[pooled.count - 1].count += upper.count
                pooled[pooled.count - 1].fraud += upper.fraud
            }
        }
        var knots: [(score: Double, probability: Double)] = []
        for step in pooled {
            knots.append((step.first, step.mean))
            if step.last > step.first { knots.append((step.last, step.mean)) }
        }
        self.scores = knots.map(\.score)
        probabilities = knots.map(\.probability)
    }

    /// Scores outside of those it was fitted on get the nearest one's probability.
    package func probability(_ score: Double) -> Double {
        guard score > scores[0] else { return probabilities[0] }
        var (low, high) = (0, scores.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if scores[middle] <= score { low = middle } else { high = middle }
        }
        guard low + 1 < scores.count else { return probabilities[low] }
        let part = (score - scores[low]) / (scores[low + 1] - scores[low])
        return probabilities[low] + part * (probabilities[low + 1] - probabilities[low])
    }
}

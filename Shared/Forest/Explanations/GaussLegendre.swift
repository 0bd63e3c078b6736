/// Points and weights that integrate polynomials over `0...1` exactly: `n` points up to degree `2n − 1`.
struct GaussLegendre {
    /// Ascending, inside `0...1`.
    let points: [Double]
    /// Positive, summing to 1.
    let weights: [Double]

    /// - Complexity: O(count²).
    ///
    /// Source: Newton's method on the Legendre polynomial, begun at Tricomi's estimate of its roots.
    init(count: Int) {
        var points = [Double](repeating: 0, count: count)
        var weights = points
        for index in 0..<(count + 1) / 2 {
            var root = GaussLegendre.cosine(Double.pi * (Double(index) + 0.75) / (Double(count) + 0.5))
            var slope = 1.0
            for _ in 0..<64 {
                var previous = 1.0
                var value = root
                for degree in stride(from: 2, through: count, by: 1) {
                    let next = (Double(2 * degree - 1) * root * value - Double(degree - 1) * previous) / Double(degree)
                    previous = value
                    value = next
                }
                slope = Double(count) * (root * value - previous) / (root * root - 1)
                let step = value / slope
                root -= step
                if step.magnitude < 1e-16 { break }
            }
            let weight = 1 / ((1 - root * root) * slope * slope)
            points[index] = (1 - root) / 2
            points[count - 1 - index] = (1 + root) / 2
            weights[index] = weight
            weights[count - 1 - index] = weight
        }
        self.points = points
        self.weights = weights
    }

    /// Where Newton's method begins may decide the last bit of where it ends, so it begins at the same bits on every machine: Taylor's series
    /// for angles up to a right one, within 1e-14.
    private static func cosine(_ angle: Double) -> Double {
        var sum = 1.0
        for order in stride(from: 18.0, to: 0, by: -2) { sum = 1 - sum * angle * angle / (order * (order - 1)) }
        return sum
    }
}

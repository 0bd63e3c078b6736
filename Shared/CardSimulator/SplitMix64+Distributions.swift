// For the linker alone: an unoptimised build calls sqrt by name, and this import brings in libm.
internal import Glibc
package import RiskDomain

/// Normal and Poisson variates from additions, multiplications, divisions and square roots only.
///
/// IEEE 754 fixes the last bit of those four, and of none of libm's functions; with them alone the same seed gives the
/// same bytes on every machine and with every C library.
extension SplitMix64 {
    /// A normal variate by the polar method; the pair's second half is not kept, so a draw depends on the stream alone.
    ///
    /// Source: Marsaglia, Bray, "A Convenient Method for Generating Normal Variables", SIAM Review 1964.
    package mutating func normal(mean: Double, deviation: Double) -> Double {
        while true {
            let across = 2 * nextUnit() - 1
            let up = 2 * nextUnit() - 1
            let radius = across * across + up * up
            if radius > 0, radius < 1 {
                return mean + deviation * across * (-2 * exactLogarithm(radius) / radius).squareRoot()
            }
        }
    }

    /// A Poisson count, given e^−mean; fit for small means, for it takes about mean + 1 draws.
    ///
    /// Source: Knuth, "The Art of Computer Programming", volume 2, 3.4.1, algorithm Q.
    package mutating func poisson(negativeExponential: Double) -> Int {
        var count = 0
        var product = nextUnit()
        while product > negativeExponential {
            count += 1
            product *= nextUnit()
        }
        return count
    }
}

/// Natural logarithm of a positive, normal number, within 1 ulp or two, the same bits everywhere.
///
/// x = 2ᵏ·m with m in [√½, √2); ln m = 2·artanh((m − 1)/(m + 1)), a series in z² ≤ 0.0295 of which eleven terms reach 2⁻⁵³.
package func exactLogarithm(_ value: Double) -> Double {
    var mantissa = value.significand
    var exponent = Double(value.exponent)
    if mantissa > 1.4142135623730951 {
        mantissa *= 0.5
        exponent += 1
    }
    let ratio = (mantissa - 1) / (mantissa + 1)
    let square = ratio * ratio
    var sum = 0.0
    var denominator = 21.0
    while denominator >= 1 {
        sum = sum * square + 1 / denominator
        denominator -= 2
    }
    return exponent * 0.6931471805599453 + 2 * ratio * sum
}

/// e^−x for 0 ≤ x ≤ 32: a Taylor series at x/32, squared five times.
package func exactNegativeExponential(_ value: Double) -> Double {
    let argument = -value / 32
    var sum = 1.0
    var order = 18.0
    while order >= 1 {
        sum = 1 + sum * argument / order
        order -= 1
    }
    for _ in 0..<5 { sum *= sum }
    return sum
}

// Idea: IEEE 754 fixes the last bit of additions, multiplications, divisions and square roots, and of no function of a C library. With those
// four alone, in a fixed order, a score after its link has the same bits on every machine and with every library.
//
// Each function brings its argument near to zero by a power of two and sums a series whose coefficients are rational, so there is
// nothing fitted in here. Swift never contracts a multiplication and an addition into one rounding.

/// Exponentials and logarithms with the same bits everywhere.
///
/// Errors are below one unit in the last place, of `log2` below two.
///
/// Source of the reductions and of the error bounds: Tang, "Table-driven implementation of the exponential function", ACM TOMS 1989, and
/// the notes in Sun's fdlibm, 1993.
package enum PortableMath {
    /// ln 2 as two parts; the first has 32 significant bits, so its product with a power of two's exponent is exact.
    private static let ln2High = 0x1.62e42fee00000p-1
    private static let ln2Low = 0x1.a39ef35793c76p-33
    private static let log2OfE = 0x1.71547652b82fep+0

    /// e^x; +∞ above 709.78…, 0 below −745.13…, NaN for NaN.
    ///
    /// x = k ln 2 + r with |r| ≤ ½ ln 2, and e^r = 1 + r + r·c / (2 − c) with c = r + 2 − r·coth(r/2) = r − r²/6 + r⁴/360 − …, whose
    /// coefficients are Bernoulli's numbers.
    package static func exp(_ x: Double) -> Double {
        if x.isNaN { return x }
        if x > 0x1.62e42fefa39efp+9 { return .infinity }
        if x < -0x1.74910d52d3051p+9 { return 0 }
        // At 1.5 · 2⁵² a double holds whole numbers only, so the sum rounds.
        let k = (x * log2OfE + 0x1.8p52) - 0x1.8p52
        let high = x - k * ln2High
        let low = k * ln2Low
        let r = high - low
        let square = r * r
        var sum = 1.0 / 37_362_124_800
        sum = sum * square - 691.0 / 653_837_184_000
        sum = sum * square + 1.0 / 23_950_080
        sum = sum * square - 1.0 / 604_800
        sum = sum * square + 1.0 / 15_120
        sum = sum * square - 1.0 / 360
        sum = sum * square + 1.0 / 6
        let c = r - square * sum
        let value = 1 - ((low - r * c / (2 - c)) - high)
        return scaled(value, byPowerOfTwo: Int(k))
    }

    /// ln x; −∞ for zeros, NaN for what is negative, +∞ for +∞.
    ///
    /// x = 2^k m with m in [√½, √2); with f = m − 1 and s = f / (2 + f), ln m = f − f²/2 + s (f²/2 + ⅔ s² + ⅖ s⁴ + …).
    package static func log(_ x: Double) -> Double {
        if x.isNaN || x == .infinity { return x }
        if x <= 0 { return x == 0 ? -.infinity : .nan }
        let (k, m) = parts(x)
        let logarithm = logarithm(near: m, carrying: k * ln2Low)
        return k * ln2High - (logarithm.minus - logarithm.f)
    }

    /// ln (1 + x), also where 1 + x is nearly 1.
    package static func log1p(_ x: Double) -> Double {
        if x.isNaN || x == .infinity { return x }
        if x <= -1 { return x == -1 ? -.infinity : .nan }
        let whole = 1 + x
        if whole == 1 { return x }
        // What the sum lost, exactly: of the larger term first.
        let lost = x < 1 ? x - (whole - 1) : 1 - (whole - x)
        let (k, m) = parts(whole)
        let logarithm = logarithm(near: m, carrying: k * ln2Low + lost / whole)
        return k * ln2High - (logarithm.minus - logarithm.f)
    }

    /// log₂ x, exact for powers of two.
    package static func log2(_ x: Double) -> Double {
        if x.isNaN || x == .infinity { return x }
        if x <= 0 { return x == 0 ? -.infinity : .nan }
        let (k, m) = parts(x)
        let logarithm = logarithm(near: m, carrying: 0)
        return k + (logarithm.f - logarithm.minus) * log2OfE
    }

    // MARK: Parts

    /// f and what is to be taken from it, so that f − minus = ln m + carry.
    private static func logarithm(near m: Double, carrying carry: Double) -> (f: Double, minus: Double) {
        let f = m - 1
        let half = 0.5 * f * f
        let s = f / (2 + f)
        let square = s * s
        var sum = 0.0
        var denominator = 27.0
        while denominator >= 3 {
            sum = sum * square + 2 / denominator
            denominator -= 2
        }
        return (f, half - (s * (half + square * sum) + carry))
    }

    /// x = 2^k m, for positive finite x; m in [√½, √2).
    private static func parts(_ x: Double) -> (k: Double, m: Double) {
        var bits = x.bitPattern
        var k = -1_023
        if bits < 1 << 52 {
            bits = (x * 0x1p54).bitPattern
            k -= 54
        }
        k += Int(bits >> 52)
        var m = Double(bitPattern: bits & (1 << 52 - 1) | 1_023 << 52)
        if m >= 0x1.6a09e667f3bcdp+0 {
            m *= 0.5
            k += 1
        }
        return (Double(k), m)
    }

    /// value · 2^k for a value near 1, in two steps where 2^k or the result is no normal number.
    private static func scaled(_ value: Double, byPowerOfTwo k: Int) -> Double {
        func power(_ k: Int) -> Double { Double(bitPattern: UInt64(k + 1_023) << 52) }
        if k > 1_023 { return value * 2 * power(k - 1) }
        if k < -1_021 { return value * power(k + 60) * 0x1p-60 }
        return value * power(k)
    }
}

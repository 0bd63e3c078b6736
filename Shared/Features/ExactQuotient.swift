/// Powers of ten by currency exponent.
enum PowerOfTen {
    /// 10⁰ ... 10⁹.
    static let exponents = 0...9

    @inline(__always)
    static func value(_ exponent: Int) -> Int64 {
        switch exponent {
        case 0: 1
        case 1: 10
        case 2: 100
        case 3: 1_000
        case 4: 10_000
        case 5: 100_000
        case 6: 1_000_000
        case 7: 10_000_000
        case 8: 100_000_000
        default: 1_000_000_000
        }
    }
}

/// The double nearest to `numerator / denominator`, ties to even: one rounding, whatever the size of the operands.
///
/// Up to 2⁵³ both convert exactly and IEEE division rounds once. Beyond, the quotient is formed in integers with at least 55 bits, the
/// last one sticky, and rounded by one conversion.
///
/// - Precondition: `0 < denominator < 2⁶²`.
func exactQuotient(_ numerator: Int128, _ denominator: Int64) -> Double {
    let exactMax: Int64 = 1 << 53
    if let small = Int64(exactly: numerator), -exactMax...exactMax ~= small, denominator <= exactMax {
        return Double(small) / Double(denominator)
    }
    var magnitude = numerator.magnitude
    let divisor = UInt128(denominator)
    // Fifty-six bits more than the divisor give a quotient of 56 or 57 bits, and at most 118 fit.
    let scale = max(0, 56 + bitCount(divisor) - bitCount(magnitude))
    magnitude <<= UInt128(scale)
    var (quotient, remainder) = magnitude.quotientAndRemainder(dividingBy: divisor)
    let surplus = max(0, 64 - quotient.leadingZeroBitCount)
    var isInexact = remainder != 0
    if surplus > 0 {
        isInexact = isInexact || quotient & ((1 << UInt128(surplus)) - 1) != 0
        quotient >>= UInt128(surplus)
    }
    if isInexact { quotient |= 1 }
    let rounded = Double(UInt64(quotient)) * Double(sign: .plus, exponent: surplus - scale, significand: 1)
    return numerator < 0 ? -rounded : rounded
}

private func bitCount(_ value: UInt128) -> Int { 128 - value.leadingZeroBitCount }

extension Int64 {
    /// `self - other`, held at the ends of the range: an instant before time began is older than everything.
    @inline(__always)
    func subtractingSaturated(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other > 0 ? Int64.min : Int64.max) : difference
    }
}

import RiskDomain

/// log₂ x by a table, as fast as a C library's, with the same bits on every machine: entropy asks for it some hundred million times in a
/// training, and its last bit may decide which of two splits is better.
///
/// With x = 2^k m, m in [1, 2), and c the middle of m's 128th of that range: log₂ x = k + log₂ c + log₂(1 + r), r = m / c − 1, |r| < 2⁻⁸,
/// where seven terms of the series are enough. In the first part c is 1, so that the result keeps its digits near x = 1. Errors are below
/// 4 · 10⁻¹⁶ where x is in [½, 2), else below two units in the last place.
///
/// Source: Tang, "Table-driven implementation of the logarithm function in IEEE floating-point arithmetic", ACM TOMS 1990.
///
/// `@unchecked Sendable` is true because the table is made once, never changes, and is never freed.
struct BinaryLogarithm: @unchecked Sendable {
    private struct Entry {
        var reciprocal: Double
        var logarithm: Double
    }

    private static let partBits = 7
    private static nonisolated(unsafe) let shared: UnsafePointer<Entry> = {
        let partCount = 1 << partBits
        let entries = UnsafeMutablePointer<Entry>.allocate(capacity: partCount)
        for part in 0..<partCount {
            let middle = part == 0 ? 1 : 1 + (Double(part) + 0.5) / Double(partCount)
            // The logarithm is of what the reciprocal, rounded, stands for.
            entries[part] = Entry(reciprocal: 1 / middle, logarithm: -PortableMath.log2(1 / middle))
        }
        return UnsafePointer(entries)
    }()
    private static let log2OfE = 0x1.71547652b82fep+0

    private let table = BinaryLogarithm.shared

    /// - Precondition: `x` is positive, finite and no subnormal number.
    @inline(__always)
    func callAsFunction(_ x: Double) -> Double {
        let bits = x.bitPattern
        let exponent = Double(Int(bits >> 52) - 1_023)
        let m = Double(bitPattern: bits & (1 << 52 - 1) | 1_023 << 52)
        let entry = table[Int(bits >> UInt64(52 - BinaryLogarithm.partBits)) & (1 << BinaryLogarithm.partBits - 1)]
        let r = m * entry.reciprocal - 1
        let series = r * (1 + r * (-1.0 / 2 + r * (1.0 / 3 + r * (-1.0 / 4 + r * (1.0 / 5 + r * (-1.0 / 6 + r * (1.0 / 7)))))))
        return exponent + entry.logarithm + series * BinaryLogarithm.log2OfE
    }
}

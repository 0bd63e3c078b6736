/// Reads an amount's decimal text as minor units, exactly: nothing passes through binary floating point.
///
/// The significant digits are gathered in one integer `m`, trailing zeros being held back, so that the value is
/// `m × 10^s` with `m` not divisible by 10. Times `10^exponent` it is whole exactly when `s + exponent >= 0`.
enum DecimalAmount {
    enum Fault: Error {
        /// Not a number by JSON's grammar (RFC 8259, section 6).
        case malformed
        /// More decimals than the currency has, zeros at the end not counted.
        case tooManyDecimals
        /// Beyond `Int64` minor units.
        case overflow
    }

    /// - Parameters:
    ///   - text: `-24.780`, `1E2`, `2478e-2`; -0 is 0.
    ///   - exponent: Decimals of the currency.
    static func minorUnits(_ text: UnsafeRawBufferPointer, exponent: Int) throws(Fault) -> Int64 {
        var index = 0
        let isNegative = index < text.count && text[index] == 0x2D
        if isNegative { index += 1 }

        var magnitude: UInt64 = 0
        var hasOverflowed = false
        var heldZeros = 0
        var decimals = 0
        func digit() -> UInt8? {
            guard index < text.count else { return nil }
            let value = text[index] &- 0x30
            return value < 10 ? value : nil
        }
        func take(_ value: UInt8) {
            if value == 0 {
                if magnitude != 0 || hasOverflowed { heldZeros += 1 }
                return
            }
            // A magnitude that has overflowed is known to be huge; only its place value matters from here.
            if !hasOverflowed, let scaled = scaled(magnitude, by: heldZeros + 1) {
                let (sum, overflow) = scaled.addingReportingOverflow(UInt64(value))
                if overflow { hasOverflowed = true } else { magnitude = sum }
            } else {
                hasOverflowed = true
            }
            heldZeros = 0
        }

        let wholeStart = index
        while let value = digit() {
            take(value)
            index += 1
        }
        let wholeCount = index - wholeStart
        guard wholeCount > 0, wholeCount == 1 || text[wholeStart] != 0x30 else { throw .malformed }
        if index < text.count, text[index] == 0x2E {
            index += 1
            let fractionStart = index
            while let value = digit() {
                take(value)
                index += 1
            }
            decimals = index - fractionStart
            guard decimals > 0 else { throw .malformed }
        }
        var power = 0
        if index < text.count, text[index] | 0x20 == 0x65 {
            index += 1
            var isPowerNegative = false
            if index < text.count, text[index] == 0x2B || text[index] == 0x2D {
                isPowerNegative = text[index] == 0x2D
                index += 1
            }
            let powerStart = index
            while let value = digit() {
                power = min(power * 10 + Int(value), 1 << 40)  // farther than any text's own decimals reach
                index += 1
            }
            guard index > powerStart else { throw .malformed }
            if isPowerNegative { power = -power }
        }
        guard index == text.count else { throw .malformed }

        if magnitude == 0, !hasOverflowed { return 0 }
        let shift = heldZeros - decimals + power + exponent
        guard shift >= 0 else { throw .tooManyDecimals }
        guard !hasOverflowed, let units = scaled(magnitude, by: shift) else { throw .overflow }
        if isNegative {
            guard units <= Int64.min.magnitude else { throw .overflow }
            return Int64(truncatingIfNeeded: 0 &- units)
        }
        guard let value = Int64(exactly: units) else { throw .overflow }
        return value
    }

    /// `value × 10^power`; nil beyond `UInt64`.
    private static func scaled(_ value: UInt64, by power: Int) -> UInt64? {
        if value == 0 { return 0 }
        if power > 19 { return nil }
        var result = value
        for _ in 0..<power {
            let (product, overflow) = result.multipliedReportingOverflow(by: 10)
            if overflow { return nil }
            result = product
        }
        return result
    }
}

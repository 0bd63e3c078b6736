import Glibc

/// Typed fields of the current row; a failure names file, line, column and value.
extension CsvReader {
    private func mismatch(_ index: Int, _ wanted: String) -> CsvFailure {
        failure("\(header[index]) must be \(wanted), found \(shownField(self[index]))")
    }

    /// The field as text. Allocates when longer than 15 bytes.
    package func string(_ index: Int) throws(CsvFailure) -> String {
        guard let text = String(validating: self[index], as: UTF8.self) else { throw mismatch(index, "UTF-8 text") }
        return text
    }

    /// A whole number in decimal digits, perhaps with a sign.
    package func int(_ index: Int) throws(CsvFailure) -> Int64 {
        let bytes = self[index]
        var cursor = 0
        let isNegative = bytes.first == 0x2D
        if isNegative || bytes.first == 0x2B { cursor = 1 }
        if cursor == bytes.count { throw mismatch(index, "a whole number") }
        // Built on the negative side, which has room for Int64.min.
        var value: Int64 = 0
        while cursor < bytes.count {
            let digit = bytes[cursor] &- 0x30
            let (tenfold, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflow2) = tenfold.subtractingReportingOverflow(Int64(digit))
            if digit > 9 || overflow || overflow2 { throw mismatch(index, "a whole number of 64 bits") }
            value = sum
            cursor += 1
        }
        if isNegative { return value }
        if value == .min { throw mismatch(index, "a whole number of 64 bits") }
        return -value
    }

    /// A finite number, rounded to the nearest `Double`.
    package func double(_ index: Int) throws(CsvFailure) -> Double {
        let bytes = self[index]
        var mantissa: UInt64 = 0
        var digitCount = 0
        var fractionCount = 0
        var hasPoint = false
        var cursor = 0
        let isNegative = bytes.first == 0x2D
        if isNegative || bytes.first == 0x2B { cursor = 1 }
        scan: while cursor < bytes.count {
            switch bytes[cursor] {
            case 0x30...0x39:
                // 15 digits stay below 2^53; more go the slow way, which reads them all again.
                if digitCount < 16 { mantissa = mantissa * 10 + UInt64(bytes[cursor] & 15) }
                digitCount += 1
                if hasPoint { fractionCount += 1 }
            case 0x2E where !hasPoint: hasPoint = true
            case 0x65, 0x45:
                digitCount = 99
                break scan
            default: throw mismatch(index, "a number")
            }
            cursor += 1
        }
        if digitCount == 0 { throw mismatch(index, "a number") }
        if digitCount <= 15 {
            // Both exact, so one division rounds correctly (Clinger, "How to Read Floating Point Numbers Accurately", 1990).
            let magnitude = Double(mantissa) / CsvReader.powersOfTen[fractionCount]
            return isNegative ? -magnitude : magnitude
        }
        return try slowDouble(index, bytes)
    }

    private func slowDouble(_ index: Int, _ bytes: UnsafeRawBufferPointer) throws(CsvFailure) -> Double {
        let isDecimal = bytes.allSatisfy {
            (0x30...0x39).contains($0) || $0 == 0x2B || $0 == 0x2D || $0 == 0x2E || $0 == 0x65 || $0 == 0x45
        }
        guard isDecimal, let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self) else { throw mismatch(index, "a number") }
        // The byte behind the field is a comma, a quote, a newline or the buffer's zero, and stops the reading.
        var end: UnsafeMutablePointer<CChar>?
        let value = strtod(start, &end)
        guard let end, end - UnsafeMutablePointer(mutating: start) == bytes.count, value.isFinite else {
            throw mismatch(index, "a finite number")
        }
        return value
    }

    private static let powersOfTen: [Double] = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15]
}

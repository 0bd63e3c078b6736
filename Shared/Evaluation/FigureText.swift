/// Numbers as people read them; no locale, so that equal runs give equal bytes.
package enum FigureText {
    /// `decimals` digits behind the point, rounded half away from zero; `-` for none.
    package static func fixed(_ value: Double?, _ decimals: Int = 3) -> String {
        guard let value else { return "-" }
        guard value.isFinite, value.magnitude < 1e15 else {
            return value.isNaN ? "-" : value < 0 ? "-∞" : value.isInfinite ? "∞" : "\(value)"
        }
        var scale = 1.0
        for _ in 0..<decimals { scale *= 10 }
        let scaled = (value.magnitude * scale).rounded()
        guard scaled < 9e18 else { return "\(value)" }
        let whole = UInt64(scaled)
        let unit = UInt64(scale)
        let sign = value < 0 && whole > 0 ? "-" : ""
        guard decimals > 0 else { return sign + grouped(Int(whole)) }
        let digits = String(whole % unit)
        return sign + "\(whole / unit)." + String(repeating: "0", count: decimals - digits.count) + digits
    }

    /// About three significant digits, trailing zeros cut: `0.00354`, `12.5`, `1,240`.
    package static func short(_ value: Double) -> String {
        if value == 0 { return "0" }
        guard value.isFinite else { return fixed(value) }
        let size = value.magnitude
        if size >= 999.5 { return fixed(value, 0) }
        if size < 1e-6 { return scientific(value) }
        var decimals = 0
        var bound = 99.95
        while decimals < 9, size < bound {
            decimals += 1
            bound /= 10
        }
        var text = fixed(value, decimals)
        if text.contains(".") {
            while text.last == "0" { text.removeLast() }
            if text.last == "." { text.removeLast() }
        }
        return text
    }

    /// `2.33e-17`
    private static func scientific(_ value: Double) -> String {
        var exponent = 0
        var digits = value
        while digits.magnitude < 0.9995, exponent > -330 {
            digits *= 10
            exponent -= 1
        }
        return "\(fixed(digits, 2))e\(exponent)"
    }

    /// `12,345`
    package static func grouped(_ value: Int) -> String {
        let digits = String(value.magnitude)
        var text = ""
        for (place, digit) in digits.enumerated() {
            if place > 0, (digits.count - place) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return (value < 0 ? "-" : "") + text
    }

    /// `1.25 %`
    package static func percent(_ share: Double?, _ decimals: Int = 2) -> String { share.map { fixed($0 * 100, decimals) + " %" } ?? "-" }
}

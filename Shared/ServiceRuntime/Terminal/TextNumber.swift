/// Numbers as people read them; the same in every locale.
package enum TextNumber {
    /// `1,234,567`
    package static func grouped(_ value: Int) -> String {
        let digits = String(value.magnitude)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return value < 0 ? "-" + text : text
    }

    /// With so many decimals (0...9), halves away from zero; `-` when it is not finite.
    package static func fixed(_ value: Double, decimals: Int) -> String {
        precondition((0...9).contains(decimals))
        var scale = 1
        for _ in 0..<decimals { scale *= 10 }
        let scaled = (value.magnitude * Double(scale)).rounded()
        guard scaled < 9e15 else { return value.isFinite ? "\(value)" : "-" }
        let whole = Int(scaled)
        let sign = value < 0 && whole != 0 ? "-" : ""
        if decimals == 0 { return sign + String(whole) }
        let fraction = String(whole % scale)
        return "\(sign)\(whole / scale).\(String(repeating: "0", count: decimals - fraction.count))\(fraction)"
    }
}

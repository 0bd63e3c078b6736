/// Durations as people write them: `250us`, `500ms`, `2s`, `30m`, `12h`, `7d`, `2w`, or several units from large to small, `1h30m`.
///
/// A day is 24 hours and a week 7 days; there are no months or years, because their lengths vary. Fractions are not needed: use a smaller unit.
package enum DurationText {
    /// From large to small; the order in which units may follow each other.
    private static let units: [(name: String, micros: Int64)] = [
        ("w", 604_800_000_000), ("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000),
        ("us", 1),
    ]

    /// What to tell someone whose duration was refused.
    package static let remedy = "write whole numbers with a unit of us, ms, s, m, h, d or w, such as 500ms or 7d"

    /// Microseconds, or nil when `text` is not a duration or exceeds `Int64`.
    package static func micros(_ text: String) -> Int64? {
        var rest = text.utf8[...]
        var total: Int64 = 0
        var nextUnit = 0
        repeat {
            let digits = rest.prefix { (0x30...0x39).contains($0) }
            rest = rest[digits.endIndex...]
            let letters = rest.prefix { (0x61...0x7A).contains($0) }
            rest = rest[letters.endIndex...]
            guard let count = Int64(Substring(digits)),
                let unit = units.firstIndex(where: { $0.name.utf8.elementsEqual(letters) }), unit >= nextUnit
            else { return nil }
            nextUnit = unit + 1
            let (product, productOverflow) = count.multipliedReportingOverflow(by: units[unit].micros)
            let (sum, sumOverflow) = total.addingReportingOverflow(product)
            if productOverflow || sumOverflow { return nil }
            total = sum
        } while !rest.isEmpty
        return total
    }

    /// The shortest text that ``micros(_:)`` reads back as `micros`; `0s` for zero.
    ///
    /// - Precondition: `micros >= 0`.
    package static func text(micros: Int64) -> String {
        precondition(micros >= 0)
        if micros == 0 { return "0s" }
        var rest = micros
        var text = ""
        for unit in units.dropFirst() where rest >= unit.micros {
            text += "\(rest / unit.micros)\(unit.name)"
            rest %= unit.micros
        }
        return text
    }
}

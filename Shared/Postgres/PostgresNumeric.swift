/// An exact `numeric`, kept as its decimal text.
///
/// Equality is that of the text: `1.0` and `1.00` are two values here, as the server shows them differently.
/// On the wire: base 10,000 digits (most significant first), the weight of the first one (power of 10,000), a sign and the
/// display scale (decimal places). Source: PostgreSQL 15, `numeric.c`, `numeric_recv`.
package struct PostgresNumeric: Hashable, Sendable, CustomStringConvertible {
    /// Canonical: `-` if negative and not zero, no leading zeros but one, every decimal place given; or `NaN`, `Infinity`, `-Infinity`.
    package let description: String

    private init(canonical: String) { description = canonical }

    package static let nan = PostgresNumeric(canonical: "NaN")
    package static let infinity = PostgresNumeric(canonical: "Infinity")
    package static let minusInfinity = PostgresNumeric(canonical: "-Infinity")

    package init(_ value: Int64) { description = String(value) }

    /// `unscaled × 10^-scale`, such as an amount in minor units. A negative scale appends zeros.
    package init(unscaled: Int64, scale: Int) {
        precondition((-1_000...16_383).contains(scale), "a numeric's scale is in -1000...16383, got \(scale)")
        self.init(digits: String(unscaled.magnitude), scale: scale, isNegative: unscaled < 0)
    }

    /// PostgreSQL's own limits: digits before and after the decimal point.
    private static let integerDigitCountMax = 131_072
    private static let scaleMax = 16_383

    /// Reads `[+-]digits[.digits][e[+-]digits]`, `NaN`, `[+-]Infinity`; nil for anything else or what PostgreSQL could not hold.
    package init?(_ text: String) {
        switch text.lowercased() {
        case "nan": self = .nan
        case "infinity", "+infinity", "inf", "+inf": self = .infinity
        case "-infinity", "-inf": self = .minusInfinity
        default:
            var rest = Substring(text)
            var isNegative = false
            if let sign = rest.first, sign == "-" || sign == "+" {
                isNegative = sign == "-"
                rest.removeFirst()
            }
            var exponent = 0
            if let mark = rest.firstIndex(where: { $0 == "e" || $0 == "E" }) {
                guard let value = Int(rest[rest.index(after: mark)...]), (-200_000...200_000).contains(value) else { return nil }
                exponent = value
                rest = rest[..<mark]
            }
            let parts = rest.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
            let digits = parts.joined()
            guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
            let scale = (parts.count == 2 ? parts[1].utf8.count : 0) - exponent
            guard scale <= Self.scaleMax, digits.utf8.count - scale <= Self.integerDigitCountMax else { return nil }
            self.init(digits: digits, scale: scale, isNegative: isNegative)
        }
    }

    private init(digits: String, scale: Int, isNegative: Bool) {
        var digits = Array(digits.utf8)
        if scale < 0 { digits += repeatElement(0x30, count: -scale) }
        let scale = max(scale, 0)
        if digits.count <= scale { digits = [UInt8](repeating: 0x30, count: scale + 1 - digits.count) + digits }
        var whole = digits.dropLast(scale).drop { $0 == 0x30 }
        if whole.isEmpty { whole = [0x30] }
        let isZero = digits.allSatisfy { $0 == 0x30 }
        var text = isNegative && !isZero ? "-" : ""
        text += String(decoding: whole, as: UTF8.self)
        if scale > 0 { text += "." + String(decoding: digits.suffix(scale), as: UTF8.self) }
        description = text
    }

    // MARK: Wire

    static let signNegative: UInt16 = 0x4000
    private static let signNaN: UInt16 = 0xC000
    private static let signInfinity: UInt16 = 0xD000
    private static let signMinusInfinity: UInt16 = 0xF000

    func appendWire(to bytes: inout [UInt8]) {
        func special(_ sign: UInt16) {
            bytes.appendBigEndian(UInt32(0))
            bytes.appendBigEndian(sign)
            bytes.appendBigEndian(UInt16(0))
        }
        switch self {
        case .nan: return special(Self.signNaN)
        case .infinity: return special(Self.signInfinity)
        case .minusInfinity: return special(Self.signMinusInfinity)
        default: break
        }
        var digits = Array(description.utf8)
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative { digits.removeFirst() }
        let point = digits.firstIndex(of: UInt8(ascii: "."))
        let scale = point.map { digits.count - $0 - 1 } ?? 0
        if let point { digits.remove(at: point) }
        let wholeCount = digits.count - scale
        // Pad both sides so that groups of four meet at the decimal point.
        digits = [UInt8](repeating: 0x30, count: (4 - wholeCount % 4) % 4) + digits + [UInt8](repeating: 0x30, count: (4 - scale % 4) % 4)
        var weight = (wholeCount + 3) / 4 - 1
        var groups = stride(from: 0, to: digits.count, by: 4).map { start in
            digits[start..<start + 4].reduce(UInt16(0)) { $0 * 10 + UInt16($1 - 0x30) }
        }
        while groups.last == 0 { groups.removeLast() }
        let leading = groups.prefix { $0 == 0 }.count
        groups.removeFirst(leading)
        weight -= leading
        bytes.appendBigEndian(UInt16(groups.count))
        bytes.appendBigEndian(Int16(truncatingIfNeeded: groups.isEmpty ? 0 : weight))
        bytes.appendBigEndian(isNegative ? Self.signNegative : 0)
        bytes.appendBigEndian(UInt16(scale))
        for group in groups { bytes.appendBigEndian(group) }
    }

    init?(wire: RawSpan) {
        guard let count = wire.bigEndian(at: 0, as: UInt16.self), let weight = wire.bigEndian(at: 2, as: Int16.self),
            let sign = wire.bigEndian(at: 4, as: UInt16.self), let scale = wire.bigEndian(at: 6, as: UInt16.self),
            wire.byteCount == 8 + 2 * Int(count)
        else { return nil }
        switch sign {
        case Self.signNaN: self = .nan
        case Self.signInfinity: self = .infinity
        case Self.signMinusInfinity: self = .minusInfinity
        case 0, Self.signNegative:
            // Group `g` counts 10,000^(weight - g); write those from the first (or the units) down to the last shown place.
            let first = max(Int(weight), 0)
            let last = -((Int(scale) + 3) / 4)
            var digits: [UInt8] = []
            digits.reserveCapacity((first - last + 1) * 4)
            for power in stride(from: first, through: last, by: -1) {
                let group = Int(weight) - power
                var value: UInt16 = 0
                if group >= 0, group < Int(count) {
                    guard let stored = wire.bigEndian(at: 8 + 2 * group, as: UInt16.self), stored < 10_000 else { return nil }
                    value = stored
                }
                digits += [value / 1000, value / 100 % 10, value / 10 % 10, value % 10].map { UInt8($0) + 0x30 }
            }
            digits.removeLast(-last * 4 - Int(scale))
            self.init(digits: String(decoding: digits, as: UTF8.self), scale: Int(scale), isNegative: sign == Self.signNegative)
        default: return nil
        }
    }
}

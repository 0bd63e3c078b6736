/// A 128-bit identifier, as topics have; its text is Kafka's: base64 for URLs without padding, 22 characters.
package struct Uuid: Hashable, Sendable {
    package var high: UInt64
    package var low: UInt64

    /// No identifier.
    package static var zero: Uuid { Uuid(high: 0, low: 0) }

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A random (version 4) identifier whose text does not begin with `-`, so that it can be a command's argument.
    package static func random(using generator: inout some RandomNumberGenerator) -> Uuid {
        while true {
            let uuid = Uuid(
                high: UInt64.random(in: .min ... .max, using: &generator) & ~0xf000 | 0x4000,
                low: UInt64.random(in: .min ... .max, using: &generator) & ~(0b11 << 62) | 0b10 << 62)
            if !uuid.description.hasPrefix("-") { return uuid }
        }
    }
}

extension Uuid: LosslessStringConvertible {
    private static var alphabet: [UInt8] { Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8) }

    /// Nil unless `text` is exactly what ``description`` gives.
    package init?(_ text: String) {
        let symbols = Array(text.utf8)
        guard symbols.count == 22 else { return nil }
        // 22 symbols carry 132 bits; the last four are padding and zero.
        var value: UInt128 = 0
        for (index, symbol) in symbols.enumerated() {
            guard let six = Self.alphabet.firstIndex(of: symbol) else { return nil }
            if index < 21 {
                value = value << 6 | UInt128(six)
            } else {
                guard six & 0b1111 == 0 else { return nil }
                value = value << 2 | UInt128(six >> 4)
            }
        }
        self.init(high: UInt64(truncatingIfNeeded: value >> 64), low: UInt64(truncatingIfNeeded: value))
    }

    package var description: String {
        let value = UInt128(high) << 64 | UInt128(low)
        let alphabet = Self.alphabet
        let symbols = (0..<22).map { index in
            let six = index < 21 ? value >> UInt128(122 - 6 * index) : value << 4
            return alphabet[Int(six & 0b11_1111)]
        }
        return String(decoding: symbols, as: UTF8.self)
    }
}

/// Says how two binary values of a column differ.
enum FieldText {
    static func difference(_ column: String, stored: [UInt8]?, computed: [UInt8]?) -> String {
        if let stored, let computed, let pair = arrays(column, stored, computed) { return pair }
        return "\(column): stored \(text(column, stored)), recomputed \(text(column, computed))"
    }

    private static let doubles: Set<String> = ["score"]
    private static let doubleArrays: Set<String> = ["features", "reason_contributions"]
    private static let smallArrays: Set<String> = ["reason_features", "reason_words"]
    private static let texts: Set<String> = ["transaction_id", "currency", "reason", "field", "detail"]
    private static let integers: Set<String> = [
        "topic", "source_partition", "source_offset", "amount_minor", "verdict", "marker", "decision", "partition", "message_offset",
        "sequence",
    ]

    /// The first element that differs, for arrays of doubles.
    private static func arrays(_ column: String, _ stored: [UInt8], _ computed: [UInt8]) -> String? {
        guard doubleArrays.contains(column), stored.count == computed.count, stored.count >= 20 else { return nil }
        for index in 0..<(stored.count - 20) / 12 {
            let (old, new) = (number(stored, 24 + index * 12), number(computed, 24 + index * 12))
            if old.bitPattern != new.bitPattern { return "\(column)[\(index)]: stored \(old), recomputed \(new)" }
        }
        return nil
    }

    private static func text(_ column: String, _ bytes: [UInt8]?) -> String {
        guard let bytes else { return "NULL" }
        if doubles.contains(column), bytes.count == 8 { return "\(number(bytes, 0))" }
        if texts.contains(column) { return "'\(String(decoding: bytes, as: UTF8.self))'" }
        if smallArrays.contains(column), bytes.count >= 20, (bytes.count - 20) % 6 == 0 {
            let values = stride(from: 24, to: bytes.count, by: 6).map { Int16(bitPattern: UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1])) }
            return "\(values)"
        }
        if integers.contains(column), bytes.count <= 8 {
            let bits = bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            let unused = UInt64(64 - 8 * bytes.count)
            return "\(Int64(bitPattern: bits << unused) >> Int64(unused))"
        }
        let shown = Array(bytes.prefix(64)).hex
        return bytes.count > 64 ? "\(shown)… (\(bytes.count) bytes)" : "\\x\(shown)"
    }

    private static func number(_ bytes: [UInt8], _ offset: Int) -> Double {
        Double(bitPattern: bytes[offset..<offset + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }
}

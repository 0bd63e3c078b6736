/// Kafka's rules for the names of topics.
enum TopicName {
    static let byteCountMax = 249

    /// Nil for a good name, or Kafka's own words for what is wrong with it.
    static func problem(with name: String) -> String? {
        if name.isEmpty { return "Topic name is invalid: the empty string is not allowed" }
        if name == "." || name == ".." { return "Topic name is invalid: '\(name)' is not allowed" }
        if name.utf8.count > byteCountMax {
            return "Topic name is invalid: the length of the name is longer than the max allowed length \(byteCountMax)"
        }
        for byte in name.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                continue
            default:
                return
                    "Topic name is invalid: it contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"
            }
        }
        return nil
    }

    /// Names that differ in `.` and `_` alone collide in Kafka's metric names and are refused by it.
    static func collisionKey(_ name: String) -> String {
        String(decoding: name.utf8.map { $0 == UInt8(ascii: ".") ? UInt8(ascii: "_") : $0 }, as: UTF8.self)
    }
}

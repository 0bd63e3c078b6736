internal import Json

/// Walks a text line by line and takes the lines apart.
struct TextLines {
    private var rest: UnsafeRawBufferPointer
    private var number = 0

    init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }

    /// The line that was read last.
    var place: String { "line \(number)" }

    /// The next line, without its end; nil after the last.
    mutating func next() -> UnsafeRawBufferPointer? {
        guard let line = peek() else { return nil }
        let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.count - 1
        rest = UnsafeRawBufferPointer(rebasing: rest[(end + 1)...])
        number += 1
        return line
    }

    func peek() -> UnsafeRawBufferPointer? {
        guard !rest.isEmpty else { return nil }
        var end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.count
        if end > 0, rest[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: rest[..<end])
    }

    static func pair(_ line: UnsafeRawBufferPointer) -> (key: String, value: UnsafeRawBufferPointer)? {
        // Keys are short: a long line without one is not searched to its end.
        guard let equals = line.prefix(64).firstIndex(of: UInt8(ascii: "=")) else { return nil }
        return (String(decoding: line[..<equals], as: UTF8.self), UnsafeRawBufferPointer(rebasing: line[(equals + 1)...]))
    }

    static func words(_ text: UnsafeRawBufferPointer) -> [UnsafeRawBufferPointer.SubSequence] {
        text.split(separator: UInt8(ascii: " "))
    }

    func integer(_ text: UnsafeRawBufferPointer, _ key: String, in range: ClosedRange<Int>) throws(ImportFailure) -> Int {
        guard let value = Int(String(decoding: text, as: UTF8.self)) else {
            throw ImportFailure(.malformed, at: place, "\(key): an integer was to come")
        }
        guard range.contains(value) else {
            throw ImportFailure(value < range.lowerBound ? .malformed : .tooLarge, at: place, "\(key)=\(value): \(range) are read")
        }
        return value
    }

    /// Numbers between spaces; the caller checks how many and which.
    func doubles(_ text: UnsafeRawBufferPointer, _ key: String) throws(ImportFailure) -> [Double] {
        var values: [Double] = []
        for word in TextLines.words(text) {
            guard let value = JsonText.readDouble(UnsafeRawBufferPointer(rebasing: word)), !value.isNaN else {
                throw ImportFailure(.malformed, at: place, "\(key)[\(values.count)] is not a number")
            }
            values.append(value)
        }
        return values
    }

    func integers<Value: FixedWidthInteger>(_ text: UnsafeRawBufferPointer, _ key: String, _ type: Value.Type) throws(ImportFailure)
        -> [Value]
    {
        var values: [Value] = []
        for word in TextLines.words(text) {
            guard let value = TextLines.integer(word), let value = Value(exactly: value) else {
                throw ImportFailure(.malformed, at: place, "\(key)[\(values.count)] is not an integer of \(Value.bitWidth) bits")
            }
            values.append(value)
        }
        return values
    }

    private static func integer(_ word: UnsafeRawBufferPointer.SubSequence) -> Int? {
        let isNegative = word.first == UInt8(ascii: "-")
        let digits = isNegative ? word.dropFirst() : word
        guard (1...18).contains(digits.count) else { return nil }
        var value = 0
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return nil }
            value = value * 10 + Int(digit - 0x30)
        }
        return isNegative ? -value : value
    }
}

internal import Glibc
internal import Json

/// Reads JSON (RFC 8259) into a ``DocumentValue``; packs arrays of numbers.
///
/// Not through ``JsonParser``: that makes a token of 32 bytes for each number and ends at 1 GiB, and a model of 200 MB is 25 million numbers.
/// `NaN`, `Infinity` and `-Infinity` are read as XGBoost writes them; whoever takes the number checks it.
struct JsonDocument {
    private let bytes: UnsafeRawBufferPointer
    private var index = 0

    static func parse(_ bytes: UnsafeRawBufferPointer) throws(ImportFailure) -> DocumentValue {
        var reader = JsonDocument(bytes: bytes)
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { reader.index = 3 }
        let value = try reader.value(depth: 0)
        reader.skipSpace()
        guard reader.index == bytes.count else { throw reader.fault("the document goes on behind its end") }
        return value
    }

    private init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    private mutating func value(depth: Int) throws(ImportFailure) -> DocumentValue {
        skipSpace()
        guard index < bytes.count else { throw fault("the document ends too early") }
        switch bytes[index] {
        case UInt8(ascii: "{"): return try object(depth: depth + 1)
        case UInt8(ascii: "["): return try array(depth: depth + 1)
        case UInt8(ascii: "\""): return .text(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return .number(try number())
        }
    }

    private mutating func object(depth: Int) throws(ImportFailure) -> DocumentValue {
        try check(depth)
        let start = index
        index += 1
        var members: [DocumentValue.Member] = []
        if take(UInt8(ascii: "}")) { return .object(members) }
        repeat {
            skipSpace()
            guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else { throw fault("a key was to come") }
            let name = try string()
            guard take(UInt8(ascii: ":")) else { throw fault("a colon was to come") }
            members.append(DocumentValue.Member(name: name, value: try value(depth: depth)))
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { throw fault("a comma or the object's end was to come") }
        return try DocumentValue.object(members, at: "byte \(start)")
    }

    private mutating func array(depth: Int) throws(ImportFailure) -> DocumentValue {
        try check(depth)
        index += 1
        var numbers: [Double] = []
        if take(UInt8(ascii: "]")) { return .numbers(numbers) }
        repeat {
            skipSpace()
            guard index < bytes.count, isNumberStart(bytes[index]) else {
                return try mixedArray(numbers.map { .number($0) }, depth: depth)
            }
            numbers.append(try number())
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else { throw fault("a comma or the array's end was to come") }
        return .numbers(numbers)
    }

    private mutating func mixedArray(_ before: [DocumentValue], depth: Int) throws(ImportFailure) -> DocumentValue {
        var elements = before
        repeat { elements.append(try value(depth: depth)) } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else { throw fault("a comma or the array's end was to come") }
        return .array(elements)
    }

    private func isNumberStart(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "N") || byte == UInt8(ascii: "I")
    }

    /// A number with a fraction or an exponent stands for a `Float`: it is read so that rounding to `Float` gives the nearest one.
    private mutating func number() throws(ImportFailure) -> Double {
        let start = index
        var isWhole = true
        scan: while index < bytes.count {
            switch bytes[index] {
            case 0x30...0x39, UInt8(ascii: "-"), UInt8(ascii: "+"): break
            case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): isWhole = false
            default: break scan
            }
            index += 1
        }
        let text = UnsafeRawBufferPointer(rebasing: bytes[start..<index])
        guard let first = text.first, first != UInt8(ascii: "-") || text.count > 1, let value = JsonText.readDouble(text) else {
            return try notFinite(start)
        }
        guard !isWhole, JsonDocument.isBetweenFloats(value) else { return value }
        return Double(strtof(String(decoding: text, as: UTF8.self), nil))
    }

    private mutating func notFinite(_ start: Int) throws(ImportFailure) -> Double {
        index = start
        for (word, value) in [("NaN", Double.nan), ("Infinity", .infinity), ("-Infinity", -.infinity)]
        where bytes[start...].starts(with: word.utf8) {
            index += word.utf8.count
            return value
        }
        throw fault("a value was to come")
    }

    /// Whether a double lies (almost) midway between two `Float`s, where rounding twice may go astray: 29 bits more, or a subnormal `Float`.
    private static func isBetweenFloats(_ value: Double) -> Bool {
        value.bitPattern & 0x1FFF_FFFF == 0x1000_0000 || value.magnitude < Double(Float.leastNormalMagnitude) && value != 0
    }

    private mutating func string() throws(ImportFailure) -> String {
        index += 1
        let start = index
        while index < bytes.count, bytes[index] != UInt8(ascii: "\""), bytes[index] != UInt8(ascii: "\\"), bytes[index] >= 0x20 {
            index += 1
        }
        guard index < bytes.count, bytes[index] >= 0x20 else { throw fault("a string does not end") }
        var text = Array(bytes[start..<index])
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else { throw fault("a string is not UTF-8") }
                return string
            case UInt8(ascii: "\\"): try escape(into: &text)
            case 0..<0x20: throw fault("a control character stands in a string")
            default: text.append(byte)
            }
        }
        throw fault("a string does not end")
    }

    private mutating func escape(into text: inout [UInt8]) throws(ImportFailure) {
        guard index < bytes.count else { throw fault("a string does not end") }
        let byte = bytes[index]
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var code = try hexadecimal()
            if 0xD800..<0xDC00 ~= code, index + 1 < bytes.count, bytes[index] == UInt8(ascii: "\\"), bytes[index + 1] == UInt8(ascii: "u") {
                index += 2
                let low = try hexadecimal()
                guard 0xDC00..<0xE000 ~= low else { throw fault("half of a surrogate pair") }
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw fault("half of a surrogate pair") }
            text.append(contentsOf: String(Character(scalar)).utf8)
        default: throw fault("an escape that JSON does not know")
        }
    }

    private mutating func hexadecimal() throws(ImportFailure) -> UInt32 {
        guard index + 4 <= bytes.count, let code = UInt32(String(decoding: bytes[index..<index + 4], as: UTF8.self), radix: 16) else {
            throw fault("four hexadecimal digits were to come")
        }
        index += 4
        return code
    }

    private mutating func word(_ word: StaticString, _ value: DocumentValue) throws(ImportFailure) -> DocumentValue {
        let wanted = UnsafeRawBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
        guard bytes[index...].starts(with: wanted) else { throw fault("a value was to come") }
        index += wanted.count
        return value
    }

    /// Steps over that byte, white space before it too, if it comes.
    private mutating func take(_ byte: UInt8) -> Bool {
        skipSpace()
        guard index < bytes.count, bytes[index] == byte else { return false }
        index += 1
        return true
    }

    private mutating func skipSpace() {
        while index < bytes.count, bytes[index] == 0x20 || (0x09...0x0D).contains(bytes[index]) { index += 1 }
    }

    private func check(_ depth: Int) throws(ImportFailure) {
        guard depth <= DocumentValue.depthMax else { throw fault("objects and arrays are nested deeper than \(DocumentValue.depthMax)") }
    }

    private func fault(_ problem: String) -> ImportFailure { ImportFailure(.malformed, at: "byte \(index)", problem) }
}

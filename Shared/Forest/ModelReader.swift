/// A strict pull reader of the JSON that model files are made of.
///
/// It never recurses and never builds a tree of values: the caller says what must come next. Strings are valid UTF-8, numbers
/// follow the JSON grammar and fit their type. A failure's `place` is relative; the containers it leaves put their names before it.
struct ModelReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Reads `{…}` and calls `member` after each key, with the reader before its value.
    mutating func object(_ member: (inout ModelReader, String) throws(ForestFailure) -> Void) throws(ForestFailure) {
        try take(0x7B, "an object")
        if skip(0x7D) { return }
        var seen: [String] = []
        repeat {
            let name = try string()
            guard seen.count < ForestLimits.recordEntryCountMax else { throw fault("more members than any object here may have") }
            guard !seen.contains(name) else { throw fault("the key \"\(name.prefix(64))\" twice") }
            seen.append(name)
            try take(0x3A, "a colon")
            do { try member(&self, name) } catch { throw error.within(".\(name.prefix(64))") }
        } while skip(0x2C)
        try take(0x7D, "a comma or the object's end")
    }

    /// Reads `[…]` of at most `countMax` elements and calls `element` before each.
    mutating func array(
        countMax: Int, _ element: (inout ModelReader) throws(ForestFailure) -> Void
    ) throws(ForestFailure) {
        try take(0x5B, "an array")
        if skip(0x5D) { return }
        var index = 0
        repeat {
            guard index < countMax else { throw fault("more than \(countMax) elements") }
            do { try element(&self) } catch { throw error.within("[\(index)]") }
            index += 1
        } while skip(0x2C)
        try take(0x5D, "a comma or the array's end")
    }

    /// Reads a string; `\u` escapes of the basic plane outside the surrogates, and the short escapes.
    mutating func string() throws(ForestFailure) -> String {
        try take(0x22, "a string")
        var text: [UInt8] = []
        while true {
            guard position < bytes.count else { throw fault("an unfinished string") }
            guard text.count <= ForestLimits.nameBytesMax else { throw fault("a string above \(ForestLimits.nameBytesMax) bytes") }
            let byte = bytes[position]
            position += 1
            switch byte {
            case 0x22:
                guard let string = String(validating: text, as: UTF8.self) else { throw fault("a string that is not UTF-8") }
                return string
            case 0x5C: text.append(contentsOf: try escape())
            case 0..<0x20: throw fault("a control character in a string")
            default: text.append(byte)
            }
        }
    }

    /// Reads a finite number; the nearest `Double`.
    mutating func double() throws(ForestFailure) -> Double {
        let token = try numberToken()
        guard let value = Double(token), value.isFinite else { throw fault("\(token.prefix(40)), which no finite number holds") }
        return value
    }

    /// Reads a number without fraction and exponent that fits `Value`.
    mutating func integer<Value: FixedWidthInteger>(_: Value.Type = Value.self) throws(ForestFailure) -> Value {
        let token = try numberToken()
        guard let value = Value(token) else {
            throw fault("\(token.prefix(40)) instead of an integer in \(Value.min)...\(Value.max)")
        }
        return value
    }

    mutating func doubles(countMax: Int) throws(ForestFailure) -> [Double] {
        var values: [Double] = []
        try array(countMax: countMax) { reader throws(ForestFailure) in values.append(try reader.double()) }
        return values
    }

    mutating func integers(countMax: Int) throws(ForestFailure) -> [Int32] {
        var values: [Int32] = []
        try array(countMax: countMax) { reader throws(ForestFailure) in values.append(try reader.integer()) }
        return values
    }

    /// Nothing but white space may be left.
    mutating func end() throws(ForestFailure) {
        skipSpace()
        guard position == bytes.count else { throw fault("bytes behind the end of the model") }
    }

    /// A failure here; `finding` says what was found.
    func fault(_ finding: String) -> ForestFailure { ForestFailure(at: "", "found \(finding) at byte \(position)") }

    private mutating func numberToken() throws(ForestFailure) -> String {
        skipSpace()
        let start = position
        if peek() == 0x2D { position += 1 }
        let whole = skipDigits()
        guard whole > 0 else {
            throw fault("no number")
        }
        if whole > 1, bytes[position - whole] == 0x30 { throw fault("a number with a leading zero") }
        if peek() == 0x2E {
            position += 1
            guard skipDigits() > 0 else { throw fault("a number without decimals behind its point") }
        }
        if peek() == 0x65 || peek() == 0x45 {
            position += 1
            if peek() == 0x2B || peek() == 0x2D { position += 1 }
            guard skipDigits() > 0 else { throw fault("a number without digits in its exponent") }
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func skipDigits() -> Int {
        let start = position
        while let byte = peek(), (0x30...0x39).contains(byte) { position += 1 }
        return position - start
    }

    private mutating func escape() throws(ForestFailure) -> [UInt8] {
        guard let byte = peek() else { throw fault("an unfinished escape") }
        position += 1
        switch byte {
        case 0x22, 0x5C, 0x2F: return [byte]
        case 0x62: return [0x08]
        case 0x66: return [0x0C]
        case 0x6E: return [0x0A]
        case 0x72: return [0x0D]
        case 0x74: return [0x09]
        case 0x75:
            guard position + 4 <= bytes.count else { throw fault("an unfinished escape") }
            var code: UInt32 = 0
            for digit in bytes[position..<position + 4] {
                guard let value = Character(Unicode.Scalar(digit)).hexDigitValue else {
                    throw fault("a \\u escape without hexadecimal digits")
                }
                code = code << 4 | UInt32(value)
            }
            position += 4
            guard let scalar = Unicode.Scalar(code) else { throw fault("a surrogate escape; write the character itself") }
            return Array(String(Character(scalar)).utf8)
        default: throw fault("an unknown escape")
        }
    }

    private func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    /// Takes `byte` if it is what comes next.
    private mutating func skip(_ byte: UInt8) -> Bool {
        skipSpace()
        guard peek() == byte else { return false }
        position += 1
        return true
    }

    private mutating func take(_ byte: UInt8, _ name: String) throws(ForestFailure) {
        guard skip(byte) else {
            let found =
                peek().map { (0x21...0x7E).contains($0) ? "'\(Character(Unicode.Scalar($0)))'" : "byte \($0)" } ?? "the end of the file"
            throw fault("\(found) instead of \(name)")
        }
    }
}

extension ForestFailure {
    /// The same failure seen from the container that `step` leads into.
    func within(_ step: String) -> ForestFailure {
        var outer = self
        outer.place = step + place
        return outer
    }
}

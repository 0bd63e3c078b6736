/// JSON text written by hand: members in the order given, so equal values give equal bytes.
///
/// A `Double` is written as the shortest text that reads back to the same bits; the caller keeps NaN and infinities out.
package struct JsonText: Sendable {
    package private(set) var bytes: [UInt8] = []
    /// Whether the next member or element is its container's first.
    private var isFirst = true
    private var depth = 0
    private var pretty: [Bool] = []

    package init() {}

    /// Writes `{…}` or `[…]`; with `lines` each member stands on a line of its own.
    package mutating func object(lines: Bool = false, _ body: (inout JsonText) -> Void) { container("{", "}", lines, body) }

    package mutating func array(lines: Bool = false, _ body: (inout JsonText) -> Void) { container("[", "]", lines, body) }

    /// Starts a member; a value must follow.
    package mutating func key(_ name: String) {
        separate()
        quote(name)
        raw(":")
        if pretty.last == true { raw(" ") }
    }

    /// Starts an element of an array; a value must follow.
    package mutating func element() { separate() }

    package mutating func string(_ value: String) { quote(value) }

    package mutating func number(_ value: Double) {
        precondition(value.isFinite, "JSON has no text for \(value)")
        raw(value.description)
    }

    package mutating func number(_ value: some BinaryInteger) { raw(String(value)) }

    package mutating func bool(_ value: Bool) { raw(value ? "true" : "false") }

    package mutating func null() { raw("null") }

    package mutating func newline() { raw("\n") }

    /// An array on one line.
    package mutating func numbers(_ values: [Double]) {
        array { json in
            for value in values {
                json.element()
                json.number(value)
            }
        }
    }

    package mutating func numbers(_ values: [Int32]) {
        array { json in
            for value in values {
                json.element()
                json.number(value)
            }
        }
    }

    private mutating func container(_ open: String, _ close: String, _ lines: Bool, _ body: (inout JsonText) -> Void) {
        raw(open)
        pretty.append(lines)
        depth += 1
        isFirst = true
        body(&self)
        depth -= 1
        if lines, !isFirst { breakLine() }
        pretty.removeLast()
        isFirst = false
        raw(close)
    }

    private mutating func separate() {
        if !isFirst { raw(",") }
        if pretty.last == true { breakLine() }
        isFirst = false
    }

    private mutating func breakLine() {
        bytes.append(0x0A)
        for _ in 0..<depth { raw("  ") }
    }

    private mutating func raw(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private mutating func quote(_ text: String) {
        raw("\"")
        for byte in text.utf8 {
            switch byte {
            case 0x22: raw("\\\"")
            case 0x5C: raw("\\\\")
            case 0..<0x20:
                let digits = Array("0123456789abcdef".utf8)
                raw("\\u00")
                bytes.append(digits[Int(byte >> 4)])
                bytes.append(digits[Int(byte & 15)])
            default: bytes.append(byte)
            }
        }
        raw("\"")
    }
}

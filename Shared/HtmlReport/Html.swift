/// HTML written by hand, every text escaped and every tag closed: what comes out also parses as XML.
package struct Html: Sendable {
    package private(set) var text = ""

    package init() {}

    /// Writes `<name …>…</name>`.
    package mutating func element(
        _ name: String, _ attributes: KeyValuePairs<String, String> = [:], _ body: (inout Html) -> Void
    ) {
        open(name, attributes)
        text += ">"
        body(&self)
        text += "</\(name)>"
    }

    /// Writes an element that holds text alone.
    package mutating func element(_ name: String, _ attributes: KeyValuePairs<String, String> = [:], text content: String) {
        element(name, attributes) { $0.append(content) }
    }

    /// Writes an element without content, such as `<br/>` or an SVG shape.
    package mutating func empty(_ name: String, _ attributes: KeyValuePairs<String, String> = [:]) {
        open(name, attributes)
        text += "/>"
    }

    package mutating func append(_ content: String) { Html.escape(content, into: &text) }

    /// Writes text that is markup already.
    package mutating func append(raw markup: String) { text += markup }

    package mutating func newline() { text += "\n" }

    private mutating func open(_ name: String, _ attributes: KeyValuePairs<String, String>) {
        text += "<\(name)"
        for (name, value) in attributes {
            text += " \(name)=\""
            Html.escape(value, into: &text)
            text += "\""
        }
    }

    private static func escape(_ content: String, into text: inout String) {
        for scalar in content.unicodeScalars {
            switch scalar {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            case "\"": text += "&quot;"
            // Control characters are not allowed in XML, and a name from a file may hold any.
            case "\u{0}"..<"\u{9}", "\u{B}"..<" ", "\u{7F}"..<"\u{A0}", "\u{FFFE}", "\u{FFFF}": text += "\u{FFFD}"
            default: text.unicodeScalars.append(scalar)
            }
        }
    }
}

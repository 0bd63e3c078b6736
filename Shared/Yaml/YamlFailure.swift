/// Why a YAML file was refused: where, what, what was found, and what to do. Safe to log, but it quotes the file, so files hold no secrets.
package struct YamlFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package var file: String
    /// From 1.
    package var line: Int
    /// From 1, in characters.
    package var column: Int
    /// What is wrong, naming the value by its path in the document, and what was found there.
    package var problem: String
    /// What to write instead; a sentence without its full stop, or empty.
    package var remedy: String

    package init(file: String, line: Int, column: Int, problem: String, remedy: String) {
        self.file = file
        self.line = line
        self.column = column
        self.problem = problem
        self.remedy = remedy
    }

    /// `file:line:column: problem; remedy`
    package var description: String {
        "\(file):\(line):\(column): \(problem)" + (remedy.isEmpty ? "" : "; \(remedy)")
    }
}

extension String {
    /// The text in double quotes on one line, control characters escaped, cut at 60 characters: fit for a message.
    package var quotedForMessage: String {
        var text = "\""
        for scalar in unicodeScalars.prefix(60) {
            switch scalar {
            case "\"", "\\": text += "\\\(scalar)"
            case "\n": text += "\\n"
            case "\t": text += "\\t"
            case "\r": text += "\\r"
            case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value):
                text += "\\u{\(String(scalar.value, radix: 16))}"
            default: text.unicodeScalars.append(scalar)
            }
        }
        if unicodeScalars.dropFirst(60).isEmpty == false { text += "…" }
        return text + "\""
    }
}

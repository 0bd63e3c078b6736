/// A row of a transactions file that cannot be used, and why. Safe to log: values are cut short, control characters replaced.
package struct FeedFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package var file: String
    /// From 1; 0 when the file as a whole is meant.
    package var line: Int
    package var problem: String

    package init(file: String, line: Int, problem: String) {
        self.file = file
        self.line = line
        self.problem = problem
    }

    /// `file:line: problem`
    package var description: String { line > 0 ? "\(file):\(line): \(problem)" : "\(file): \(problem)" }

    /// A field's bytes as they may stand in a message.
    static func shown(_ bytes: UnsafeRawBufferPointer) -> String {
        var text = "\""
        for scalar in String(decoding: bytes.prefix(40), as: UTF8.self).unicodeScalars {
            if scalar.value < 0x20 || scalar.value == 0x7F { text += "?" } else { text.unicodeScalars.append(scalar) }
        }
        return text + (bytes.count > 40 ? "…\"" : "\"")
    }
}

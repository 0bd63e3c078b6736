/// What is wrong with a CSV file, and where. Safe to log: values are cut short.
package struct CsvFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package var file: String
    /// From 1; 0 when the file as a whole is meant.
    package var line: Int
    package var problem: String

    /// `file:line: problem`
    package var description: String { line > 0 ? "\(file):\(line): \(problem)" : "\(file): \(problem)" }

    static func system(_ file: String, _ operation: String, _ code: Int32) -> CsvFailure {
        CsvFailure(file: file, line: 0, problem: "\(operation): \(errorText(code))")
    }
}

/// A field's bytes as they may stand in a message.
func shownField(_ bytes: UnsafeRawBufferPointer) -> String {
    var text = "\""
    for scalar in String(decoding: bytes.prefix(40), as: UTF8.self).unicodeScalars {
        if scalar.value < 0x20 || scalar.value == 0x7F { text += "?" } else { text.unicodeScalars.append(scalar) }
    }
    return text + (bytes.count > 40 ? "…\"" : "\"")
}

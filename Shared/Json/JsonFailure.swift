/// Why some bytes are not a JSON document that is accepted here.
package struct JsonFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Fault: String, Hashable, Sendable, CaseIterable {
        /// Nothing, or white space only.
        case empty = "the document is empty"
        case tooLarge = "the document is too large"
        case tooDeep = "objects and arrays are nested too deeply"
        case invalidUTF8 = "the text is not UTF-8"
        /// A character below U+0020 stands in a string without an escape.
        case controlCharacter = "a control character stands in a string without an escape"
        case duplicateKey = "an object has the same key twice"
        case loneSurrogate = "an escape names half of a surrogate pair"
        /// NaN or Infinity, for which JSON has no word.
        case notFinite = "NaN and Infinity are not JSON"
        case byteOrderMark = "the document starts with a byte order mark"
        case malformed = "the text is not JSON"
        case noMemory = "there is no memory for the document"
    }

    package var fault: Fault
    /// About where it was noticed, in bytes from the start of the document.
    package var offset: Int

    package init(_ fault: Fault, offset: Int) {
        self.fault = fault
        self.offset = offset
    }

    package var description: String { "JSON, byte \(offset): \(fault.rawValue)" }
}

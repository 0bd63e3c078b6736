/// Why bytes from outside are not the message they should be.
package struct WireFault: Error, Hashable, CustomStringConvertible {
    package enum Reason: Hashable, Sendable {
        /// The value takes more bytes than are left.
        case truncated(byteCount: Int)
        /// A length or a count that is negative, or null where nothing may be.
        case invalidLength(Int)
        /// An array with more elements than the bytes left could hold.
        case countTooLarge(Int)
        /// A variable-length integer with more than its five (or ten) bytes.
        case varintTooLong
        /// A string that is not UTF-8.
        case invalidText
        /// A tagged field whose value is longer than it says.
        case tagOverrun(number: Int)
        case unsupportedVersion(Int16)
        /// Bytes after the end of the message.
        case trailingBytes(Int)
    }

    package var reason: Reason
    /// Where in the frame, in bytes from its beginning.
    package var position: Int

    package init(_ reason: Reason, at position: Int) {
        self.reason = reason
        self.position = position
    }

    package var description: String {
        let what =
            switch reason {
            case .truncated(let byteCount): "\(byteCount) bytes are missing or beyond the end"
            case .invalidLength(let length): "a length of \(length) is not allowed here"
            case .countTooLarge(let count): "\(count) elements do not fit into the rest of the frame"
            case .varintTooLong: "a variable-length integer does not end"
            case .invalidText: "a string is not UTF-8"
            case .tagOverrun(let number): "tagged field \(number) is longer than it says"
            case .unsupportedVersion(let version): "version \(version) is not offered"
            case .trailingBytes(let byteCount): "\(byteCount) bytes follow the end of the message"
            }
        return "malformed frame at byte \(position): \(what)"
    }
}

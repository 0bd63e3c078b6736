/// Why some bytes are not the message they should be. Such bytes are set aside, never retried: they will not change.
package struct ContractFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Fault: String, Hashable, Sendable {
        /// The bytes end inside a field.
        case truncated
        /// A varint of more than ten bytes or more than 64 bits.
        case varintTooLong = "varint too long"
        /// A field number of 0 or beyond 2²⁹-1, or a tag of more than 32 bits.
        case malformedTag = "malformed tag"
        /// A group, or a wire type that the field does not have.
        case unexpectedWireType = "unexpected wire type"
        /// A number that the domain's type does not hold.
        case outOfRange = "value out of range"
        /// A field that a message has at most once, or a second member of a oneof.
        case repeated = "repeated field"
        /// More elements than the contract allows.
        case tooMany = "too many elements"
        /// Text that is not UTF-8.
        case invalidUTF8 = "invalid UTF-8"
        /// A field without which the message means nothing.
        case missing = "missing field"
        /// A byte string of the wrong length.
        case wrongLength = "wrong length"
    }

    package var fault: Fault
    /// Field number in the innermost message; 0 when no tag was read.
    package var field: UInt32
    /// Where in the innermost message reading stopped, in bytes.
    package var position: Int

    package init(_ fault: Fault, field: UInt32 = 0, position: Int = 0) {
        self.fault = fault
        self.field = field
        self.position = position
    }

    package var description: String {
        "Protobuf: \(fault.rawValue) in field \(field) at byte \(position); set the message aside"
    }
}

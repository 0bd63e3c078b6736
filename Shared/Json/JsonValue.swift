internal import CSimdjson

/// A value of a parsed document: a place in the parser's token list. Valid until the parser parses again.
package struct JsonValue {
    package enum Kind: UInt8, Hashable, Sendable {
        case object = 1
        case array = 2
        case string = 4
        case number = 5
        case bool = 6
        case null = 8
    }

    private let token: UnsafePointer<assay_json_token>

    /// - Parameter token: An `assay_json_token`; untyped so that the C type stays inside.
    init(_ token: UnsafeRawPointer) { self.token = token.assumingMemoryBound(to: assay_json_token.self) }

    package var kind: Kind {
        switch token.pointee.kind {
        case ASSAY_JSON_OBJECT.byte: .object
        case ASSAY_JSON_ARRAY.byte: .array
        case ASSAY_JSON_STRING.byte: .string
        case ASSAY_JSON_NUMBER.byte: .number
        case ASSAY_JSON_NULL.byte: .null
        default: .bool
        }
    }

    /// A string's text, unescaped, or a number as it was written; empty for the rest.
    package var text: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: token.pointee.text, count: Int(token.pointee.length))
    }

    /// Whether a `bool` is true.
    package var isTrue: Bool { token.pointee.kind == ASSAY_JSON_TRUE.byte }

    /// Byte of the document where the value starts.
    package var offset: Int { Int(token.pointee.start) }

    /// Members of an object or elements of an array; 0 for the rest.
    package var count: Int { Int(token.pointee.count) }

    /// Members of an object in the document's order; empty for other kinds.
    package var members: Members { Members(next: token + 1, remaining: kind == .object ? count : 0) }

    /// Elements of an array; empty for other kinds.
    package var elements: Elements { Elements(next: token + 1, remaining: kind == .array ? count : 0) }

    /// The member of that name; nil when there is none or this is no object. Walks the members.
    package func member(_ name: StaticString) -> JsonValue? {
        let wanted = UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        for member in members where member.name.elementsEqual(wanted) { return member.value }
        return nil
    }

    package struct Member {
        /// The key, unescaped.
        package let name: UnsafeRawBufferPointer
        package let value: JsonValue
    }

    package struct Members: Sequence, IteratorProtocol {
        private var place: UnsafeRawPointer
        private var remaining: Int

        fileprivate init(next: UnsafePointer<assay_json_token>, remaining: Int) {
            place = UnsafeRawPointer(next)
            self.remaining = remaining
        }

        package mutating func next() -> Member? {
            if remaining == 0 { return nil }
            remaining -= 1
            let key = place.assumingMemoryBound(to: assay_json_token.self)
            let value = JsonValue(key + 1)
            place = UnsafeRawPointer(value.end)
            return Member(name: UnsafeRawBufferPointer(start: key.pointee.text, count: Int(key.pointee.length)), value: value)
        }
    }

    package struct Elements: Sequence, IteratorProtocol {
        private var place: UnsafeRawPointer
        private var remaining: Int

        fileprivate init(next: UnsafePointer<assay_json_token>, remaining: Int) {
            place = UnsafeRawPointer(next)
            self.remaining = remaining
        }

        package mutating func next() -> JsonValue? {
            if remaining == 0 { return nil }
            remaining -= 1
            let value = JsonValue(place)
            place = UnsafeRawPointer(value.end)
            return value
        }
    }

    /// The first token after this value.
    private var end: UnsafePointer<assay_json_token> { token + Int(token.pointee.span) }
}

internal import CSimdjson

/// What a document may cost.
package struct JsonLimits: Hashable, Sendable {
    /// Larger documents are refused unread.
    package var byteCountMax: Int
    /// Objects and arrays around a value, at most.
    package var depthMax: Int

    /// - Precondition: `1 <= depthMax <= 256`, because the walk recurses, and `byteCountMax` is under 1 GiB.
    package init(byteCountMax: Int = 1 << 20, depthMax: Int = 32) {
        precondition((1...256).contains(depthMax) && (0..<(1 << 30)).contains(byteCountMax))
        self.byteCountMax = byteCountMax
        self.depthMax = depthMax
    }
}

/// Parses one document after another in buffers that it keeps: once they have grown, nothing is allocated.
///
/// A document is validated to its last byte: UTF-8, grammar (RFC 8259), depth, size, no key twice in one object.
/// Not thread-safe; one per fold. Source: simdjson, On-Demand (Keiser and Lemire, 2023).
package final class JsonParser {
    private let raw: OpaquePointer
    package var limits: JsonLimits
    private var tokens: UnsafePointer<assay_json_token>?
    private var tokenCount = 0

    package init(limits: JsonLimits = JsonLimits()) {
        guard let raw = assay_json_create() else { preconditionFailure("simdjson has no memory for a parser") }
        self.raw = raw
        self.limits = limits
    }

    deinit { assay_json_destroy(raw) }

    /// Parses a whole document.
    ///
    /// - Parameter bytes: Copied; they need not outlive the call.
    /// - Returns: The root. It and all values found from it are valid until the next call.
    package func parse(_ bytes: UnsafeRawBufferPointer) throws(JsonFailure) -> JsonValue {
        var offset = 0
        let code = assay_json_parse(
            raw, bytes.baseAddress, bytes.count, limits.byteCountMax, UInt32(limits.depthMax), &tokens, &tokenCount, &offset)
        guard code == ASSAY_JSON_OK.signed, let tokens, tokenCount > 0 else {
            throw JsonFailure(JsonParser.fault(code), offset: offset)
        }
        return JsonValue(UnsafeRawPointer(tokens))
    }

    /// After a failure: the key that was read last, which is the failing member's or, for a duplicate, the key itself.
    package var lastKey: UnsafeRawBufferPointer? {
        guard let tokens else { return nil }
        var index = tokenCount
        while index > 0 {
            index -= 1
            let token = tokens[index]
            if token.kind == ASSAY_JSON_KEY.byte { return UnsafeRawBufferPointer(start: token.text, count: Int(token.length)) }
        }
        return nil
    }

    private static func fault(_ code: Int32) -> JsonFailure.Fault {
        switch code {
        case ASSAY_JSON_EMPTY.signed: .empty
        case ASSAY_JSON_TOO_LARGE.signed: .tooLarge
        case ASSAY_JSON_TOO_DEEP.signed: .tooDeep
        case ASSAY_JSON_INVALID_UTF8.signed: .invalidUTF8
        case ASSAY_JSON_CONTROL_CHARACTER.signed: .controlCharacter
        case ASSAY_JSON_DUPLICATE_KEY.signed: .duplicateKey
        case ASSAY_JSON_LONE_SURROGATE.signed: .loneSurrogate
        case ASSAY_JSON_NOT_FINITE.signed: .notFinite
        case ASSAY_JSON_BYTE_ORDER_MARK.signed: .byteOrderMark
        case ASSAY_JSON_NO_MEMORY.signed: .noMemory
        default: .malformed
        }
    }
}

/// C's enumerators are `Int`, its functions' results and its structs' members are narrower.
extension BinaryInteger {
    var signed: Int32 { Int32(truncatingIfNeeded: self) }
    var byte: UInt8 { UInt8(truncatingIfNeeded: self) }
}

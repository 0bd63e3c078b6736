internal import CSimdjson

/// Appends pieces of JSON text to a buffer of the caller's, who supplies braces, commas and colons.
package enum JsonText {
    /// A quoted string. Only what must be escaped is: quotation mark, backslash and characters below U+0020.
    ///
    /// - Parameter text: UTF-8; bytes that are not are appended as they are, so check them first.
    package static func string(_ text: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        output.append(0x22)
        var plainStart = 0
        for index in 0..<text.count {
            let byte = text[index]
            if byte >= 0x20, byte != 0x22, byte != 0x5C { continue }
            output.append(contentsOf: UnsafeRawBufferPointer(rebasing: text[plainStart..<index]))
            plainStart = index + 1
            escape(byte, into: &output)
        }
        output.append(contentsOf: UnsafeRawBufferPointer(rebasing: text[plainStart...]))
        output.append(0x22)
    }

    package static func string(_ text: String, into output: inout [UInt8]) {
        var text = text
        text.withUTF8 { string(UnsafeRawBufferPointer($0), into: &output) }
    }

    /// A quoted constant.
    package static func string(_ text: StaticString, into output: inout [UInt8]) {
        string(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount), into: &output)
    }

    /// A constant as it is: punctuation, `null`, a member's name with its quotes and colon.
    package static func raw(_ text: StaticString, into output: inout [UInt8]) {
        output.append(contentsOf: UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    package static func integer(_ value: Int64, into output: inout [UInt8]) {
        if value < 0 { output.append(0x2D) }
        unsigned(value.magnitude, into: &output)
    }

    package static func unsigned(_ value: UInt64, into output: inout [UInt8]) {
        let start = output.count
        var rest = value
        repeat {
            output.append(0x30 + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest != 0
        output[start...].reverse()
    }

    /// The shortest decimal text that reads back as the same bits; `null` for NaN and infinities, which JSON lacks.
    package static func double(_ value: Double, into output: inout [UInt8]) {
        guard value.isFinite else { return raw("null", into: &output) }
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { target in
            let count = assay_json_write_double(value, target.baseAddress!)
            output.append(contentsOf: UnsafeRawBufferPointer(start: target.baseAddress, count: count))
        }
    }

    package static func bool(_ value: Bool, into output: inout [UInt8]) {
        raw(value ? "true" : "false", into: &output)
    }

    /// Reads a decimal number, correctly rounded: infinite when too large; nil when `text` is not a number.
    package static func readDouble(_ text: UnsafeRawBufferPointer) -> Double? {
        var value = 0.0
        guard let base = text.baseAddress else { return nil }
        return assay_json_read_double(base.assumingMemoryBound(to: CChar.self), text.count, &value) == 1 ? value : nil
    }

    private static func escape(_ byte: UInt8, into output: inout [UInt8]) {
        output.append(0x5C)
        switch byte {
        case 0x22, 0x5C: output.append(byte)
        case 0x08: output.append(0x62)
        case 0x09: output.append(0x74)
        case 0x0A: output.append(0x6E)
        case 0x0C: output.append(0x66)
        case 0x0D: output.append(0x72)
        default:
            raw("u00", into: &output)
            output.append(0x30 + (byte >> 4))  // 0 or 1
            output.append(byte & 15 < 10 ? 0x30 + (byte & 15) : 0x57 + (byte & 15))
        }
    }
}

internal import CIsal

/// CRC-32C (Castagnoli), in one go or in pieces; "123456789" gives 0xE3069283.
///
/// Source: RFC 3720, appendix B.4.
package struct Crc32C {
    private var state: UInt32 = 0xffff_ffff

    package init() {}

    package mutating func add(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress, bytes.count > 0 else { return }
        // The library takes a mutable pointer but only reads, and counts in C's int.
        let pointer = UnsafeMutablePointer(mutating: start.assumingMemoryBound(to: UInt8.self))
        var position = 0
        while position < bytes.count {
            let step = min(bytes.count - position, 1 << 30)
            state = crc32_iscsi(pointer + position, CInt(step), state)
            position += step
        }
    }

    package var value: UInt32 { ~state }

    package static func of(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        var crc = Crc32C()
        crc.add(bytes)
        return crc.value
    }

    package static func of(_ bytes: ArraySlice<UInt8>) -> UInt32 { bytes.withUnsafeBytes { of($0) } }
}

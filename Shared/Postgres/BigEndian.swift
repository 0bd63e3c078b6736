/// PostgreSQL writes integers most significant byte first.
extension [UInt8] {
    @inline(__always)
    mutating func appendBigEndian(_ value: some FixedWidthInteger) {
        unsafe Swift.withUnsafeBytes(of: value.bigEndian) { unsafe append(contentsOf: $0) }
    }

    /// Writes over the four bytes at `offset`.
    mutating func setBigEndian(_ value: Int32, at offset: Int) {
        let bits = UInt32(bitPattern: value)
        for index in 0..<4 { self[offset + index] = UInt8(truncatingIfNeeded: bits >> (24 - 8 * UInt32(index))) }
    }
}

extension RawSpan {
    /// The integer at `offset`, or nil when it does not lie wholly inside.
    @inline(__always)
    func bigEndian<T: FixedWidthInteger & BitwiseCopyable>(at offset: Int, as type: T.Type) -> T? {
        guard offset >= 0, offset <= byteCount - MemoryLayout<T>.size else { return nil }
        return T(bigEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: type))
    }

    var copiedBytes: [UInt8] { unsafe withUnsafeBytes { unsafe [UInt8]($0) } }
}

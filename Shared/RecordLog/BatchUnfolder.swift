import CLz4
import CSnappy
import CZlib
import CZstd

/// Unfolds compressed batches, for lookups that need the records' times.
///
/// A batch says nothing about its unfolded size that can be trusted, so output grows as it comes and stops at a limit.
struct BatchUnfolder {
    enum Codec: Int {
        case none = 0
        case gzip, snappy, lz4, zstd
    }

    private(set) var bytes: [UInt8] = []
    private var count = 0

    /// The unfolded records; nil when they are damaged or larger than `byteCountMax`.
    mutating func unfold<Result>(
        _ input: UnsafeRawBufferPointer, codec: Int, byteCountMax: Int, _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result? {
        guard let codec = Codec(rawValue: codec) else { return nil }
        count = 0
        let isWhole =
            switch codec {
            case .none: true
            case .gzip: gzip(input, byteCountMax)
            case .snappy: snappy(input, byteCountMax)
            case .lz4: lz4(input, byteCountMax)
            case .zstd: zstd(input, byteCountMax)
            }
        // A large batch's memory is not kept.
        defer { if bytes.count > 4 << 20 { bytes = [] } }
        guard isWhole else { return nil }
        if codec == .none { return body(input) }
        return bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    }

    /// Makes more room after `count`; false at the limit.
    private mutating func grow(_ byteCountMax: Int) -> Bool {
        guard bytes.count < byteCountMax || count < bytes.count else { return false }
        if count < bytes.count { return true }
        let next = min(max(bytes.count * 2, 64 << 10), byteCountMax)
        bytes.append(contentsOf: repeatElement(0, count: next - bytes.count))
        return true
    }

    private mutating func gzip(_ input: UnsafeRawBufferPointer, _ byteCountMax: Int) -> Bool {
        var stream = z_stream()
        // 15 bits of window; 32 takes zlib's header as well as gzip's.
        guard inflateInit2_(&stream, 15 + 32, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size)) == Z_OK else { return false }
        defer { inflateEnd(&stream) }
        stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.avail_in = UInt32(input.count)
        while grow(byteCountMax) {
            let room = min(bytes.count - count, 1 << 30)
            let position = count
            let code = bytes.withUnsafeMutableBytes { output in
                stream.next_out = output.baseAddress!.assumingMemoryBound(to: UInt8.self) + position
                stream.avail_out = UInt32(room)
                return inflate(&stream, Z_NO_FLUSH)
            }
            count += room - Int(stream.avail_out)
            if code == Z_STREAM_END { return true }
            guard code == Z_OK else { return false }
        }
        return false
    }

    private mutating func zstd(_ input: UnsafeRawBufferPointer, _ byteCountMax: Int) -> Bool {
        guard let context = ZSTD_createDCtx() else { return false }
        defer { ZSTD_freeDCtx(context) }
        // 8 MiB of window is what every decoder must take (RFC 8878); producers stay below it.
        _ = ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 27)
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        while grow(byteCountMax) {
            let position = count
            let (left, written) = bytes.withUnsafeMutableBytes { buffer in
                var output = ZSTD_outBuffer(dst: buffer.baseAddress! + position, size: buffer.count - position, pos: 0)
                let left = ZSTD_decompressStream(context, &output, &source)
                return (left, output.pos)
            }
            guard ZSTD_isError(left) == 0 else { return false }
            count += written
            if left == 0 && source.pos == source.size { return true }
            // No frame ends here, nothing was written and nothing is left to read: the frame is cut off.
            if written == 0 && source.pos == source.size { return false }
        }
        return false
    }

    private mutating func lz4(_ input: UnsafeRawBufferPointer, _ byteCountMax: Int) -> Bool {
        var context: OpaquePointer?
        guard LZ4F_isError(LZ4F_createDecompressionContext(&context, UInt32(LZ4F_VERSION))) == 0 else { return false }
        defer { LZ4F_freeDecompressionContext(context) }
        var read = 0
        while grow(byteCountMax) {
            let position = count
            var sourceCount = input.count - read
            var written = 0
            let left = bytes.withUnsafeMutableBytes { buffer in
                written = buffer.count - position
                return LZ4F_decompress(context, buffer.baseAddress! + position, &written, input.baseAddress! + read, &sourceCount, nil)
            }
            guard LZ4F_isError(left) == 0 else { return false }
            count += written
            read += sourceCount
            if left == 0 && read == input.count { return true }
            if written == 0 && sourceCount == 0 { return false }
        }
        return false
    }

    /// Raw snappy, or snappy-java's framing: an 8-byte magic, two i32 of versions, then blocks of i32 length and raw snappy.
    private mutating func snappy(_ input: UnsafeRawBufferPointer, _ byteCountMax: Int) -> Bool {
        let magic: [UInt8] = [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]
        guard input.count >= 16, input.prefix(8).elementsEqual(magic) else { return snappyBlock(input, byteCountMax) }
        var position = 16
        while position < input.count {
            guard input.count - position >= 4 else { return false }
            let length = Int((input.baseAddress! + position).bigEndian(0) as Int32)
            position += 4
            guard length >= 0, length <= input.count - position,
                snappyBlock(UnsafeRawBufferPointer(rebasing: input[position..<(position + length)]), byteCountMax)
            else { return false }
            position += length
        }
        return true
    }

    private mutating func snappyBlock(_ input: UnsafeRawBufferPointer, _ byteCountMax: Int) -> Bool {
        var length = 0
        let source = input.baseAddress?.assumingMemoryBound(to: CChar.self)
        guard snappy_uncompressed_length(source, input.count, &length) == SNAPPY_OK, length <= byteCountMax - count else { return false }
        if count + length > bytes.count { bytes.append(contentsOf: repeatElement(0, count: count + length - bytes.count)) }
        let position = count
        let status = bytes.withUnsafeMutableBytes { buffer in
            snappy_uncompress(source, input.count, buffer.baseAddress.map { ($0 + position).assumingMemoryBound(to: CChar.self) }, &length)
        }
        guard status == SNAPPY_OK else { return false }
        count += length
        return true
    }
}

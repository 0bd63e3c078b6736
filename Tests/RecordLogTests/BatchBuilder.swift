import CLz4
import CSnappy
import CZlib
import CZstd
import Glibc
import RecordLog

/// The codecs of record batches, with both of snappy's framings.
enum TestCodec: CaseIterable {
    case none, gzip, snappy, xerialSnappy, lz4, zstd

    var attribute: Int16 {
        switch self {
        case .none: 0
        case .gzip: 1
        case .snappy, .xerialSnappy: 2
        case .lz4: 3
        case .zstd: 4
        }
    }
}

/// Builds record batches slowly and obviously, as a client would.
struct BatchBuilder {
    var timestamps: [Int64] = [0]
    var valueByteCount = 10
    var codec = TestCodec.none
    var producerId: Int64 = -1
    var producerEpoch: Int16 = -1
    var baseSequence: Int32 = -1
    var attributes: Int16 = 0
    var magic: Int8 = 2
    var seed: UInt8 = 0
    var recordsCount: Int32?
    /// Instead of the records.
    var payload: [UInt8]?

    static func put<Value: FixedWidthInteger>(_ value: Value, _ bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    static func varint(_ value: Int64, _ bytes: inout [UInt8]) {
        var left = UInt64(bitPattern: (value << 1) ^ (value >> 63))
        while left >= 0x80 {
            bytes.append(UInt8(left & 0x7f) | 0x80)
            left >>= 7
        }
        bytes.append(UInt8(left))
    }

    func records() -> [UInt8] {
        var bytes: [UInt8] = []
        for (delta, timestamp) in timestamps.enumerated() {
            var record: [UInt8] = [0]
            BatchBuilder.varint(timestamp - timestamps[0], &record)
            BatchBuilder.varint(Int64(delta), &record)
            BatchBuilder.varint(-1, &record)
            BatchBuilder.varint(Int64(valueByteCount), &record)
            for index in 0..<valueByteCount { record.append(seed &+ UInt8(truncatingIfNeeded: index &* (delta + 1))) }
            BatchBuilder.varint(0, &record)
            BatchBuilder.varint(Int64(record.count), &bytes)
            bytes += record
        }
        return bytes
    }

    func build() -> [UInt8] {
        var checked: [UInt8] = []
        BatchBuilder.put(attributes | codec.attribute, &checked)
        BatchBuilder.put(Int32(timestamps.count - 1), &checked)
        BatchBuilder.put(timestamps[0], &checked)
        BatchBuilder.put(timestamps.max()!, &checked)
        BatchBuilder.put(producerId, &checked)
        BatchBuilder.put(producerEpoch, &checked)
        BatchBuilder.put(baseSequence, &checked)
        BatchBuilder.put(recordsCount ?? Int32(timestamps.count), &checked)
        checked += BatchBuilder.compress(payload ?? records(), codec)
        var bytes: [UInt8] = []
        BatchBuilder.put(Int64(0), &bytes)
        BatchBuilder.put(Int32(checked.count + 9), &bytes)
        BatchBuilder.put(Int32(-1), &bytes)
        BatchBuilder.put(magic, &bytes)
        BatchBuilder.put(slowCrc32C(checked), &bytes)
        return bytes + checked
    }

    static func compress(_ bytes: [UInt8], _ codec: TestCodec) -> [UInt8] {
        switch codec {
        case .none: return bytes
        case .gzip:
            var stream = z_stream()
            deflateInit2_(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size))
            var input = bytes
            var output = [UInt8](repeating: 0, count: bytes.count + 1000)
            let outputCount = output.count
            input.withUnsafeMutableBufferPointer { source in
                output.withUnsafeMutableBufferPointer { target in
                    stream.next_in = source.baseAddress
                    stream.avail_in = UInt32(source.count)
                    stream.next_out = target.baseAddress
                    stream.avail_out = UInt32(target.count)
                    deflate(&stream, Z_FINISH)
                }
            }
            deflateEnd(&stream)
            return Array(output.prefix(outputCount - Int(stream.avail_out)))
        case .snappy:
            var count = snappy_max_compressed_length(bytes.count)
            var output = [CChar](repeating: 0, count: count)
            snappy_compress(bytes.map { CChar(bitPattern: $0) }, bytes.count, &output, &count)
            return output.prefix(count).map { UInt8(bitPattern: $0) }
        case .xerialSnappy:
            var output: [UInt8] = [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1]
            var position = 0
            while position < bytes.count {
                let block = compress(Array(bytes[position..<min(position + 100, bytes.count)]), .snappy)
                put(Int32(block.count), &output)
                output += block
                position += 100
            }
            return output
        case .lz4:
            var output = [UInt8](repeating: 0, count: LZ4F_compressFrameBound(bytes.count, nil))
            let count = LZ4F_compressFrame(&output, output.count, bytes, bytes.count, nil)
            return Array(output.prefix(count))
        case .zstd:
            var output = [UInt8](repeating: 0, count: ZSTD_compressBound(bytes.count))
            let count = ZSTD_compress(&output, output.count, bytes, bytes.count, 3)
            return Array(output.prefix(count))
        }
    }
}

/// CRC-32C, bit by bit.
func slowCrc32C(_ bytes: [UInt8]) -> UInt32 {
    var crc: UInt32 = 0xffff_ffff
    for byte in bytes {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82f6_3b78 : crc >> 1 }
    }
    return ~crc
}

struct SplitMix64: RandomNumberGenerator {
    var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}

extension PartitionLog {
    func append(_ bytes: [UInt8], now: Int64 = 0) -> AppendOutcome {
        var copy = bytes
        return copy.withUnsafeMutableBytes { append($0, leaderEpoch: 0, now: now) }
    }

    /// The rejection's code; nil when the append was not rejected.
    func rejectionCode(_ bytes: [UInt8], now: Int64 = 0) -> Int16? {
        if case .rejected(let rejection) = append(bytes, now: now) { rejection.kafkaErrorCode } else { nil }
    }

    /// Every byte from the start offset's batch on.
    func contents() throws -> [UInt8] {
        var bytes: [UInt8] = []
        var offset = startOffset
        while let slice = try read(from: offset, byteCountMax: 1 << 30, atLeastOne: true) {
            let part = slice.bytes()
            bytes += part
            offset = BatchView.all(part).last!.header.nextOffset
        }
        return bytes
    }
}

extension FileSlice {
    func bytes() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: byteCount)
        var count = 0
        bytes.withUnsafeMutableBytes { buffer in
            while count < buffer.count {
                let got = pread(file.descriptor, buffer.baseAddress! + count, buffer.count - count, off_t(position) + off_t(count))
                if got <= 0 { break }
                count += got
            }
        }
        return Array(bytes.prefix(count))
    }
}

/// A batch found in bytes that a log gave.
struct BatchView {
    var header: RecordBatchHeader
    var bytes: [UInt8]

    static func all(_ bytes: [UInt8]) -> [BatchView] {
        var views: [BatchView] = []
        var position = 0
        while bytes.count - position >= RecordBatchHeader.byteCount {
            let header = bytes.withUnsafeBytes { RecordBatchHeader(at: $0.baseAddress! + position) }
            views.append(BatchView(header: header, bytes: Array(bytes[position..<(position + header.sizeInBytes)])))
            position += header.sizeInBytes
        }
        return views
    }
}

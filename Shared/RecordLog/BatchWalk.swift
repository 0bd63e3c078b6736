internal import Checksums

/// Memory that walks over a segment read through.
final class WalkBuffer {
    let bytes: UnsafeMutableRawBufferPointer

    init(byteCount: Int) { bytes = .allocate(byteCount: byteCount, alignment: 16) }
    deinit { bytes.deallocate() }
}

/// Walks the batch headers of a segment, reading the file a block at a time and jumping over what is not needed.
struct BatchWalk {
    private let file: SegmentFile
    private let buffer: WalkBuffer
    private let end: Int64
    private var blockStart: Int64 = 0
    private var blockCount = 0
    /// Where the batch after the current one begins.
    private(set) var position: Int64
    private(set) var header: RecordBatchHeader?

    /// Walks from a batch's first byte to `end`.
    init(_ file: SegmentFile, from position: Int64, to end: Int64, through buffer: WalkBuffer) {
        self.file = file
        self.buffer = buffer
        self.position = position
        self.end = end
    }

    /// Where the current batch begins.
    var start: Int64 { position - Int64(header?.sizeInBytes ?? 0) }

    /// Moves to the next batch. False at the end, and where no whole batch follows (then ``position`` < `end`).
    ///
    /// - Parameter offset: What the batch's first offset must be; nil takes any.
    mutating func advance(expecting offset: Int64? = nil) throws(LogFault) -> Bool {
        guard end - position >= Int64(RecordBatchHeader.byteCount) else { return false }
        if position < blockStart || position + Int64(RecordBatchHeader.byteCount) > blockStart + Int64(blockCount) {
            try load(at: position)
            guard blockCount >= RecordBatchHeader.byteCount else { return false }
        }
        let next = RecordBatchHeader(at: UnsafeRawPointer(buffer.bytes.baseAddress!) + Int(position - blockStart))
        guard next.isPlausible(at: offset ?? next.baseOffset), next.baseOffset >= 0, Int64(next.sizeInBytes) <= end - position else {
            return false
        }
        header = next
        position += Int64(next.sizeInBytes)
        return true
    }

    /// Whether the current batch's CRC fits its bytes. Reads the file in the same blocks.
    mutating func isChecksumRight() throws(LogFault) -> Bool {
        guard let header else { return false }
        var crc = Crc32C()
        var next = start + Int64(RecordBatchHeader.checkedFrom)
        while next < position {
            if next < blockStart || next >= blockStart + Int64(blockCount) {
                try load(at: next)
                if blockCount == 0 { return false }
            }
            let first = Int(next - blockStart)
            let last = min(Int(position - blockStart), blockCount)
            crc.add(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer.bytes)[first..<last]))
            next = blockStart + Int64(last)
        }
        return crc.value == header.crc
    }

    private mutating func load(at position: Int64) throws(LogFault) {
        blockStart = position
        blockCount = 0
        let count = min(Int64(buffer.bytes.count), end - position)
        blockCount = try file.read(at: position, into: UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[..<Int(count)]))
    }
}

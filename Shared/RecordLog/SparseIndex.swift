internal import Checksums

/// Where batches lie and when their records were, for a few batches of a segment: two plain arrays, ascending.
///
/// While a segment grows they live in memory only. Sealing the segment writes each to a file beside it (`.index`, `.timeindex`); a file that
/// is missing, torn or of another segment length is rebuilt from the segment's batch headers.
struct SparseIndex {
    struct Position {
        var relativeOffset: UInt32
        var position: UInt32
    }
    /// The largest timestamp of all batches up to and including the one at `relativeOffset`.
    struct Time {
        var timestamp: Int64
        var relativeOffset: UInt32
    }

    private(set) var positions: [Position] = []
    private(set) var times: [Time] = []

    var isEmpty: Bool { positions.isEmpty && times.isEmpty }

    mutating func addPosition(relativeOffset: UInt32, position: UInt32) {
        positions.append(Position(relativeOffset: relativeOffset, position: position))
    }

    mutating func addTime(_ timestamp: Int64, relativeOffset: UInt32) {
        if let last = times.last, last.timestamp >= timestamp { return }
        times.append(Time(timestamp: timestamp, relativeOffset: relativeOffset))
    }

    /// The position of the last indexed batch whose offset is at or below; 0 when there is none.
    func position(atOrBelow relativeOffset: Int64) -> Int64 {
        let index = partition(positions.count) { Int64(positions[$0].relativeOffset) > relativeOffset }
        return index == 0 ? 0 : Int64(positions[index - 1].position)
    }

    /// The last indexed batch start at or below a byte position; 0 when there is none.
    func boundary(atOrBelow position: Int64) -> Int64 {
        let index = partition(positions.count) { Int64(positions[$0].position) > position }
        return index == 0 ? 0 : Int64(positions[index - 1].position)
    }

    /// The batch from which on a timestamp has to be looked for: every record of the batches before it is earlier.
    func relativeOffset(atOrBefore timestamp: Int64) -> Int64 {
        let index = partition(times.count) { times[$0].timestamp > timestamp }
        return index == 0 ? 0 : Int64(times[index - 1].relativeOffset)
    }

    /// The first index for which `isAfter` holds; it must hold for all that follow.
    @inline(__always)
    private func partition(_ count: Int, _ isAfter: (Int) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if isAfter(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// What an index file says of its segment.
    struct Summary: Equatable {
        var segmentByteCount: Int64
        var nextOffset: Int64
        var largestTimestamp: Int64
        var offsetOfLargestTimestamp: Int64
    }

    static let footerByteCount = 48
    private static let magic: UInt64 = 0x3158_444e_4947_4c41

    /// Entries, then: magic u64, the summary's four i64, entry count u64, CRC-32C of all before as u32 (padded to 8 bytes).
    private static func seal(_ bytes: inout [UInt8], entryCount: Int, _ summary: Summary) {
        func put(_ value: UInt64) { withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) } }
        put(magic ^ UInt64(entryCount) << 1)
        put(UInt64(bitPattern: summary.segmentByteCount))
        put(UInt64(bitPattern: summary.nextOffset))
        put(UInt64(bitPattern: summary.largestTimestamp))
        put(UInt64(bitPattern: summary.offsetOfLargestTimestamp))
        put(UInt64(bytes.withUnsafeBytes { Crc32C.of($0) }))
    }

    func positionFile(_ summary: Summary) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(positions.count * 8 + SparseIndex.footerByteCount)
        for entry in positions {
            withUnsafeBytes(of: entry.relativeOffset.littleEndian) { bytes.append(contentsOf: $0) }
            withUnsafeBytes(of: entry.position.littleEndian) { bytes.append(contentsOf: $0) }
        }
        SparseIndex.seal(&bytes, entryCount: positions.count, summary)
        return bytes
    }

    func timeFile(_ summary: Summary) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(times.count * 12 + SparseIndex.footerByteCount)
        for entry in times {
            withUnsafeBytes(of: entry.timestamp.littleEndian) { bytes.append(contentsOf: $0) }
            withUnsafeBytes(of: entry.relativeOffset.littleEndian) { bytes.append(contentsOf: $0) }
        }
        SparseIndex.seal(&bytes, entryCount: times.count, summary)
        return bytes
    }

    /// A file's summary and entry count; nil when it is torn or damaged.
    static func summary(_ file: [UInt8], entryByteCount: Int) -> (Summary, entryCount: Int)? {
        guard file.count >= footerByteCount, (file.count - footerByteCount) % entryByteCount == 0 else { return nil }
        let entryCount = (file.count - footerByteCount) / entryByteCount
        return file.withUnsafeBytes { bytes in
            func value(_ index: Int) -> UInt64 {
                UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: bytes.count - footerByteCount + index * 8, as: UInt64.self))
            }
            guard value(0) == magic ^ UInt64(entryCount) << 1,
                value(5) == UInt64(Crc32C.of(UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count - 8)])))
            else { return nil }
            return (
                Summary(
                    segmentByteCount: Int64(bitPattern: value(1)), nextOffset: Int64(bitPattern: value(2)),
                    largestTimestamp: Int64(bitPattern: value(3)), offsetOfLargestTimestamp: Int64(bitPattern: value(4))), entryCount
            )
        }
    }

    /// Both files read back; nil when either is damaged or they do not belong together.
    static func read(positionFile: [UInt8], timeFile: [UInt8]) -> (SparseIndex, Summary)? {
        guard let (summary, positionCount) = summary(positionFile, entryByteCount: 8),
            let (other, timeCount) = self.summary(timeFile, entryByteCount: 12),
            summary == other
        else { return nil }
        var index = SparseIndex()
        index.positions.reserveCapacity(positionCount)
        index.times.reserveCapacity(timeCount)
        positionFile.withUnsafeBytes { bytes in
            for entry in 0..<positionCount {
                index.positions.append(
                    Position(
                        relativeOffset: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: entry * 8, as: UInt32.self)),
                        position: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: entry * 8 + 4, as: UInt32.self))))
            }
        }
        timeFile.withUnsafeBytes { bytes in
            for entry in 0..<timeCount {
                index.times.append(
                    Time(
                        timestamp: Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: entry * 12, as: Int64.self)),
                        relativeOffset: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: entry * 12 + 8, as: UInt32.self))))
            }
        }
        return (index, summary)
    }
}

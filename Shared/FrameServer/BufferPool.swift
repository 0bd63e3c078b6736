/// Memory for frames, lent out in powers of two from 16 KiB and kept for the next frame up to a bound.
struct BufferPool: ~Copyable {
    static let smallestByteCount = 1 << 14

    private let pooledBytesMax: Int
    private(set) var pooledBytes = 0
    /// Lent out.
    private(set) var lentBytes = 0
    /// At place `n`: free buffers of `smallestByteCount << n` bytes.
    private var free: [[UnsafeMutableRawPointer]] = []

    init(pooledBytesMax: Int) { self.pooledBytesMax = pooledBytesMax }

    /// - Returns: At least `byteCount` bytes, uninitialized.
    mutating func take(byteCountMin: Int) -> UnsafeMutableRawBufferPointer {
        let place = Self.place(byteCountMin)
        let byteCount = Self.smallestByteCount << place
        lentBytes += byteCount
        if place < free.count, let start = free[place].popLast() {
            pooledBytes -= byteCount
            return UnsafeMutableRawBufferPointer(start: start, count: byteCount)
        }
        return .allocate(byteCount: byteCount, alignment: 16)
    }

    mutating func giveBack(_ buffer: UnsafeMutableRawBufferPointer) {
        guard let start = buffer.baseAddress else { return }
        lentBytes -= buffer.count
        guard pooledBytes + buffer.count <= pooledBytesMax else { return buffer.deallocate() }
        let place = Self.place(buffer.count)
        while free.count <= place { free.append([]) }
        free[place].append(start)
        pooledBytes += buffer.count
    }

    private static func place(_ byteCount: Int) -> Int {
        Int.bitWidth - ((byteCount - 1) / smallestByteCount).leadingZeroBitCount
    }

    deinit {
        for list in free {
            for start in list { start.deallocate() }
        }
    }
}

/// Where the newest batches of the growing segment begin, so that a reader at the end finds its place without touching the disk.
struct TailPositions {
    static let capacity = 128

    private var offsets = [Int64](repeating: 0, count: capacity)
    private var positions = [Int64](repeating: 0, count: capacity)
    private var first = 0
    private var count = 0

    mutating func removeAll() {
        first = 0
        count = 0
    }

    mutating func append(offset: Int64, position: Int64) {
        let slot = (first + count) % TailPositions.capacity
        offsets[slot] = offset
        positions[slot] = position
        if count < TailPositions.capacity { count += 1 } else { first = (first + 1) % TailPositions.capacity }
    }

    /// The position of the batch that holds an offset; nil when it is older than all that are remembered.
    func position(holding offset: Int64) -> Int64? { last { offsets[$0] <= offset } }

    /// The last batch start at or below a byte position; nil when it is older than all that are remembered.
    func boundary(atOrBelow position: Int64) -> Int64? { last { positions[$0] <= position } }

    @inline(__always)
    private func last(_ holds: (Int) -> Bool) -> Int64? {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if holds((first + middle) % TailPositions.capacity) { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? nil : positions[(first + low - 1) % TailPositions.capacity]
    }
}

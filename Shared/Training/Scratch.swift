/// Memory of a grower, freed with it; what it holds is its user's affair.
final class Scratch<Element: BitwiseCopyable> {
    let base: UnsafeMutablePointer<Element>
    let capacity: Int

    init(_ capacity: Int) {
        self.capacity = capacity
        base = .allocate(capacity: max(1, capacity))
    }

    deinit { base.deallocate() }
}

extension Scratch where Element: FixedWidthInteger {
    func clear() { base.initialize(repeating: 0, count: capacity) }
}

/// Sorts a node's keys by their rank, the bits from the fifth up; in which order equal ranks come does not matter.
enum RankSort {
    static func sort(_ keys: UnsafeMutablePointer<UInt32>, _ count: Int, _ spill: UnsafeMutablePointer<UInt32>) {
        // Insertion is the quickest up to some forty keys; bytes of the rank, the least first, beyond.
        if count <= 40 {
            var next = 1
            while next < count {
                let key = keys[next]
                var place = next
                while place > 0, keys[place &- 1] > key {
                    keys[place] = keys[place &- 1]
                    place &-= 1
                }
                keys[place] = key
                next &+= 1
            }
            return
        }
        var differing: UInt32 = 0
        for place in 0..<count { differing |= keys[place] ^ keys[0] }
        var (from, to) = (keys, spill)
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 256) { starts in
            let starts = starts.baseAddress!
            for shift in stride(from: 5 as UInt32, to: 32, by: 8) where differing >> shift & 255 != 0 {
                starts.initialize(repeating: 0, count: 256)
                for place in 0..<count { starts[Int(from[place] >> shift & 255)] &+= 1 }
                var sum: UInt32 = 0
                for digit in 0..<256 {
                    let size = starts[digit]
                    starts[digit] = sum
                    sum &+= size
                }
                for place in 0..<count {
                    let digit = Int(from[place] >> shift & 255)
                    to[Int(starts[digit])] = from[place]
                    starts[digit] &+= 1
                }
                swap(&from, &to)
            }
        }
        if from != keys { keys.update(from: from, count: count) }
    }
}

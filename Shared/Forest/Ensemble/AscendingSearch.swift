extension RandomAccessCollection where Element == Double, Index == Int {
    /// How many of these numbers are smaller than another. They count from 0, ascend and hold no NaN.
    ///
    /// - Complexity: O(log count).
    @inline(__always)
    func countLess(than value: Double) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// Shares out the memory for large frames, first come first served.
///
/// A share is given if it fits or if nobody holds one; so a frame larger than the whole budget passes alone, and since holders
/// finish or are closed in bounded time nobody waits for ever.
struct RequestBudget {
    let byteCountMax: Int
    private(set) var byteCountInUse = 0
    private var holderCount = 0
    private(set) var waiters: [(connection: ConnectionId, byteCount: Int)] = []

    init(byteCountMax: Int) { self.byteCountMax = byteCountMax }

    private func fits(_ byteCount: Int) -> Bool { holderCount == 0 || byteCount <= byteCountMax - byteCountInUse }

    /// - Returns: Whether the share is given now; otherwise the connection waits in line.
    mutating func reserve(_ byteCount: Int, for connection: ConnectionId) -> Bool {
        guard waiters.isEmpty, fits(byteCount) else {
            waiters.append((connection, byteCount))
            return false
        }
        hold(byteCount)
        return true
    }

    mutating func release(_ byteCount: Int) {
        byteCountInUse -= byteCount
        holderCount -= 1
    }

    /// - Returns: The next in line if its share is given now.
    mutating func admitNext() -> ConnectionId? {
        guard let first = waiters.first, fits(first.byteCount) else { return nil }
        waiters.removeFirst()
        hold(first.byteCount)
        return first.connection
    }

    mutating func leave(_ connection: ConnectionId) { waiters.removeAll { $0.connection == connection } }

    private mutating func hold(_ byteCount: Int) {
        byteCountInUse += byteCount
        holderCount += 1
    }
}

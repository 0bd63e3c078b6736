/// The decisions of a pool, without its connections: who gets one, who waits, who is turned away.
struct PoolState<Connection, WaiterID: Hashable> {
    enum Lease {
        case use(Connection)
        /// The caller makes a connection and owns its slot.
        case connect
        case wait
        case refuse
        case closed
    }

    /// What a free slot is given to.
    enum Next {
        case nobody
        case resume(WaiterID, Connection)
        /// The waiter makes a connection.
        case resumeConnecting(WaiterID)
    }

    let connectionCountMax: Int
    let waiterCountMax: Int
    private(set) var idle: [Connection] = []
    /// Slots taken: connections lent, and connections being made.
    private(set) var lentCount = 0
    private(set) var waiters: [WaiterID] = []
    private(set) var isClosed = false

    init(connectionCountMax: Int, waiterCountMax: Int) {
        precondition(connectionCountMax >= 1 && waiterCountMax >= 0, "a pool has at least one connection")
        self.connectionCountMax = connectionCountMax
        self.waiterCountMax = waiterCountMax
    }

    mutating func lease(_ waiter: WaiterID) -> Lease {
        if isClosed { return .closed }
        if let connection = idle.popLast() {
            lentCount += 1
            return .use(connection)
        }
        if lentCount < connectionCountMax {
            lentCount += 1
            return .connect
        }
        guard waiters.count < waiterCountMax else { return .refuse }
        waiters.append(waiter)
        return .wait
    }

    /// A lent connection came back in order.
    mutating func giveBack(_ connection: Connection) -> Next {
        guard let waiter = popWaiter() else {
            lentCount -= 1
            if !isClosed { idle.append(connection) }
            return .nobody
        }
        return .resume(waiter, connection)
    }

    /// A lent connection is lost, or could not be made: its slot is free.
    mutating func drop() -> Next {
        guard let waiter = popWaiter() else {
            lentCount -= 1
            return .nobody
        }
        return .resumeConnecting(waiter)
    }

    /// True when the waiter was still waiting.
    mutating func giveUp(_ waiter: WaiterID) -> Bool {
        guard let index = waiters.firstIndex(of: waiter) else { return false }
        waiters.remove(at: index)
        return true
    }

    mutating func close() -> (idle: [Connection], waiters: [WaiterID]) {
        defer {
            idle = []
            waiters = []
            isClosed = true
        }
        return (idle, waiters)
    }

    private mutating func popWaiter() -> WaiterID? { waiters.isEmpty ? nil : waiters.removeFirst() }
}

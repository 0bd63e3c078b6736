internal import CLinuxIo
internal import Glibc

/// Serves frames, each with its length before it (4 bytes, big-endian), on one thread with epoll.
///
/// A connection has one request in work: after a frame is handed over, what follows stays in the connection's buffer and socket
/// until the response is wholly written. Buffers grow as bytes arrive, never by what a length announces; see ``ServerLimits`` for
/// what bounds them. Everything but ``remote`` belongs to the thread that calls ``run()``.
package final class FrameServer {
    package let limits: ServerLimits
    /// Where the server listens, with the real port.
    package let address: ListenAddress
    package let remote: LoopRemote
    package var counters: ServerCounters {
        var counters = counted
        counters.bufferBytes = pool.pooledBytes + pool.lentBytes
        counters.requestMemoryBytes = budget.byteCountInUse
        counters.requestMemoryWaiters = budget.waiters.count
        return counters
    }
    /// All but what ``counters`` adds.
    var counted = ServerCounters()

    let handler: any FrameHandler
    let epoll: CInt
    var listeners: ListeningSockets
    var isAccepting = false
    /// When accepting goes on after the system had no descriptor left; nil otherwise.
    var acceptAgainTick: Int64?

    /// At a connection's slot; nil where free.
    var connections: [Connection?] = []
    var freeSlots: [Int32] = []
    var nextSerial: UInt64 = 1
    var pool: BufferPool
    var budget: RequestBudget

    /// Connections with bytes in their buffer that the loop shall look at.
    var ready: [Connection] = []
    var readyTurn: [Connection] = []
    /// Connections in state `delayed`.
    var delayed: [Connection] = []
    /// Closed, and the handler does not know yet.
    var closedIds: [ConnectionId] = []
    var calls: [@Sendable () -> Void] = []
    var tick: Int64
    var nextSweepTick: Int64 = 0
    let sweepMillis: Int64
    /// When a stop ends whatever is still open; nil before one is asked for.
    var stopTick: Int64?

    /// epoll's word for the mailbox and the listeners; connections have a slot below this in the low half.
    static let mailboxKey: UInt64 = 0xFFFF_FFFF
    static let listenerKey: UInt64 = 0xFFFF_FFFE
    static let eventCountMax = 256

    /// Opens the sockets; nobody is served before ``run()``.
    ///
    /// - Parameter handler: Kept strongly; it should keep the server `unowned`.
    package init(listen: ListenAddress, limits: ServerLimits = ServerLimits(), handler: any FrameHandler) throws(ServerFault) {
        precondition(limits.requestBytesMax >= 0 && limits.requestBytesMax <= Int(Int32.max), "requestBytesMax is not a frame's length")
        precondition(limits.connectionCountMax < Int(Int32.max), "connectionCountMax is too large")
        self.limits = limits
        self.handler = handler
        remote = try LoopRemote(callCountMax: limits.remoteCallCountMax)
        listeners = try ListeningSockets(listen)
        address = listeners.address
        pool = BufferPool(pooledBytesMax: limits.pooledBytesMax)
        budget = RequestBudget(byteCountMax: limits.requestMemoryMax)
        tick = Self.currentTick()
        let shortest = min(limits.idleMillis, limits.requestReadMillis, limits.responseWriteMillis)
        sweepMillis = min(max(shortest / 4, 5), 1_000)
        epoll = epoll_create1(CInt(EPOLL_CLOEXEC))
        guard epoll >= 0 else { throw .system(operation: "open an epoll descriptor", code: errno) }
        watch(remote.eventDescriptor, EPOLL_CTL_ADD, events: EPOLLIN.rawValue, key: Self.mailboxKey)
        setAccepting(true)
    }

    deinit {
        Glibc.close(epoll)
        for case let connection? in connections {
            Glibc.close(connection.descriptor)
            pool.giveBack(connection.input)
        }
    }

    /// Milliseconds of the monotonic clock: what the handler is given as `tick`.
    package static func currentTick() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return Int64(now.tv_sec) * 1_000 + Int64(now.tv_nsec) / 1_000_000
    }

    /// Serves until ``LoopRemote/stop()``; then everything is closed and the handler has heard of it. Call once.
    ///
    /// Blocks its thread. Ignores SIGPIPE in the whole process: sendfile(2) has no flag against it.
    package func run() {
        _ = signal(SIGPIPE, SIG_IGN)
        remote.begin()
        var events = [epoll_event](repeating: epoll_event(), count: Self.eventCountMax)
        while true {
            let wait = waitMillis(handlerDeadline: handler.timer(tick: tick))
            let count = epoll_wait(epoll, &events, CInt(Self.eventCountMax), wait)
            tick = Self.currentTick()
            if count < 0, errno != EINTR { preconditionFailure("epoll_wait failed: \(String(cString: strerror(errno)))") }
            for index in 0..<max(Int(count), 0) { serve(events[index]) }
            continueReady()
            sendDue()
            if tick >= nextSweepTick { sweep() }
            tellClosed()
            if let stopTick, counted.connectionsOpen == 0 || tick >= stopTick { break }
        }
        end()
    }

    private func end() {
        for case let connection? in connections { shut(connection) }
        tellClosed()
        for call in remote.end() { call() }
        tellClosed()
        remote.leave()
    }

    private func waitMillis(handlerDeadline: Int64?) -> CInt {
        if !ready.isEmpty || !closedIds.isEmpty { return 0 }
        var deadline = Int64.max
        if let handlerDeadline { deadline = handlerDeadline }
        if counted.connectionsOpen > 0 { deadline = min(deadline, nextSweepTick) }
        for connection in delayed { deadline = min(deadline, connection.dueTick) }
        if let acceptAgainTick { deadline = min(deadline, acceptAgainTick) }
        if let stopTick { deadline = min(deadline, stopTick) }
        if deadline == .max { return -1 }
        // The handler's timer may have taken a while.
        tick = Self.currentTick()
        return CInt(min(max(deadline - tick, 0), 3_600_000))
    }

    private func serve(_ event: epoll_event) {
        switch event.data.u64 {
        case Self.mailboxKey: takeCalls()
        case Self.listenerKey: accept()
        case let key:
            // A connection closed earlier in this turn may have left its slot to another.
            guard let connection = connections[Int(key & 0xFFFF_FFFF)], connection.id.serial & 0xFFFF_FFFF == key >> 32 else { return }
            serve(connection, events: event.events)
            tellClosed()
        }
    }

    private func serve(_ connection: Connection, events: UInt32) {
        if events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 {
            guard connection.state == .reading, !connection.isPaused else { return shut(connection) }
            // What had arrived before the end is still read.
            return connection.isListedReady ? () : read(connection)
        }
        if events & EPOLLOUT.rawValue != 0, connection.state == .writing { write(connection) }
        guard events & (EPOLLIN.rawValue | EPOLLRDHUP.rawValue) != 0, connection.state != .closed else { return }
        if connection.state == .reading, !connection.isPaused {
            return connection.isListedReady ? () : read(connection)  // what is in the buffer comes first, in this same turn
        }
        // Not now: watch no more until the connection is free again.
        if events & EPOLLRDHUP.rawValue != 0, !connection.isPeerFinished {
            connection.isPeerFinished = true
            if connection.isBusy { handler.peerFinished(connection.id) }
            if connection.state == .closed { return }
        }
        watch(connection, connection.interest & EPOLLOUT.rawValue | (connection.isPeerFinished ? 0 : EPOLLRDHUP.rawValue))
    }

    private func takeCalls() {
        let isStopRequested = remote.collect(into: &calls)
        for call in calls { call() }
        calls.removeAll(keepingCapacity: true)
        tellClosed()
        if isStopRequested, stopTick == nil { beginStop() }
    }

    private func beginStop() {
        stopTick = tick + limits.stopMillis
        acceptAgainTick = nil
        setAccepting(false)
        listeners.shut()
        handler.stopping(tick: tick)
        for case let connection? in connections where !connection.isBusy { shut(connection) }
        tellClosed()
    }

    /// Looks at connections whose buffer may hold a frame already.
    private func continueReady() {
        swap(&ready, &readyTurn)
        for connection in readyTurn {
            connection.isListedReady = false
            if connection.state == .reading { takeFrame(connection) }
            tellClosed()
        }
        readyTurn.removeAll(keepingCapacity: true)
    }

    /// Closes what is idle or stalled.
    private func sweep() {
        nextSweepTick = tick + sweepMillis
        if let acceptAgainTick, tick >= acceptAgainTick {
            self.acceptAgainTick = nil
            setAccepting(true)
        }
        for case let connection? in connections {
            switch connection.state {
            case .reading:
                if let frameTick = connection.frameTick {
                    // Who is paused is not at fault, but must not keep memory from the others either.
                    guard !connection.isPaused || connection.reservedByteCount > 0, tick - frameTick > limits.requestReadMillis else {
                        break
                    }
                    counted.closedReadStalled += 1
                    shut(connection)
                } else if tick - connection.activityTick > limits.idleMillis {
                    counted.closedIdle += 1
                    shut(connection)
                }
            case .writing:
                guard tick - connection.writtenTick > limits.responseWriteMillis else { break }
                counted.closedWriteStalled += 1
                shut(connection)
            case .waitingForMemory, .inWork, .delayed, .closed: break
            }
        }
    }

    func tellClosed() {
        var index = 0
        // The handler may close more while it hears of these.
        while index < closedIds.count {
            handler.closed(closedIds[index])
            index += 1
        }
        closedIds.removeAll(keepingCapacity: true)
    }

    func connection(_ id: ConnectionId) -> Connection? {
        guard Int(id.slot) < connections.count, let connection = connections[Int(id.slot)], connection.id == id else { return nil }
        return connection
    }

    func watch(_ connection: Connection, _ interest: UInt32) {
        if interest == connection.interest { return }
        connection.interest = interest
        watch(connection.descriptor, EPOLL_CTL_MOD, events: interest, key: Self.key(of: connection.id))
    }

    static func key(of id: ConnectionId) -> UInt64 { id.serial << 32 | UInt64(id.slot) }

    func watch(_ descriptor: CInt, _ operation: CInt, events: UInt32, key: UInt64) {
        var event = epoll_event()
        event.events = events
        event.data.u64 = key
        guard epoll_ctl(epoll, operation, descriptor, &event) == 0 else {
            preconditionFailure("epoll_ctl \(operation) failed: \(String(cString: strerror(errno)))")
        }
    }

    func setAccepting(_ isWanted: Bool) {
        if isWanted == isAccepting { return }
        isAccepting = isWanted
        for descriptor in listeners.descriptors {
            watch(descriptor, isWanted ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, events: EPOLLIN.rawValue, key: Self.listenerKey)
        }
    }
}

internal import CLinuxIo
internal import Glibc

/// Connections come and go.
extension FrameServer {
    /// Accepted in one turn, so that a flood of connections does not keep the others waiting.
    private static let acceptCountMax = 64
    /// How long to accept nothing after the system had no descriptor or memory left.
    private static let acceptPauseMillis: Int64 = 100

    func accept() {
        for listener in 0..<listeners.descriptors.count {
            for _ in 0..<Self.acceptCountMax where !acceptOne(listeners.descriptors[listener]) { break }
        }
    }

    /// - Returns: Whether there may be more.
    private func acceptOne(_ listener: CInt) -> Bool {
        guard isAccepting else { return false }
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let descriptor = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                accept4(listener, $0, &length, CInt(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue))
            }
        }
        if descriptor < 0 {
            switch errno {
            case EAGAIN: return false
            case EMFILE, ENFILE, ENOBUFS, ENOMEM:
                // The waiting connection would wake the loop again and again.
                counted.acceptFaults += 1
                setAccepting(false)
                acceptAgainTick = tick + Self.acceptPauseMillis
                nextSweepTick = min(nextSweepTick, tick + Self.acceptPauseMillis)
                return false
            default: return true  // that one connection's own failure
            }
        }
        guard counted.connectionsOpen < limits.connectionCountMax else {
            counted.connectionsRefused += 1
            Glibc.close(descriptor)
            return true
        }
        var yes: CInt = 1
        setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<CInt>.size))
        let slot: Int32
        if let free = freeSlots.popLast() {
            slot = free
        } else {
            slot = Int32(connections.count)
            connections.append(nil)
        }
        let id = ConnectionId(slot: slot, serial: nextSerial)
        nextSerial += 1
        let peer = ListeningSockets.text(of: &storage, length: length)
        let connection = Connection(id: id, descriptor: descriptor, peer: peer, tick: tick)
        connections[Int(slot)] = connection
        counted.connectionsAccepted += 1
        counted.connectionsOpen += 1
        if counted.connectionsOpen == 1 { nextSweepTick = tick + sweepMillis }
        connection.interest = EPOLLIN.rawValue | EPOLLRDHUP.rawValue
        watch(descriptor, EPOLL_CTL_ADD, events: connection.interest, key: Self.key(of: id))
        handler.opened(id, peer: peer)
        return true
    }

    /// Closes a connection; its frame in work need not be answered any more.
    ///
    /// - Parameter isReset: Ends it with a RST in place of the orderly FIN, for faults.
    package func close(_ id: ConnectionId, isReset: Bool = false) {
        guard let connection = connection(id) else { return }
        if isReset {
            var linger = linger(l_onoff: 1, l_linger: 0)
            setsockopt(connection.descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
        }
        shut(connection)
    }

    /// Takes no further frame of a connection until ``resume(_:)``. A request in work goes on.
    package func pause(_ id: ConnectionId) { connection(id)?.isPaused = true }

    package func resume(_ id: ConnectionId) {
        guard let connection = connection(id), connection.isPaused else { return }
        connection.isPaused = false
        if connection.frameTick != nil { connection.frameTick = tick }
        if connection.state == .reading { listReady(connection) }
    }

    /// Has the loop look at the connection's buffer and watch its socket again.
    func listReady(_ connection: Connection) {
        if connection.isListedReady { return }
        connection.isListedReady = true
        ready.append(connection)
    }

    /// Closes the socket and gives everything back; the handler hears of it from the loop.
    func shut(_ connection: Connection) {
        let state = connection.state
        if state == .closed { return }
        connection.state = .closed
        Glibc.close(connection.descriptor)
        if state == .waitingForMemory { budget.leave(connection.id) }
        if state == .delayed { delayed.removeAll { $0 === connection } }
        releaseMemory(connection)
        if !connection.isInputLent { giveBackInput(connection) }
        connection.output = []
        connection.outputBytes = []
        connections[Int(connection.id.slot)] = nil
        freeSlots.append(connection.id.slot)
        counted.connectionsOpen -= 1
        closedIds.append(connection.id)
        admitWaiters()
    }
}

internal import CLinuxIo
internal import Glibc

/// From a socket's bytes to frames.
extension FrameServer {
    private static let prefixByteCount = 4
    private static let headByteCountMax = 16

    /// Reads once and hands a whole frame over. What else is in the socket wakes the loop again.
    func read(_ connection: Connection) {
        makeRoom(connection)
        let space = readSpace(connection)
        let count = recv(connection.descriptor, connection.input.baseAddress! + connection.inputEnd, space, 0)
        if count <= 0 {
            if count < 0, errno == EAGAIN || errno == EINTR {
                if connection.inputCount == 0 { giveBackInput(connection) }
                return
            }
            return shut(connection)  // the peer's end, or a failure of the connection
        }
        counted.bytesIn += UInt64(count)
        connection.inputEnd += count
        connection.activityTick = tick
        takeFrame(connection)
    }

    /// Hands over the frame at the buffer's start if it is whole; otherwise sees to it that more is read.
    func takeFrame(_ connection: Connection) {
        if connection.isPaused { return }
        if let byteCount = connection.announcedByteCount {
            guard byteCount >= 0, byteCount <= limits.requestBytesMax else { return refuse(connection, byteCount: byteCount) }
            if connection.inputCount - Self.prefixByteCount >= byteCount { return handOver(connection, byteCount: byteCount) }
            if byteCount > limits.requestFreeBytes, connection.reservedByteCount == 0 {
                guard budget.reserve(byteCount, for: connection.id) else {
                    connection.state = .waitingForMemory
                    connection.frameTick = nil
                    return watch(connection, 0)
                }
                connection.reservedByteCount = byteCount
                connection.frameTick = tick
            }
        }
        if connection.inputCount == 0 {
            connection.frameTick = nil
            giveBackInput(connection)
        } else if connection.frameTick == nil {
            connection.frameTick = tick
        }
        watch(connection, EPOLLIN.rawValue | EPOLLRDHUP.rawValue)
    }

    private func handOver(_ connection: Connection, byteCount: Int) {
        let start = connection.inputStart + Self.prefixByteCount
        let frame = UnsafeMutableRawBufferPointer(rebasing: connection.input[start..<start + byteCount])
        counted.frames += 1
        connection.state = .inWork
        connection.frameTick = nil
        connection.isInputLent = true
        handler.frame(connection.id, frame, tick: tick)
        connection.isInputLent = false
        connection.inputStart = start + byteCount
        releaseMemory(connection)
        if connection.state == .closed || connection.inputCount == 0 { giveBackInput(connection) }
        if connection.state == .reading { listReady(connection) }  // answered already
        admitWaiters()
    }

    private func refuse(_ connection: Connection, byteCount: Int) {
        counted.framesRefused += 1
        let head = connection.input[connection.inputStart..<connection.inputEnd].prefix(Self.headByteCountMax)
        handler.refusedFrame(connection.id, peer: connection.peer, byteCount: byteCount, head: Array(head))
        shut(connection)
    }

    // MARK: Buffer

    /// Sees to it that there is space behind the bytes: for what is known to come, and at most four times what has come.
    private func makeRoom(_ connection: Connection) {
        let count = connection.inputCount
        if count == 0 {
            connection.inputStart = 0
            connection.inputEnd = 0
        }
        let frameByteCount = Self.prefixByteCount + (connection.announcedByteCount ?? 0)
        let wanted = min(max(frameByteCount, BufferPool.smallestByteCount), max(count * 4, BufferPool.smallestByteCount))
        if connection.input.count >= wanted, connection.inputEnd < connection.input.count,
            connection.inputStart + frameByteCount <= connection.input.count || connection.inputStart == 0
        {
            return
        }
        guard connection.input.count < wanted || count == connection.input.count else {
            // The frame has place if it begins at the start.
            memmove(connection.input.baseAddress!, connection.input.baseAddress! + connection.inputStart, count)
            connection.inputStart = 0
            connection.inputEnd = count
            return
        }
        let larger = pool.take(byteCountMin: max(wanted, count + 1))
        if count > 0 { memcpy(larger.baseAddress!, connection.input.baseAddress! + connection.inputStart, count) }
        pool.giveBack(connection.input)
        connection.input = larger
        connection.inputStart = 0
        connection.inputEnd = count
    }

    /// Bytes to read: what follows a large frame stays in the socket, so that its buffer can be given back with it.
    private func readSpace(_ connection: Connection) -> Int {
        let space = connection.input.count - connection.inputEnd
        guard let byteCount = connection.announcedByteCount, byteCount >= BufferPool.smallestByteCount else {
            return min(space, max(BufferPool.smallestByteCount - connection.inputCount, 1))
        }
        return min(space, Self.prefixByteCount + byteCount - connection.inputCount)
    }

    func giveBackInput(_ connection: Connection) {
        pool.giveBack(connection.input)
        connection.input = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        connection.inputStart = 0
        connection.inputEnd = 0
    }

    // MARK: Memory of large frames

    func releaseMemory(_ connection: Connection) {
        if connection.reservedByteCount == 0 { return }
        budget.release(connection.reservedByteCount)
        connection.reservedByteCount = 0
    }

    /// Lets those go on whose turn it is.
    func admitWaiters() {
        while let id = budget.admitNext() {
            guard let connection = connection(id), let byteCount = connection.announcedByteCount else {
                preconditionFailure("a connection that has gone waited for memory")
            }
            connection.reservedByteCount = byteCount
            connection.state = .reading
            connection.frameTick = tick
            listReady(connection)
        }
    }
}

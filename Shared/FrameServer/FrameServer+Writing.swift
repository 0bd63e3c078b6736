internal import CLinuxIo
internal import Glibc

/// Responses.
extension FrameServer {
    /// Written to one connection in one turn, so that a large response does not keep the others waiting.
    private static let turnByteCountMax = 1 << 20

    /// Answers the frame in work and takes the next one when all is written.
    ///
    /// - Parameters:
    ///   - chunks: The response with its length; written in order.
    ///   - delayMillis: Waits so long before writing, for faults and throttling.
    ///   - fate: What becomes of the connection then.
    /// - Returns: false if the connection has gone or has no frame in work; nothing happens then.
    @discardableResult
    package func respond(
        _ id: ConnectionId, _ chunks: [ResponseChunk], after delayMillis: Int64 = 0, then fate: ConnectionFate = .staysOpen
    ) -> Bool {
        guard let connection = connection(id), connection.state == .inWork else { return false }
        connection.output = chunks
        begin(connection, byteCount: chunks.reduce(0) { $0 + $1.byteCount }, after: delayMillis, fate)
        return true
    }

    /// The same for a response that lies in the caller's buffer: written from there, and only what the socket does not take is
    /// copied. Allocates nothing once warm.
    @discardableResult
    package func respond(
        _ id: ConnectionId, copying bytes: UnsafeRawBufferPointer, after delayMillis: Int64 = 0, then fate: ConnectionFate = .staysOpen
    ) -> Bool {
        guard let connection = connection(id), connection.state == .inWork else { return false }
        var written = 0
        if delayMillis <= 0, fate == .staysOpen, !bytes.isEmpty {
            let count = Glibc.send(connection.descriptor, bytes.baseAddress, bytes.count, CInt(MSG_NOSIGNAL))
            if count < 0, errno != EAGAIN, errno != EINTR {
                shut(connection)
                return true
            }
            written = max(count, 0)
            counted.bytesOut += UInt64(written)
        }
        if written < bytes.count {
            // `outputBytes` becomes the only owner again when the chunk is let go, and keeps its memory.
            connection.outputBytes.removeAll(keepingCapacity: true)
            connection.outputBytes.append(contentsOf: bytes[written...])
        }
        begin(connection, byteCount: bytes.count - written, after: delayMillis, fate)
        return true
    }

    /// The frame in work gets no response; the connection goes on with its next.
    @discardableResult
    package func skip(_ id: ConnectionId) -> Bool { respond(id, []) }

    private func begin(_ connection: Connection, byteCount: Int, after delayMillis: Int64, _ fate: ConnectionFate) {
        connection.outputIndex = 0
        connection.outputOffset = 0
        connection.outputByteCount = byteCount
        if case .closesAfter(let limit) = fate { connection.outputByteCount = min(byteCount, max(limit, 0)) }
        connection.fate = fate
        if delayMillis > 0 {
            connection.dueTick = tick + delayMillis
            connection.state = .delayed
            delayed.append(connection)
        } else {
            start(connection)
        }
    }

    private func start(_ connection: Connection) {
        connection.state = .writing
        connection.writtenTick = tick
        // Header and file go without a pause between: two chunks by MSG_MORE, more by holding packets back until all is written.
        if connection.output.count > 2 { setCork(connection, true) }
        write(connection)
    }

    /// Writes the delayed responses that are due.
    func sendDue() {
        var index = 0
        while index < delayed.count {
            let connection = delayed[index]
            if connection.dueTick > tick {
                index += 1
            } else {
                delayed.remove(at: index)
                start(connection)
            }
        }
    }

    func write(_ connection: Connection) {
        var turnByteCount = Self.turnByteCountMax
        while connection.outputByteCount > 0 {
            guard turnByteCount > 0 else { return watch(connection, connection.interest | EPOLLOUT.rawValue) }
            let count = writeOnce(connection, byteCountMax: turnByteCount)
            if count < 0 {
                switch errno {
                case EAGAIN: return watch(connection, connection.interest | EPOLLOUT.rawValue)
                case EINTR: continue
                default: return shut(connection)
                }
            }
            if connection.state == .closed { return }
            turnByteCount -= count
            counted.bytesOut += UInt64(count)
            connection.outputByteCount -= count
            connection.outputOffset += count
            if count > 0 { connection.writtenTick = tick }
        }
        finish(connection)
    }

    /// - Returns: Bytes written of the current chunk; -1 with `errno`.
    private func writeOnce(_ connection: Connection, byteCountMax: Int) -> Int {
        if connection.output.isEmpty { return send(connection, connection.outputBytes, byteCountMax: byteCountMax, isLast: true) }
        while connection.outputOffset == connection.output[connection.outputIndex].byteCount {
            connection.outputIndex += 1
            connection.outputOffset = 0
        }
        switch connection.output[connection.outputIndex] {
        case .bytes(let bytes):
            return send(connection, bytes, byteCountMax: byteCountMax, isLast: connection.outputIndex == connection.output.count - 1)
        case .file(let descriptor, let position, let byteCount, _):
            let left = min(byteCount - connection.outputOffset, connection.outputByteCount, byteCountMax)
            var offset = off_t(position) + off_t(connection.outputOffset)
            let count = sendfile(connection.descriptor, descriptor, &offset, left)
            let isFileFault = count == 0 || (count < 0 && ![EAGAIN, EINTR, EPIPE, ECONNRESET].contains(errno))
            if isFileFault {
                counted.fileFaults += 1
                shut(connection)
                return 0
            }
            return count
        }
    }

    private func send(_ connection: Connection, _ bytes: [UInt8], byteCountMax: Int, isLast: Bool) -> Int {
        bytes.withUnsafeBytes { buffer in
            let count = min(buffer.count - connection.outputOffset, connection.outputByteCount, byteCountMax)
            let isMore = !isLast && count < connection.outputByteCount
            let flags = CInt(MSG_NOSIGNAL) | (isMore ? CInt(MSG_MORE) : 0)
            return Glibc.send(connection.descriptor, buffer.baseAddress! + connection.outputOffset, count, flags)
        }
    }

    private func setCork(_ connection: Connection, _ isCorked: Bool) {
        if connection.isCorked == isCorked { return }
        connection.isCorked = isCorked
        var flag: CInt = isCorked ? 1 : 0
        setsockopt(connection.descriptor, CInt(IPPROTO_TCP), TCP_CORK, &flag, socklen_t(MemoryLayout<CInt>.size))
    }

    /// The response is written: the connection reads again, or ends.
    private func finish(_ connection: Connection) {
        counted.responses += 1
        setCork(connection, false)
        if !connection.output.isEmpty { connection.output = [] }
        if connection.outputBytes.capacity > BufferPool.smallestByteCount { connection.outputBytes = [] }
        guard connection.fate == .staysOpen, stopTick == nil else {
            // What the peer has sent further would turn the end into a reset, and that could cost it the response.
            shutdown(connection.descriptor, CInt(SHUT_WR))
            discardInput(connection)
            return shut(connection)
        }
        connection.state = .reading
        connection.activityTick = tick
        watch(connection, connection.interest & ~EPOLLOUT.rawValue)
        // While the handler looks at the frame its place in the buffer is still taken; `handOver` goes on then.
        if connection.isInputLent { return }
        listReady(connection)
    }

    private func discardInput(_ connection: Connection) {
        if connection.isInputLent { return }
        let scratch = pool.take(byteCountMin: BufferPool.smallestByteCount)
        defer { pool.giveBack(scratch) }
        for _ in 0..<64 where recv(connection.descriptor, scratch.baseAddress, scratch.count, 0) <= 0 { break }
    }
}

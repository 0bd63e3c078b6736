/// What a server's owner does with frames. Every call comes on the loop's thread, and none from inside another or from inside a
/// call of the server's: `respond`, `close` and the rest may be called at any of these places, for any connection.
package protocol FrameHandler: AnyObject {
    /// - Parameter peer: Address and port, as `127.0.0.1:40112` or `[::1]:40112`.
    func opened(_ connection: ConnectionId, peer: String)
    /// Once for each opened connection, whoever closed it; it can no longer be answered.
    func closed(_ connection: ConnectionId)
    /// A whole frame, without its length. The connection is muted until the server is told `respond`, `skip` or `close`.
    ///
    /// - Parameters:
    ///   - frame: Valid during the call; may be changed in place. May be empty.
    ///   - tick: Monotonic milliseconds (``FrameServer/currentTick()``).
    func frame(_ connection: ConnectionId, _ frame: UnsafeMutableRawBufferPointer, tick: Int64)
    /// Do what is due. Asked once a turn of the loop, after all else: an answer that changes is seen, and it must be cheap.
    ///
    /// - Returns: The next deadline as a tick; nil for none.
    func timer(tick: Int64) -> Int64?
    /// A frame of an impossible size. The connection is closed after this.
    ///
    /// - Parameters:
    ///   - byteCount: What the length said: negative, or more than the limit.
    ///   - head: At most the first 16 bytes, the length's among them; they tell a TLS or an HTTP client.
    func refusedFrame(_ connection: ConnectionId, peer: String, byteCount: Int, head: [UInt8])
    /// The peer will send no more, and a request of its is in work. It may have gone, or wait for the answer: whoever keeps it
    /// waiting should answer now. Nothing needs to be done.
    func peerFinished(_ connection: ConnectionId)
    /// A stop was asked for: what is in work is still answered if it is soon, so answer whatever waits for something.
    func stopping(tick: Int64)
}

extension FrameHandler {
    package func peerFinished(_ connection: ConnectionId) {}
    package func stopping(tick: Int64) {}
}

/// A piece of a response; the frame's length is the caller's to write.
package enum ResponseChunk {
    case bytes([UInt8])
    /// A range of a file, sent without copying it. `owner` keeps the descriptor open and is let go when all is written.
    case file(descriptor: CInt, position: Int64, byteCount: Int, owner: AnyObject)

    package var byteCount: Int {
        switch self {
        case .bytes(let bytes): bytes.count
        case .file(_, _, let byteCount, _): byteCount
        }
    }
}

/// What becomes of a connection after a response. All but the first are for faults made on purpose.
package enum ConnectionFate: Hashable, Sendable {
    case staysOpen
    /// Closed when the whole response is written.
    case closes
    /// Closed when this many bytes of the response are written; 0 closes without writing.
    case closesAfter(byteCount: Int)
}

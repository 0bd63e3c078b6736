import FrameServer

/// What the node asks of its server.
protocol ResponseTransport: AnyObject {
    @discardableResult
    func respond(_ id: ConnectionId, copying bytes: UnsafeRawBufferPointer, after delayMillis: Int64, then fate: ConnectionFate) -> Bool
    @discardableResult
    func respond(_ id: ConnectionId, _ chunks: [ResponseChunk], after delayMillis: Int64, then fate: ConnectionFate) -> Bool
    @discardableResult
    func skip(_ id: ConnectionId) -> Bool
    func close(_ id: ConnectionId, isReset: Bool)
}

extension ResponseTransport {
    func close(_ id: ConnectionId) { close(id, isReset: false) }
}

extension FrameServer: ResponseTransport {}

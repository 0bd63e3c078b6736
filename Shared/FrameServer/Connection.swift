/// One accepted socket with what is read from it and written to it. Used by the loop alone.
final class Connection {
    enum State {
        /// Bytes are read until a frame is whole.
        case reading
        /// A large frame has begun and waits for its share of the memory.
        case waitingForMemory
        /// The handler has the frame.
        case inWork
        /// The response waits for its time.
        case delayed
        case writing
        case closed
    }

    let id: ConnectionId
    let descriptor: CInt
    let peer: String
    var state = State.reading

    // Reading. The bytes not yet consumed are `inputStart ..< inputEnd` of the buffer, which is empty while nothing is there.
    var input = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    var inputStart = 0
    var inputEnd = 0
    /// The handler looks at the buffer, so it must stay.
    var isInputLent = false
    /// Bytes held of the request memory for the frame that is arriving.
    var reservedByteCount = 0
    /// When the frame that is arriving began, or got its share; nil between frames.
    var frameTick: Int64?
    /// When the last byte came or the last response was written.
    var activityTick: Int64
    var isPaused = false
    var isPeerFinished = false
    /// Already among those that the loop looks at next.
    var isListedReady = false

    // Writing.
    var output: [ResponseChunk] = []
    var outputIndex = 0
    /// Bytes of the chunk at `outputIndex` that are written.
    var outputOffset = 0
    /// Bytes of the response still to be written, fewer than the chunks hold if it shall break off.
    var outputByteCount = 0
    /// What was left of a response given as plain bytes; reused.
    var outputBytes: [UInt8] = []
    var fate = ConnectionFate.staysOpen
    var isCorked = false
    /// When a delayed response is due.
    var dueTick: Int64 = 0
    /// When bytes were last written.
    var writtenTick: Int64 = 0

    /// What epoll watches for.
    var interest: UInt32 = 0

    init(id: ConnectionId, descriptor: CInt, peer: String, tick: Int64) {
        self.id = id
        self.descriptor = descriptor
        self.peer = peer
        activityTick = tick
    }

    var inputCount: Int { inputEnd - inputStart }

    /// What the four bytes at the start say; nil while they are not all there.
    var announcedByteCount: Int? {
        if inputCount < 4 { return nil }
        return Int(Int32(bigEndian: input.loadUnaligned(fromByteOffset: inputStart, as: Int32.self)))
    }

    /// A request is with the handler or its response is not wholly written.
    var isBusy: Bool {
        switch state {
        case .inWork, .delayed, .writing: true
        case .reading, .waitingForMemory, .closed: false
        }
    }
}

/// What a server has done since its start, and what it holds now. Read on the loop.
package struct ServerCounters: Hashable, Sendable {
    package internal(set) var connectionsOpen = 0
    package internal(set) var connectionsAccepted: UInt64 = 0
    /// Closed at once because ``ServerLimits/connectionCountMax`` were open.
    package internal(set) var connectionsRefused: UInt64 = 0
    /// Times that the system gave no descriptor or memory for a connection.
    package internal(set) var acceptFaults: UInt64 = 0
    package internal(set) var closedIdle: UInt64 = 0
    package internal(set) var closedReadStalled: UInt64 = 0
    package internal(set) var closedWriteStalled: UInt64 = 0
    /// Responses that broke off because their file was shorter than said or could not be read.
    package internal(set) var fileFaults: UInt64 = 0
    package internal(set) var frames: UInt64 = 0
    package internal(set) var framesRefused: UInt64 = 0
    package internal(set) var responses: UInt64 = 0
    package internal(set) var bytesIn: UInt64 = 0
    package internal(set) var bytesOut: UInt64 = 0
    /// Memory of all buffers for frames, in use or kept for the next.
    package internal(set) var bufferBytes = 0
    /// Of ``ServerLimits/requestMemoryMax``.
    package internal(set) var requestMemoryBytes = 0
    /// Connections that wait for a share of it.
    package internal(set) var requestMemoryWaiters = 0

    package init() {}
}

/// What a server takes upon itself for its clients.
package struct ServerLimits: Hashable, Sendable {
    /// Connections open at once; one more is accepted and closed.
    package var connectionCountMax = 1_000
    /// The greatest frame, without its length.
    package var requestBytesMax = 16 << 20
    /// Memory for all frames that are larger than ``requestFreeBytes`` and still arriving. A single larger frame may always pass.
    package var requestMemoryMax = 64 << 20
    /// Frames up to this size need no share of ``requestMemoryMax``.
    package var requestFreeBytes = 64 << 10
    /// A frame must arrive whole within this time of its first byte, or of its share of the memory if it had to wait for that.
    package var requestReadMillis: Int64 = 30_000
    /// A connection without a request is closed after this time.
    package var idleMillis: Int64 = 600_000
    /// A response of which nothing could be written for this time closes its connection.
    package var responseWriteMillis: Int64 = 60_000
    /// How long a stop waits for the requests in work.
    package var stopMillis: Int64 = 5_000
    /// Calls from other threads that wait for the loop.
    package var remoteCallCountMax = 4_096
    /// Buffers kept for further frames, in bytes.
    package var pooledBytesMax = 16 << 20

    package init() {}
}

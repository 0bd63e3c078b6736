/// Names one accepted connection. Never used again: what is sent to a connection that has gone reaches nobody.
package struct ConnectionId: Hashable, Sendable, CustomStringConvertible {
    /// Where the server keeps it; taken over by a later connection, with another serial.
    let slot: Int32
    /// The server's count of accepted connections, from 1.
    package let serial: UInt64

    init(slot: Int32, serial: UInt64) {
        self.slot = slot
        self.serial = serial
    }

    package var description: String { "connection \(serial)" }
}

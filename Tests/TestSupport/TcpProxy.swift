import Foundation
import Synchronization

/// A way to a Kafka broker that can be made bad: every frame that passes, either way, is put before a judge.
///
/// Clients that connect through it stay with it: the broker's address in Metadata, FindCoordinator and DescribeCluster responses is
/// replaced by the proxy's. Two threads for each connection.
package final class TcpProxy: Sendable {
    package enum Direction: Sendable { case request, response }

    package struct Frame: Sendable {
        package var direction: Direction
        /// Connections are counted from 0.
        package var connection: Int
        /// Of the request, or of the one that this answers; -1 if it is none that can be read.
        package var apiKey: Int16
        /// How many frames of this API went this way before, over all connections.
        package var index: Int
        /// Without the length.
        package var bytes: [UInt8]
    }

    package enum Verdict: Sendable {
        case pass
        /// Passes another one instead.
        case replace([UInt8])
        /// Holds it up, and what comes after it on this connection in this direction.
        case delay(Duration)
        /// Swallows it.
        case drop
        /// Ends the connection both ways before it passes.
        case cut
        /// Passes so many bytes of it (its length included), then ends the connection.
        case cutAfter(byteCount: Int)
    }

    private struct State {
        var sockets: [ObjectIdentifier: LoopbackSocket] = [:]
        var counts: [Int: Int] = [:]
        var connectionCount = 0
        var isClosed = false
    }

    package let port: Int
    private let listener: LoopbackSocket
    private let host: String
    private let target: Int
    private let judge: @Sendable (Frame) -> Verdict
    private let state = Mutex(State())

    /// - Parameters:
    ///   - server: `host:port`; the host is one that loopback reaches.
    ///   - judge: called on the connections' threads.
    package init(to server: String, judge: @escaping @Sendable (Frame) -> Verdict) throws {
        let parts = server.split(separator: ":")
        guard parts.count == 2, let target = Int(parts[1]) else { throw NotInTime(description: "\(server) is not host:port") }
        host = String(parts[0])
        self.target = target
        self.judge = judge
        (listener, port) = try LoopbackSocket.listening()
        let listener = listener
        Thread.detachNewThread { [weak self] in
            while let client = listener.accepted() { self?.serve(client) }
        }
    }

    deinit { close() }

    package var bootstrapServers: String { "\(host):\(port)" }
    package var connectionCount: Int { state.withLock { $0.connectionCount } }

    /// Ends all connections that there are now; new ones are taken.
    package func cutAll() { for socket in state.withLock({ Array($0.sockets.values) }) { socket.cut() } }

    /// Ends everything.
    package func close() {
        state.withLock { $0.isClosed = true }
        listener.cut()
        cutAll()
    }

    private func serve(_ client: LoopbackSocket) {
        guard let server = try? LoopbackSocket(connectingTo: host, port: target, receiveSecondsMax: 0) else { return client.cut() }
        let number: Int? = state.withLock { state in
            if state.isClosed { return nil }
            state.sockets[ObjectIdentifier(client)] = client
            state.sockets[ObjectIdentifier(server)] = server
            defer { state.connectionCount += 1 }
            return state.connectionCount
        }
        guard let number else {
            client.cut()
            return server.cut()
        }
        let asked = Questions()
        let directions = [(Direction.request, client, server), (.response, server, client)]
        for (direction, from, to) in directions {
            Thread.detachNewThread {
                self.pump(direction, number, from, to, asked)
                from.cut()
                to.cut()
                self.state.withLock { _ = $0.sockets.removeValue(forKey: ObjectIdentifier(from)) }
            }
        }
    }

    /// Which API was asked under which correlation id.
    private final class Questions: Sendable {
        let apiKeys = Mutex<[Int32: Int16]>([:])
    }

    private func pump(_ direction: Direction, _ connection: Int, _ from: LoopbackSocket, _ to: LoopbackSocket, _ asked: Questions) {
        while var bytes = from.receiveFrame() {
            let apiKey: Int16
            switch direction {
            case .request:
                apiKey = bytes.count < 8 ? -1 : Int16(truncatingIfNeeded: integer(bytes, 0, 2))
                if bytes.count >= 8 { asked.apiKeys.withLock { $0[Int32(truncatingIfNeeded: integer(bytes, 4, 4))] = apiKey } }
            case .response:
                let id = bytes.count < 4 ? 0 : Int32(truncatingIfNeeded: integer(bytes, 0, 4))
                apiKey = asked.apiKeys.withLock { $0.removeValue(forKey: id) } ?? -1
                if [3, 10, 60].contains(apiKey) { redirect(&bytes) }
            }
            let index = state.withLock { state in
                let key = Int(apiKey) * 2 + (direction == .request ? 0 : 1)
                defer { state.counts[key, default: 0] += 1 }
                return state.counts[key] ?? 0
            }
            let frame = Frame(direction: direction, connection: connection, apiKey: apiKey, index: index, bytes: bytes)
            switch judge(frame) {
            case .pass: if !to.sendFrame(bytes) { return }
            case .replace(let other): if !to.sendFrame(other) { return }
            case .delay(let time):
                Thread.sleep(forTimeInterval: Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18)
                if !to.sendFrame(bytes) { return }
            case .drop: break
            case .cut: return
            case .cutAfter(let byteCount):
                let whole = withUnsafeBytes(of: UInt32(bytes.count).bigEndian, Array.init) + bytes
                to.send(Array(whole.prefix(byteCount)))
                return
            }
        }
    }

    /// Puts the proxy's port where the broker's stands after its host.
    private func redirect(_ bytes: inout [UInt8]) {
        let old = Array(host.utf8) + withUnsafeBytes(of: Int32(target).bigEndian, Array.init)
        let new = withUnsafeBytes(of: Int32(port).bigEndian, Array.init)
        guard bytes.count >= old.count else { return }
        for start in 0...(bytes.count - old.count) where bytes[start..<start + old.count].elementsEqual(old) {
            bytes.replaceSubrange(start + old.count - 4..<start + old.count, with: new)
        }
    }

    private func integer(_ bytes: [UInt8], _ start: Int, _ count: Int) -> Int {
        bytes[start..<start + count].reduce(0) { $0 << 8 | Int($1) }
    }
}

import Glibc
import Synchronization

/// A blocking TCP socket, closed once. Any thread may ``cut()`` it, which wakes whoever blocks in it.
package final class LoopbackSocket: Sendable {
    private let descriptor: Int32
    private let isClosed = Atomic<Bool>(false)

    /// What the system said.
    package struct Fault: Error, CustomStringConvertible {
        package var description: String
        init(_ what: String) { description = "\(what): \(String(cString: strerror(errno)))" }
    }

    private init(adopting descriptor: Int32) {
        self.descriptor = descriptor
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit { close() }

    package init(connectingTo host: String, port: Int, receiveSecondsMax: Int = 30) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Fault("socket") }
        var address = Self.address(host, port)
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else {
            let fault = Fault("connect to \(host):\(port)")
            close()
            throw fault
        }
        var limit = timeval(tv_sec: receiveSecondsMax, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Listens on a free loopback port.
    static func listening() throws -> (socket: LoopbackSocket, port: Int) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Fault("socket") }
        let listener = LoopbackSocket(adopting: descriptor)
        var address = address("127.0.0.1", 0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let outcome = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && listen(descriptor, 64) == 0 && getsockname(descriptor, $0, &size) == 0
            }
        }
        guard outcome else { throw Fault("listen") }
        return (listener, Int(UInt16(bigEndian: address.sin_port)))
    }

    /// - Returns: nil once the listener is cut.
    func accepted() -> LoopbackSocket? {
        while true {
            let peer = accept(descriptor, nil, nil)
            if peer >= 0 {
                _ = fcntl(peer, F_SETFD, FD_CLOEXEC)
                return LoopbackSocket(adopting: peer)
            }
            if errno != EINTR && errno != ECONNABORTED { return nil }
        }
    }

    /// - Returns: false if the other side is gone.
    @discardableResult package func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// Exactly so many bytes; nil when the other side closed, was cut, or the time-out passed.
    package func receive(_ byteCount: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: byteCount)
        var got = 0
        while got < byteCount {
            let count = bytes.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress! + got, byteCount - got, 0) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return nil }
            got += count
        }
        return bytes
    }

    /// A frame of Kafka's: four bytes of length, most significant first, and so many bytes (returned without their length).
    package func receiveFrame() -> [UInt8]? {
        guard let head = receive(4) else { return nil }
        let byteCount = head.reduce(0) { $0 << 8 | Int($1) }
        return byteCount == 0 ? [] : receive(byteCount)
    }

    /// The same the other way.
    @discardableResult package func sendFrame(_ bytes: [UInt8]) -> Bool {
        send(withUnsafeBytes(of: UInt32(bytes.count).bigEndian, Array.init) + bytes)
    }

    /// Ends both directions; the descriptor stays until the object goes.
    package func cut() { if !isClosed.load(ordering: .acquiring) { shutdown(descriptor, Int32(SHUT_RDWR)) } }

    /// Gives the descriptor back.
    package func close() {
        if !isClosed.exchange(true, ordering: .acquiringAndReleasing) { Glibc.close(descriptor) }
    }

    private static func address(_ host: String, _ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr(host == "localhost" ? "127.0.0.1" : host)
        return address
    }
}

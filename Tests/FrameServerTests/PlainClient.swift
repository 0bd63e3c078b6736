import Glibc

/// A blocking socket that gives up after 20 seconds.
final class PlainClient {
    enum Fault: Error {
        case cannotConnect(CInt)
        case cannotSend(CInt)
        case ended, timedOut
    }

    private var descriptor: CInt

    init(port: UInt16, host: String = "127.0.0.1", receiveBytes: CInt? = nil) throws {
        let isV6 = host.contains(":")
        descriptor = socket(isV6 ? AF_INET6 : AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var yes: CInt = 1
        setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<CInt>.size))
        if var receiveBytes { setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBytes, socklen_t(MemoryLayout<CInt>.size)) }
        var outcome: CInt
        if isV6 {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            inet_pton(AF_INET6, host, &address.sin6_addr)
            outcome = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
        } else {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            inet_pton(AF_INET, host, &address.sin_addr)
            outcome = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
        guard outcome == 0 else {
            outcome = errno
            Glibc.close(descriptor)
            descriptor = -1
            throw Fault.cannotConnect(outcome)
        }
    }

    deinit { close() }

    func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    /// Says that no more will be sent.
    func finishSending() { shutdown(descriptor, CInt(SHUT_WR)) }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress! + sent, $0.count - sent, CInt(MSG_NOSIGNAL)) }
            guard count > 0 else { throw Fault.cannotSend(errno) }
            sent += count
        }
    }

    func receive(_ byteCount: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: byteCount)
        var received = 0
        while received < byteCount {
            let count = bytes.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress! + received, byteCount - received, 0) }
            if count < 0, errno == EAGAIN { throw Fault.timedOut }
            guard count > 0 else { throw Fault.ended }
            received += count
        }
        return bytes
    }

    func receiveFrame() throws -> [UInt8] {
        let prefix = try receive(4)
        return try receive(prefix.reduce(0) { $0 << 8 | Int($1) })
    }

    func exchange(_ content: [UInt8]) throws -> [UInt8] {
        try send(Frame.of(content))
        return try receiveFrame()
    }

    /// Whether the server ends the connection; whatever it still sends is passed over.
    func sawEnd() -> Bool {
        do { while true { _ = try receive(1) } } catch Fault.timedOut { return false } catch { return true }
    }
}

internal import Glibc

/// Free TCP ports of 127.0.0.1.
package enum LoopbackPort {
    /// The first of `count` adjacent ports that nobody listens on now.
    ///
    /// Another process may take one before it is used; whoever is started on it then says so and is started again on another.
    package static func free(adjacent count: Int = 1, preferring preferred: UInt16? = nil) throws(LocalStackFault) -> UInt16 {
        if let preferred, isFree(preferred, count) { return preferred }
        for _ in 0..<50 {
            guard let port = bound(to: 0) else { continue }
            if isFree(port, count) { return port }
        }
        throw LocalStackFault(operation: "find", subject: "\(count) free ports", reason: "none on 127.0.0.1 after 50 tries")
    }

    /// Whether something accepts connections there.
    package static func answers(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return withAddress(port) { connect(descriptor, $0, $1) } == 0
    }

    private static func isFree(_ first: UInt16, _ count: Int) -> Bool {
        Int(first) + count <= 65_536 && (0..<count).allSatisfy { bound(to: first + UInt16($0)) != nil }
    }

    /// Binds for a moment; the port that it was, nil when it is taken.
    private static func bound(to port: UInt16) -> UInt16? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard withAddress(port, { bind(descriptor, $0, $1) }) == 0 else { return nil }
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        return code == 0 ? UInt16(bigEndian: address.sin_port) : nil
    }

    private static func withAddress(_ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }
}

import Glibc

/// One GET over a plain socket, for health checks: no client library, so that it works in the smallest image.
struct HttpProbe {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    struct Answer {
        var status: Int
        /// At most 64 KiB.
        var body: String
    }

    var host: String
    var port: UInt16
    var path: String

    /// - Parameter url: `http://host[:port]/path`; an IPv6 address in brackets.
    init(url: String) throws(Failure) {
        let wrong = Failure(description: "\(url) is not an http:// address such as http://127.0.0.1:8080/readyz")
        guard url.hasPrefix("http://"), !url.utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7F }) else { throw wrong }
        let rest = url.dropFirst(7)
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        path = slash == rest.endIndex ? "/" : String(rest[slash...])
        var authority = rest[..<slash]
        port = 80
        if let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]") {
            guard let number = UInt16(authority[authority.index(after: colon)...]), number > 0 else { throw wrong }
            port = number
            authority = authority[..<colon]
        }
        if authority.hasPrefix("["), authority.hasSuffix("]") { authority = authority.dropFirst().dropLast() }
        guard !authority.isEmpty else { throw wrong }
        host = String(authority)
    }

    init(address: String, path: String) throws(Failure) { try self.init(url: "http://\(address)\(path)") }

    /// Blocks for at most about `limitMillis` for each step.
    func get(limitMillis: Int = 2_000) throws(Failure) -> Answer {
        let descriptor = try connected(limitMillis)
        defer { close(descriptor) }
        var request = Array("GET \(path) HTTP/1.0\r\nHost: \(host):\(port)\r\nConnection: close\r\n\r\n".utf8)[...]
        while !request.isEmpty {
            let count = request.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { throw failure("cannot send") }
            request = request.dropFirst(count)
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while bytes.count < 65_536 {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            if count == 0 { break }
            guard count > 0 else { throw failure("no answer") }
            bytes += chunk[..<count]
        }
        let text = String(decoding: bytes, as: UTF8.self)
        // "HTTP/1.1 200 OK"
        let words = text.prefix(while: { !$0.isNewline }).split(separator: " ")
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else {
            throw Failure(description: "\(host):\(port) does not speak HTTP")
        }
        let body = text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false).dropFirst().first ?? ""
        return Answer(status: status, body: String(body))
    }

    private func connected(_ limitMillis: Int) throws(Failure) -> Int32 {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &found)
        guard code == 0 else { throw Failure(description: "\(host): \(String(cString: gai_strerror(code)))") }
        defer { freeaddrinfo(found) }
        var candidate = found
        var refusal = failure("cannot connect")
        while let info = candidate?.pointee {
            let descriptor = socket(info.ai_family, info.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), info.ai_protocol)
            if descriptor >= 0 {
                var limit = timeval(tv_sec: limitMillis / 1_000, tv_usec: limitMillis % 1_000 * 1_000)
                for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
                    setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
                }
                if connect(descriptor, info.ai_addr, info.ai_addrlen) == 0 { return descriptor }
                refusal = failure("cannot connect")
                close(descriptor)
            }
            candidate = info.ai_next
        }
        throw refusal
    }

    private func failure(_ what: String) -> Failure {
        Failure(description: "\(host):\(port): \(what): \(String(cString: strerror(errno)))")
    }
}

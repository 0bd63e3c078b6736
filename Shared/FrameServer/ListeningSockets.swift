internal import CLinuxIo
internal import Glibc

/// The sockets of one listen address: more than one where a name has several addresses, as `localhost` mostly has.
struct ListeningSockets: ~Copyable {
    private(set) var descriptors: [CInt]
    /// With the port that the system chose in place of 0.
    let address: ListenAddress

    private static let backlog: CInt = 511

    init(_ wanted: ListenAddress) throws(ServerFault) {
        var hints = addrinfo()
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let outcome = getaddrinfo(wanted.host, String(wanted.port), &hints, &list)
        guard outcome == 0, let list else {
            throw .hostUnknown(host: wanted.host, reason: String(cString: gai_strerror(outcome)))
        }
        defer { freeaddrinfo(list) }
        var opened: [CInt] = []
        var port = wanted.port
        var failure: ServerFault?
        var next: UnsafeMutablePointer<addrinfo>? = list
        while let entry = next {
            next = entry.pointee.ai_next
            do throws(ServerFault) {
                let descriptor = try Self.open(entry.pointee, port: port, wanted: wanted)
                opened.append(descriptor)
                // The other addresses of the name share the port that the first was given.
                if port == 0 { port = Self.port(of: descriptor) }
            } catch {
                // A name may have an address of a family that this machine lacks; another's port is a failure whatever the family.
                if case .portTaken = error {
                    for descriptor in opened { close(descriptor) }
                    throw error
                }
                failure = error
            }
        }
        guard !opened.isEmpty else { throw failure ?? .hostUnknown(host: wanted.host, reason: "no address") }
        descriptors = opened
        address = ListenAddress(host: wanted.host, port: port)
    }

    private static func open(_ entry: addrinfo, port: UInt16, wanted: ListenAddress) throws(ServerFault) -> CInt {
        let type = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(entry.ai_family, type, entry.ai_protocol)
        guard descriptor >= 0 else { throw .system(operation: "open a socket for \(wanted)", code: errno) }
        var yes: CInt = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<CInt>.size))
        var storage = sockaddr_storage()
        memcpy(&storage, entry.ai_addr, Int(entry.ai_addrlen))
        // Both families keep the port at the same place, in network order.
        withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: port.bigEndian, toByteOffset: 2, as: UInt16.self) }
        let bound = withUnsafePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, entry.ai_addrlen) }
        }
        guard bound == 0, listen(descriptor, backlog) == 0 else {
            let code = errno
            close(descriptor)
            if code == EADDRINUSE { throw .portTaken(address: "\(ListenAddress(host: wanted.host, port: port))") }
            throw .system(operation: "listen on \(wanted)", code: code)
        }
        return descriptor
    }

    private static func port(of descriptor: CInt) -> UInt16 {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        _ = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        return withUnsafeBytes(of: &storage) { UInt16(bigEndian: $0.load(fromByteOffset: 2, as: UInt16.self)) }
    }

    /// `127.0.0.1:40112` or `[::1]:40112`.
    static func text(of storage: inout sockaddr_storage, length: socklen_t) -> String {
        var host = [CChar](repeating: 0, count: 64)
        let port = withUnsafeBytes(of: &storage) { UInt16(bigEndian: $0.load(fromByteOffset: 2, as: UInt16.self)) }
        let outcome = withUnsafePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getnameinfo($0, length, &host, socklen_t(host.count), nil, 0, NI_NUMERICHOST)
            }
        }
        guard outcome == 0 else { return "unknown" }
        let name = String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return "\(ListenAddress(host: name, port: port))"
    }

    /// Nobody can connect from here on, and the port is free.
    mutating func shut() {
        for descriptor in descriptors { close(descriptor) }
        descriptors = []
    }

    deinit {
        for descriptor in descriptors { close(descriptor) }
    }
}

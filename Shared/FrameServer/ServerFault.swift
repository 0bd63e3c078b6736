internal import Glibc

/// Why a server cannot start.
package enum ServerFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// Not an address; the text as it was given.
    case addressInvalid(String)
    /// The name was not found; getaddrinfo's words.
    case hostUnknown(host: String, reason: String)
    case portTaken(address: String)
    /// A call of the system failed.
    case system(operation: String, code: CInt)

    package var description: String {
        switch self {
        case .addressInvalid(let text):
            "\"\(text.prefix(80))\" is no address to listen on; write HOST:PORT, as 127.0.0.1:9092 or [::1]:9092"
        case .hostUnknown(let host, let reason): "cannot listen on host \"\(host.prefix(80))\": \(reason); name an address of this machine"
        case .portTaken(let address): "cannot listen on \(address): the port is taken by another process; stop it or choose another port"
        case .system(let operation, let code): "cannot \(operation): \(String(cString: strerror(code)))"
        }
    }
}

import Glibc

/// An operation on the data directory that the system refused.
package struct DiskFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package var operation: String
    package var path: String
    package var problem: String

    init(_ operation: String, _ path: String, problem: String) {
        self.operation = operation
        self.path = path
        self.problem = problem
    }

    /// - Parameter code: `errno` as the failing call left it.
    init(_ operation: String, _ path: String, errno code: CInt = errno) {
        self.init(operation, path, problem: String(cString: strerror(code)))
    }

    package var description: String { "cannot \(operation) \(path): \(problem)" }
}

internal import Glibc

/// Why a part of the local stack could not be started, stopped or found, and what to do about it.
package struct LocalStackFault: Error, Hashable, CustomStringConvertible {
    /// What was being done, as `start`.
    package var operation: String
    /// To what: a name or a path.
    package var subject: String
    package var reason: String
    package var remedy: String

    package init(operation: String, subject: String, reason: String, remedy: String = "") {
        self.operation = operation
        self.subject = subject
        self.reason = reason
        self.remedy = remedy
    }

    package var description: String { "\(operation) \(subject): \(reason)" + (remedy.isEmpty ? "" : "; \(remedy)") }

    /// A system call's failure.
    static func system(_ operation: String, _ subject: String, code: Int32 = errno) -> LocalStackFault {
        LocalStackFault(operation: operation, subject: subject, reason: String(cString: strerror(code)))
    }
}

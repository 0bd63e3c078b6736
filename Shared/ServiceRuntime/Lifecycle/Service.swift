/// A long-lived part of a process. `init` starts nothing; `run` works until it is asked to finish.
///
/// Graceful shutdown reaches it through ``gracefulShutdown()`` and ``withGracefulShutdownHandler(isolation:operation:onGracefulShutdown:)``;
/// cancellation means that patience has run out.
package protocol Service: Sendable {
    /// For logs and errors.
    var name: String { get }
    /// Returns when asked to finish, and throws when it cannot go on.
    func run() async throws
}

extension Service {
    package var name: String { String(describing: type(of: self)) }
}

/// A service made of a closure.
package struct ClosureService: Service {
    package let name: String
    private let body: @Sendable () async throws -> Void

    package init(_ name: String, run body: @escaping @Sendable () async throws -> Void) {
        self.name = name
        self.body = body
    }

    package func run() async throws { try await body() }
}

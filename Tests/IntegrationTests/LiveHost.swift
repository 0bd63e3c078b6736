import Hosting
import ServiceRuntime
import Synchronization
import TestSupport

/// The services that a suite is made of.
enum Role: String, CaseIterable, Sendable {
    case ingest, extractor, scorer
}

/// One replica of a service, in this process.
final class LiveHost: Sendable {
    let label: String
    private let group: ServiceGroup
    private let outcome = Mutex<Result<Void, any Error>?>(nil)

    init(_ host: StageHost, label: String, logger: Logger) {
        self.label = label
        var configuration = ServiceGroup.Configuration(services: [host])
        // Nobody signals this process, and a service that hangs fails the test rather than end it.
        configuration.signals = AsyncStream { $0.finish() }
        configuration.exitProcess = { _ in }
        group = ServiceGroup(configuration, logger: logger)
    }

    func run() async {
        do {
            try await group.run()
            outcome.withLock { $0 = .success(()) }
        } catch {
            outcome.withLock { $0 = .failure(error) }
        }
    }

    /// Asks for a graceful end.
    func stop() { group.triggerGracefulShutdown() }

    /// Waits for the end and says why the service ended; nil when it was asked to.
    func end() async throws -> (any Error)? {
        try await eventually("the end of \(label)", within: .seconds(30)) { outcome.withLock { $0 != nil } }
        if case .failure(let error) = outcome.withLock({ $0 }) { return error }
        return nil
    }
}

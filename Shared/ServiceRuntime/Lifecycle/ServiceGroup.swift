import Glibc
import Synchronization

/// Runs services together: started in order, stopped in reverse, as `[postgres, producer, consumer, health]`.
///
/// SIGTERM or SIGINT asks for a graceful shutdown; a second one ends the process at once. A service that fails stops the others
/// gracefully and its error is thrown. When the shutdown takes longer than `maximumGracefulShutdownDuration` the log names the
/// services that hang and the process exits with 1.
package final class ServiceGroup: Sendable {
    package struct Member: Sendable {
        package enum SuccessTermination: Hashable, Sendable {
            /// Returning without being asked is a fault of the service.
            case fault
            /// Returning means that the work is done: the others are stopped and `run` returns.
            case gracefullyShutdownGroup
        }

        package var service: any Service
        package var successTermination: SuccessTermination

        package init(_ service: any Service, successTermination: SuccessTermination = .fault) {
            self.service = service
            self.successTermination = successTermination
        }
    }

    package struct Configuration: Sendable {
        package var members: [Member]
        package var gracefulShutdownSignals: [UnixSignal] = [.sigterm, .sigint]
        package var maximumGracefulShutdownDuration: Duration = .seconds(20)
        /// Waits for the bound. Replaced in tests.
        package var sleep: @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
        /// Ends the process when services hang. Replaced in tests, where it must make the services return.
        package var exitProcess: @Sendable (Int32) -> Void = { _exit($0) }
        /// Signals as they arrive; nil listens to `gracefulShutdownSignals`. Replaced in tests.
        package var signals: AsyncStream<UnixSignal>?

        package init(services: [any Service]) { members = services.map { Member($0) } }
        package init(members: [Member]) { self.members = members }
    }

    /// A service returned although nobody had asked it to.
    package struct UnexpectedEnd: Error, Hashable, Sendable, CustomStringConvertible {
        package var service: String
        package var description: String { "the service \(service) ended by itself; see its log lines" }
    }

    private enum Event: Sendable {
        case signal(UnixSignal)
        case shutdownRequested
        case finished(service: Int, error: (any Error)?)
        case boundReached
    }

    private let configuration: Configuration
    private let logger: Logger
    private let events: AsyncStream<Event>
    private let send: AsyncStream<Event>.Continuation

    package init(_ configuration: Configuration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        // Bounded by its senders: one event a service, the timer, the signals (8 buffered) and requests.
        (events, send) = AsyncStream.makeStream()
    }

    package convenience init(services: [any Service], logger: Logger) { self.init(Configuration(services: services), logger: logger) }

    /// Asks for a graceful shutdown from inside, as a first signal would.
    package func triggerGracefulShutdown() { send.yield(.shutdownRequested) }

    /// Runs until all services have finished. Call once.
    ///
    /// - Throws: The first failed service's error, or ``UnexpectedEnd``.
    package func run() async throws {
        let members = configuration.members
        let managers = members.map { _ in GracefulShutdownManager() }
        let signals: AsyncStream<UnixSignal>
        if let given = configuration.signals {
            signals = given
        } else {
            signals = await UnixSignal.arrivals(of: configuration.gracefulShutdownSignals)
        }
        var machine = ServiceGroupStateMachine(serviceCount: members.count)
        var errors = [(any Error)?](repeating: nil, count: members.count)
        var outcome: ServiceGroupStateMachine.Outcome?

        await withTaskGroup(of: Void.self) { [send, configuration, logger] group in
            for (index, member) in members.enumerated() {
                logger.debug("Starting service", metadata: [LogKey.service: "\(member.service.name)"])
                // Immediate, so that each service has begun before the next one does.
                group.addImmediateTask {
                    await GracefulShutdownManager.$current.withValue(managers[index]) {
                        do {
                            try await member.service.run()
                            send.yield(.finished(service: index, error: nil))
                        } catch {
                            send.yield(.finished(service: index, error: error))
                        }
                    }
                }
            }
            group.addTask { for await signal in signals { send.yield(.signal(signal)) } }
            if members.isEmpty { send.yield(.shutdownRequested) }

            for await event in events {
                let actions: [ServiceGroupStateMachine.Action]
                switch event {
                case .signal(let signal):
                    logger.notice("Signal received", metadata: [LogKey.signal: "\(signal.rawValue)"])
                    actions = machine.signalReceived()
                case .shutdownRequested: actions = machine.shutdownRequested()
                case .boundReached: actions = machine.boundReached()
                case .finished(let service, let error):
                    errors[service] = error
                    let name = members[service].service.name
                    if let error {
                        logger.error("Service failed", metadata: [LogKey.service: "\(name)", LogKey.error: "\(error)"])
                    } else {
                        logger.debug("Service finished", metadata: [LogKey.service: "\(name)"])
                    }
                    actions = machine.serviceFinished(
                        service, failed: error != nil, mayFinish: members[service].successTermination == .gracefullyShutdownGroup)
                }
                for action in actions {
                    switch action {
                    case .requestShutdown(let service):
                        logger.debug("Stopping service", metadata: [LogKey.service: "\(members[service].service.name)"])
                        managers[service].request()
                    case .startTimer:
                        group.addTask {
                            do { try await configuration.sleep(configuration.maximumGracefulShutdownDuration) } catch { return }
                            send.yield(.boundReached)
                        }
                    case .abandon(let services, let reason):
                        let names = services.map { members[$0].service.name }.joined(separator: ", ")
                        logger.critical(
                            reason == .boundReached ? "Services did not stop within the bound" : "Stopping at once",
                            metadata: [LogKey.service: "\(names)"])
                        configuration.exitProcess(1)
                    case .finish(let result): outcome = result
                    }
                }
                if outcome != nil { break }
            }
            group.cancelAll()
        }
        if case .failed(let service) = outcome {
            throw errors[service] ?? UnexpectedEnd(service: members[service].service.name)
        }
        if outcome == nil { throw CancellationError() }
    }
}

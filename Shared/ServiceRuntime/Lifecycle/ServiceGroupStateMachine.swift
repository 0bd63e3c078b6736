/// Decides what a ``ServiceGroup`` does; knows services by their place only. Event in, actions out, no I/O.
///
/// Services are stopped one at a time from the last to the first: a service may use those before it until it has finished.
struct ServiceGroupStateMachine {
    enum Outcome: Equatable {
        case succeeded
        /// The service at this place failed, or returned although nobody had asked it to.
        case failed(service: Int)
    }

    enum Action: Equatable {
        /// Ask the service to finish.
        case requestShutdown(service: Int)
        /// Start the bound of the whole shutdown.
        case startTimer
        /// Give up: these services have not finished.
        case abandon(services: [Int], reason: Reason)
        /// All have finished.
        case finish(Outcome)
    }

    enum Reason: Equatable { case boundReached, secondSignal }

    private enum Phase: Equatable {
        case running
        case stopping(asked: Int)
        case finished
    }

    private var phase = Phase.running
    private var isAlive: [Bool]
    private var outcome = Outcome.succeeded

    init(serviceCount: Int) { isAlive = [Bool](repeating: true, count: serviceCount) }

    private var living: [Int] { isAlive.indices.filter { isAlive[$0] } }

    mutating func signalReceived() -> [Action] {
        switch phase {
        case .running: return [.startTimer] + askNext()
        case .stopping: return [.abandon(services: living, reason: .secondSignal)]
        case .finished: return []
        }
    }

    /// Somebody inside the process wants the group to stop; unlike a signal, saying it twice means the same.
    mutating func shutdownRequested() -> [Action] { phase == .running ? [.startTimer] + askNext() : [] }

    mutating func boundReached() -> [Action] {
        if case .stopping = phase { return [.abandon(services: living, reason: .boundReached)] }
        return []
    }

    /// - Parameter mayFinish: Whether returning without being asked is fine for this service, and ends the group well.
    mutating func serviceFinished(_ service: Int, failed: Bool, mayFinish: Bool) -> [Action] {
        isAlive[service] = false
        switch phase {
        case .finished: return []
        case .running:
            if failed || !mayFinish { outcome = .failed(service: service) }
            return [.startTimer] + askNext()
        case .stopping(let asked):
            // The first failure is the cause; what breaks during a stop usually follows from it.
            if failed, outcome == .succeeded { outcome = .failed(service: service) }
            return service == asked || living.isEmpty ? askNext() : []
        }
    }

    private mutating func askNext() -> [Action] {
        guard let last = living.last else {
            phase = .finished
            return [.finish(outcome)]
        }
        phase = .stopping(asked: last)
        return [.requestShutdown(service: last)]
    }
}

import LocalStack
import Postgres
import Scaling
import ServiceRuntime

/// The loop: measurements and the ends of replicas come in, the controllers decide, the drivers act, each decision is recorded.
///
/// Without a fresh measurement nothing is added or taken away; replicas that die are started again all the same.
final class Autoscaler: Service {
    struct Settings: Sendable {
        var policy: ScalingPolicy
        var interval: Duration
        /// `none` or `process`.
        var driver: String
        /// Whether the replicas end with the autoscaler.
        var stopsReplicas: Bool
    }

    private enum Event: Sendable {
        case measured([ServiceLoad])
        /// Kafka or PostgreSQL is away: the reason.
        case unmeasured(String)
        case started(service: Int, replica: Int)
        case startFailed(service: Int, replica: Int, reason: String)
        case ended(service: Int, ReplicaEnding)
        /// A wait of this service's controller may be over.
        case clock(service: Int)
        case finish
    }

    /// Its name in ``Health``.
    static let component = "autoscaler"

    let name = Autoscaler.component
    private let settings: Settings
    private let services: [ScaledService]
    private let drivers: [any ReplicaDriver]
    private let reader: LoadReader
    private let recorder: DecisionRecorder
    private let board: ScalingBoard
    private let health: Health
    private let logger: Logger
    private let origin = ContinuousClock.now
    private let events: AsyncStream<Event>
    private let send: AsyncStream<Event>.Continuation

    init(
        settings: Settings, services: [ScaledService], drivers: [any ReplicaDriver], reader: LoadReader, recorder: DecisionRecorder,
        board: ScalingBoard, health: Health, logger: Logger
    ) {
        self.settings = settings
        self.services = services
        self.drivers = drivers
        self.reader = reader
        self.recorder = recorder
        self.board = board
        self.health = health
        self.logger = logger
        // Bounded by its senders: one measurement an interval, and a start, an end and a wait for each replica.
        (events, send) = AsyncStream.makeStream()
    }

    private var now: Duration { ContinuousClock.now - origin }

    func run() async throws {
        try await withGracefulShutdownHandler {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await self.recorder.run() }
                group.addTask {
                    defer { self.recorder.finish() }
                    try await self.loop()
                }
                try await group.waitForAll()
            }
        } onGracefulShutdown: {
            self.send.yield(.finish)
        }
    }

    private func loop() async throws {
        var managed = zip(services, drivers).map { ManagedService($0, $1) }
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { await self.measure() }
            for index in managed.indices {
                let endings = managed[index].driver.endings
                group.addTask { for await ending in endings { self.send.yield(.ended(service: index, ending)) } }
                // What does not run anywhere is not counted before somebody says how much of it there is.
                if settings.driver == "process" { try await begin(index, &managed, running: managed[index].driver.running(), &group) }
            }
            for await event in events {
                if case .finish = event { break }
                try await handle(event, &managed, &group)
            }
            health.setNotReady(Autoscaler.component, reason: "stopping")
            if settings.stopsReplicas { await stopAll(managed) }
            group.cancelAll()
        }
    }

    /// Measures every interval; a measurement that takes longer delays the next one.
    private func measure() async {
        var failureCount = 0
        var loggedAt = Duration.zero
        while !Task.isCancelled {
            let next = ContinuousClock.now + settings.interval
            do {
                send.yield(.measured(try await reader.read { self.now }))
                if failureCount > 0 { logger.notice("Measured again", metadata: [LogKey.count: .init(failureCount)]) }
                failureCount = 0
            } catch {
                if Task.isCancelled { return }
                failureCount += 1
                // An outage is said once and then every minute, not at every interval.
                if failureCount == 1 || now - loggedAt >= .seconds(60) {
                    loggedAt = now
                    logger.warning("Not measured", metadata: [LogKey.attempt: .init(failureCount), LogKey.reason: .init("\(error)")])
                }
                send.yield(.unmeasured("\(error)"))
            }
            try? await Task.sleep(until: next, clock: .continuous)
        }
    }

    private func handle(
        _ event: Event, _ managed: inout [ManagedService], _ group: inout ThrowingDiscardingTaskGroup<any Error>
    ) async throws {
        switch event {
        case .measured(let loads):
            health.setReady(Autoscaler.component)
            for index in managed.indices {
                let isGap = managed[index].load.map { loads[index].at - $0.at > freshnessMax } ?? false
                // Nobody knows what was enough meanwhile: the cool-down begins again.
                if isGap { holdUnknown(index, &managed) }
                managed[index].take(loads[index])
                if isGap { managed[index].forgetRates() }
                if managed[index].controller == nil {
                    try await begin(index, &managed, running: Array(0..<loads[index].replicasPresent).map { $0 + 1 }, &group)
                }
                try await reconcile(index, &managed, &group)
                perform(index, &managed, .sampled(loads[index].sample), &group)
            }
            board.show(managed, driver: settings.driver, unknown: nil, at: now)
            return
        case .unmeasured(let reason):
            health.setNotReady(Autoscaler.component, reason: reason)
            for index in managed.indices {
                managed[index].forgetRates()
                holdUnknown(index, &managed)
                try await reconcile(index, &managed, &group)
            }
            board.show(managed, driver: settings.driver, unknown: reason, at: now)
            return
        case .started(let index, let replica):
            perform(index, &managed, .replicaStarted(replica, at: now), &group)
        case .startFailed(let index, let replica, let reason):
            logger.error(
                "Replica not started",
                metadata: [LogKey.service: .init(services[index].name), "replica": .init(replica), LogKey.reason: .init(reason)])
            perform(index, &managed, .replicaEnded(replica, at: now), &group, cause: "could not be started: \(reason)")
        case .ended(let index, let ending):
            // An end that is told late may be its predecessor's.
            if settings.driver == "process", try await managed[index].driver.running().contains(ending.replica) { return }
            let cause = ending.status.map { "ended with status \($0)" } ?? "ended"
            logger.notice(
                "Replica ended",
                metadata: [LogKey.service: .init(services[index].name), "replica": .init(ending.replica), LogKey.reason: .init(cause)])
            perform(index, &managed, .replicaEnded(ending.replica, at: now), &group, cause: cause)
        case .clock(let index):
            perform(index, &managed, .clock(at: now), &group)
        case .finish: return
        }
    }

    /// A measurement older than this says nothing of what was enough since.
    private var freshnessMax: Duration { max(.seconds(5), settings.interval * 3) }

    /// Takes over what runs and starts what should.
    private func begin(
        _ index: Int, _ managed: inout [ManagedService], running: [Int], _ group: inout ThrowingDiscardingTaskGroup<any Error>
    ) async throws {
        var controller = StageController(policy: settings.policy, running: running, at: now)
        let actions = controller.begin()
        managed[index].controller = controller
        let service = managed[index]
        if !running.isEmpty {
            record(
                service, action: "adopt", replicas: running.count, desired: controller.replicasDesired,
                reason: "\(running.count) ran already")
        }
        let missing = actions.count { if case .start = $0 { true } else { false } }
        if missing > 0 {
            record(
                service, action: "start", replicas: running.count, desired: controller.replicasDesired,
                reason: "\(missing) of the fewest did not run")
        }
        perform(index, actions, &managed, &group)
    }

    /// Finds replicas whose end nobody told.
    private func reconcile(
        _ index: Int, _ managed: inout [ManagedService], _ group: inout ThrowingDiscardingTaskGroup<any Error>
    ) async throws {
        guard settings.driver == "process" else { return }
        for replica in managed[index].lost(running: try await managed[index].driver.running()) {
            perform(index, &managed, .replicaEnded(replica, at: now), &group, cause: "is gone")
        }
    }

    /// Keeps what there is: a sample without partitions changes nothing and begins the cool-down again.
    private func holdUnknown(_ index: Int, _ managed: inout [ManagedService]) {
        guard var controller = managed[index].controller else { return }
        let sample = managed[index].load?.unknownSample(at: now) ?? StageSample(at: now, arrivedTotal: 0, servedTotal: 0, partitionCount: 0)
        _ = controller.handle(.sampled(sample))
        managed[index].controller = controller
        hold(index, &managed, reason: "no_fresh_measurement", wanted: controller.replicasDesired, newsworthy: 0, limit: nil)
    }

    private func perform(
        _ index: Int, _ managed: inout [ManagedService], _ event: StageController.Event,
        _ group: inout ThrowingDiscardingTaskGroup<any Error>, cause: String = ""
    ) {
        guard let actions = managed[index].controller?.handle(event) else { return }
        perform(index, actions, &managed, &group, cause: cause)
    }

    private func perform(
        _ index: Int, _ actions: [StageController.Action], _ managed: inout [ManagedService],
        _ group: inout ThrowingDiscardingTaskGroup<any Error>, cause: String = ""
    ) {
        let driver = managed[index].driver
        let service = services[index].name
        for action in actions {
            switch action {
            case .start(let replica):
                logger.notice(
                    settings.driver == "none" ? "Recommending replica" : "Starting replica",
                    metadata: [LogKey.service: .init(service), "replica": .init(replica)])
                group.addTask {
                    do throws(LocalStackFault) {
                        try await driver.start(replica: replica)
                        self.send.yield(.started(service: index, replica: replica))
                    } catch { self.send.yield(.startFailed(service: index, replica: replica, reason: "\(error)")) }
                }
            case .stop(let replica):
                logger.notice(
                    settings.driver == "none" ? "Not recommending replica" : "Stopping replica",
                    metadata: [LogKey.service: .init(service), "replica": .init(replica)])
                group.addTask { await self.stop(replica, of: driver) }
            case .wake(let at):
                let instant = origin + at
                group.addTask {
                    try? await Task.sleep(until: instant, clock: .continuous)
                    self.send.yield(.clock(service: index))
                }
            case .record(let decision): take(decision, index, &managed, cause: cause)
            }
        }
    }

    private func stop(_ replica: Int, of driver: any ReplicaDriver) async {
        do throws(LocalStackFault) { try await driver.stop(replica: replica) } catch {
            logger.error(
                "Replica not stopped",
                metadata: [LogKey.service: .init(driver.service), "replica": .init(replica), LogKey.error: .init("\(error)")])
        }
    }

    private func stopAll(_ managed: [ManagedService]) async {
        await withTaskGroup(of: Void.self) { group in
            for service in managed {
                for replica in (try? await service.driver.running()) ?? [] {
                    group.addTask { await self.stop(replica, of: service.driver) }
                }
            }
        }
    }

    // MARK: Records

    private func take(_ decision: ScalingDecision, _ index: Int, _ managed: inout [ManagedService], cause: String) {
        let policy = decision.inputs.policy
        let limited = decision.limit.map { ", limited by the \($0.words)" } ?? ""
        // The controller has changed already; the decision says what it saw.
        let runningBefore = settings.driver == "process" ? decision.inputs.replicasLive : running(managed[index])
        switch decision.action {
        case .hold(let reason):
            // At a limit the wanted number moves with every sample and says nothing new.
            let isLimited = decision.limit == .maximum || decision.limit == .partitionCount
            let word = reason == .atTarget && isLimited ? "at_limit" : reason.rawValue
            hold(
                index, &managed, reason: word, wanted: decision.replicasWanted, newsworthy: isLimited ? 0 : decision.replicasWanted,
                limit: decision.limit)
        case .scale(let count):
            managed[index].filter.changed()
            record(
                managed[index], action: decision.kind, replicas: runningBefore, desired: count,
                reason:
                    "lag \(decision.inputs.lagTotal) at \(policy.lagPerReplicaTarget) a replica wants \(decision.replicasWanted)\(limited)",
                decision)
        case .restart(let replica, let wait):
            managed[index].filter.changed()
            record(
                managed[index], action: "restart", replicas: runningBefore, desired: decision.inputs.replicasDesired,
                reason: "replica \(replica) \(cause); starts again in \(wait.formattedMillis) ms", decision)
        }
    }

    /// - Parameter newsworthy: The number whose change is worth a row.
    private func hold(
        _ index: Int, _ managed: inout [ManagedService], reason: String, wanted: Int, newsworthy: Int, limit: ScalingPolicy.Limit?
    ) {
        board.count(service: services[index].name, action: "hold")
        guard managed[index].filter.shouldRecord(reason: reason, wanted: newsworthy, at: now) else { return }
        let desired = managed[index].controller?.replicasDesired ?? 0
        write(
            managed[index], action: "hold", replicas: running(managed[index]), desired: desired, reason: reason, desiredBefore: desired,
            wanted: wanted, limit: limit, sinceChange: nil)
    }

    private func record(
        _ service: ManagedService, action: String, replicas: Int, desired: Int, reason: String, _ decision: ScalingDecision? = nil
    ) {
        board.count(service: service.service.name, action: action)
        logger.notice(
            "Decided",
            metadata: [
                LogKey.service: .init(service.service.name), "action": .init(action), LogKey.replicas: .init(replicas),
                "desired": .init(desired),
                LogKey.reason: .init(reason),
            ])
        write(
            service, action: action, replicas: replicas, desired: desired, reason: reason,
            desiredBefore: decision?.inputs.replicasDesired ?? desired, wanted: decision?.replicasWanted ?? desired, limit: decision?.limit,
            sinceChange: decision?.inputs.sinceChange)
    }

    private func write(
        _ service: ManagedService, action: String, replicas: Int, desired: Int, reason: String, desiredBefore: Int, wanted: Int,
        limit: ScalingPolicy.Limit?, sinceChange: Duration?
    ) {
        let id = PostgresUUID.random()
        let inputs = DecisionInputs(
            id: id, driver: settings.driver, load: service.load, rates: service.rates, loadAge: service.load.map { now - $0.at },
            replicasRunning: replicas, replicasDesired: desiredBefore, replicasWanted: wanted, limit: limit, sinceChange: sinceChange,
            policy: settings.policy)
        recorder.record(
            DecisionRow(
                id: id, at: .now, service: service.service.name, action: action, replicas: replicas, desired: desired, reason: reason,
                inputs: inputs.json))
    }

    /// Replicas that run: ours by their driver, others' by their presence in the database.
    private func running(_ service: ManagedService) -> Int {
        settings.driver == "process" ? service.controller?.replicasLive ?? 0 : service.load?.replicasPresent ?? 0
    }
}

extension ScalingPolicy.Limit {
    /// For a reason that people read.
    fileprivate var words: String {
        switch self {
        case .minimum: "fewest replicas allowed"
        case .maximum: "most replicas allowed"
        case .partitionCount: "partitions"
        }
    }
}

extension Duration {
    fileprivate var formattedMillis: Int64 { components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000 }
}

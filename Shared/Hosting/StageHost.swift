internal import Glibc
internal import Kafka
package import Pipeline
internal import Postgres
package import ServiceRuntime
internal import Stages
internal import Synchronization

/// Runs the stages of one service: waits for database and broker, makes sure that topics and progress rows are there, and
/// hands the partitions to the stages until it is asked to finish.
package final class StageHost: Service {
    /// A stage of any type, with what it begins with.
    package struct Member: Sendable {
        package var identity: StageIdentity
        /// Version to begin with when the stage has never run.
        package var genesis: Artifact?
        fileprivate let make: @Sendable (StageContext) -> Running

        package init<S: Stage>(_ stage: S, genesis: Artifact? = nil) {
            identity = stage.identity
            self.genesis = genesis
            make = { context in
                let runner = StageRunner(stage: stage, context: context)
                return Running(
                    run: { await runner.run() }, stop: { runner.stop() }, unreadiness: { runner.unreadiness }, held: { runner.heldCount })
            }
        }
    }

    fileprivate struct Running: Sendable {
        var run: @Sendable () async -> Void
        var stop: @Sendable () -> Void
        var unreadiness: @Sendable () -> String?
        var held: @Sendable () -> Int
    }

    package let name: String
    private let members: [Member]
    private let configuration: Configuration
    private let passEntities: [String]
    private let logger: Logger
    private let registry: MetricsRegistry
    private let health: Health
    private let settings: PipelineSettings
    private let topics: TopicPlan
    private let kafka: KafkaConfiguration
    private let isStopping = Mutex(false)
    /// Why this process cannot go on, though another one could: it ends then, and whoever runs it starts it again.
    private let fatal = Mutex<KafkaFailure?>(nil)
    private let stopper = Mutex<[@Sendable () -> Void]>([])

    /// - Parameter passEntities: Entities of the feature set's passes in order: their topics are made too.
    package init(
        name: String, members: [Member], passEntities: [String], configuration: Configuration, logger: Logger, registry: MetricsRegistry,
        health: Health
    ) throws {
        self.name = name
        self.members = members
        self.passEntities = passEntities
        self.configuration = configuration
        self.logger = logger
        self.registry = registry
        self.health = health
        settings = try PipelineSettings(configuration)
        topics = TopicPlan(configuration)
        kafka = try KafkaConfiguration(configuration)
    }

    package var replicaName: String {
        let given = configuration.string(HostKeys.replicaName)
        if !given.isEmpty { return given }
        var host = [CChar](repeating: 0, count: 256)
        gethostname(&host, host.count - 1)
        let end = host.firstIndex(of: 0) ?? host.count
        return "\(name)@\(String(decoding: host[..<end].map { UInt8(bitPattern: $0) }, as: UTF8.self)).\(getpid())"
    }

    package func run() async throws {
        try await withGracefulShutdownHandler {
            try await work()
        } onGracefulShutdown: {
            self.isStopping.withLock { $0 = true }
            for stop in self.stopper.withLock({ $0 }) { stop() }
        }
    }

    private func work() async throws {
        var postgres = PostgresConfiguration(configuration, applicationName: replicaName)
        postgres.onNotice = { [logger] notice in
            // Its words may quote values: for whoever debugs, not for every log.
            logger.debug("PostgreSQL notice", metadata: [LogKey.sqlstate: .init(notice.sqlState), "message": .init(notice.message)])
        }
        let pool = PostgresPool(postgres, connectionCountMax: configuration.int(HostKeys.postgresConnections))
        // What waits to be folded: 16 MiB a partition bound a process that is behind, and are several times what the fastest stage folds in the
        // second after which librdkafka looks at a full queue again.
        let consumer = try KafkaConsumer(
            kafka.setting(
                [
                    "fetch.wait.max.ms": "100", "fetch.error.backoff.ms": "100", "queued.max.messages.kbytes": "16384",
                ].merging(KafkaMetrics.interval) { $1 }),
            hooks: kafkaHooks("consumer"))
        let producer = try KafkaProducer(
            kafka.setting(
                [
                    "compression.type": "lz4", "linger.ms": "0", "message.max.bytes": "16777216", "queue.buffering.max.kbytes": "65536",
                ].merging(KafkaMetrics.interval) { $1 }),
            hooks: kafkaHooks("producer"))
        let admin = try KafkaAdmin(kafka, hooks: kafkaHooks("admin"))
        let control = PostgresPool(postgres, connectionCountMax: 2)
        let store = ProgressStore(pool: pool, control: control, replica: replicaName, leaseTTL: settings.leaseTTL)
        do {
            if try await prepare(store, admin) { await runStages(store, consumer, producer, admin, pool, postgres) }
        } catch {
            await consumer.close()
            await producer.close(flushingWithin: .seconds(1))
            await admin.close()
            await control.close()
            await pool.close()
            throw error
        }
        await consumer.close()
        await producer.close(flushingWithin: .seconds(5))
        await admin.close()
        await control.close()
        await pool.close()
        if let failure = fatal.withLock({ $0 }) { throw failure }
    }

    private func kafkaHooks(_ client: String) -> KafkaHooks {
        let logger = logger
        let metrics = KafkaMetrics(client: client, registry: registry)
        return KafkaHooks(
            log: { level, facility, message in
                // librdkafka's warnings are about connections that it makes again by itself.
                logger.log(
                    level: level <= .warning ? .debug : .warning, "Kafka",
                    metadata: ["facility": .init(facility), "message": .init(message)])
            },
            fault: { failure in logger.debug("Kafka fault", metadata: [LogKey.error: .init("\(failure)")]) },
            statistics: { metrics.show($0) })
    }

    /// Repeats the preparation until database and broker are there; false when asked to finish first.
    private func prepare(_ store: ProgressStore, _ admin: KafkaAdmin) async throws -> Bool {
        var attempt = 0
        while !isStopping.withLock({ $0 }) {
            do {
                try await prepareOnce(store, admin)
                return true
            } catch let failure as PipelineFailure {
                throw failure  // waiting does not help
            } catch {
                attempt += 1
                health.setNotReady(name, reason: "\(error)")
                logger.warning(
                    "Waiting for database and broker", metadata: [LogKey.attempt: .init(attempt), LogKey.reason: .init("\(error)")])
                try? await Task.sleep(for: .milliseconds(min(3_000, 100 << min(attempt, 5))))
                if Task.isCancelled { return false }
            }
        }
        return false
    }

    private func prepareOnce(_ store: ProgressStore, _ admin: KafkaAdmin) async throws {
        let clusterID = try await admin.clusterId(within: .seconds(3))
        let replication = Int32(configuration.int(HostKeys.kafkaReplication))
        let wanted = topics.all(passEntities: passEntities)
        _ = try await admin.createTopics(
            wanted.map { topic in
                // A rejected record goes to the dead-letter topic whole, in Base64.
                let isLarge = topic.name == topics.transactions || topic.name == topics.outcomes || topic.name == topics.rejected
                return NewTopic(
                    topic.name, partitionCount: Int32(topic.partitions), replicationFactor: replication,
                    settings: isLarge ? ["max.message.bytes": "16777216"] : [:])
            })
        for topic in wanted {
            let found = Int(try await admin.partitionCount(of: topic.name))
            guard found == topic.partitions else {
                throw PipelineFailure.invalid(
                    "topic \(topic.name) has \(found) partitions but \(topic.partitions) are configured; set the topics.*.partitions keys of all services to what Kafka has"
                )
            }
        }
        for member in members {
            if let genesis = member.genesis { try await store.add(genesis) }
            let partitions = wanted.first { $0.name == member.identity.inputTopic }?.partitions ?? 1
            let lows = try await admin.lowWatermarks(of: member.identity.inputTopic, partitions: (0..<partitions).map { Int32($0) })
            try await store.ensureProgress(
                stage: member.identity.name, topic: member.identity.inputTopic, clusterID: clusterID,
                starts: (0..<partitions).map { lows[Int32($0)] ?? 0 }, genesis: member.genesis?.hash)
            let highs = try await admin.highWatermarks(of: member.identity.inputTopic, partitions: (0..<partitions).map { Int32($0) })
            try await store.checkIdentity(stage: member.identity.name, clusterID: clusterID, lows: lows, highs: highs)
        }
    }

    private func runStages(
        _ store: ProgressStore, _ consumer: KafkaConsumer, _ producer: KafkaProducer, _ admin: KafkaAdmin, _ pool: PostgresPool,
        _ postgres: PostgresConfiguration
    ) async {
        let observer = PipelineMetrics(logger: logger, registry: registry).observer
        let groups = Set(members.map(\.identity.inStepWith).filter { !$0.isEmpty })
        let coordinators = groups.map { stages in
            StepCoordinator(stages: stages, pool: pool) { topic, partitions in
                (try? await admin.highWatermarks(of: topic, partitions: partitions)) ?? [:]
            }
        }
        var runnings: [Running] = []
        for member in members {
            let context = StageContext(
                store: store, consumer: consumer, producer: producer,
                steps: coordinators.first { $0.stages == member.identity.inStepWith.sorted() }, settings: settings, observer: observer,
                wallClock: StageHost.wallClock)
            let running = member.make(context)
            registry.gauge("assay_partitions_held", help: "Partitions this replica owns", labels: [("stage", member.identity.name)]) {
                Double(running.held())
            }
            runnings.append(running)
        }
        stopper.withLock { $0 = runnings.map(\.stop) }
        if isStopping.withLock({ $0 }) { for running in runnings { running.stop() } }
        let all = runnings
        await withTaskGroup(of: Void.self) { group in
            for coordinator in coordinators { group.addTask { await coordinator.run(listener: postgres) } }
            group.addTask { await self.watch(all, store, admin) { consumer.fatalFailure ?? producer.fatalFailure } }
            await withTaskGroup(of: Void.self) { stages in
                for running in all { stages.addTask { await running.run() } }
                await stages.waitForAll()
            }
            group.cancelAll()
        }
    }

    /// Keeps readiness current, and shows lag tools how far the stages are.
    private func watch(
        _ stages: [Running], _ store: ProgressStore, _ admin: KafkaAdmin, fatalFailure: @Sendable () -> KafkaFailure?
    ) async {
        var ticks = 0
        while !Task.isCancelled {
            if let failure = fatalFailure() {
                logger.critical("Kafka client cannot go on", metadata: [LogKey.error: .init("\(failure)")])
                fatal.withLock { $0 = failure }
                for stage in stages { stage.stop() }
                return
            }
            let reasons = stages.compactMap { $0.unreadiness() }
            if reasons.isEmpty { health.setReady(name) } else { health.setNotReady(name, reason: reasons.joined(separator: "; ")) }
            if ticks % StageHost.ticksBetweenDays == 0 { await prepareDays(store) }
            if ticks % 10 == 9 {
                for member in members {
                    guard let offsets = try? await store.heldOffsets(stage: member.identity.name), !offsets.isEmpty else { continue }
                    try? await admin.commitOffsets(
                        offsets.map { PartitionOffset(topic: member.identity.inputTopic, partition: $0.key, offset: $0.value) },
                        group: "\(topics.prefix)\(member.identity.name)")
                }
            }
            ticks += 1
            try? await Task.sleep(for: .milliseconds(200))
        }
    }

    /// Ten minutes of the watch's fifth of a second.
    private static let ticksBetweenDays = 3_000

    /// Makes the tables of today and the next two days before anything needs them; others are made on demand.
    private func prepareDays(_ store: ProgressStore) async {
        let today = Int32(StageHost.wallClock() / 86_400_000_000)
        for member in members where !member.identity.tablesByDay.isEmpty {
            do throws(PostgresFailure) {
                try await store.ensureDays([today, today + 1, today + 2], tables: member.identity.tablesByDay)
            } catch {
                logger.warning("Trouble", metadata: ["operation": "prepare days", LogKey.reason: .init("\(error)")])
            }
        }
    }

    /// Microseconds since 1970.
    @Sendable package static func wallClock() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1_000
    }
}

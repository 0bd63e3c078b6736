import Hosting
import Kafka
import LocalStack
import Postgres
import Scaling
import ServiceRuntime
import Stages

/// Reads the configuration, builds the parts, runs them until a signal.
@Sendable func runAutoscaler(_ invocation: CommandInvocation) async throws {
    let configuration = invocation.configuration
    LoggingSystem.bootstrap(configuration)
    let logger = Logger(label: "assay-autoscaler")
    let policy = try ScalingPolicy(
        replicaCountMin: configuration.int(AutoscalerKeys.replicasMin), replicaCountMax: configuration.int(AutoscalerKeys.replicasMax),
        lagPerReplicaTarget: Int64(configuration.int(AutoscalerKeys.lagTarget)),
        cooldownUp: configuration.duration(AutoscalerKeys.cooldownUp), cooldownDown: configuration.duration(AutoscalerKeys.cooldownDown))
    let services = ScaledService.all(topics: TopicPlan(configuration), features: try SuiteFiles.features(configuration))
    let drivers: [any ReplicaDriver]
    switch configuration.string(AutoscalerKeys.driver) {
    case "process": drivers = try ReplicaProcess.drivers(for: services, configuration)
    default: drivers = services.map { RecommendingDriver(service: $0.name) }
    }

    let registry = MetricsRegistry()
    ProcessMetrics.register(in: registry)
    let health = Health(awaiting: [Autoscaler.component])
    let pool = PostgresPool(PostgresConfiguration(configuration, applicationName: "assay-autoscaler"), connectionCountMax: 2)
    let admin = try KafkaAdmin(
        KafkaConfiguration(configuration),
        hooks: KafkaHooks(
            log: { _, facility, message in
                logger.debug("Kafka", metadata: ["facility": .init(facility), "message": .init(message)])
            },
            fault: { failure in logger.debug("Kafka fault", metadata: [LogKey.error: .init("\(failure)")]) }))
    let board = ScalingBoard(services: services, registry: registry)
    let autoscaler = Autoscaler(
        settings: Autoscaler.Settings(
            policy: policy, interval: configuration.duration(AutoscalerKeys.interval), driver: configuration.string(AutoscalerKeys.driver),
            stopsReplicas: configuration.bool(AutoscalerKeys.stopReplicas)),
        services: services, drivers: drivers, reader: LoadReader(services: services, admin: admin, pool: pool),
        recorder: DecisionRecorder(pool: pool, registry: registry, logger: logger), board: board, health: health, logger: logger)
    let http = HttpServer(
        HttpServer.Configuration(configuration), health: health, metrics: registry,
        extraRoutes: [HttpRoute("GET", "/v1/scaling") { _ in .json(board.json) }], logger: logger)
    try http.start()
    logger.notice(
        "Starting",
        metadata: [
            LogKey.version: .init(AssayVersion.current), LogKey.port: .init(http.port ?? 0),
            "driver": .init(configuration.string(AutoscalerKeys.driver)),
        ])
    let outcome: Result<Void, any Error>
    do {
        try await ServiceGroup(ServiceGroup.Configuration(services: [http, autoscaler], configuration), logger: logger).run()
        outcome = .success(())
    } catch { outcome = .failure(error) }
    await admin.close()
    await pool.close()
    try outcome.get()
    logger.notice("Stopped")
}

let autoscalerKeys = RuntimeKeys.all + HostKeys.kafka + HostKeys.postgres + HostKeys.topics + AutoscalerKeys.all + [FileKeys.features]
let command = Command(
    "assay-autoscaler",
    abstract: "Keeps as many replicas of each service as its lag calls for, and restarts those that die.",
    configurationKeys: autoscalerKeys,
    otherConfigurationKeys: (HostKeys.all + FileKeys.all + OtherKeys.all).filter { !autoscalerKeys.contains($0) },
    action: runAutoscaler)
await command.main()

package import ServiceRuntime

/// The command of an executable that runs stages: reads the configuration, builds the stages, runs them with health and
/// metrics until a signal.
package enum StageService {
    /// What an executable builds from its configuration.
    package struct Parts: Sendable {
        package var members: [StageHost.Member]
        package var passEntities: [String]

        package init(members: [StageHost.Member], passEntities: [String]) {
            self.members = members
            self.passEntities = passEntities
        }
    }

    package static func command(
        _ name: String, abstract: String, fileKeys: [ConfigurationKey], build: @escaping @Sendable (Configuration) throws -> Parts
    ) -> Command {
        Command(
            name, abstract: abstract, configurationKeys: HostKeys.all + fileKeys,
            otherConfigurationKeys: FileKeys.all.filter { !fileKeys.contains($0) } + OtherKeys.all
        ) { invocation in
            let configuration = invocation.configuration
            LoggingSystem.bootstrap(configuration)
            let logger = Logger(label: name)
            let parts = try build(configuration)
            let registry = MetricsRegistry()
            ProcessMetrics.register(in: registry)
            let health = Health(awaiting: [name])
            let host = try StageHost(
                name: name, members: parts.members, passEntities: parts.passEntities, configuration: configuration, logger: logger,
                registry: registry, health: health)
            let http = HttpServer(HttpServer.Configuration(configuration), health: health, metrics: registry, logger: logger)
            try http.start()
            logger.notice(
                "Starting",
                metadata: [
                    LogKey.version: .init(AssayVersion.current), LogKey.port: .init(http.port ?? 0), LogKey.owner: .init(host.replicaName),
                ])
            try await ServiceGroup(ServiceGroup.Configuration(services: [http, host], configuration), logger: logger).run()
            logger.notice("Stopped")
        }
    }
}

/// Settings of the other executables, which may stand in the same file and environment.
package enum OtherKeys {
    package static let migrationsDirectory = ConfigurationKey.path(
        "migrations.directory", default: "migrations", doc: "Where the numbered SQL files are")
    package static let all = [migrationsDirectory] + AutoscalerKeys.all
}

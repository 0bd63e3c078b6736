import Foundation
import Hosting
import LocalStack
import Migrations
import Postgres
import ServiceRuntime

/// What `assay up` is asked for.
struct UpOptions: Sendable {
    var replicas = 2
    /// Path of the model that the scorer begins with; nil takes the one of the last time.
    var model: String?
    var startsServices = true
    var startsAutoscaler = false
    /// The database is this one and not a private one.
    var postgresURL: String?
    var schemaFile: String
    var featuresFile: String
    var migrations: String
    /// Settings of the services beside the stack's own, by the names of their variables.
    var settings: [String: String] = [:]
    /// Begins the topics' names in a cluster that others use too; nil leaves it to the configuration.
    var sharedTopicsPrefix: String?
    var readyWithin = Duration.seconds(90)
}

extension Stack {
    /// Starts what does not run, and returns when all of it is ready. Doing it again changes nothing.
    func up(_ options: UpOptions) async throws {
        let environment = LocalProcess.inheritedEnvironment
        try Stack.checkExecutables(options)
        var record = record
        try await startPostgres(options, &record)
        let source = try KafkaLocator.locate(environment: environment, binaries: Stack.binaries)
        let kafka = LocalKafka(source: source, table: table, environment: environment)
        if case .embedded = source {
            Narration.line("kafka: starting the embedded broker ...")
        } else {
            Narration.line("kafka: starting ...")
        }
        let port = record[StackRecord.bootstrapServersKey]?.split(separator: ":").last.flatMap { UInt16($0) }
        let servers = try await kafka.start(preferredPort: port)
        Narration.line("kafka: at \(servers)")
        record[StackRecord.bootstrapServersKey] = servers
        if case .running = source, let prefix = options.sharedTopicsPrefix { record[HostKeys.topicsPrefix.environmentName] = prefix }
        record[FileKeys.schema.environmentName] = Stack.absolute(options.schemaFile)
        record[FileKeys.features.environmentName] = Stack.absolute(options.featuresFile)
        if let model = options.model { record[FileKeys.model.environmentName] = Stack.absolute(model) }
        if let model = record[FileKeys.model.environmentName], !FileManager.default.fileExists(atPath: model) {
            if options.model != nil { throw StackFailure(description: "the model \(model) is not there") }
            record[FileKeys.model.environmentName] = nil
        }
        for (name, value) in options.settings.sorted(by: { $0.key < $1.key }) { record[name] = value }
        try record.save(to: recordPath)
        guard options.startsServices else { return }
        try startServices(options, environment.merging(record.environment) { _, ours in ours })
        try await waitForReadiness(options, hasModel: record[FileKeys.model.environmentName] != nil)
    }

    private static func checkExecutables(_ options: UpOptions) throws {
        guard options.startsServices else { return }
        let names = services.map(\.executable) + (options.startsAutoscaler ? ["assay-autoscaler"] : [])
        for name in names where !FileManager.default.isExecutableFile(atPath: "\(binaries)/\(name)") {
            throw StackFailure(description: "\(binaries)/\(name) is not there; build everything first (make build)")
        }
    }

    // MARK: PostgreSQL

    private func startPostgres(_ options: UpOptions, _ record: inout StackRecord) async throws {
        let url: String
        if let given = options.postgresURL {
            url = given
        } else {
            let postgres = try privatePostgres()
            Narration.line(postgres.status == .absent ? "postgres: making a cluster ..." : "postgres: starting ...")
            try postgres.start()
            Narration.line("postgres: port \(postgres.port)")
            try await makeDatabase(postgres)
            url = postgres.conninfo(database: Stack.database)
        }
        record[StackRecord.postgresUrlKey] = url
        var configuration = PostgresConfiguration(url)
        configuration.applicationName = "assay-up"
        let connection = try await PostgresConnection.connect(configuration)
        let outcome: Result<Migrator.Outcome, any Error>
        do {
            outcome = .success(try await Migrator(try MigrationFiles.read(directory: options.migrations)).migrate(connection))
        } catch { outcome = .failure(error) }
        await connection.close()
        let done = try outcome.get()
        Narration.line("postgres: \(done.steps.count) migrations applied, \(done.alreadyApplied) were there")
    }

    private func makeDatabase(_ postgres: PrivatePostgres) async throws {
        let connection = try await PostgresConnection.connect(PostgresConfiguration(postgres.conninfo()))
        let result: Result<Void, any Error>
        do {
            let rows = try await connection.query("SELECT FROM pg_database WHERE datname = $1", [.text(Stack.database)])
            if rows.isEmpty { try await connection.execute("CREATE DATABASE \(Stack.database)") }
            result = .success(())
        } catch { result = .failure(error) }
        await connection.close()
        try result.get()
    }

    // MARK: Services

    private func startServices(_ options: UpOptions, _ environment: [String: String]) throws {
        for service in Stack.services {
            for number in 1...options.replicas {
                let name = "\(service.name)-\(number)"
                if table.entry(name)?.isRunning == true { continue }
                let port = try LoopbackPort.free()
                var own = environment
                own[HostKeys.replicaName.environmentName] = name
                own[RuntimeKeys.httpAddress.environmentName] = "127.0.0.1"
                own[RuntimeKeys.httpPort.environmentName] = "\(port)"
                try table.start(
                    LocalProcess(
                        name: name, executable: "\(Stack.binaries)/\(service.executable)", environment: own, note: "127.0.0.1:\(port)"))
            }
        }
        if options.startsAutoscaler, table.entry(Stack.autoscaler)?.isRunning != true {
            let port = try LoopbackPort.free()
            var own = environment
            own[AutoscalerKeys.driver.environmentName] = "process"
            own[AutoscalerKeys.directory.environmentName] = directory
            own[AutoscalerKeys.binaries.environmentName] = Stack.binaries
            own[RuntimeKeys.httpAddress.environmentName] = "127.0.0.1"
            own[RuntimeKeys.httpPort.environmentName] = "\(port)"
            try table.start(
                LocalProcess(
                    name: Stack.autoscaler, executable: "\(Stack.binaries)/assay-autoscaler", environment: own, note: "127.0.0.1:\(port)"))
        }
    }

    /// Services tell nobody when they are ready but those who ask: ask now and again, and see at once when one has ended.
    private func waitForReadiness(_ options: UpOptions, hasModel: Bool) async throws {
        let waited = Stack.services.filter { hasModel || $0.name != "scorer" }
        var names = waited.flatMap { service in (1...options.replicas).map { "\(service.name)-\($0)" } }
        if options.startsAutoscaler { names.append(Stack.autoscaler) }
        let total = names.count
        let deadline = ContinuousClock.now + options.readyWithin
        // Reasons that pass by in a moment are not worth a line.
        let quietUntil = ContinuousClock.now + .seconds(3)
        var said: [String: String] = [:]
        while !names.isEmpty {
            try Task.checkCancellation()
            for name in names {
                guard let entry = table.entry(name), entry.isRunning else {
                    throw StackFailure(
                        description: "\(name) ended while starting; \(table.logPath(name)) ends with: \(table.logTail(name, lineCount: 3))")
                }
                let readiness = Readiness(address: entry.note)
                if readiness == .ready {
                    names.removeAll { $0 == name }
                    Narration.line("\(name): ready (\(total - names.count)/\(total))")
                } else if case .waiting(let reason) = readiness, ContinuousClock.now > quietUntil, said[name] != reason {
                    said[name] = reason
                    Narration.line("\(name): \(reason)")
                }
            }
            guard !names.isEmpty else { break }
            guard ContinuousClock.now < deadline else {
                let reasons = names.map { name in
                    "\(name): \(Readiness(address: table.entry(name)?.note ?? "").word) (\(table.logPath(name)))"
                }
                throw StackFailure(
                    description: "not ready after \(options.readyWithin.components.seconds) s: \(reasons.joined(separator: "; "))")
            }
            try await Task.sleep(for: .milliseconds(200))
        }
        if !hasModel { Narration.line("scorer: has no model and waits for one: train it, then assay up --model FILE") }
    }
}

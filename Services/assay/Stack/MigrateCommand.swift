import Hosting
import Json
import Migrations
import Postgres
import ServiceRuntime

/// `assay migrate`: brings a database to the newest schema.
enum MigrateCommand {
    private static let keys = HostKeys.postgres + [OtherKeys.migrationsDirectory]

    static let command = Command(
        "migrate", abstract: "Applies the numbered SQL files that a database does not have yet.",
        discussion: """
            Forward only, each file in a transaction of its own, with its checksum in assay.assay_migrations. A file that was edited, renamed
            or removed after it was applied is refused by name. Runners at once take turns. The user must be able to create schemas and roles.
            """,
        options: [
            .init("directory", .path, doc: "Where the files are (migrations.directory)"),
            .init(
                "wait", .duration(.zero...Duration.seconds(3_600)), default: "60s",
                doc: "How long to wait for a database that is not up yet"),
        ],
        flags: [
            .init("dry-run", doc: "Says what would be applied and changes nothing"),
            .init("json", doc: "Prints one JSON object"),
        ],
        configurationKeys: keys, otherConfigurationKeys: StackKeys.others(than: keys)
    ) { invocation in
        let configuration = invocation.configuration
        let directory = invocation.optionalString("directory") ?? configuration.string(OtherKeys.migrationsDirectory)
        let migrator = Migrator(try MigrationFiles.read(directory: directory))
        let connection = try await connect(to: configuration, within: invocation.duration("wait"))
        let result: Result<Report, any Error>
        do {
            result = .success(
                try await run(migrator, connection, isDry: invocation.flag("dry-run"), isQuiet: invocation.flag("json")))
        } catch { result = .failure(error) }
        await connection.close()
        let report = try result.get()
        print(invocation.flag("json") ? report.json : report.summary)
    }

    private struct Report {
        var isDry: Bool
        var already: Int
        /// File names, with seconds where they were applied.
        var files: [(name: String, seconds: Double?)]

        var summary: String {
            if files.isEmpty { return "nothing to do: \(already) migrations are applied" }
            return "\(files.count) \(isDry ? "to apply" : "applied"), \(already) were there before"
        }

        var json: String {
            var json = JsonObject()
            json.add("dry_run", .bool(isDry))
            json.add("already_applied", .int(already))
            json.add(
                isDry ? "pending" : "applied",
                .list(
                    files.map { file in
                        var object = JsonObject()
                        object.add("file", .text(file.name))
                        if let seconds = file.seconds { object.add("seconds", .double(seconds)) }
                        return .object(object)
                    }))
            return json.text
        }
    }

    private static func run(_ migrator: Migrator, _ connection: PostgresConnection, isDry: Bool, isQuiet: Bool) async throws -> Report {
        if isDry {
            let plan = try await migrator.plan(connection)
            if !isQuiet { for migration in plan.pending { print("would apply \(migration.fileName)") } }
            return Report(isDry: true, already: plan.applied.count, files: plan.pending.map { ($0.fileName, nil) })
        }
        let outcome = try await migrator.migrate(connection) { step in
            if !isQuiet { print("applied \(step.migration.fileName) in \(TextNumber.fixed(step.duration / .seconds(1), decimals: 3)) s") }
        }
        return Report(
            isDry: false, already: outcome.alreadyApplied, files: outcome.steps.map { ($0.migration.fileName, $0.duration / .seconds(1)) })
    }

    /// Connects, trying again while the server is not there; a refusal that waiting does not cure is thrown at once.
    private static func connect(to configuration: Configuration, within limit: Duration) async throws -> PostgresConnection {
        var postgres = PostgresConfiguration(configuration, applicationName: "assay-migrate")
        // An index over much data, or another runner's lock, may take long.
        postgres.statementTimeoutMillis = nil
        let deadline = ContinuousClock.now + limit
        var isTold = false
        while true {
            do { return try await PostgresConnection.connect(postgres) } catch {
                let isStarting = error.sqlState == nil || error.sqlState == "57P03" || error.sqlState == "3D000"
                guard isStarting, error.kind == .connectionLost, ContinuousClock.now < deadline else { throw error }
                if !isTold { Narration.line("waiting for \(postgres) ...") }
                isTold = true
                try await Task.sleep(for: .milliseconds(500))
            }
        }
    }
}

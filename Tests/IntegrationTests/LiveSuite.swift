import Features
import Forest
import Foundation
import Hashing
import Hosting
import Intake
import Kafka
import Migrations
import Onnx
import Pipeline
import Postgres
import RiskDomain
import ServiceRuntime
import StageHarness
import Stages
import Synchronization
import TestSupport
import Testing
import Truth

/// A deployment of its own on a real PostgreSQL and a real Kafka: a database with the migrations applied, topics under a prefix of their
/// own, and the services' own hosts in this process.
final class LiveSuite: Sendable {
    let conninfo: String
    let topics: TopicPlan
    let featureSet: FeatureSet
    let schema: IntakeSchema
    let models: [ScoringModel]
    let modelFiles: [[UInt8]]
    let database: PostgresPool
    let producer: KafkaProducer
    let admin: KafkaAdmin
    let kafka: KafkaConfiguration
    let journal = Journal()
    private let settings: [String: String]
    private let hosts = Mutex<[LiveHost]>([])
    private let launches: AsyncStream<LiveHost>.Continuation

    /// Each deployment is some forty threads and connections, and the machine may have two cores.
    private static let turnstile = Turnstile(holderCountMax: 2)

    private init(
        conninfo: String, bootstrapServers: String, settings: [String: String], launches: AsyncStream<LiveHost>.Continuation
    ) throws {
        self.conninfo = conninfo
        self.settings = settings
        self.launches = launches
        var topics = TopicPlan()
        topics.prefix = "it-\(UUID().uuidString.lowercased())."
        topics.transactionsPartitions = 3
        topics.outcomesPartitions = 2
        topics.eventsPartitions = 4
        topics.featuresPartitions = 3
        topics.scoresPartitions = 2
        topics.rejectedPartitions = 2
        self.topics = topics
        featureSet = try SimulatedSuite.cardFeatures()
        schema = try SimulatedSuite.cardSchema()
        let forests = [try SimulatedSuite.forest(seed: 1), try SimulatedSuite.forest(seed: 2)]
        modelFiles = forests.map { $0.encode() }
        models = try zip(forests, modelFiles).map { try ScoringModel(forest: $0, hash: ContentHash(of: $1)) }
        database = PostgresPool(PostgresConfiguration(conninfo), connectionCountMax: 2)
        kafka = try KafkaConfiguration(bootstrapServers: bootstrapServers)
        producer = try KafkaProducer(kafka.setting(["message.max.bytes": "16777216", "linger.ms": "5"]))
        admin = try KafkaAdmin(kafka)
    }

    /// Runs `body` with a deployment that has no services yet.
    ///
    /// - Parameters:
    ///   - settings: Configuration keys of all services.
    ///   - conninfo: Of an empty database; nil makes one on the shared cluster.
    static func with(
        settings: [String: String] = [:], conninfo: String? = nil, _ body: @escaping @Sendable (LiveSuite) async throws -> Void
    ) async throws {
        let bootstrapServers = try #require(KafkaForTests.bootstrapServers, "the test broker does not start")
        await turnstile.enter()
        let result: Result<Void, any Error>
        do {
            if let conninfo {
                try await run(body, LiveSuite.make(conninfo, bootstrapServers, settings))
            } else {
                try await PostgresForTests.withDatabase { conninfo in
                    try await run(body, LiveSuite.make(conninfo, bootstrapServers, settings))
                }
            }
            result = .success(())
        } catch { result = .failure(error) }
        await turnstile.leave()
        try result.get()
    }

    private static func make(
        _ conninfo: String, _ bootstrapServers: String, _ settings: [String: String]
    ) async throws -> (LiveSuite, AsyncStream<LiveHost>) {
        let connection = try await PostgresConnection.connect(PostgresConfiguration(conninfo))
        _ = try await Migrator(MigrationFiles.read(directory: repository + "/migrations")).migrate(connection)
        await connection.close()
        let (stream, continuation) = AsyncStream<LiveHost>.makeStream()
        let suite = try LiveSuite(conninfo: conninfo, bootstrapServers: bootstrapServers, settings: settings, launches: continuation)
        try await suite.createTopics()
        return (suite, stream)
    }

    private static func run(
        _ body: @escaping @Sendable (LiveSuite) async throws -> Void, _ made: (LiveSuite, AsyncStream<LiveHost>)
    ) async throws {
        let (suite, launches) = made
        let result = await withTaskGroup(of: Result<Void, any Error>?.self) { group -> Result<Void, any Error> in
            group.addTask {
                await withDiscardingTaskGroup { hosts in
                    for await host in launches { hosts.addTask { await host.run() } }
                }
                return nil
            }
            group.addTask {
                let result: Result<Void, any Error>
                do { result = .success(try await body(suite)) } catch { result = .failure(error) }
                for host in suite.hosts.withLock({ $0 }) { host.stop() }
                suite.launches.finish()
                return result
            }
            var outcome = Result<Void, any Error>.success(())
            for await result in group { if let result { outcome = result } }
            return outcome
        }
        try? await suite.admin.deleteTopics(suite.topicList.map(\.name))
        await suite.producer.close(flushingWithin: .seconds(1))
        await suite.admin.close()
        await suite.database.close()
        try result.get()
    }

    static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .path

    // MARK: Topics

    var topicList: [(name: String, partitions: Int)] { topics.all(passEntities: featureSet.passes.map(\.entity)) }

    /// As the hosts make them, so that a test may fill them first.
    func createTopics() async throws {
        let large = [topics.transactions, topics.outcomes, topics.rejected]
        _ = try await admin.createTopics(
            topicList.map {
                NewTopic(
                    $0.name, partitionCount: Int32($0.partitions),
                    settings: large.contains($0.name) ? ["max.message.bytes": "16777216"] : [:])
            })
    }

    // MARK: Services

    /// Starts a replica; it is stopped at the end of the test if it still runs.
    @discardableResult
    func start(_ role: Role, replica: String, conninfo: String? = nil) throws -> LiveHost {
        let label = "\(role.rawValue)/\(replica)"
        let logger = journal.logger(label)
        let host = LiveHost(
            try StageHost(
                name: role.rawValue, members: try members(role), passEntities: featureSet.passes.map(\.entity),
                configuration: try configuration(label, conninfo ?? self.conninfo), logger: logger, registry: MetricsRegistry(),
                health: Health(awaiting: [role.rawValue])),
            label: label, logger: logger)
        hosts.withLock { $0.append(host) }
        launches.yield(host)
        return host
    }

    /// A replica of each service.
    @discardableResult
    func startAll(replica: String) throws -> [LiveHost] { try Role.allCases.map { try start($0, replica: replica) } }

    /// As the executables make them.
    private func members(_ role: Role) throws -> [StageHost.Member] {
        switch role {
        case .ingest:
            return [
                StageHost.Member(IngestStage(source: .transactions, schema: schema, topics: topics)),
                StageHost.Member(IngestStage(source: .outcomes, schema: schema, topics: topics)),
            ]
        case .extractor:
            return featureSet.passes.indices.map { StageHost.Member(PassStage(pass: $0, featureSet: featureSet, topics: topics)) }
        case .scorer:
            let stage = ScoreStage(topics: topics)
            try stage.load(version: models[0].hash.bytes, content: modelFiles[0])
            return [
                StageHost.Member(
                    stage, genesis: Artifact(model: models[0].forest, hash: models[0].hash, name: "first", content: modelFiles[0]))
            ]
        }
    }

    private func configuration(_ replica: String, _ conninfo: String) throws -> Configuration {
        var values = [
            HostKeys.kafkaBootstrapServers.name: try #require(kafka.properties["bootstrap.servers"]),
            HostKeys.postgresURL.name: conninfo,
            HostKeys.postgresConnections.name: "4",
            HostKeys.replicaName.name: replica,
            HostKeys.topicsPrefix.name: topics.prefix,
            HostKeys.transactionsPartitions.name: "\(topics.transactionsPartitions)",
            HostKeys.outcomesPartitions.name: "\(topics.outcomesPartitions)",
            HostKeys.eventsPartitions.name: "\(topics.eventsPartitions)",
            HostKeys.featuresPartitions.name: "\(topics.featuresPartitions)",
            HostKeys.scoresPartitions.name: "\(topics.scoresPartitions)",
            HostKeys.rejectedPartitions.name: "\(topics.rejectedPartitions)",
            // The machine is shared with every other test: a lease must not run out because a core was late.
            HostKeys.leaseTTL.name: "5s",
            HostKeys.heartbeat.name: "250ms",
        ]
        values.merge(settings) { _, own in own }
        var layers = Configuration.Layers()
        layers.commandLine = values.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        return try Configuration(keys: HostKeys.all, layers: layers)
    }

    // MARK: The database

    @discardableResult
    func query(_ sql: String, _ parameters: [PostgresValue] = []) async throws -> PostgresRows {
        try await database.withConnection { connection throws(PostgresFailure) in try await connection.query(sql, parameters) }
    }

    func count(_ sql: String) async throws -> Int { Int(try await query(sql).single().int64(0)) }

    struct Counts: Hashable {
        var events = 0
        var rejected = 0
        var scores = 0
        var markers = 0
    }

    func counts() async throws -> Counts {
        let row = try await query(
            """
            SELECT (SELECT count(*) FROM ledger.event_log), (SELECT count(*) FROM ledger.rejected),
                   (SELECT count(*) FROM scoring.score), (SELECT count(*) FROM scoring.marker)
            """
        ).single()
        return Counts(
            events: Int(try row.int64(0)), rejected: Int(try row.int64(1)), scores: Int(try row.int64(2)), markers: Int(try row.int64(3)))
    }

    /// Waits until everything that was sent is scored, marked or rejected.
    func drained(events: Int, rejected: Int, within limit: Duration = .seconds(300)) async throws {
        try await eventually("\(events) events, scored, and \(rejected) rejected", within: limit, diagnosis: state) {
            // The database may be away.
            guard let counts = try? await self.counts() else { return false }
            return counts.events >= events && counts.rejected >= rejected && counts.scores + counts.markers >= events
        }
        let counts = try await self.counts()
        #expect(counts.events == events && counts.rejected == rejected && counts.scores + counts.markers == events, "\(counts)")
    }

    /// For a test that waits in vain.
    func state() async -> String {
        let counts = (try? await self.counts()).map { "\($0)" } ?? "no answer from the database"
        let incidents =
            (try? await query("SELECT stage || ' ' || kind || ': ' || detail FROM pipeline.incident ORDER BY id LIMIT 10")) ?? nil
        let told = incidents.map { $0.compactMap { try? $0.text(0) }.joined(separator: "\n") } ?? ""
        return "\(counts)\n\(told)\n\(journal.complaints)"
    }

    func incidents(_ kind: String) async throws -> Int {
        Int(try await query("SELECT count(*) FROM pipeline.incident WHERE kind = $1", [.text(kind)]).single().int64(0))
    }

    func expectNoIncident() async throws {
        let told = try await query("SELECT stage, partition, kind, detail FROM pipeline.incident ORDER BY id LIMIT 3").map {
            "\(try $0.text(0))/\(try $0.optional(1, as: Int32.self) ?? -1) \(try $0.text(2)): \(try $0.text(3))"
        }
        #expect(told.isEmpty)
    }

    /// Proves from PostgreSQL alone that what was committed is what a replay says.
    func expectTruth() async throws {
        let connection = try await PostgresConnection.connect(PostgresConfiguration(conninfo))
        let report = try await Verification(topics: topics, featureSet: featureSet, schema: schema).run(on: connection)
        await connection.close()
        #expect(report.isConsistent, "\(report.findings)")
        #expect(report.isDrained)
        #expect(report.units.allSatisfy { $0.verdict == .proven })
    }
}

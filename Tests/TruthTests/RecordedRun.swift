import Features
import Hashing
import Pipeline
import Postgres
import StageHarness
import Stages
import TestSupport
import Truth

/// A run of the simulated suite whose batches were committed to a real PostgreSQL by the pipeline's own statements.
struct RecordedRun {
    var suite: SimulatedSuite
    var traffic: CardTraffic
    var connection: PostgresConnection
    var pool: PostgresPool

    var verification: Verification {
        Verification(topics: suite.topics, featureSet: suite.featureSet, schema: suite.schema)
    }

    /// Runs the suite with deaths of owners and an activation, and stores it.
    ///
    /// - Parameter shouldCommit: Which batches of a unit are committed, by the unit's stage, the batch's place and their number.
    static func with(
        seed: UInt64, count: Int = 700, shouldCommit: (String, Int, Int) -> Bool = { _, _, _ in true },
        _ body: (RecordedRun) async throws -> Void
    ) async throws {
        var topics = TopicPlan()
        topics.transactionsPartitions = 3
        topics.outcomesPartitions = 2
        topics.eventsPartitions = 3
        topics.featuresPartitions = 2
        let traffic = CardTraffic(seed: seed, count: count, days: 20, transactionsPartitions: 3, outcomesPartitions: 2)
        let suite = try SimulatedSuite(models: [SimulatedSuite.forest(seed: 1), SimulatedSuite.forest(seed: 2)], topics: topics)
        suite.produce(traffic)
        var isActivated = false
        try suite.run(seed: seed, crashPercent: 1) { _ in
            guard !isActivated, suite.logs[topics.features].contains(where: { $0.count > 30 }) else { return }
            suite.activate(suite.models[1])
            isActivated = true
        }
        for unit in suite.units { unit.commitSent() }
        try await PostgresForTests.withDatabase { conninfo in
            let pool = PostgresPool(PostgresConfiguration(conninfo), connectionCountMax: 2)
            let connection = try await PostgresConnection.connect(PostgresConfiguration(conninfo))
            let run = RecordedRun(suite: suite, traffic: traffic, connection: connection, pool: pool)
            try await run.store(shouldCommit)
            try await body(run)
            await connection.close()
            await pool.close()
        }
    }

    private func store(_ shouldCommit: (String, Int, Int) -> Bool) async throws {
        for name in ["0001_pipeline", "0002_ledger", "0003_scoring", "0004_analytics", "0005_roles", "0006_reasons"] {
            let sql = try SimulatedSuite.repositoryFile("migrations/\(name).sql")
            try await connection.executeScript(String(decoding: sql, as: UTF8.self))
        }
        let store = ProgressStore(pool: pool, control: pool, replica: "test", leaseTTL: .seconds(600))
        for (model, file) in zip(suite.models, suite.modelFiles) {
            try await store.add(Artifact(model: model.forest, hash: model.hash, name: "test", content: file))
        }
        for unit in suite.units {
            let identity = unit.identity
            let partitionCount = suite.units(of: identity.name).count
            try await store.ensureProgress(
                stage: identity.name, topic: identity.inputTopic, clusterID: "test", starts: Array(repeating: 0, count: partitionCount),
                genesis: identity.versionKind == nil ? nil : suite.models[0].hash.bytes)
            guard let claim = try await store.claim(stage: identity.name, partition: unit.partition) else {
                preconditionFailure("nobody else claims")
            }
            let batches = unit.committed.enumerated().filter { shouldCommit(identity.name, $0.offset, unit.committed.count) }.map(\.element)
            if !identity.tablesByDay.isEmpty {
                try await store.ensureDays(Array(Set(batches.flatMap(\.days))), tables: identity.tablesByDay)
            }
            // Batches share a transaction as a live owner's do.
            for start in stride(from: 0, to: batches.count, by: 5) {
                var claim = claim
                claim.nextOffset = batches[start].range.from
                let isDone = try await store.commit(Array(batches[start..<min(start + 5, batches.count)]), identity: identity, claim: claim)
                precondition(isDone)
            }
        }
    }

    func verify() async throws -> TruthReport { try await verification.run(on: connection) }

    /// Verifies what the database would hold after `sql`, which is rolled back.
    func verify(after sql: String) async throws -> TruthReport {
        let verification = verification
        let result = try await connection.transaction { session throws(PostgresFailure) in
            let touched = try session.execute(sql)
            precondition(touched > 0, "nothing was tampered with by \(sql)")
            return TransactionEnd.rollback(try verification.run(in: session))
        }
        return try result.get()
    }
}

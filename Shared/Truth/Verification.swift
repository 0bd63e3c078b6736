internal import Contracts
package import Features
internal import Hashing
package import Intake
internal import Pipeline
package import Postgres
internal import RiskDomain
package import Stages

/// Replays the recorded order from PostgreSQL alone and compares everything with what the live run committed: chains,
/// lanes, rows bit for bit, digests and counts.
///
/// Reads one snapshot of the database, so it may run beside live services; units whose records later stages have not
/// committed yet are reported as lagging and not replayed.
package struct Verification: Sendable {
    private let topics: TopicPlan
    private let featureSet: FeatureSet
    private let schema: IntakeSchema

    /// - Parameters:
    ///   - topics: As the services have them; partition counts are part of what they said.
    ///   - featureSet: The set that the extractor runs.
    ///   - schema: The schema that ingest runs; only its hash is used.
    package init(topics: TopicPlan, featureSet: FeatureSet, schema: IntakeSchema) {
        self.topics = topics
        self.featureSet = featureSet
        self.schema = schema
    }

    /// Replays everything on one connection, which must have no statement timeout.
    ///
    /// - Parameter progress: Called now and then with the number of records folded so far.
    package func run(
        on connection: PostgresConnection, progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws -> TruthReport {
        let verification = self
        let result = try await connection.transaction(TransactionOptions(isolation: .repeatableRead, isReadOnly: true)) {
            session throws(PostgresFailure) in
            TransactionEnd.rollback(try verification.run(in: session, progress: progress))
        }
        return try result.get()
    }

    /// Replays everything as the open transaction of `session` sees it.
    package func run(
        in session: PostgresSession, progress: @escaping (Int) -> Void = { _ in }
    ) throws(PostgresFailure) -> Result<TruthReport, TruthFailure> {
        let replay = Replay(session, topics, featureSet, schema, progress)
        do {
            try replay.run()
            return .success(replay.report)
        } catch let failure as PostgresFailure {
            throw failure
        } catch {
            return .failure(.impossible("\(error)"))
        }
    }
}

/// One verification under way; lives on the connection's executor.
final class Replay {
    let session: PostgresSession
    let topics: TopicPlan
    let featureSet: FeatureSet
    let schema: IntakeSchema
    var report = TruthReport()
    private let progress: (Int) -> Void
    private var folded = 0
    private(set) var units: [String: [Int32: CommittedUnit]] = [:]
    private(set) var genesis: [String: [UInt8]] = [:]
    private var digests: [String: [Int32: [Int32: StoredDigest]]] = [:]
    let markers = MarkerTable()

    init(
        _ session: PostgresSession, _ topics: TopicPlan, _ featureSet: FeatureSet, _ schema: IntakeSchema,
        _ progress: @escaping (Int) -> Void
    ) {
        self.session = session
        self.topics = topics
        self.featureSet = featureSet
        self.schema = schema
        self.progress = progress
    }

    func run() throws {
        // The record order of a stage is a sort of everything; JIT costs more than it gives here.
        for setting in ["work_mem = '256MB'", "jit = off"] { _ = try session.execute("SET LOCAL \(setting)") }
        try readCommitted()
        try count()
        for topic in SourceTopic.allCases { try replayIngest(topic) }
        if try passesAreWhole() {
            for pass in featureSet.passes.indices { try replayPass(pass) }
        }
        try replayScorer()
        progress(folded)
    }

    func advance() {
        folded += 1
        if folded % 4_096 == 0 { progress(folded) }
    }

    // MARK: What was committed

    private func readCommitted() throws {
        for row in try session.query("SELECT stage, partition, lanes, chain, accepted, active FROM pipeline.progress") {
            guard let chain = Hash128(bytes: try row.bytea("chain")) else { continue }
            let partition = try row.int32("partition")
            units[try row.text("stage"), default: [:]][partition] = CommittedUnit(
                partition: partition, lanes: try row.bytea("lanes"), chain: chain, accepted: try row.int64("accepted"),
                version: try row.optional("active", as: [UInt8].self))
        }
        for row in try session.query("SELECT stage, artifact FROM pipeline.genesis") {
            genesis[try row.text("stage")] = try row.bytea("artifact")
        }
        for row in try session.query("SELECT stage, partition, day, records, digest FROM pipeline.digest") {
            digests[try row.text("stage"), default: [:]][try row.int32("partition"), default: [:]][try row.date("day").unixDay] =
                StoredDigest(records: try row.int64("records"), sum: try row.numeric("digest").description)
        }
        guard !units.isEmpty else {
            throw TruthFailure.impossible("pipeline.progress is empty: no service has run on this database yet")
        }
    }

    func storedDigests(_ stage: String, _ partition: Int32) -> [Int32: StoredDigest] { digests[stage]?[partition] ?? [:] }

    // MARK: Counts

    private func count() throws {
        report.eventCount = try single("SELECT count(*) FROM ledger.event_log")
        report.rejectedCount = try single("SELECT count(*) FROM ledger.rejected")
        report.scoreCount = try single("SELECT count(*) FROM scoring.score")
        report.markerCount = try single("SELECT count(*) FROM scoring.marker")
        let key = "topic, source_partition, source_offset"
        for (stage, table) in [("ingest", "ledger.event_log"), ("score", RecordedOrder.said)] {
            let rows = try session.query(
                "SELECT \(key), count(*) AS times FROM \(table) AS t GROUP BY \(key) HAVING count(*) > 1 ORDER BY \(key) LIMIT 20")
            for row in rows { report.note(stage, nil, record: try label(row), "is stored \(try row.int64("times")) times") }
        }
        let both = try session.query(
            """
            SELECT \(key) FROM ledger.event_log JOIN ledger.rejected USING (\(key)) ORDER BY \(key) LIMIT 20
            """)
        for row in both { report.note("ingest", nil, record: try label(row), "is stored as an event and as rejected") }
        let strangers = try session.query(
            """
            SELECT \(key) FROM \(RecordedOrder.said) AS r LEFT JOIN ledger.event_log AS e USING (\(key))
            WHERE e.event IS NULL ORDER BY \(key) LIMIT 20
            """)
        for row in strangers {
            report.note("score", nil, record: try label(row), "was scored or marked, but the event log does not have it")
        }
        let offsets = """
            SELECT topic, source_partition, min(source_offset) AS low, max(source_offset) AS high FROM ledger.event_log GROUP BY 1, 2
            """
        for row in try session.query(offsets) {
            markers.add(
                topic: SourceTopic(rawValue: UInt8(truncatingIfNeeded: try row.int16("topic"))) ?? .transactions,
                partition: try row.int32("source_partition"), offsets: try row.int64("low")...(try row.int64("high")))
        }
    }

    private func single(_ sql: String) throws -> Int64 { try session.query(sql).single().int64(0) }

    private func label(_ row: PostgresRow) throws -> String {
        SourceCoordinates(
            topic: SourceTopic(rawValue: UInt8(truncatingIfNeeded: try row.int16("topic"))) ?? .transactions,
            partition: try row.int32("source_partition"), offset: try row.int64("source_offset")
        ).label
    }

    /// Whether the tables hold every record that the passes accepted; where not, says which units lag.
    private func passesAreWhole() throws -> Bool {
        var isWhole = true
        for pass in featureSet.passes.indices {
            let stage = PassStage.name(pass, of: featureSet)
            var stored: [Int32: Int64] = [:]
            let rows = try session.query(
                "SELECT pass_partitions[\(pass + 1)] AS partition, count(*) AS records FROM \(RecordedOrder.said) AS r GROUP BY 1")
            for row in rows { stored[try row.int32("partition")] = try row.int64("records") }
            for unit in (units[stage] ?? [:]).values where unit.accepted > stored[unit.partition] ?? 0 { isWhole = false }
        }
        if isWhole { return true }
        for pass in featureSet.passes.indices {
            let stage = PassStage.name(pass, of: featureSet)
            for unit in (units[stage] ?? [:]).values.sorted(by: { $0.partition < $1.partition }) {
                report.units.append(
                    TruthReport.Unit(
                        stage: stage, partition: unit.partition, records: 0, accepted: unit.accepted, expected: unit.chain, found: .zero,
                        verdict: .lagging))
            }
        }
        return false
    }
}

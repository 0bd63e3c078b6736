import Postgres
import Scaling
import ServiceRuntime
import Synchronization

/// A row of `scaling.decision`.
struct DecisionRow: Sendable {
    /// Also in ``inputs``, as `decision_id`.
    var id: PostgresUUID
    var at: ContinuousClock.Instant
    var service: String
    /// `scale_up`, `scale_down`, `hold`, `restart`, `start` or `adopt`.
    var action: String
    /// That run.
    var replicas: Int
    var desired: Int
    var reason: String
    /// JSON.
    var inputs: [UInt8]
}

/// Writes decisions in their order. While the database is away they wait, a bounded number of them.
final class DecisionRecorder: Sendable {
    private let pool: PostgresPool
    private let logger: Logger
    private let backlog = Mutex(DecisionBacklog<DecisionRow>(countMax: 4_096))
    private let signals: AsyncStream<Void>
    private let latch: AsyncStream<Void>.Continuation
    private let isFinishing = Atomic(false)

    init(pool: PostgresPool, registry: MetricsRegistry, logger: Logger) {
        self.pool = pool
        self.logger = logger
        (signals, latch) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        registry.gauge("assay_scaling_decisions_waiting", help: "Decisions that are not written yet") { [weak self] in
            Double(self?.backlog.withLock { $0.count } ?? 0)
        }
        registry.counter("assay_scaling_decisions_dropped_total", help: "Decisions that were never written for want of room") {
            [weak self] in
            Double(self?.backlog.withLock { $0.droppedCount } ?? 0)
        }
    }

    func record(_ row: DecisionRow) {
        backlog.withLock { $0.append(row, isHold: row.action == "hold") }
        latch.yield()
    }

    /// No more decisions come: ``run()`` tries once to write what waits, and returns.
    func finish() {
        isFinishing.store(true, ordering: .releasing)
        latch.yield()
        latch.finish()
    }

    func run() async {
        for await _ in signals { await drain() }
        await drain()
    }

    private func drain() async {
        while true {
            let rows = backlog.withLock { $0.take(upTo: 128) }
            if rows.isEmpty { return }
            var attempt = 0
            while true {
                do throws(PostgresFailure) {
                    try await write(rows, isRepeated: attempt > 0)
                    if attempt > 0 { logger.notice("Decisions written late", metadata: [LogKey.count: .init(rows.count)]) }
                    break
                } catch {
                    attempt += 1
                    if isFinishing.load(ordering: .acquiring) || Task.isCancelled {
                        let lost = rows.count + backlog.withLock { $0.count }
                        logger.error("Decisions not written", metadata: [LogKey.count: .init(lost), LogKey.error: .init("\(error)")])
                        return
                    }
                    if attempt == 1 { logger.warning("Decisions wait for the database", metadata: [LogKey.error: .init("\(error)")]) }
                    try? await Task.sleep(for: .milliseconds(min(2_000, 100 << min(attempt, 5))))
                }
            }
        }
    }

    /// - Parameter isRepeated: An earlier attempt may have come through although its answer did not: rows that are there are
    ///   left out. They are among the newest, whatever the size of the table.
    private func write(_ rows: [DecisionRow], isRepeated: Bool) async throws(PostgresFailure) {
        let unless = """
             WHERE NOT EXISTS (SELECT FROM scaling.decision d
                               WHERE d.id > (SELECT coalesce(max(id), 0) - 10000 FROM scaling.decision)
                                 AND d.inputs ->> 'decision_id' = r.inputs::jsonb ->> 'decision_id')
            """
        let now = ContinuousClock.now
        let parameters: [PostgresValue] = [
            .array(rows.map { (now - $0.at) / .seconds(1) }), .array(rows.map(\.service)), .array(rows.map(\.action)),
            .array(rows.map { Int32(clamping: $0.replicas) }), .array(rows.map { Int32(clamping: $0.desired) }), .array(rows.map(\.reason)),
            .array(rows.map { String(decoding: $0.inputs, as: UTF8.self) }),
        ]
        try await pool.withConnection { connection throws(PostgresFailure) in
            _ = try await connection.execute(
                """
                INSERT INTO scaling.decision (at, service, action, replicas, desired, reason, inputs)
                SELECT clock_timestamp() - make_interval(secs => r.age), r.service, r.action, r.replicas, r.desired, r.reason, r.inputs::jsonb
                FROM unnest($1::float8[], $2::text[], $3::text[], $4::int4[], $5::int4[], $6::text[], $7::text[])
                     WITH ORDINALITY AS r (age, service, action, replicas, desired, reason, inputs, place)
                \(isRepeated ? unless : "") ORDER BY r.place
                """, parameters)
        }
    }
}

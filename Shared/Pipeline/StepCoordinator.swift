internal import Kafka
package import Postgres

/// Keeps the units of a group in step across processes: publishes how far ours have come, reads how far the others have,
/// and lets a waiting sender go when ``StepGate`` says so.
///
/// Rounds are driven by our own progress and by `NOTIFY` from the other replicas, with a slow timer as the safety net
/// while somebody waits. Nothing rests on what is published here but the order in which lanes meet.
package actor StepCoordinator {
    /// Ends of a topic's partitions, asked of the broker now.
    package typealias HighWatermarks = @Sendable (_ topic: String, _ partitions: [Int32]) async -> [Int32: Int64]

    private struct Key: Hashable {
        var stage: String
        var partition: Int32
    }
    private struct Own {
        var step: Int64
        var position: Int64
        var isDirty = true
    }
    private struct Waiter {
        var key: Key
        var step: Int64
        var isFresh: Bool
        var resume: CheckedContinuation<Bool, Never>
    }

    package nonisolated let stages: [String]
    private let pool: PostgresPool
    private let highWatermarks: HighWatermarks
    private nonisolated let wakeup = Wakeup()
    private var own: [Key: Own] = [:]
    private var waiters: [UInt64: Waiter] = [:]
    private var waiterCount: UInt64 = 0
    private var isClosed = false
    private static let channel = "pipeline_frontier"

    package init(stages: [String], pool: PostgresPool, highWatermarks: @escaping HighWatermarks) {
        self.stages = stages.sorted()
        self.pool = pool
        self.highWatermarks = highWatermarks
    }

    /// Says how far a unit of ours has come: no output of a step before `step` will follow, everything below `position` is
    /// acknowledged. Cheap; published with the next round.
    package func advance(stage: String, partition: Int32, step: Int64, position: Int64) {
        let key = Key(stage: stage, partition: partition)
        let before = own[key]
        let next = Own(step: max(step, before?.step ?? .min), position: max(position, before?.position ?? 0))
        if let before, before.step == next.step, before.position == next.position { return }
        own[key] = next
        wakeup.raise()
    }

    /// Forgets a unit that is not ours any more.
    package func forget(stage: String, partition: Int32) { own[Key(stage: stage, partition: partition)] = nil }

    /// Returns when outputs of `step` may be sent; false when the wait was given up (cancelled or closed).
    package func wait(stage: String, partition: Int32, step: Int64) async -> Bool {
        if isClosed || Task.isCancelled { return false }
        let id = waiterCount
        waiterCount += 1
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if Task.isCancelled { return continuation.resume(returning: false) }
                waiters[id] = Waiter(key: Key(stage: stage, partition: partition), step: step, isFresh: true, resume: continuation)
                wakeup.raise()
            }
        } onCancel: {
            Task { await self.giveUp(id) }  // the only way from a synchronous handler to the actor
        }
    }

    private func giveUp(_ id: UInt64) { waiters.removeValue(forKey: id)?.resume.resume(returning: false) }

    /// Runs rounds until cancelled.
    package func run(listener: PostgresConfiguration) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.listen(listener) }
            group.addTask { await self.tick() }
            group.addTask {
                for await _ in self.wakeup.signals { await self.round() }
            }
            await group.waitForAll()
        }
        isClosed = true
        for id in Array(waiters.keys) { giveUp(id) }
    }

    /// Wakes the rounds when another replica has published, over a connection that is made again when it is lost.
    private nonisolated func listen(_ configuration: PostgresConfiguration) async {
        while !Task.isCancelled {
            if let connection = try? await PostgresConnection.connect(configuration),
                let notifications = try? await connection.listen(to: [StepCoordinator.channel])
            {
                for await _ in notifications { wakeup.raise() }
                await connection.close()
            }
            try? await Task.sleep(for: .milliseconds(500))
        }
    }

    private nonisolated func tick() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(100))
            if await needsRound { wakeup.raise() }
        }
        wakeup.finish()
    }

    private var needsRound: Bool { !waiters.isEmpty || own.values.contains(where: \.isDirty) }

    private func round() async {
        guard needsRound, !isClosed else { return }
        let dirty = own.filter(\.value.isDirty).sorted { ($0.key.stage, $0.key.partition) < ($1.key.stage, $1.key.partition) }
        let asked = waiters.keys.sorted()
        guard let units = try? await exchange(dirty.map { ($0.key, $0.value) }) else { return }
        for (key, value) in dirty where own[key]?.step == value.step && own[key]?.position == value.position { own[key]?.isDirty = false }
        var behindByTopic: [String: Set<Int32>] = [:]
        for id in asked {
            guard let waiter = waiters[id] else { continue }
            for (unit, topic) in units
            where unit.step < waiter.step && !(unit.stage == waiter.key.stage && unit.partition == waiter.key.partition) {
                behindByTopic[topic, default: []].insert(unit.partition)
            }
        }
        var ends: [String: [Int32: Int64]] = [:]
        for topic in behindByTopic.keys.sorted() { ends[topic] = await highWatermarks(topic, (behindByTopic[topic] ?? []).sorted()) }
        let topics = Dictionary(units.map { ($0.0.stage, $0.1) }) { first, _ in first }
        for id in asked {
            guard let waiter = waiters[id] else { continue }
            let isOpen = StepGate.isOpen(
                for: waiter.step, units: units.map(\.0), except: (waiter.key.stage, waiter.key.partition),
                highWatermark: { unit in topics[unit.stage].flatMap { ends[$0]?[unit.partition] } })
            if isOpen { waiters.removeValue(forKey: id)?.resume.resume(returning: true) }
        }
    }

    /// Publishes ours and reads all, in one trip.
    private func exchange(_ dirty: [(Key, Own)]) async throws(PostgresFailure) -> [(StepGate.Unit, String)] {
        let stages = stages
        let results = try await pool.withConnection { connection throws(PostgresFailure) in
            var statements: [PostgresStatement] = []
            if !dirty.isEmpty {
                statements = [
                    PostgresStatement("SET synchronous_commit = off"),
                    PostgresStatement(
                        """
                        INSERT INTO pipeline.frontier AS f (stage, partition, step, position)
                        SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[])
                        ON CONFLICT (stage, partition) DO UPDATE
                        SET step = greatest(f.step, EXCLUDED.step), position = greatest(f.position, EXCLUDED.position)
                        """,
                        [
                            .array(dirty.map(\.0.stage)), .array(dirty.map(\.0.partition)), .array(dirty.map(\.1.step)),
                            .array(dirty.map(\.1.position)),
                        ]),
                    PostgresStatement("SELECT pg_notify($1, $2)", [.text(StepCoordinator.channel), .text(stages[0])]),
                    PostgresStatement("RESET synchronous_commit"),
                ]
            }
            statements.append(
                PostgresStatement(
                    """
                    SELECT p.stage, p.partition, p.topic, coalesce(f.step, -9223372036854775808) AS step,
                           greatest(f.position, p.next_offset) AS position
                    FROM pipeline.progress p LEFT JOIN pipeline.frontier f USING (stage, partition) WHERE p.stage = ANY ($1)
                    """, [.array(stages)]))
            return try await connection.pipeline(statements)
        }
        var units: [(StepGate.Unit, String)] = []
        for row in results.last ?? results[0] {
            units.append(
                (
                    StepGate.Unit(
                        stage: try row.text("stage"), partition: try row.int32("partition"), step: try row.int64("step"),
                        position: try row.int64("position")), try row.text("topic")
                ))
        }
        return units
    }
}

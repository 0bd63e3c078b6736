package import Hashing
package import Postgres

/// The pipeline's tables, in SQL. Every statement that moves a unit carries its lease.
package struct ProgressStore: Sendable {
    /// A unit as its owner claimed it.
    package struct Claim: Sendable, Hashable {
        package var partition: Int32
        package var epoch: Int64
        package var lease: PostgresUUID
        package var nextOffset: Int64
        package var lanes: [UInt8]
        package var chain: Hash128
        package var accepted: Int64
        package var repeated: Int64
        package var version: [UInt8]?
        package var sourceMicros: Int64?
        package var clusterID: String
        package var topic: String
    }

    /// What a heartbeat finds.
    package struct View: Sendable {
        package var units: [LeasePlanner.Unit]
        /// Partitions whose lease is still the one we hold.
        package var ours: Set<Int32>
        package var replicas: [String]
    }

    /// For commits and whatever else may take long.
    package let pool: PostgresPool
    /// For leases: never behind a long transaction of ours.
    package let control: PostgresPool
    package let replica: String
    package let leaseTTL: Duration

    package init(pool: PostgresPool, control: PostgresPool, replica: String, leaseTTL: Duration) {
        self.pool = pool
        self.control = control
        self.replica = replica
        self.leaseTTL = leaseTTL
    }

    private var ttlSeconds: PostgresValue { .double(leaseTTL.seconds) }

    /// Makes the rows of partitions that have none; `starts` are the topic's first offsets.
    package func ensureProgress(
        stage: String, topic: String, clusterID: String, starts: [Int64], genesis: [UInt8]?
    ) async throws(PostgresFailure) {
        let partitions = starts.indices.map { PostgresValue.int32(Int32($0)) }
        try await pool.withConnection { connection throws(PostgresFailure) in
            try await connection.transaction { session throws(PostgresFailure) in
                _ = try session.execute("SET LOCAL synchronous_commit = on")
                _ = try session.execute(
                    """
                    INSERT INTO pipeline.progress (stage, partition, topic, cluster_id, next_offset, active)
                    SELECT $1, u.partition, $2, $3, u.start, (SELECT artifact FROM pipeline.genesis WHERE stage = $1)
                    FROM unnest($4::int[], $5::bigint[]) AS u (partition, start) ON CONFLICT DO NOTHING
                    """,
                    [.text(stage), .text(topic), .text(clusterID), .array(.int4, partitions), .array(starts)])
                if let genesis { try ProgressStore.begin(stage: stage, with: genesis, session) }
                return .commit
            }
        }
    }

    /// Makes a version the one that a stage begins with, unless it has begun with another.
    ///
    /// Units that have folded nothing yet and name no version take it: no record was ever read without one.
    package func begin(stage: String, with artifact: [UInt8]) async throws(PostgresFailure) {
        try await control.withConnection { connection throws(PostgresFailure) in
            try await connection.transaction { session throws(PostgresFailure) in
                try ProgressStore.begin(stage: stage, with: artifact, session)
                return .commit
            }
        }
    }

    private static func begin(stage: String, with artifact: [UInt8], _ session: PostgresSession) throws(PostgresFailure) {
        _ = try session.execute(
            "INSERT INTO pipeline.genesis (stage, artifact) VALUES ($1, $2) ON CONFLICT DO NOTHING", [.text(stage), .bytea(artifact)])
        _ = try session.execute(
            """
            UPDATE pipeline.progress p SET active = g.artifact FROM pipeline.genesis g
            WHERE p.stage = $1 AND g.stage = $1 AND p.active IS NULL AND p.accepted = 0
            """, [.text(stage)])
    }

    /// Renews our leases, says that we live, and looks at the stage.
    ///
    /// Rows that are locked are passed over rather than waited for: a commit of ours holds them, and renews them itself.
    /// Waiting would let our other leases run out behind a long commit.
    package func heartbeat(
        stage: String, leases: [PostgresUUID], loaded: [[UInt8]]
    ) async throws(PostgresFailure) -> View {
        let results = try await control.withConnection { connection throws(PostgresFailure) in
            try await connection.pipeline([
                // A renewal lost with the server is a lease that runs out early: no reason to wait for the disk.
                PostgresStatement("SELECT set_config('synchronous_commit', 'off', true)"),
                PostgresStatement(
                    """
                    INSERT INTO pipeline.replica AS r (stage, owner, deadline, loaded)
                    VALUES ($1, $2, clock_timestamp() + make_interval(secs => $3), $4)
                    ON CONFLICT (stage, owner) DO UPDATE SET deadline = EXCLUDED.deadline, loaded = EXCLUDED.loaded
                    """, [.text(stage), .text(replica), ttlSeconds, .array(loaded)]),
                PostgresStatement(
                    """
                    UPDATE pipeline.progress SET deadline = clock_timestamp() + make_interval(secs => $3)
                    WHERE stage = $1 AND lease = ANY ($2) AND partition IN (
                        SELECT partition FROM pipeline.progress WHERE stage = $1 AND lease = ANY ($2) FOR NO KEY UPDATE SKIP LOCKED)
                    """, [.text(stage), .array(leases), ttlSeconds]),
                PostgresStatement(
                    """
                    SELECT partition, owner, coalesce(lease IS NOT NULL AND deadline > clock_timestamp(), false) AS held,
                           coalesce(lease = ANY ($2), false) AS ours
                    FROM pipeline.progress WHERE stage = $1 ORDER BY partition
                    """, [.text(stage), .array(leases)]),
                PostgresStatement(
                    "SELECT owner FROM pipeline.replica WHERE stage = $1 AND deadline > clock_timestamp() ORDER BY owner", [.text(stage)]),
            ])
        }
        var view = View(units: [], ours: [], replicas: [])
        for row in results[3] {
            if try row.bool("ours") { view.ours.insert(try row.int32("partition")) }
            view.units.append(
                LeasePlanner.Unit(
                    partition: try row.int32("partition"), owner: try row.optional("owner", as: String.self), isHeld: try row.bool("held")))
        }
        for row in results[4] { view.replicas.append(try row.text("owner")) }
        return view
    }

    /// Takes the lease when it is free or has run out by PostgreSQL's clock; nil when somebody else was faster.
    package func claim(stage: String, partition: Int32) async throws(PostgresFailure) -> Claim? {
        let ttl = ttlSeconds
        let replica = replica
        return try await control.withConnection { connection throws(PostgresFailure) in
            try await connection.transaction { session throws(PostgresFailure) in
                _ = try session.execute("SET LOCAL synchronous_commit = on")
                let rows = try session.query(
                    """
                    UPDATE pipeline.progress
                    SET epoch = epoch + 1, lease = gen_random_uuid(), owner = $3, deadline = clock_timestamp() + make_interval(secs => $4)
                    WHERE stage = $1 AND (lease IS NULL OR deadline < clock_timestamp()) AND partition IN (
                        SELECT partition FROM pipeline.progress WHERE stage = $1 AND partition = $2 FOR NO KEY UPDATE SKIP LOCKED)
                    RETURNING \(ProgressStore.columns)
                    """, [.text(stage), .int32(partition), .text(replica), ttl])
                guard let row = rows.first else { return .rollback(nil) }
                return .commit(try ProgressStore.claim(from: row))
            }
        }
    }

    /// The row as it stands; nil when the lease is not ours any more.
    package func read(stage: String, partition: Int32, lease: PostgresUUID) async throws(PostgresFailure) -> Claim? {
        try await pool.withConnection { connection throws(PostgresFailure) in
            let rows = try await connection.query(
                "SELECT \(ProgressStore.columns) FROM pipeline.progress WHERE stage = $1 AND partition = $2 AND lease = $3",
                [.text(stage), .int32(partition), .uuid(lease)])
            guard let row = rows.first else { return nil }
            return try ProgressStore.claim(from: row)
        }
    }

    private static let columns =
        "partition, epoch, lease, next_offset, lanes, chain, accepted, repeated, active, source_time, cluster_id, topic"

    private static func claim(from row: PostgresRow) throws(PostgresFailure) -> Claim {
        Claim(
            partition: try row.int32("partition"), epoch: try row.int64("epoch"), lease: try row.uuid("lease"),
            nextOffset: try row.int64("next_offset"), lanes: try row.bytea("lanes"), chain: Hash128(bytes: try row.bytea("chain")) ?? .zero,
            accepted: try row.int64("accepted"), repeated: try row.int64("repeated"), version: try row.optional("active", as: [UInt8].self),
            sourceMicros: try row.optional("source_time", as: PostgresTimestamp.self)?.unixMicros, clusterID: try row.text("cluster_id"),
            topic: try row.text("topic"))
    }

    /// Writes the rows of consecutive batches and moves the unit, in one transaction.
    ///
    /// - Returns: Whether the compare-and-set found the unit where the first batch begins, under our lease. When not,
    ///   nothing is written.
    /// - Throws: `isCommitOutcomeUnknown` tells the case in which the row must be read again.
    package func commit(_ batches: [Batch], identity: StageIdentity, claim: Claim) async throws(PostgresFailure) -> Bool {
        guard let first = batches.first, let last = batches.last else { return true }
        let update: [PostgresValue] = [
            .text(identity.name), .int32(claim.partition), .int64(first.range.from), .int64(claim.epoch), .uuid(claim.lease),
            .int64(last.range.to), .bytea(last.lanes), .bytea(last.chain.bytes), .int64(last.accepted), .int64(last.repeated),
            .optional(last.version), .optional(last.sourceMicros.map { PostgresTimestamp(unixMicros: $0) }), ttlSeconds,
        ]
        var days: [Int32: (records: Int64, sum: Hash128)] = [:]
        for digest in batches.lazy.flatMap(\.digests) {
            let before = days[digest.day] ?? (0, .zero)
            days[digest.day] = (before.records + digest.records, before.sum &+ digest.sum)
        }
        let ordered = days.sorted { $0.key < $1.key }
        let snapshot = batches.last { $0.snapshot != nil }
        return try await pool.withConnection { connection throws(PostgresFailure) in
            try await connection.transaction { session throws(PostgresFailure) in
                let moved = try session.execute(ProgressStore.move, update)
                guard moved == 1 else { return .rollback(false) }
                for batch in batches {
                    for (table, rows) in zip(identity.tables, batch.rows) where rows.rowCount > 0 {
                        _ = try session.copy(into: table, from: rows)
                    }
                }
                if !ordered.isEmpty {
                    _ = try session.execute(
                        ProgressStore.addDigests,
                        [
                            .text(identity.name), .int32(claim.partition),
                            .array(.date, ordered.map { .date(PostgresDate(unixDay: $0.key)) }), .array(ordered.map(\.value.records)),
                            .array(.numeric, ordered.map { .numeric($0.value.sum.numeric) }),
                        ])
                }
                if let snapshot, let content = snapshot.snapshot {
                    try ProgressStore.store(
                        snapshot: content, at: snapshot.range.to, identity: identity, partition: claim.partition, session: session)
                }
                return .commit(true)
            }
        }
    }

    private static let move = """
        UPDATE pipeline.progress
        SET next_offset = $6, lanes = $7, chain = $8, accepted = $9, repeated = $10, active = $11, source_time = $12,
            committed_at = clock_timestamp(), deadline = clock_timestamp() + make_interval(secs => $13)
        WHERE stage = $1 AND partition = $2 AND next_offset = $3 AND epoch = $4 AND lease = $5
        """

    private static let addDigests = """
        INSERT INTO pipeline.digest AS d (stage, partition, day, records, digest)
        SELECT $1, $2, u.day, u.records, u.digest FROM unnest($3::date[], $4::bigint[], $5::numeric[]) AS u (day, records, digest)
        ON CONFLICT (stage, day, partition) DO UPDATE
        SET records = d.records + EXCLUDED.records, digest = mod(d.digest + EXCLUDED.digest, 340282366920938463463374607431768211456)
        """

    private static func store(
        snapshot: [UInt8], at offset: Int64, identity: StageIdentity, partition: Int32, session: PostgresSession
    ) throws(PostgresFailure) {
        _ = try session.execute(
            """
            INSERT INTO pipeline.snapshot (stage, partition, next_offset, code, checksum, content) VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (stage, partition, next_offset) DO UPDATE
            SET code = EXCLUDED.code, checksum = EXCLUDED.checksum, content = EXCLUDED.content, taken_at = clock_timestamp()
            """,
            [
                .text(identity.name), .int32(partition), .int64(offset), .text(identity.code), .bytea(Hash128(of: snapshot).bytes),
                .bytea(snapshot),
            ])
        _ = try session.execute(
            """
            DELETE FROM pipeline.snapshot WHERE stage = $1 AND partition = $2 AND next_offset < (
                SELECT min(next_offset) FROM (SELECT next_offset FROM pipeline.snapshot WHERE stage = $1 AND partition = $2
                                              ORDER BY next_offset DESC LIMIT 2) AS newest)
            """, [.text(identity.name), .int32(partition)])
    }

    /// The newest snapshot at or before an offset whose checksum holds and whose code is ours.
    ///
    /// - Returns: The snapshot, and how many newer ones were damaged.
    package func snapshot(
        identity: StageIdentity, partition: Int32, notAfter offset: Int64
    ) async throws(PostgresFailure) -> (content: [UInt8]?, damaged: Int) {
        let rows = try await pool.withConnection { connection throws(PostgresFailure) in
            try await connection.query(
                """
                SELECT content, checksum FROM pipeline.snapshot
                WHERE stage = $1 AND partition = $2 AND next_offset <= $3 AND code = $4 ORDER BY next_offset DESC
                """, [.text(identity.name), .int32(partition), .int64(offset), .text(identity.code)])
        }
        var damaged = 0
        for row in rows {
            let content = try row.bytea("content")
            if Hash128(of: content).bytes == (try row.bytea("checksum")) { return (content, damaged) }
            damaged += 1
        }
        return (nil, damaged)
    }

    /// Gives the lease back, with the unit's state so that the next owner can begin at once.
    ///
    /// - Parameter offset: Where the state stands; nil without a snapshot, when the offset does not matter.
    /// - Returns: Whether the lease was still ours.
    package func release(identity: StageIdentity, claim: Claim, at offset: Int64?, snapshot: [UInt8]?) async throws(PostgresFailure) -> Bool
    {
        try await pool.withConnection { connection throws(PostgresFailure) in
            try await connection.transaction { session throws(PostgresFailure) in
                let rows = try session.execute(
                    """
                    UPDATE pipeline.progress SET lease = NULL, deadline = NULL
                    WHERE stage = $1 AND partition = $2 AND lease = $3 AND next_offset = coalesce($4, next_offset)
                    """, [.text(identity.name), .int32(claim.partition), .uuid(claim.lease), .optional(offset)])
                guard rows == 1 else { return .rollback(false) }
                if let snapshot, let offset {
                    try ProgressStore.store(
                        snapshot: snapshot, at: offset, identity: identity, partition: claim.partition, session: session)
                }
                return .commit(true)
            }
        }
    }

    /// Says that this replica is gone, so that the others need not wait for its deadline.
    package func leave(stage: String) async throws(PostgresFailure) {
        try await control.withConnection { connection throws(PostgresFailure) in
            _ = try await connection.execute(
                "DELETE FROM pipeline.replica WHERE stage = $1 AND owner = $2", [.text(stage), .text(replica)])
        }
    }

    /// Makes the days that rows are about to need.
    package func ensureDays(_ days: [Int32], tables: [String]) async throws(PostgresFailure) {
        try await pool.withConnection { connection throws(PostgresFailure) in
            for table in tables {
                _ = try await connection.query(
                    "SELECT pipeline.ensure_days($1::regclass, $2)",
                    [.text(table), .array(.date, days.sorted().map { .date(PostgresDate(unixDay: $0)) })])
            }
        }
    }

    /// Records what an operator must look at.
    package func report(stage: String, partition: Int32?, kind: String, detail: String) async throws(PostgresFailure) {
        try await pool.withConnection { connection throws(PostgresFailure) in
            _ = try await connection.execute(
                "INSERT INTO pipeline.incident (stage, partition, replica, kind, detail) VALUES ($1, $2, $3, $4, $5)",
                [.text(stage), .optional(partition), .text(replica), .text(kind), .text(detail)])
        }
    }

    /// A version's bytes by content hash.
    package func artifact(_ hash: [UInt8]) async throws(PostgresFailure) -> [UInt8]? {
        try await control.withConnection { connection throws(PostgresFailure) in
            let rows = try await connection.query("SELECT content FROM model.artifact WHERE hash = $1", [.bytea(hash)])
            guard let row = rows.first else { return nil }
            return try row.bytea("content")
        }
    }

    /// Stores a version; the same content again is no change.
    package func add(_ artifact: Artifact) async throws(PostgresFailure) {
        @Sendable func texts(_ values: [String]?) -> PostgresValue { values.map { .array($0) } ?? .nullArray(.text) }
        try await pool.withConnection { connection throws(PostgresFailure) in
            _ = try await connection.execute(
                """
                INSERT INTO model.artifact (hash, kind, name, content, features, reason_codes, reason_texts)
                VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING
                """,
                [
                    .bytea(artifact.hash), .text(artifact.kind), .text(artifact.name), .bytea(artifact.content), texts(artifact.features),
                    texts(artifact.reasonCodes), texts(artifact.reasonTexts),
                ])
        }
    }

    /// Content hashes of every stored version of a kind.
    package func artifacts(kind: String) async throws(PostgresFailure) -> [[UInt8]] {
        let rows = try await control.withConnection { connection throws(PostgresFailure) in
            try await connection.query("SELECT hash FROM model.artifact WHERE kind = $1 ORDER BY added_at, hash", [.text(kind)])
        }
        var hashes: [[UInt8]] = []
        for row in rows { hashes.append(try row.bytea("hash")) }
        return hashes
    }
}

extension Hash128 {
    /// The value as an unsigned 128-bit number.
    var numeric: PostgresNumeric {
        PostgresNumeric(String(UInt128(high) << 64 | UInt128(low))) ?? PostgresNumeric(0)
    }
}

extension ProgressStore {
    /// Refuses to go on when Kafka and PostgreSQL do not belong together, or one of them has gone back in time.
    package func checkIdentity(stage: String, clusterID: String, lows: [Int32: Int64], highs: [Int32: Int64]) async throws {
        let rows = try await pool.withConnection { connection throws(PostgresFailure) in
            try await connection.query(
                "SELECT partition, topic, cluster_id, next_offset FROM pipeline.progress WHERE stage = $1 ORDER BY partition",
                [.text(stage)])
        }
        for row in rows {
            let partition = try row.int32("partition")
            let topic = try row.text("topic")
            let next = try row.int64("next_offset")
            let known = try row.text("cluster_id")
            guard known == clusterID else {
                throw PipelineFailure.historyLost(
                    """
                    PostgreSQL remembers Kafka cluster \(known) for \(stage), but this is cluster \(clusterID): connect to the cluster that \
                    belongs to this database, or use a database of its own
                    """)
            }
            if let high = highs[partition], next > high {
                throw PipelineFailure.historyLost(
                    """
                    \(topic)/\(partition) ends at offset \(high), but PostgreSQL has committed up to \(next): Kafka went back in time or the \
                    topic was made anew; restore its records before going on
                    """)
            }
            if let low = lows[partition], next < low {
                throw PipelineFailure.historyLost(
                    """
                    \(topic)/\(partition) begins at offset \(low), but PostgreSQL has committed only up to \(next): records were removed \
                    before they were read, or PostgreSQL went back in time
                    """)
            }
        }
    }

    /// Next offsets of the partitions that this replica holds.
    package func heldOffsets(stage: String) async throws(PostgresFailure) -> [Int32: Int64] {
        let rows = try await pool.withConnection { connection throws(PostgresFailure) in
            try await connection.query(
                "SELECT partition, next_offset FROM pipeline.progress WHERE stage = $1 AND owner = $2 AND lease IS NOT NULL",
                [.text(stage), .text(replica)])
        }
        var offsets: [Int32: Int64] = [:]
        for row in rows { offsets[try row.int32("partition")] = try row.int64("next_offset") }
        return offsets
    }
}

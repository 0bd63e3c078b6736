package import Postgres

/// The activations of a stage in PostgreSQL: which version was asked for under which number, and whether its control records are sent.
///
/// Numbers are given before anything is sent, and what was not sent whole is sent again before anything later. So the control lane of
/// every partition has no gap, and what was sent twice is dropped by its number.
package struct ActivationLedger: Sendable {
    package struct Activation: Hashable, Sendable {
        package var sequence: Int64
        /// Content hash of the version.
        package var artifact: [UInt8]
    }

    /// A replica that can be trusted to be alive, and whether it has a version loaded.
    package struct Replica: Hashable, Sendable {
        package var name: String
        package var isLoaded: Bool
    }

    private let pool: PostgresPool
    private let stage: String

    package init(pool: PostgresPool, stage: String) {
        self.pool = pool
        self.stage = stage
    }

    /// The stage's live replicas by PostgreSQL's clock, by name.
    package func replicas(loading artifact: [UInt8]) async throws(PostgresFailure) -> [Replica] {
        let stage = stage
        let rows = try await pool.withConnection { connection throws(PostgresFailure) in
            try await connection.query(
                """
                SELECT owner, $2 = ANY (loaded) AS is_loaded FROM pipeline.replica
                WHERE stage = $1 AND deadline > clock_timestamp() ORDER BY owner
                """, [.text(stage), .bytea(artifact)])
        }
        var replicas: [Replica] = []
        for row in rows { replicas.append(Replica(name: try row.text("owner"), isLoaded: try row.bool("is_loaded"))) }
        return replicas
    }

    /// Gives the next number to a version, unless the newest activation is for that very version and still unsent.
    ///
    /// - Returns: All activations that are not sent yet, in order; the last one is the one asked for.
    package func ask(for artifact: [UInt8]) async throws(PostgresFailure) -> [Activation] {
        let stage = stage
        return try await pool.withConnection { connection throws(PostgresFailure) in
            try await connection.transaction { session throws(PostgresFailure) in
                // The number must survive whatever is sent under it.
                _ = try session.execute("SET LOCAL synchronous_commit = on")
                _ = try session.query("SELECT pg_advisory_xact_lock(hashtextextended('pipeline.activation ' || $1, 0))", [.text(stage)])
                var unsent = try ActivationLedger.unsent(session, stage)
                if unsent.last?.artifact != artifact {
                    let rows = try session.query(
                        """
                        INSERT INTO pipeline.activation (stage, sequence, artifact)
                        SELECT $1, coalesce(max(sequence) + 1, 0), $2 FROM pipeline.activation WHERE stage = $1
                        RETURNING sequence
                        """, [.text(stage), .bytea(artifact)])
                    for row in rows { unsent.append(Activation(sequence: try row.int64("sequence"), artifact: artifact)) }
                }
                return .commit(unsent)
            }
        }
    }

    private static func unsent(_ session: PostgresSession, _ stage: String) throws(PostgresFailure) -> [Activation] {
        let rows = try session.query(
            "SELECT sequence, artifact FROM pipeline.activation WHERE stage = $1 AND sent_at IS NULL ORDER BY sequence", [.text(stage)])
        var unsent: [Activation] = []
        for row in rows { unsent.append(Activation(sequence: try row.int64("sequence"), artifact: try row.bytea("artifact"))) }
        return unsent
    }

    /// Says that every partition has the control record.
    package func markSent(_ activation: Activation) async throws(PostgresFailure) {
        let stage = stage
        try await pool.withConnection { connection throws(PostgresFailure) in
            _ = try await connection.execute(
                "UPDATE pipeline.activation SET sent_at = coalesce(sent_at, clock_timestamp()) WHERE stage = $1 AND sequence = $2",
                [.text(stage), .int64(activation.sequence)])
        }
    }
}

internal import Hashing
package import Postgres

/// Applies migrations to a database: forward only, each in a transaction of its own together with its row in
/// `assay.assay_migrations`. An advisory lock keeps two runners apart; the second waits and then finds nothing to do.
package struct Migrator: Sendable {
    /// One migration that this run applied.
    package struct Step: Hashable, Sendable {
        package var migration: Migration
        package var duration: Duration
    }

    package struct Outcome: Hashable, Sendable {
        /// How many were there before.
        package var alreadyApplied: Int
        package var steps: [Step]
    }

    private let migrations: [Migration]
    /// "assay mi" in ASCII: the advisory lock that every runner takes.
    static let lockKey: Int64 = 0x6173_7361_7920_6d69

    /// - Parameter migrations: As ``MigrationFiles/read(directory:)`` gives them.
    package init(_ migrations: [Migration]) { self.migrations = migrations }

    /// What a run would do; changes nothing.
    package func plan(_ connection: PostgresConnection) async throws(MigrationFailure) -> MigrationPlan {
        try MigrationPlan(files: migrations, applied: try await applied(connection))
    }

    /// Applies what is pending, one after another; stops at the first that fails, which leaves the ones before it applied.
    ///
    /// - Parameter onStep: Told after each.
    package func migrate(
        _ connection: PostgresConnection, onStep: @Sendable (Step) -> Void = { _ in }
    ) async throws(MigrationFailure) -> Outcome {
        do { try await connection.execute("SELECT pg_advisory_lock($1)", [.int64(Migrator.lockKey)]) } catch {
            throw MigrationFailure(.database(error))
        }
        let result: Result<Outcome, MigrationFailure>
        do throws(MigrationFailure) { result = .success(try await migrateLocked(connection, onStep)) } catch { result = .failure(error) }
        // A lost session has lost the lock as well.
        _ = try? await connection.runUncancelled { session throws(PostgresFailure) in
            try session.execute("SELECT pg_advisory_unlock($1)", [.int64(Migrator.lockKey)])
        }
        return try result.get()
    }

    private func migrateLocked(
        _ connection: PostgresConnection, _ onStep: @Sendable (Step) -> Void
    ) async throws(MigrationFailure) -> Outcome {
        do {
            try await connection.executeScript(
                """
                SET client_min_messages = warning;
                CREATE SCHEMA IF NOT EXISTS assay;
                CREATE TABLE IF NOT EXISTS assay.assay_migrations (
                    number     integer     PRIMARY KEY,
                    name       text        NOT NULL,
                    checksum   bytea       NOT NULL CHECK (octet_length(checksum) = 32),
                    applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
                    duration   interval    NOT NULL
                );
                RESET client_min_messages;
                """)
        } catch { throw MigrationFailure(.database(error)) }
        let plan = try await plan(connection)
        var outcome = Outcome(alreadyApplied: plan.applied.count, steps: [])
        for migration in plan.pending {
            let step = try await apply(migration, connection)
            outcome.steps.append(step)
            onStep(step)
        }
        return outcome
    }

    private func apply(_ migration: Migration, _ connection: PostgresConnection) async throws(MigrationFailure) -> Step {
        let start = ContinuousClock.now
        let isWhole: Bool
        do {
            isWhole = try await connection.transaction { session throws(PostgresFailure) -> TransactionEnd<Bool> in
                let before = try session.query("SELECT pg_current_xact_id()::text").single().text(0)
                try session.executeScript(migration.sql)
                let after = try session.query("SELECT pg_current_xact_id()::text").single().text(0)
                guard before == after else { return .rollback(false) }
                try session.execute(
                    """
                    INSERT INTO assay.assay_migrations (number, name, checksum, duration)
                    VALUES ($1, $2, $3, clock_timestamp() - transaction_timestamp())
                    """,
                    [.int32(Int32(migration.number)), .text(migration.name), .bytea(migration.checksum.bytes)])
                return .commit(true)
            }
        } catch {
            // Only the file's own text has positions that mean something to its author.
            let line = error.operation == "script" ? error.position.map { migration.line(atCharacter: $0) } : nil
            throw MigrationFailure(.failed(file: migration.fileName, line: line, failure: error))
        }
        guard isWhole else { throw MigrationFailure(.endsTransaction(file: migration.fileName)) }
        return Step(migration: migration, duration: start.duration(to: .now))
    }

    private func applied(_ connection: PostgresConnection) async throws(MigrationFailure) -> [AppliedMigration] {
        do throws(PostgresFailure) {
            let isThere = try await connection.query("SELECT to_regclass('assay.assay_migrations') IS NOT NULL").single().bool(0)
            if !isThere { return [] }
            var applied: [AppliedMigration] = []
            for row in try await connection.query("SELECT number, name, checksum FROM assay.assay_migrations ORDER BY number") {
                // The table's own check gives it thirty-two bytes.
                guard let checksum = ContentHash(bytes: try row.bytea(2)) else { continue }
                applied.append(AppliedMigration(number: Int(try row.int32(0)), name: try row.text(1), checksum: checksum))
            }
            return applied
        } catch { throw MigrationFailure(.database(error)) }
    }
}

extension Migration {
    /// The line, from 1, of a character, from 1, as the server counts: Unicode scalars.
    func line(atCharacter position: Int) -> Int {
        sql.unicodeScalars.prefix(max(0, position - 1)).count { $0 == "\n" } + 1
    }
}

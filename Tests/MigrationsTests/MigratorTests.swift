import Foundation
import Hashing
import Migrations
import Postgres
import TestSupport
import Testing

/// The repository's own migrations.
private let directory =
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .path + "/migrations"

private let small = [
    Migration(number: 1, name: "first", sql: "CREATE TABLE a (n integer);"),
    Migration(number: 2, name: "second", sql: "INSERT INTO a VALUES (1); CREATE TABLE b (n integer);"),
]

private func withConnection<R>(_ body: (PostgresConnection, String) async throws -> R) async throws -> R {
    try await PostgresForTests.withDatabase { conninfo in
        let connection = try await PostgresConnection.connect(PostgresConfiguration(conninfo))
        let result = try await body(connection, conninfo)
        await connection.close()
        return result
    }
}

private func problem(_ body: () async throws -> Void) async -> MigrationFailure.Problem? {
    do {
        try await body()
        return nil
    } catch { return (error as? MigrationFailure)?.problems.first }
}

@Suite("Migrations on PostgreSQL", .timeLimit(.minutes(10)))
struct MigratorTests {
    @Test("All migrations of the suite apply to an empty database, and a second run does nothing")
    func appliesAll() async throws {
        let migrations = try MigrationFiles.read(directory: directory)
        try await withConnection { (connection: PostgresConnection, _: String) async throws in
            let migrator = Migrator(migrations)
            #expect(try await migrator.plan(connection).pending.count == migrations.count)
            let first = try await migrator.migrate(connection)
            #expect(first.alreadyApplied == 0)
            #expect(first.steps.map(\.migration) == migrations)
            let second = try await migrator.migrate(connection)
            #expect(second.alreadyApplied == migrations.count)
            #expect(second.steps.isEmpty)
            let rows = try await connection.query(
                "SELECT count(*), bool_and(duration >= interval '0' AND applied_at <= clock_timestamp()) FROM assay.assay_migrations")
            #expect(try rows.single().int64(0) == Int64(migrations.count))
            #expect(try rows.single().bool(1))
            // Views are checked only when they are read.
            for row in try await connection.query("SELECT viewname::text FROM pg_views WHERE schemaname = 'analytics'") {
                _ = try await connection.query("SELECT * FROM analytics.\(try row.text(0))")
            }
        }
    }

    @Test("An edited migration is refused by name with both checksums, and nothing is applied")
    func refusesEdited() async throws {
        try await withConnection { (connection: PostgresConnection, _: String) async throws in
            _ = try await Migrator(small).migrate(connection)
            var edited = small
            edited[0] = Migration(number: 1, name: "first", sql: "CREATE TABLE a (n bigint);")
            edited.append(Migration(number: 3, name: "third", sql: "CREATE TABLE c (n integer)"))
            let found = await problem { _ = try await Migrator(edited).migrate(connection) }
            #expect(found == .edited(file: "0001_first.sql", recorded: small[0].checksum, found: edited[0].checksum))
            #expect(found?.description.contains(small[0].checksum.description) == true)
            #expect(try await connection.query("SELECT to_regclass('c') IS NULL").single().bool(0))
        }
    }

    @Test("A migration that was applied and is missing is refused by name")
    func refusesMissing() async throws {
        try await withConnection { (connection: PostgresConnection, _: String) async throws in
            _ = try await Migrator(small).migrate(connection)
            let found = await problem { _ = try await Migrator([small[0]]).migrate(connection) }
            #expect(found == .missing(file: "0002_second.sql", recorded: small[1].checksum))
        }
    }

    @Test("A new migration numbered below an applied one is refused by name")
    func refusesOutOfOrder() async throws {
        try await withConnection { (connection: PostgresConnection, _: String) async throws in
            _ = try await Migrator(small).migrate(connection)
            try await connection.execute("DELETE FROM assay.assay_migrations WHERE number = 1")
            let found = await problem { _ = try await Migrator(small).migrate(connection) }
            #expect(found == .outOfOrder(file: "0001_first.sql", lastApplied: "0002_second.sql"))
        }
    }

    @Test("A failing migration is rolled back whole, and says file, line and SQLSTATE; those before it stay")
    func rollsBack() async throws {
        let bad = Migration(number: 3, name: "bad", sql: "CREATE TABLE c (n integer);\n-- é\n\nSELECT nothing FROM c;\n")
        try await withConnection { (connection: PostgresConnection, _: String) async throws in
            let found = await problem { _ = try await Migrator(small + [bad]).migrate(connection) }
            guard case .failed(let file, let line, let failure) = found else {
                Issue.record("expected a failed file, got \(String(describing: found))")
                return
            }
            #expect(file == "0003_bad.sql")
            #expect(line == 4)
            #expect(failure.sqlState == "42703")
            #expect(found?.description.contains("0003_bad.sql:4: ") == true)
            #expect(try await connection.query("SELECT to_regclass('c') IS NULL").single().bool(0))
            #expect(try await connection.query("SELECT count(*) FROM assay.assay_migrations").single().int64(0) == 2)
            let mended = small + [Migration(number: 3, name: "bad", sql: "CREATE TABLE c (n integer)")]
            #expect(try await Migrator(mended).migrate(connection).steps.count == 1)
        }
    }

    @Test("A migration that ends its own transaction is refused")
    func refusesCommit() async throws {
        let bad = Migration(number: 1, name: "bad", sql: "COMMIT; BEGIN;")
        try await withConnection { (connection: PostgresConnection, _: String) async throws in
            #expect(await problem { _ = try await Migrator([bad]).migrate(connection) } == .endsTransaction(file: "0001_bad.sql"))
        }
    }

    @Test("Of runners at once, each migration is applied by exactly one, and all succeed")
    func runnersAtOnce() async throws {
        var migrations = small
        migrations.append(Migration(number: 3, name: "slow", sql: "SELECT pg_sleep(0.2); CREATE TABLE c (n integer);"))
        let all = migrations
        try await PostgresForTests.withDatabase { conninfo in
            let counts = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        let connection = try await PostgresConnection.connect(PostgresConfiguration(conninfo))
                        let count = try await Migrator(all).migrate(connection).steps.count
                        await connection.close()
                        return count
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(counts.sorted() == [0, 0, 0, 3])
        }
    }
}

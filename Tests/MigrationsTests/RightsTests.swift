import Foundation
import Migrations
import Postgres
import TestSupport
import Testing

@Suite("Rights", .timeLimit(.minutes(10)))
struct RightsTests {
    private static let directory =
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path + "/migrations"

    private func withSchema(_ body: (PostgresConnection) async throws -> Void) async throws {
        let migrations = try MigrationFiles.read(directory: Self.directory)
        try await PostgresForTests.withDatabase { conninfo in
            let connection = try await PostgresConnection.connect(PostgresConfiguration(conninfo))
            _ = try await Migrator(migrations).migrate(connection)
            try await body(connection)
            await connection.close()
        }
    }

    /// The SQLSTATE that a statement ends with under a role; nil when it succeeds.
    private func state(_ sql: String, as role: String, _ connection: PostgresConnection) async throws -> String? {
        try await connection.execute("SET ROLE \(role)")
        let state: String?
        do {
            try await connection.execute(sql)
            state = nil
        } catch { state = error.sqlState ?? "\(error)" }
        try await connection.execute("RESET ROLE")
        return state
    }

    private static let event = """
        INSERT INTO ledger.event_log (event_time, topic, source_partition, source_offset, source_time, transaction_id, entities, event)
        VALUES ('2026-01-02', 0, 0, 0, now(), 't', '{c,m}', '')
        """

    @Test("Ingest appends events and makes their days, but neither changes nor removes them")
    func ingest() async throws {
        try await withSchema { (connection: PostgresConnection) async throws in
            func ingest(_ sql: String) async throws -> String? { try await state(sql, as: "assay_ingest", connection) }
            #expect(try await ingest("SELECT pipeline.ensure_days('ledger.event_log', ARRAY['2026-01-02'::date])") == nil)
            #expect(try await ingest(Self.event) == nil)
            for statement in [
                "UPDATE ledger.event_log SET topic = 1", "DELETE FROM ledger.event_log", "TRUNCATE ledger.event_log",
                "DELETE FROM ledger.rejected", "INSERT INTO scoring.activation VALUES (0, 0, 0, '')", "SELECT * FROM scoring.score",
                "DROP TABLE ledger.event_log", "DELETE FROM pipeline.incident", "UPDATE model.artifact SET name = ''",
                "SELECT * FROM ledger.event_log_20260102", "DELETE FROM ledger.event_log_20260102",
                "SELECT pipeline.ensure_days('pg_class', ARRAY['2026-01-02'::date])",
            ] {
                let state = try await ingest(statement)
                #expect(state != nil, "\(statement)")
                if !statement.contains("pg_class") { #expect(state == "42501", "\(statement)") }
            }
        }
    }

    @Test("The scorer appends scores and markers, but neither changes nor removes them")
    func scorer() async throws {
        try await withSchema { (connection: PostgresConnection) async throws in
            func scorer(_ sql: String) async throws -> String? { try await state(sql, as: "assay_scorer", connection) }
            #expect(try await scorer("SELECT pipeline.ensure_days('scoring.score', ARRAY['2026-01-02'::date])") == nil)
            for table in ["scoring.score", "scoring.marker", "scoring.activation", "ledger.event_log"] {
                #expect(try await scorer("SELECT * FROM \(table)") == nil)
                #expect(try await scorer("DELETE FROM \(table)") == "42501")
            }
            #expect(try await scorer("UPDATE scoring.score SET score = 0") == "42501")
        }
    }

    @Test("An analyst reads every view and writes nothing")
    func analyst() async throws {
        try await withSchema { (connection: PostgresConnection) async throws in
            for row in try await connection.query("SELECT viewname::text FROM pg_views WHERE schemaname = 'analytics'") {
                let view = try row.text(0)
                #expect(try await state("SELECT * FROM analytics.\(view)", as: "analyst", connection) == nil, "\(view)")
            }
            for row in try await connection.query(
                """
                SELECT format('%I.%I', schemaname, tablename)::text FROM pg_tables
                WHERE schemaname IN ('ledger', 'scoring', 'pipeline', 'model', 'scaling', 'assay')
                """)
            {
                let table = try row.text(0)
                #expect(try await state("DELETE FROM \(table)", as: "analyst", connection) == "42501", "\(table)")
            }
            #expect(try await state(Self.event, as: "analyst", connection) == "42501")
            #expect(try await state("CREATE TABLE analytics.x (n integer)", as: "analyst", connection) == "42501")
        }
    }
}

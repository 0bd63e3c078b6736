import Foundation
import LocalStack
import Postgres
import RiskDomain

/// Two ways of putting the same rows into the same empty table of a private PostgreSQL, timed.
struct CopyRace {
    let rows: EventRows
    let connection: PostgresConnection
    let conninfo: String
    /// All rows in PostgreSQL's binary format, for psql.
    let file: String

    enum Table: String, CaseIterable {
        case plain = "event_log_plain"
        case byDay = "event_log"
    }

    /// The real table and index, once whole and once in days.
    func makeTables() async throws {
        let columns = """
            event_time timestamptz NOT NULL, topic smallint NOT NULL, source_partition integer NOT NULL, source_offset bigint NOT NULL,
            source_time timestamptz NOT NULL, transaction_id text NOT NULL, entities text[] NOT NULL, amount_minor bigint, currency text,
            verdict smallint, transaction_time timestamptz, event bytea NOT NULL
            """
        var script = """
            CREATE TABLE event_log_plain (\(columns));
            CREATE INDEX ON event_log_plain (transaction_id);
            CREATE TABLE event_log (\(columns)) PARTITION BY RANGE (event_time);
            CREATE INDEX ON event_log (transaction_id);

            """
        for day in 0..<rows.dayCount {
            let from = rows.firstDay.micros / 1_000_000 + Int64(day) * 86_400
            script += """
                CREATE TABLE event_log_\(day) PARTITION OF event_log
                FOR VALUES FROM ('\(Self.day(from))') TO ('\(Self.day(from + 86_400))');

                """
        }
        try await connection.executeScript(script)
    }

    private static func day(_ unixSeconds: Int64) -> String {
        Date(timeIntervalSince1970: Double(unixSeconds)).formatted(.iso8601)
    }

    func writeFile() throws {
        var encoder = CopyBinaryEncoder()
        var event: [UInt8] = []
        rows.encode(0..<rows.count, event: &event, into: &encoder)
        var data = encoder.withUnsafeBytes { Data($0) }
        data.append(contentsOf: [0xFF, 0xFF])
        try data.write(to: URL(fileURLWithPath: file))
    }

    /// Same beginning for each run: empty tables, nothing left to write back.
    private func clear() async throws {
        try await connection.executeScript("TRUNCATE event_log_plain, event_log")
        try await connection.executeScript("CHECKPOINT")
    }

    /// Ours: rows encoded and copied in transactions of `batch` rows, as a partition commits them. Seconds.
    func ours(_ table: Table, batch: Int) async throws -> Double {
        try await clear()
        let rows = rows
        let target = "\(table.rawValue) (\(EventRows.columns))"
        let seconds = try await connection.run { session throws(PostgresFailure) in
            let start = ContinuousClock.now
            var encoder = CopyBinaryEncoder()
            var event: [UInt8] = []
            for first in stride(from: 0, to: rows.count, by: batch) {
                encoder.clear()
                rows.encode(first..<min(first + batch, rows.count), event: &event, into: &encoder)
                try session.transaction { session throws(PostgresFailure) in
                    try session.copy(into: target, from: encoder)
                    return .commit
                }
            }
            return start.duration(to: .now)
        }
        try await check(table)
        return seconds / .seconds(1)
    }

    /// `psql \copy` of the whole file in one transaction. Seconds as psql's `\timing` has them, so without its start.
    func psql(_ table: Table) async throws -> Double {
        try await clear()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", "\\timing on", "-c",
            "\\copy \(table.rawValue) (\(EventRows.columns)) from '\(file)' with (format binary)", conninfo,
        ]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let text = String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0, let line = text.split(separator: "\n").last(where: { $0.hasPrefix("Time: ") }),
            let millis = line.split(separator: " ").dropFirst().first.flatMap({ Double($0) })
        else { throw Failure(description: "psql ended with \(process.terminationStatus) and said: \(text)") }
        try await check(table)
        return millis / 1_000
    }

    private func check(_ table: Table) async throws {
        let count = try await connection.query("SELECT count(*) AS n FROM \(table.rawValue)").single().int64("n")
        guard count == rows.count else { throw Failure(description: "\(table.rawValue) has \(count) rows, not \(rows.count)") }
    }

    struct Failure: Error, CustomStringConvertible { var description: String }
}

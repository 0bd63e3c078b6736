import Postgres
import ServiceRuntime

/// What a demo comes to, read from the database.
struct DemoReport: Sendable {
    private var sent: Demo.Sent
    private var stored: Int64
    private var scored: Int64
    private var rejected: Int64
    private var repeated: Int64
    private var incidents: Int64
    /// Of the live days, by word.
    private var decisions: [(word: String, count: Int64, frauds: Int64)] = []
    private var liveFrauds: Int64 = 0
    private var perSecond: Double?
    /// Milliseconds: p50 and p99.
    private var toScore: (Double, Double)?
    private var toSQL: (Double, Double)?
    var memory: [(name: String, bytes: Int)] = []
    private var samples: [(question: String, sql: String, answer: TextTable)] = []

    init(_ connection: PostgresConnection, sent: Demo.Sent, liveStart: String) async throws {
        self.sent = sent
        let counts = try await connection.query(
            """
            SELECT (SELECT count(*) FROM ledger.event_log WHERE topic = 0) AS stored, (SELECT count(*) FROM scoring.score) AS scored,
                   (SELECT count(*) FROM ledger.rejected WHERE topic = 0) AS rejected,
                   (SELECT count(*) FROM scoring.marker WHERE marker IN (1, 2)) AS repeated,
                   (SELECT count(*) FROM pipeline.incident) AS incidents
            """
        ).single()
        stored = try counts.int64("stored")
        scored = try counts.int64("scored")
        rejected = try counts.int64("rejected")
        repeated = try counts.int64("repeated")
        incidents = try counts.int64("incidents")
        try await readDecisions(connection, liveStart)
        try await readTimes(connection, liveStart)
        for sample in DemoReport.questions {
            samples.append((sample.question, sample.sql, try await DemoReport.answer(sample.sql, connection)))
        }
    }

    private mutating func readDecisions(_ connection: PostgresConnection, _ liveStart: String) async throws {
        let rows = try await connection.query(
            """
            WITH fraud AS (SELECT DISTINCT transaction_id FROM ledger.event_log WHERE topic = 1 AND verdict IN (1, 2))
            SELECT analytics.decision_word(s.decision) AS word, count(*) AS count, count(f.transaction_id) AS frauds
            FROM scoring.score s LEFT JOIN fraud f USING (transaction_id)
            WHERE s.event_time >= $1::text::timestamptz GROUP BY s.decision ORDER BY s.decision
            """, [.text("\(liveStart) 00:00:00+00")])
        for row in rows { decisions.append((try row.text("word"), try row.int64("count"), try row.int64("frauds"))) }
        liveFrauds = decisions.reduce(0) { $0 + $1.frauds }
    }

    private mutating func readTimes(_ connection: PostgresConnection, _ liveStart: String) async throws {
        let border = PostgresValue.text("\(liveStart) 00:00:00+00")
        let speed = try await connection.query(
            """
            SELECT (count(*) / nullif(extract(epoch FROM max(stored_at) - min(source_time)), 0))::float8 AS per_second
            FROM scoring.score WHERE event_time < $1::text::timestamptz
            """, [border]
        ).single()
        perSecond = try speed.optional("per_second", as: Double.self)
        let latency = try await connection.query(
            """
            SELECT percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY latency_micros / 1000.0) AS score,
                   percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM stored_at - source_time)::float8 * 1000) AS sql
            FROM scoring.score WHERE event_time >= $1::text::timestamptz
            """, [border]
        ).single()
        toScore = try DemoReport.pair(latency, "score")
        toSQL = try DemoReport.pair(latency, "sql")
    }

    private static func pair(_ row: PostgresRow, _ column: PostgresColumn) throws -> (Double, Double)? {
        guard let values = try row.optionalArray(column, of: Double.self), values.count == 2, let low = values[0], let high = values[1]
        else {
            return nil
        }
        return (low, high)
    }

    // MARK: Questions

    private static let questions: [(question: String, sql: String)] = [
        (
            "The latest alerts, with reasons",
            "SELECT event_time, customer, terminal, amount, score, decision, reasons FROM analytics.alert ORDER BY event_time DESC LIMIT 3"
        ),
        (
            "Fraud caught per day",
            "SELECT day, frauds, caught, caught_percent, amount_caught, amount_missed FROM analytics.caught_per_day ORDER BY day DESC LIMIT 5"
        ),
        (
            "What happened to the customer with the most alerts",
            "SELECT at, what, detail FROM analytics.timeline WHERE customer = (SELECT customer FROM analytics.alert GROUP BY 1 ORDER BY count(*) DESC LIMIT 1) ORDER BY at DESC LIMIT 5"
        ),
    ]

    /// Any query's rows as text.
    private static func answer(_ sql: String, _ connection: PostgresConnection) async throws -> TextTable {
        let cells = try await connection.query(
            """
            SELECT r.n, j.key, coalesce(j.value, '') AS value
            FROM (SELECT row_number() OVER () AS n, row_to_json(q) AS row FROM (\(sql)) q) r,
                 LATERAL json_each_text(r.row) WITH ORDINALITY AS j (key, value, place)
            ORDER BY r.n, j.place
            """)
        var names: [String] = []
        var rows: [[String]] = []
        var last: Int64 = 0
        for cell in cells {
            let number = try cell.int64("n")
            if number != last { rows.append([]) }
            last = number
            if number == 1 { names.append(try cell.text("key")) }
            rows[rows.count - 1].append(String(try cell.text("value").prefix(120)))
        }
        var table = TextTable(columns: names)
        for row in rows where row.count == names.count { table.append(row) }
        return table
    }

    // MARK: Telling

    /// - Throws: When something that was sent is not accounted for.
    func check() throws {
        guard scored + rejected + repeated == Int64(sent.transactions) else {
            throw StackFailure(
                description:
                    "\(sent.transactions) transactions were sent, but \(scored) scored, \(rejected) rejected and \(repeated) repeated")
        }
    }

    func text(directory: String, elapsed: Duration) -> String {
        var table = TextTable(columns: ["what", "result"])
        func row(_ what: String, _ result: String) { table.append([what, result]) }
        func count(_ number: Int64) -> String { TextNumber.grouped(Int(number)) }
        row("transactions sent", count(Int64(sent.transactions)))
        row("in the event log", count(stored))
        row("scored", count(scored))
        row("rejected", count(rejected))
        if repeated > 0 { row("repeated", count(repeated)) }
        row("outcomes sent", count(Int64(sent.outcomes)))
        let live = decisions.reduce(0) { $0 + $1.count }
        row("live transactions", "\(count(live)), \(count(liveFrauds)) of them frauds")
        for decision in decisions { row("  \(decision.word)", "\(count(decision.count)), \(count(decision.frauds)) of them frauds") }
        row("review or decline", quality(["review", "decline"]))
        row("decline", quality(["decline"]))
        row("throughput", perSecond.map { "\(TextNumber.grouped(Int($0))) transactions/s (the history, as fast as it goes)" } ?? "-")
        row("producer to score", milliseconds(toScore))
        row("producer to SQL", milliseconds(toSQL))
        row("incidents", count(incidents))
        for (name, bytes) in memory { row("memory of \(name)", "\(bytes >> 20) MiB") }
        row("whole demo", "\(TextNumber.fixed(elapsed / .seconds(1), decimals: 1)) s")
        var text = "\n" + table.render()
        for sample in samples {
            text +=
                "\n\(sample.question):\n  \(sample.sql);\n" + sample.answer.render().split(separator: "\n").map { "    \($0)\n" }.joined()
        }
        return text + "\nTo ask yourself: assay demo --keep, then make psql STACK=\(directory)"
    }

    private func quality(_ words: [String]) -> String {
        let flagged = decisions.filter { words.contains($0.word) }
        let count = flagged.reduce(0) { $0 + $1.count }
        let caught = flagged.reduce(0) { $0 + $1.frauds }
        func share(_ part: Int64, _ whole: Int64) -> String {
            whole == 0 ? "-" : "\(TextNumber.fixed(100 * Double(part) / Double(whole), decimals: 1)) %"
        }
        return "precision \(share(caught, count)), recall \(share(caught, liveFrauds))"
    }

    private func milliseconds(_ pair: (Double, Double)?) -> String {
        guard let pair else { return "-" }
        return "p50 \(TextNumber.fixed(pair.0, decimals: 1)) ms, p99 \(TextNumber.fixed(pair.1, decimals: 1)) ms (the live days)"
    }
}

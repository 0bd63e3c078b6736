import Features
import Intake
import Postgres
import RiskDomain
import ServiceRuntime

/// Transactions and outcomes as the ledger keeps them; outcomes have the times at which they really became known.
struct LedgerHistory {
    var configuration: PostgresConfiguration
    var entityCount: Int
    var progress: ProgressBar.Output

    private struct Key: Hashable {
        var id: String
        var time: Int64
    }

    private static let span = "SELECT min(event_time) AS first, max(event_time) AS last FROM ledger.event_log"
    private static let day = """
        SELECT event_time, topic, transaction_id, entities, amount_minor, currency, verdict, transaction_time
        FROM ledger.event_log WHERE event_time >= $1 AND event_time < $2
        ORDER BY event_time, source_partition, source_offset
        """

    /// Reads the whole ledger day by day, as one snapshot.
    ///
    /// An outcome belongs to the first transaction with its id and time; one that has none is left out, as in the streaming path.
    ///
    /// - Throws: `PostgresFailure`, or ``TrainerFault`` about a row that cannot be used.
    func read() async throws -> LabelledHistory {
        let connection = try await PostgresConnection.connect(configuration)
        let result: Result<LabelledHistory, TrainerFault>
        do {
            result = try await connection.transaction(TransactionOptions(isolation: .repeatableRead, isReadOnly: true)) {
                session throws(PostgresFailure) in .commit(try history(session))
            }
        } catch {
            await connection.close()
            throw error
        }
        await connection.close()
        return try result.get()
    }

    private func history(_ session: PostgresSession) throws(PostgresFailure) -> Result<LabelledHistory, TrainerFault> {
        var history = LabelledHistory()
        let span = try session.query(LedgerHistory.span, []).single()
        guard let first = try span.optional("first", as: PostgresTimestamp.self),
            let last = try span.optional("last", as: PostgresTimestamp.self)
        else { return .success(history) }
        let days = EventTime(micros: first.unixMicros).day...EventTime(micros: last.unixMicros).day
        let bar = ProgressBar("Reading ledger.event_log", total: days.count, unit: "days", output: progress)
        var places: [Key: Int] = [:]
        var pending: [(key: Key, time: EventTime, verdict: Verdict)] = []
        for day in days {
            let from = PostgresTimestamp(unixMicros: Int64(day) * EventTime.microsPerDay)
            let until = PostgresTimestamp(unixMicros: from.unixMicros + EventTime.microsPerDay)
            for row in try session.query(LedgerHistory.day, [.timestamptz(from), .timestamptz(until)]) {
                let id = try row.text(2)
                let time = EventTime(micros: try row.timestamptz(0).unixMicros)
                if try row.int16(1) == Int16(SourceTopic.transactions.rawValue) {
                    let code = try row.text(5)
                    guard let currency = Currency(code: code.utf8) else {
                        return .failure(TrainerFault("ledger.event_log: transaction \(id) has the unknown currency \(code)"))
                    }
                    let entities = try row.array(3, of: String.self).map { Array(($0 ?? "").utf8) }
                    guard entities.count >= entityCount else {
                        return .failure(
                            TrainerFault(
                                "ledger.event_log: transaction \(id) has \(entities.count) entities, the features file wants \(entityCount)"
                            ))
                    }
                    let key = Key(id: id, time: time.micros)
                    if places[key] == nil { places[key] = history.transactions.count }
                    history.transactions.append(
                        OfflineTransaction(
                            id: Array(id.utf8), time: time, amountMinor: try row.int64(4), currencyExponent: currency.exponent,
                            entities: entities))
                } else if let verdict = Verdict(rawValue: UInt8(truncatingIfNeeded: try row.int16(6))) {
                    pending.append((Key(id: id, time: try row.timestamptz(7).unixMicros), time, verdict))
                }
            }
            bar.advance()
        }
        bar.finish()
        history.outcomes = pending.compactMap { outcome in
            places[outcome.key].map { OfflineOutcome(transaction: $0, time: outcome.time, verdict: outcome.verdict) }
        }
        return .success(history)
    }
}

import Postgres
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10)))
struct TransactionTests {
    private static let progress = "UPDATE progress SET next_offset = $1 WHERE next_offset = $2 AND lease = $3"

    private func prepare(_ connection: PostgresConnection) async throws {
        try await connection.executeScript(
            """
            CREATE TABLE events (id bigint PRIMARY KEY, body text NOT NULL);
            CREATE TABLE features (id bigint, value double precision);
            CREATE TABLE progress (next_offset bigint NOT NULL, lease uuid NOT NULL);
            INSERT INTO progress VALUES (0, '00000000-0000-0000-0000-000000000007');
            """)
    }

    private func events(_ ids: Range<Int64>) -> CopyBinaryEncoder {
        var encoder = CopyBinaryEncoder()
        for id in ids {
            encoder.beginRow(fieldCount: 2)
            encoder.int64(id)
            encoder.text("event \(id)")
        }
        return encoder
    }

    private func commit(_ connection: PostgresConnection, _ ids: Range<Int64>, lease: UInt64) async throws -> Bool {
        let events = events(ids)
        var features = CopyBinaryEncoder()
        for id in ids {
            features.beginRow(fieldCount: 2)
            features.int64(id)
            features.double(Double(id) / 3)
        }
        return try await connection.transaction { [features] tx throws(PostgresFailure) in
            try tx.copy(into: "events (id, body)", from: events)
            try tx.copy(into: "features (id, value)", from: features)
            let touched = try tx.execute(
                Self.progress, [.int64(ids.upperBound), .int64(ids.lowerBound), .uuid(PostgresUUID(high: 0, low: lease))])
            return touched == 1 ? .commit(true) : .rollback(false)
        }
    }

    @Test func aBatchCommitsItsRowsAndItsOffsetTogether() async throws {
        try await withConnection { connection in
            try await prepare(connection)
            for batch in 0..<5 as Range<Int64> {
                #expect(try await commit(connection, batch * 10..<batch * 10 + 10, lease: 7))
            }
            let row = try await connection.query(
                "SELECT (SELECT count(*) FROM events) AS events, (SELECT count(*) FROM features) AS features, next_offset FROM progress"
            ).single()
            #expect(try row.int64("events") == 50)
            #expect(try row.int64("features") == 50)
            #expect(try row.int64("next_offset") == 50)
        }
    }

    @Test func aFencedBatchLeavesNothing() async throws {
        try await withConnection { connection in
            try await prepare(connection)
            #expect(try await commit(connection, 0..<10, lease: 8) == false)
            #expect(try await connection.query("SELECT * FROM events").isEmpty)
            #expect(await connection.isIdle)
            #expect(try await commit(connection, 0..<10, lease: 7))
        }
    }

    @Test func aFailedCopyNamesItsConstraintAndRollsBack() async throws {
        try await withConnection { connection in
            try await prepare(connection)
            #expect(try await commit(connection, 0..<10, lease: 7))
            let failure = await failure { try await commit(connection, 5..<15, lease: 7) }
            #expect(failure?.sqlState == "23505")
            #expect(failure?.tableName == "events")
            #expect(failure?.constraintName == "events_pkey")
            #expect(failure?.description.contains("(5)") == false)
            #expect(failure?.debugDescription.contains("(id)=(5)") == true)
            #expect(await connection.isIdle)
            #expect(try await connection.query("SELECT * FROM events").count == 10)
        }
    }

    @Test func aSavepointUndoesItsPartOnly() async throws {
        try await withConnection { connection in
            try await prepare(connection)
            let events = events(0..<3)
            let inner = try await connection.transaction { tx throws(PostgresFailure) -> TransactionEnd<[String]> in
                try tx.copy(into: "events", from: events)
                var outcomes: [String] = []
                do throws(PostgresFailure) {
                    try tx.savepoint { tx throws(PostgresFailure) -> TransactionEnd<Void> in
                        try tx.execute("INSERT INTO events VALUES ($1, $2)", [.int64(10), .text("kept?")])
                        try tx.copy(into: "events", from: events)
                        return .commit
                    }
                } catch { outcomes.append(error.sqlState ?? "") }
                outcomes.append(
                    try tx.transaction { tx throws(PostgresFailure) -> TransactionEnd<String> in
                        try tx.execute("INSERT INTO events VALUES (11, 'eleven')")
                        try tx.savepoint { tx throws(PostgresFailure) -> TransactionEnd<Void> in
                            try tx.execute("INSERT INTO events VALUES (12, 'twelve')")
                            return .rollback
                        }
                        return .commit("nested")
                    })
                return .commit(outcomes)
            }
            #expect(inner == ["23505", "nested"])
            let ids = try await connection.query("SELECT id FROM events ORDER BY id").map { try $0.int64("id") }
            #expect(ids == [0, 1, 2, 11])
        }
    }

    @Test func aTransactionThatDoesNothingTalksToNobody() async throws {
        try await withConnection { connection in
            try await connection.transaction { _ throws(PostgresFailure) -> TransactionEnd<Void> in .commit }
            #expect(await connection.isIdle)
        }
    }

    @Test func aSwallowedErrorDoesNotLookCommitted() async throws {
        try await withConnection { connection in
            try await prepare(connection)
            let failure = await failure {
                try await connection.transaction { tx throws(PostgresFailure) -> TransactionEnd<Void> in
                    try tx.execute("INSERT INTO events VALUES (1, 'one')")
                    do throws(PostgresFailure) { try tx.execute("SELECT 1/0") } catch {}
                    return .commit
                }
            }
            #expect(failure?.sqlState == "25P02")
            #expect(failure?.isCommitOutcomeUnknown == false)
            #expect(try await connection.query("SELECT * FROM events").isEmpty)
        }
    }

    @Test func optionsReachTheServer() async throws {
        try await withConnection { connection in
            let options = TransactionOptions(isolation: .serializable, isReadOnly: true)
            let level = try await connection.transaction(options) { tx throws(PostgresFailure) in
                .commit(try tx.query("SHOW transaction_isolation").single().text(0))
            }
            #expect(level == "serializable")
            let failure = await failure {
                try await connection.transaction(options) { tx throws(PostgresFailure) -> TransactionEnd<Void> in
                    try tx.executeScript("CREATE TABLE refused ()")
                    return .commit
                }
            }
            #expect(failure?.sqlState == "25006")
        }
    }

    @Test func aSerializationFailureIsRetriedAndThenCommits() async throws {
        try await PostgresForTests.withDatabase { conninfo in
            let first = try await PostgresConnection.connect(PostgresConfiguration(conninfo))
            let second = try await PostgresConnection.connect(PostgresConfiguration(conninfo))
            try await first.executeScript("CREATE TABLE counter (n bigint); INSERT INTO counter VALUES (0)")
            let options = TransactionOptions(isolation: .serializable)
            // The first attempt reads, then another connection writes the row before it does.
            try await second.executeScript("BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT n FROM counter")
            try await first.transaction(options) { tx throws(PostgresFailure) -> TransactionEnd<Void> in
                try tx.execute("UPDATE counter SET n = n + 1")
                return .commit
            }
            let failure = await failure { try await second.execute("UPDATE counter SET n = n + 1") }
            #expect(failure?.sqlState == "40001")
            #expect(failure?.isRetriable == true)
            try await second.executeScript("ROLLBACK")

            // The policy does the same by itself: many writers of one row, none lost.
            try await withThrowingTaskGroup(of: Void.self) { group in
                for connection in [first, second] {
                    group.addTask {
                        for _ in 0..<20 {
                            try await connection.transaction(
                                options, retrying: RetryPolicy(attemptCountMax: 50) { .microseconds($0 * 200) }
                            ) {
                                tx throws(PostgresFailure) -> TransactionEnd<Void> in
                                let n = try tx.query("SELECT n FROM counter").single().int64("n")
                                try tx.execute("UPDATE counter SET n = $1", [.int64(n + 1)])
                                return .commit
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await first.query("SELECT n FROM counter").single().int64(0) == 41)
            await first.close()
            await second.close()
        }
    }

    @Test func aDeadlockIsRetriable() async throws {
        try await PostgresForTests.withDatabase { conninfo in
            let first = try await PostgresConnection.connect(PostgresConfiguration(conninfo))
            let second = try await PostgresConnection.connect(PostgresConfiguration(conninfo))
            try await first.executeScript("CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 0), (2, 0)")
            try await first.executeScript("BEGIN; UPDATE t SET n = 1 WHERE id = 1")
            try await second.executeScript("BEGIN; UPDATE t SET n = 2 WHERE id = 2")
            async let one = failure { try await first.execute("UPDATE t SET n = 1 WHERE id = 2") }
            async let two = failure {
                try await second.execute("UPDATE t SET n = 2 WHERE id = 1")
            }
            let failures = await [one, two].compactMap { $0 }
            #expect(failures.map(\.sqlState) == ["40P01"])
            #expect(failures.allSatisfy { $0.isRetriable })
            await first.close()
            await second.close()
        }
    }
}

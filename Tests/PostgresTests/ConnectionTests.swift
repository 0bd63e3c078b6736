import Postgres
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10)))
struct ConnectionTests {
    @Test func aPipelineGivesResultsInOrderAndNamesWhatFailed() async throws {
        try await withConnection { connection in
            try await connection.executeScript("CREATE TABLE t (a int8 PRIMARY KEY)")
            let inserts = (0..<300 as Range<Int64>).map { PostgresStatement("INSERT INTO t VALUES ($1) RETURNING a", [.int64($0)]) }
            let results = try await connection.pipeline(inserts)
            #expect(try results.map { try $0.single().int64("a") } == Array(0..<300))

            let failure = await failure {
                try await connection.pipeline([
                    PostgresStatement("INSERT INTO t VALUES ($1)", [.int64(1_000)]),
                    PostgresStatement("INSERT INTO t VALUES ($1)", [.int64(5)]),
                    PostgresStatement("INSERT INTO t VALUES ($1)", [.int64(1_001)]),
                ])
            }
            #expect(failure?.sqlState == "23505")
            #expect(failure?.summary == "statement 2 of 3; the rest was aborted")
            #expect(try await connection.query("SELECT count(*) FROM t").single().int64(0) == 300)

            // Inside a transaction the BEGIN travels along.
            let sum = try await connection.transaction { tx throws(PostgresFailure) -> TransactionEnd<Int64> in
                let rows = try tx.pipeline([
                    PostgresStatement("DELETE FROM t WHERE a > 10"), PostgresStatement("SELECT sum(a)::int8 FROM t"),
                ])
                return .rollback(try rows[1].single().int64(0))
            }
            #expect(sum == 55)
            #expect(try await connection.query("SELECT count(*) FROM t").single().int64(0) == 300)
        }
    }

    @Test func aLargePipelineDoesNotDeadlock() async throws {
        try await withConnection { connection in
            let wide = [PostgresStatement](
                repeating: PostgresStatement("SELECT $1::bytea", [.bytea([UInt8](repeating: 1, count: 100_000))]), count: 200)
            let results = try await connection.pipeline(wide)
            #expect(try results.allSatisfy { try $0.single().bytea(0).count == 100_000 })
        }
    }

    @Test func aTerminatedBackendIsALostConnection() async throws {
        try await PostgresForTests.withDatabase { conninfo in
            let victim = try await PostgresConnection.connect(PostgresConfiguration(conninfo))
            let killer = try await PostgresConnection.connect(PostgresConfiguration(conninfo))
            let id = try await victim.run { session throws(PostgresFailure) in session.backendID }
            try await victim.executeScript("CREATE TABLE t (a int)")
            // Between the statements of a transaction.
            try await victim.executeScript("BEGIN; INSERT INTO t VALUES (1)")
            #expect(try await killer.query("SELECT pg_terminate_backend($1, 10000)", [.int32(id)]).single().bool(0))
            let lost = await failure { try await victim.execute("INSERT INTO t VALUES (2)") }
            #expect(lost?.isConnectionLost == true)
            #expect(lost?.isCommitOutcomeUnknown == false)
            #expect(await victim.isIdle == false)
            #expect(await failure { try await victim.query("SELECT 1") }?.isConnectionLost == true)
            #expect(try await killer.query("SELECT * FROM t").isEmpty)
            await victim.close()
            await killer.close()
        }
    }

    @Test func aConnectionCutAtCommitSaysThatTheOutcomeIsUnknown() async throws {
        try await withConnection { connection in
            // A deferred trigger runs inside COMMIT and ends its own backend there.
            try await connection.executeScript(
                """
                CREATE TABLE t (a int);
                CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END';
                CREATE CONSTRAINT TRIGGER die AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION die();
                """)
            let failure = await failure {
                try await connection.transaction { tx throws(PostgresFailure) -> TransactionEnd<Void> in
                    try tx.execute("INSERT INTO t VALUES (1)")
                    return .commit
                }
            }
            #expect(failure?.isConnectionLost == true)
            #expect(failure?.isCommitOutcomeUnknown == true)
            #expect(failure?.operation == "COMMIT")
            #expect(failure?.sqlState == "57P01")
        }
    }

    @Test func anErrorAtCommitIsAKnownOutcome() async throws {
        try await withConnection { connection in
            try await connection.executeScript("CREATE TABLE t (a int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
            let failure = await failure {
                try await connection.transaction { tx throws(PostgresFailure) -> TransactionEnd<Void> in
                    try tx.execute("INSERT INTO t VALUES (1), (1)")
                    return .commit
                }
            }
            #expect(failure?.sqlState == "23505")
            #expect(failure?.isCommitOutcomeUnknown == false)
            #expect(await connection.isIdle)
        }
    }

    @Test func aCancelledTaskCancelsItsStatementAndKeepsTheConnection() async throws {
        try await withConnection { connection in
            let sleeper = Task { await failure { try await connection.query("SELECT pg_sleep(60)") } }
            sleeper.cancel()
            #expect(await sleeper.value?.kind == .cancelled)

            let transaction = Task {
                await failure {
                    try await connection.transaction { tx throws(PostgresFailure) -> TransactionEnd<Void> in
                        try tx.executeScript("CREATE TABLE t (a int)")
                        _ = try tx.query("SELECT pg_sleep(60)")
                        return .commit
                    }
                }
            }
            transaction.cancel()
            #expect(await transaction.value?.kind == .cancelled)
            #expect(await connection.isIdle)
            let isAbsent = try await connection.query("SELECT to_regclass('t') IS NULL").single().bool(0)
            #expect(isAbsent)
        }
    }

    @Test func cancelReachesARunningStatementOnly() async throws {
        try await withConnection { connection in
            connection.cancel()
            let answer = try await connection.query("SELECT 1").single().int32(0)
            #expect(answer == 1)
            let (started, latch) = AsyncStream<Void>.makeStream()
            async let outcome = failure {
                try await connection.run { session throws(PostgresFailure) in
                    latch.yield()
                    _ = try session.query("SELECT pg_sleep(60)")
                }
            }
            for await _ in started { break }
            connection.cancel()
            let cancelled = await outcome
            #expect(cancelled?.kind == .cancelled)
            #expect(try await connection.query("SELECT 1").single().int32(0) == 1)
        }
    }

    @Test func notificationsArriveWithoutAsking() async throws {
        try await PostgresForTests.withDatabase { conninfo in
            let listener = try await PostgresConnection.connect(PostgresConfiguration(conninfo))
            let speaker = try await PostgresConnection.connect(PostgresConfiguration(conninfo))
            let stream = try await listener.listen(to: ["news", "Odd \"name\""])
            try await speaker.executeScript(
                "NOTIFY news, 'one'; NOTIFY \"Odd \"\"name\"\"\", 'two'; NOTIFY other, 'no'; NOTIFY news, 'three'")
            var heard: [String] = []
            for await notification in stream {
                heard.append(notification.payload)
                if heard.count == 3 { break }
            }
            #expect(heard == ["one", "two", "three"])
            // A lost connection ends the stream.
            let second = try await listener.listen(to: ["news"])
            let id = try await listener.run { session throws(PostgresFailure) in session.backendID }
            _ = try await speaker.query("SELECT pg_terminate_backend($1)", [.int32(id)])
            for await _ in second {}
            await listener.close()
            await speaker.close()
        }
    }

    @Test func noticesGoToTheirClosure() async throws {
        let sink = NoticeBox()
        let listening = Adjustment { $0.onNotice = { sink.add($0) } }
        try await withConnection(listening) { connection in
            try await connection.executeScript("DO $$ BEGIN RAISE WARNING 'careful'; END $$")
        }
        #expect(sink.notices.map(\.message) == ["careful"])
        #expect(sink.notices.map(\.severity) == ["WARNING"])
        #expect(sink.notices.map(\.sqlState) == ["01000"])
    }

    @Test func optionsAndTimeoutsReachTheSession() async throws {
        let adjusted = Adjustment {
            $0.applicationName = "the tests"
            $0.statementTimeoutMillis = 2_000
            $0.settings = [.init("search_path", "one, public")]
        }
        try await withConnection(adjusted) { connection in
            let row = try await connection.query(
                "SELECT current_setting('application_name') AS name, current_setting('search_path') AS path"
            ).single()
            #expect(try row.text("name") == "the tests")
            #expect(try row.text("path") == "one, public")
            #expect(await failure { try await connection.query("SELECT pg_sleep(60)") }?.sqlState == "57014")
        }
    }

    @Test func failuresToConnectCarryTheirStateAndNoSecret() async throws {
        try await PostgresForTests.withDatabase { conninfo in
            let absent = await failure { try await PostgresConnection.connect(PostgresConfiguration(conninfo + " dbname=absent")) }
            #expect(absent?.sqlState == "3D000")
            #expect(absent?.isConnectionLost == true)
            let refused = await failure { try await PostgresConnection.connect(PostgresConfiguration("host=127.0.0.1 port=1")) }
            #expect(refused?.isConnectionLost == true)
            var configuration = PostgresConfiguration("postgresql://me:hunter2@somewhere/db")
            configuration.password = "hunter3"
            #expect(configuration.description == "PostgreSQL host=somewhere dbname=db user=me")
            #expect(
                !"\(String(reflecting: configuration)) \(Mirror(reflecting: configuration).children.map { "\($0.value)" })".contains(
                    "hunter"))
            let malformed = await failure { try await PostgresConnection.connect(PostgresConfiguration("password=hunter2 what")) }
            #expect(malformed?.kind == .usage)
            #expect(malformed?.description.contains("what") == false)
            let standby = await failure {
                var configuration = PostgresConfiguration(conninfo)
                configuration.targetSession = .standby
                return try await PostgresConnection.connect(configuration)
            }
            #expect(standby?.isConnectionLost == true)
        }
    }

    @Test func connectRetryingGivesUpOnlyWhenItMust() async throws {
        let nobody = PostgresConfiguration("host=127.0.0.1 port=1")
        let late = await failure { try await PostgresConnection.connectRetrying(nobody, until: .now) }
        #expect(late?.isConnectionLost == true)

        let (attempts, attempted) = AsyncStream<Int>.makeStream()
        let waiting = Task {
            await failure {
                try await PostgresConnection.connectRetrying(
                    nobody, backoff: { _ in .milliseconds(1) }, onAttempt: { attempt, _, _ in attempted.yield(attempt) })
            }
        }
        for await attempt in attempts where attempt == 3 { break }
        waiting.cancel()
        #expect(await waiting.value?.kind == .cancelled)

        try await PostgresForTests.withDatabase { conninfo in
            let hopeless = await failure {
                try await PostgresConnection.connectRetrying(PostgresConfiguration(conninfo + " dbname=absent"))
            }
            #expect(hopeless?.sqlState == "3D000")
            let connection = try await PostgresConnection.connectRetrying(PostgresConfiguration(conninfo))
            await connection.close()
            #expect(await failure { try await connection.query("SELECT 1") }?.kind == .usage)
        }
    }
}

/// Collects notices.
final class NoticeBox: Sendable {
    private let box = Mutex<[PostgresNotice]>([])
    func add(_ notice: PostgresNotice) { box.withLock { $0.append(notice) } }
    var notices: [PostgresNotice] { box.withLock { $0 } }
}

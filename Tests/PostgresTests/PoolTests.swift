import Postgres
import TestSupport
import Testing

@Sendable private func backendID(_ connection: PostgresConnection) async throws(PostgresFailure) -> Int32 {
    try await connection.query("SELECT pg_backend_pid()").single().int32(0)
}

@Suite(.timeLimit(.minutes(10)))
struct PoolTests {
    @Test func aPoolNeverExceedsItsConnections() async throws {
        try await PostgresForTests.withDatabase { conninfo in
            let pool = PostgresPool(PostgresConfiguration(conninfo), connectionCountMax: 3)
            let ids = try await withThrowingTaskGroup(of: Int32.self) { group in
                for _ in 0..<50 {
                    group.addTask { try await pool.withConnection(backendID) }
                }
                return try await group.reduce(into: Set<Int32>()) { $0.insert($1) }
            }
            #expect((1...3).contains(ids.count))
            #expect(pool.lentCount == 0)
            #expect(pool.idleCount <= 3)
            await pool.close()
            #expect(await failure { try await pool.withConnection(backendID) }?.kind == .usage)
        }
    }

    @Test func theQueueIsBoundedAndWaitersCanGiveUp() async throws {
        try await PostgresForTests.withDatabase { conninfo in
            let pool = PostgresPool(PostgresConfiguration(conninfo), connectionCountMax: 1, waiterCountMax: 1)
            try await pool.withConnection { _ throws(PostgresFailure) in
                let waiter = Task { await failure { try await pool.withConnection(backendID) } }
                while pool.waitingCount == 0 { await Task.yield() }
                #expect(await failure { try await pool.withConnection { _ in 0 } }?.kind == .poolExhausted)
                waiter.cancel()
                #expect(await waiter.value?.kind == .cancelled)
            }
            #expect(pool.lentCount == 0)
            await pool.close()
        }
    }

    @Test func lostAndUntidyConnectionsAreReplaced() async throws {
        try await PostgresForTests.withDatabase { conninfo in
            let pool = PostgresPool(PostgresConfiguration(conninfo), connectionCountMax: 1)
            let first = try await pool.withConnection { connection throws(PostgresFailure) in
                let id = try await connection.query("SELECT pg_backend_pid()").single().int32(0)
                try await connection.executeScript("BEGIN")
                return id
            }
            let second = try await pool.withConnection(backendID)
            #expect(first != second)
            let killer = try await PostgresConnection.connect(PostgresConfiguration(conninfo))
            _ = try await killer.query("SELECT pg_terminate_backend($1, 10000)", [.int32(second)])
            let third = try await pool.withConnection(backendID)
            #expect(third != second)
            await killer.close()
            await pool.close()
        }
    }
}

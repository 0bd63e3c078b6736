import Postgres
import TestSupport

/// A connection to a database of its own.
func withConnection<R>(
    _ adjust: Adjustment = Adjustment(), _ body: (PostgresConnection) async throws -> R
) async throws -> R {
    try await PostgresForTests.withDatabase { conninfo in
        var configuration = PostgresConfiguration(conninfo)
        adjust.apply(&configuration)
        let connection = try await PostgresConnection.connect(configuration)
        let result = try await body(connection)
        await connection.close()
        return result
    }
}

/// The failure a call ends with; nil when it succeeds.
func failure<R>(_ body: () async throws -> R) async -> PostgresFailure? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error as? PostgresFailure
    }
}

/// SplitMix64, for rows that are random and the same every time.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// A change of a configuration.
struct Adjustment {
    var apply: (inout PostgresConfiguration) -> Void = { _ in }
}

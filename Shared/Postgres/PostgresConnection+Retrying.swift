extension PostgresConnection {
    /// Connects to a database that may come up late: tries again, with growing pauses, until `deadline` or the task's cancellation.
    ///
    /// - Parameters:
    ///   - onAttempt: Called after each failed attempt (1, 2, …) with the reason and the pause before the next one.
    ///   - backoff: The pause after the given attempt; the default doubles from 100 ms to 5 s.
    /// - Throws: The last failure when time is up; at once when trying again cannot help (wrong password, no such database…).
    package static func connectRetrying(
        _ configuration: PostgresConfiguration,
        until deadline: ContinuousClock.Instant? = nil,
        backoff: @Sendable (_ attempt: Int) -> Duration = { .milliseconds(min(5_000, 50 << min($0, 10))) },
        onAttempt: @Sendable (_ attempt: Int, _ failure: PostgresFailure, _ pause: Duration) -> Void = { _, _, _ in }
    ) async throws(PostgresFailure) -> PostgresConnection {
        let clock = ContinuousClock()
        var attempt = 1
        while true {
            do throws(PostgresFailure) {
                return try await connect(configuration)
            } catch {
                guard mayPass(error) else { throw error }
                let pause = backoff(attempt)
                if let deadline, clock.now + pause > deadline { throw error }
                onAttempt(attempt, error, pause)
                do { try await clock.sleep(for: pause) } catch {
                    throw PostgresFailure(.cancelled, operation: "connect", summary: "the task was cancelled between attempts")
                }
                attempt += 1
            }
        }
    }

    /// Classes of SQLSTATE that a waiting client can see go away by themselves: 08 connection, 53 resources, 57 operator (starting
    /// up, shutting down). Without one there was no server at all.
    private static func mayPass(_ failure: PostgresFailure) -> Bool {
        guard failure.isConnectionLost else { return false }
        guard let state = failure.sqlState else { return true }
        return ["08", "53", "57"].contains { state.hasPrefix($0) }
    }
}

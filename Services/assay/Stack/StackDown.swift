import LocalStack

extension Stack {
    /// Stops all that runs, in the reverse order of starting, each with time to finish; data stay.
    ///
    /// - Parameter discarding: PostgreSQL is stopped at once, for data that nobody will look at again.
    func down(discarding: Bool = false, say: @escaping @Sendable (String) -> Void = Narration.line) async throws {
        try await stop([Stack.autoscaler], say)
        for service in Stack.services.reversed() { try await stop(replicas(of: service).map(\.entry.name), say) }
        let known = LocalKafka.processName
        try await stop(table.entries().map(\.name).filter { $0 != known }, say)
        try await stop([known], say)
        if hasPrivatePostgres {
            let postgres = try privatePostgres()
            if postgres.status == .running {
                try postgres.stop(immediately: discarding)
                say("postgres: stopped")
            }
        }
    }

    /// Stops processes at the same time.
    private func stop(_ names: [String], _ say: @escaping @Sendable (String) -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for name in names {
                group.addTask {
                    switch try await table.stop(name, grace: .seconds(30)) {
                    case .notRunning: break
                    case .ended: say("\(name): stopped")
                    case .killed: say("\(name): killed, did not stop in 30 s; see \(table.logPath(name))")
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}

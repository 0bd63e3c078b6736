import Postgres
import StageHarness
import TestSupport
import Testing

@Suite(.enabled(if: KafkaForTests.isAvailable, "\(KafkaForTests.absence)"), .timeLimit(.minutes(10)))
struct RoleTests {
    @Test func eachServiceNeedsNoMoreThanItsOwnRole() async throws {
        // Snapshots come often, so that the rights to store and to remove them are needed too.
        try await LiveSuite.with(settings: ["snapshot.records.max": "100", "snapshot.interval": "200ms"]) { suite in
            // Roles belong to the cluster: named after the database, which is this test's own.
            let database = try await suite.query("SELECT current_database()").single().text(0)
            var logins: [Role: String] = [:]
            for (role, group) in [(Role.ingest, "assay_ingest"), (.extractor, "assay_extractor"), (.scorer, "assay_scorer")] {
                let login = "\(database)_\(role.rawValue)"
                try await suite.query("DROP ROLE IF EXISTS \(login)")
                try await suite.query("CREATE ROLE \(login) LOGIN IN ROLE \(group)")
                logins[role] = login
            }
            let traffic = suite.traffic(seed: 10, count: 1_200)
            let load = Load(traffic)
            var firsts: [LiveHost] = []
            for role in Role.allCases {
                // The last of equal words of a conninfo counts.
                let conninfo = "\(suite.conninfo) user=\(logins[role] ?? "")"
                firsts.append(try suite.start(role, replica: "a", conninfo: conninfo))
                try suite.start(role, replica: "b", conninfo: conninfo)
            }
            let (before, after) = load.split(atMicros: 1_529_884_800_000_000 + 6 * 86_400_000_000)
            try await suite.send(before)
            try await suite.drained(events: before.eventCount, rejected: before.rubbishCount)
            // Hand-over and a new version are part of what a service does.
            try await suite.store(model: 1)
            for host in firsts { host.stop() }
            for host in firsts { #expect(try await host.end() == nil) }
            try await suite.send(after)
            try await suite.drained(events: load.eventCount, rejected: load.rubbishCount)
            let sessions = try await suite.query(
                "SELECT DISTINCT usename::text FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE '%/b'")
            #expect(Set(sessions.compactMap { try? $0.text(0) }) == Set(logins.values))
            let denied = suite.journal.all.filter {
                $0.metadata.values.contains { $0.contains("42501") || $0.contains("permission denied") }
            }
            #expect(denied.isEmpty, "\(suite.journal.complaints)")
            #expect(try await suite.count("SELECT count(*) FROM pipeline.snapshot") > 0)
            try await suite.expectTruth()
            for login in logins.values {
                try await suite.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '\(login)'")
                try await suite.query("DROP ROLE \(login)")
            }
        }
    }
}

import Foundation
import LocalStack
import Postgres
import StageHarness
import Stages
import TestSupport
import Testing

@Suite(.enabled(if: KafkaForTests.isAvailable, "\(KafkaForTests.absence)"), .timeLimit(.minutes(10)))
struct OutageTests {
    @Test(arguments: [false, true])
    func theServicesCarryOnAfterTheDatabaseWasAway(atOnce isImmediate: Bool) async throws {
        let server = try PostgresForTests.ownServer("outage-\(isImmediate)")
        try server.start()
        let maker = try await PostgresConnection.connect(PostgresConfiguration(server.conninfo()))
        try await maker.execute("CREATE DATABASE assay")
        await maker.close()
        try await LiveSuite.with(conninfo: server.conninfo(database: "assay")) { suite in
            let traffic = suite.traffic(seed: 9, count: 1_500)
            let load = Load(traffic)
            try suite.startAll(replica: "a")
            let (before, after) = load.split(atMicros: trafficStart + 6 * dayMicros)
            try await suite.send(before)
            try await eventually("some scores", diagnosis: { await suite.state() }) { try await suite.counts().scores > 50 }
            try server.stop(immediately: isImmediate)
            // Records flow on while nobody can commit.
            try await suite.send(after)
            try await eventually("the services to notice", diagnosis: { await suite.state() }) { !suite.journal.lines("Trouble").isEmpty }
            try server.start()
            try await suite.drained(events: load.eventCount, rejected: load.rubbishCount)
            try await suite.expectNoIncident()
            #expect(try suite.expectWholeLanes(await suite.messages(on: suite.topics.scores)).count == load.eventCount)
            try await suite.expectTruth()
        }
        try server.remove()
    }
}

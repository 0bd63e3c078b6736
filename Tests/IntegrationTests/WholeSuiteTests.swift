import Postgres
import StageHarness
import Stages
import TestSupport
import Testing

@Suite(.enabled(if: KafkaForTests.isAvailable, "\(KafkaForTests.absence)"), .timeLimit(.minutes(10)))
struct WholeSuiteTests {
    @Test func twoReplicasOfEachServiceScoreEverythingOnceAndAsTheOfflineEngineDoes() async throws {
        try await LiveSuite.with { suite in
            let traffic = suite.traffic(seed: 1, count: 3_000)
            let load = Load(traffic)
            let places = try await suite.send(load)
            for replica in ["a", "b"] { try suite.startAll(replica: replica) }
            try await suite.drained(events: load.eventCount, rejected: traffic.rubbishCount)
            try await suite.expectWhatTheOfflineEngineSays(traffic, places, model: suite.models[0])

            let messages = try await suite.messages(on: suite.topics.scores)
            #expect(try suite.expectWholeLanes(messages).count == load.eventCount)
            if suite.journal.lines("Fenced").isEmpty, suite.journal.lines("Restarting").isEmpty {
                #expect(messages.count == load.eventCount)
            }
            let letters = try await suite.messages(on: suite.topics.rejected)
            #expect(try suite.expectWholeLanes(letters).count == traffic.rubbishCount)

            // Both replicas of each service took part.
            let owners = try await suite.query("SELECT DISTINCT stage, owner FROM pipeline.progress ORDER BY 1, 2")
            #expect(owners.count == 10, "\(owners.compactMap { try? "\($0.text(0)) \($0.text(1))" })")
            try await suite.expectNoIncident()
            try await suite.expectTruth()
        }
    }
}

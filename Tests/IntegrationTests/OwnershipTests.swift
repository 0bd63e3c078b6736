import Postgres
import StageHarness
import Stages
import TestSupport
import Testing

/// The first instant of the traffic, in microseconds since 1970.
let trafficStart: Int64 = 1_529_884_800_000_000
let dayMicros: Int64 = 86_400_000_000

@Suite(.enabled(if: KafkaForTests.isAvailable, "\(KafkaForTests.absence)"), .timeLimit(.minutes(10)))
struct OwnershipTests {
    @Test func anOwnerWhoseLeaseWasTakenDropsItsStateAndNothingIsCountedTwice() async throws {
        try await LiveSuite.with { suite in
            let traffic = suite.traffic(seed: 3, count: 2_400)
            let load = Load(traffic)
            try suite.startAll(replica: "a")
            let (before, after) = load.split(atMicros: trafficStart + 5 * dayMicros)
            try await suite.send(before)
            // In the middle of the work, another owner takes half of the partitions, does nothing with them, and is gone.
            try await eventually("some scores", diagnosis: { await suite.state() }) { try await suite.counts().scores > 100 }
            let stolen = try await suite.query(
                """
                UPDATE pipeline.progress SET lease = gen_random_uuid(), epoch = epoch + 1, owner = 'thief',
                    deadline = clock_timestamp() + interval '1 s'
                WHERE partition % 2 = 0 RETURNING stage
                """)
            #expect(stolen.count == 9)
            try await eventually("the old owners to be fenced", diagnosis: { await suite.state() }) {
                suite.journal.lines("Fenced").count >= stolen.count
            }
            try await suite.send(after)
            try await suite.drained(events: load.eventCount, rejected: load.rubbishCount)
            #expect(try await suite.count("SELECT count(*) FROM pipeline.progress WHERE owner = 'thief'") == 0)
            try await suite.expectNoIncident()
            #expect(try suite.expectWholeLanes(await suite.messages(on: suite.topics.scores)).count == load.eventCount)
            try await suite.expectTruth()
        }
    }

    @Test func connectionsThatAreCutAgainAndAgainLoseAndRepeatNothing() async throws {
        try await LiveSuite.with { suite in
            let traffic = suite.traffic(seed: 4, count: 2_400)
            let load = Load(traffic)
            for replica in ["a", "b"] { try suite.startAll(replica: replica) }
            try await suite.send(load)
            for share in 1...8 {
                let wanted = load.eventCount * share / 10
                try await eventually("\(wanted) events", diagnosis: { await suite.state() }) {
                    let counts = try await suite.counts()
                    return counts.scores + counts.markers >= wanted
                }
                try await suite.cutConnections(of: share.isMultiple(of: 2) ? "a" : "b")
            }
            try await suite.drained(events: load.eventCount, rejected: load.rubbishCount)
            #expect(!suite.journal.lines("Trouble").isEmpty || !suite.journal.lines("Restarting").isEmpty, "no cut was felt")
            try await suite.expectNoIncident()
            #expect(try suite.expectWholeLanes(await suite.messages(on: suite.topics.scores)).count == load.eventCount)
            try await suite.expectTruth()
        }
    }

    @Test func aReplicaThatStopsInOrderHandsItsPartitionsOverWithTheirState() async throws {
        try await LiveSuite.with { suite in
            let traffic = suite.traffic(seed: 5, count: 2_000)
            let load = Load(traffic)
            let firsts = try suite.startAll(replica: "a")
            let (before, after) = load.split(atMicros: trafficStart + 6 * dayMicros)
            try await suite.send(before)
            try await suite.drained(events: before.eventCount, rejected: before.rubbishCount)
            try suite.startAll(replica: "b")
            // The second replica gets its share; then the first goes while records flow.
            try await eventually("both replicas to own something", diagnosis: { await suite.state() }) {
                try await suite.count("SELECT count(DISTINCT (stage, owner)) FROM pipeline.progress WHERE lease IS NOT NULL") == 10
            }
            try await suite.send(after)
            for host in firsts { host.stop() }
            for host in firsts { #expect(try await host.end() == nil) }
            try await suite.drained(events: load.eventCount, rejected: load.rubbishCount)
            try await eventually("the second replica to own everything", diagnosis: { await suite.state() }) {
                try await suite.count("SELECT count(*) FROM pipeline.progress WHERE lease IS NOT NULL AND owner LIKE '%/b'") == 16
            }
            #expect(try await suite.count("SELECT count(*) FROM pipeline.replica WHERE owner LIKE '%/a'") == 0)
            // Every extractor's partition came with its state as of its offset, so nothing had to be read again.
            let claimed = suite.journal.lines("Claimed", of: "extractor/b")
            #expect(claimed.count == 8)
            #expect(claimed.allSatisfy { Int($0.metadata["offset"] ?? "") ?? 0 > 0 })
            let recovered = suite.journal.lines("Recovered", of: "extractor/b")
            #expect(recovered.isEmpty, "\(recovered.map(\.metadata))")
            #expect(suite.journal.lines("Fenced").isEmpty && suite.journal.lines("Restarting").isEmpty, "\(suite.journal.complaints)")
            #expect(try await suite.messages(on: suite.topics.scores).count == load.eventCount)
            try await suite.expectTruth()
        }
    }
}

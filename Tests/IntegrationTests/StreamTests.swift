import Contracts
import Forest
import Hashing
import Kafka
import Postgres
import RiskDomain
import StageHarness
import Stages
import TestSupport
import Testing

@Suite(.enabled(if: KafkaForTests.isAvailable, "\(KafkaForTests.absence)"), .timeLimit(.minutes(10)))
struct StreamTests {
    @Test func aGapInALaneParksItsPartitionWithAnIncidentAndTheOthersGoOn() async throws {
        // The traffic counts as live: while they catch up with the past, the others would keep in step with the parked one.
        try await LiveSuite.with(settings: ["step.live.window": "3650d"]) { suite in
            let traffic = suite.traffic(seed: 7, count: 1_200)
            let load = Load(traffic)
            let hosts = try suite.startAll(replica: "a")
            let (before, after) = load.split(atMicros: trafficStart + 6 * dayMicros)
            try await suite.send(before)
            try await suite.drained(events: before.eventCount, rejected: before.rubbishCount)

            // A run of ingest's whose number is far ahead: what lies between is missing.
            let parked: Int32 = 2
            let ends = try await suite.admin.highWatermarks(of: suite.topics.events, partitions: 0..<4)
            let gap = try #require(ends[parked])
            var run = RunBuilder()
            run.start(sourceStage: StageNumber.ingestTransactions, sourcePartition: 0, firstSequence: 1_000_000)
            [UInt8](repeating: 1, count: 8).withUnsafeBytes { run.append($0) }
            run.finish()
            try await suite.send([Outgoing(topic: suite.topics.events, partition: parked, value: run.bytes)])
            try await eventually("the incident", diagnosis: { await suite.state() }) { try await suite.incidents("lane_gap") >= 1 }
            let incident = try await suite.query("SELECT stage, partition, detail FROM pipeline.incident WHERE kind = 'lane_gap' LIMIT 1")
                .single()
            #expect(try incident.text(0) == "features.customer")
            #expect(try incident.int32(1) == parked)
            #expect(try incident.text(2).contains("found 1000000"))

            try await suite.send(after)
            func isHeldUp(_ message: CardTraffic.Message) throws -> Bool {
                guard let value = message.value, let place = String(decoding: value, as: UTF8.self).firstRange(of: "\"customer\":\"") else {
                    return false
                }
                let customer = String(decoding: value, as: UTF8.self)[place.upperBound...].prefix { $0 != "\"" }
                return Murmur2.partition(key: Array(customer.utf8), count: 4) == parked
            }
            let events = after.transactions.filter { $0.transaction != nil } + after.outcomes
            let heldUp = try events.count { try isHeldUp($0) }
            #expect(heldUp > 0 && heldUp < events.count)
            let wanted = load.eventCount - heldUp
            try await eventually("the other partitions' \(wanted) events", diagnosis: { await suite.state() }) {
                let counts = try await suite.counts()
                return counts.events == load.eventCount && counts.scores + counts.markers >= wanted
            }
            let counts = try await suite.counts()
            #expect(counts.scores + counts.markers == wanted)
            #expect(
                try await suite.count(
                    "SELECT next_offset FROM pipeline.progress WHERE stage = 'features.customer' AND partition = $1", [.int32(parked)])
                    == gap)

            // A parked partition does not hold up an orderly end.
            for host in hosts { host.stop() }
            for host in hosts { #expect(try await host.end() == nil) }
            #expect(try await suite.count("SELECT count(*) FROM pipeline.progress WHERE lease IS NOT NULL") == 0)
        }
    }

    @Test func aServiceThatKeepsInStepWithAUnitNobodyRunsStopsInOrderAllTheSame() async throws {
        try await LiveSuite.with { suite in
            let load = Load(suite.traffic(seed: 12, count: 1_200))
            // A partition of the first pass that is held by nobody who works, from before the first record.
            let owner = try suite.start(.extractor, replica: "a")
            try await eventually("the partitions to be claimed", diagnosis: { await suite.state() }) {
                try await suite.count("SELECT count(*) FROM pipeline.progress WHERE stage LIKE 'features.%' AND lease IS NOT NULL") == 8
            }
            try await suite.query(
                """
                UPDATE pipeline.progress SET lease = gen_random_uuid(), owner = 'frozen', deadline = 'infinity'
                WHERE stage = 'features.customer' AND partition = 1
                """)
            try suite.start(.ingest, replica: "a")
            try await suite.send(load)
            try await eventually("all events", diagnosis: { await suite.state() }) {
                try await suite.count("SELECT count(*) FROM ledger.event_log") == load.eventCount
            }
            owner.stop()
            #expect(try await owner.end() == nil)
            #expect(
                try await suite.count("SELECT count(*) FROM pipeline.progress WHERE stage LIKE 'features.%' AND lease IS NOT NULL") == 1)

            // The frozen one is gone at last; everything is taken up where it was.
            try await suite.query("UPDATE pipeline.progress SET lease = NULL, deadline = NULL WHERE owner = 'frozen'")
            try suite.start(.extractor, replica: "b")
            try suite.start(.scorer, replica: "b")
            try await suite.drained(events: load.eventCount, rejected: load.rubbishCount)
            try await suite.expectNoIncident()
            try await suite.expectTruth()
        }
    }

    @Test func anActivationSwitchesTheModelWithoutARestartAndOldScoresStand() async throws {
        try await LiveSuite.with { suite in
            let traffic = suite.traffic(seed: 8, count: 1_500)
            let load = Load(traffic)
            for replica in ["a", "b"] { try suite.startAll(replica: replica) }
            let (before, after) = load.split(atMicros: trafficStart + 6 * dayMicros)
            try await suite.send(before)
            try await suite.drained(events: before.eventCount, rejected: before.rubbishCount)
            let scoredBefore = try await suite.counts().scores
            try await suite.store(model: 1)
            // Sent twice, as by a sender that was cut off: the second copy has a number that was seen.
            try await suite.activate(model: 1, sequence: 0)
            try await suite.activate(model: 1, sequence: 0)
            let partitions = suite.topics.featuresPartitions
            try await eventually("the activation in every partition", diagnosis: { await suite.state() }) {
                try await suite.count("SELECT count(*) FROM scoring.activation") >= partitions
            }
            try await suite.send(after)
            try await suite.drained(events: load.eventCount, rejected: load.rubbishCount)

            let all = try await suite.counts().scores
            let model = "SELECT count(*) FROM scoring.score WHERE model = $1"
            #expect(try await suite.count(model, [.bytea(suite.models[0].hash.bytes)]) == scoredBefore)
            #expect(try await suite.count(model, [.bytea(suite.models[1].hash.bytes)]) == all - scoredBefore)
            #expect(all > scoredBefore)
            #expect(try await suite.count("SELECT count(*) FROM scoring.activation") == partitions)
            for row in try await suite.query("SELECT features, score, model FROM scoring.score") {
                let features = try row.array(0, of: Double.self).map { $0 ?? .nan }
                let hash = try row.bytea(2)
                let model = try #require(suite.models.first { $0.hash.bytes == hash })
                #expect(try row.double(1).bitPattern == model.engine.score(features).bitPattern)
            }
            // The first model tells its reasons in words, the second in its features' names.
            for (model, isWords) in [(0, true), (1, false)] {
                let hash = PostgresValue.bytea(suite.models[model].hash.bytes)
                let told = try await suite.query(
                    """
                    SELECT r.code, r.text, r.feature FROM analytics.reason r
                    JOIN scoring.score s USING (event_time, transaction_id) WHERE s.model = $1 LIMIT 500
                    """, [hash])
                #expect(!told.isEmpty)
                let words = suite.models[model].forest.words
                for row in told {
                    let (code, text, feature) = (try row.text(0), try row.text(1), try row.text(2))
                    #expect(words.entries.contains { $0.code == code && $0.texts.contains(text) })
                    #expect((text == feature) != isWords)
                }
            }
            let said = try suite.expectWholeLanes(await suite.messages(on: suite.topics.scores))
            #expect(said.count == load.eventCount + partitions)
            try await suite.expectTruth()
        }
    }
}

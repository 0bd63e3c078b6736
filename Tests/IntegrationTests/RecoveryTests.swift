import Postgres
import StageHarness
import TestSupport
import Testing

@Suite(.enabled(if: KafkaForTests.isAvailable, "\(KafkaForTests.absence)"), .timeLimit(.minutes(10)))
struct RecoveryTests {
    @Test func aDamagedSnapshotIsPassedOverForTheOlderOneAndWithoutAnyAllIsReplayed() async throws {
        try await LiveSuite.with(settings: ["snapshot.records.max": "100"]) { suite in
            let traffic = suite.traffic(seed: 6, count: 2_000)
            let load = Load(traffic)
            try suite.start(.ingest, replica: "a")
            try suite.start(.scorer, replica: "a")
            let (early, rest) = load.split(atMicros: trafficStart + 4 * dayMicros)
            let (middle, late) = rest.split(atMicros: trafficStart + 8 * dayMicros)

            var extractor = try suite.start(.extractor, replica: "a")
            try await suite.send(early)
            try await suite.drained(events: early.eventCount, rejected: early.rubbishCount)
            try await suite.send(middle)
            let halfway = early.eventCount + middle.eventCount
            try await suite.drained(events: halfway, rejected: early.rubbishCount + middle.rubbishCount)
            extractor.stop()
            #expect(try await extractor.end() == nil)
            let kept = try await suite.query("SELECT count(*) FROM pipeline.snapshot GROUP BY stage, partition")
            #expect(kept.count == 8)
            #expect(try kept.allSatisfy { try $0.int64(0) == 2 })

            // One byte in the middle of the newest of each partition.
            let damage = "content = set_byte(content, octet_length(content) / 2, get_byte(content, octet_length(content) / 2) # 1)"
            try await suite.query(
                """
                UPDATE pipeline.snapshot AS s SET \(damage) WHERE next_offset = (
                    SELECT max(next_offset) FROM pipeline.snapshot AS n WHERE n.stage = s.stage AND n.partition = s.partition)
                """)
            extractor = try suite.start(.extractor, replica: "b")
            try await eventually("recovery from the older snapshots", diagnosis: { await suite.state() }) {
                suite.journal.lines("Recovered", of: "extractor/b").count == 8
            }
            for line in suite.journal.lines("Recovered", of: "extractor/b") {
                #expect(Int(line.metadata["offset"] ?? "") ?? 0 > 0 && Int(line.metadata["count"] ?? "") ?? 0 > 0, "\(line.metadata)")
            }
            #expect(try await suite.incidents("damaged_snapshot") == 8)
            extractor.stop()
            #expect(try await extractor.end() == nil)

            try await suite.query("UPDATE pipeline.snapshot SET \(damage)")
            extractor = try suite.start(.extractor, replica: "c")
            try await eventually("recovery from the beginning", diagnosis: { await suite.state() }) {
                suite.journal.lines("Recovered", of: "extractor/c").count == 8
            }
            for line in suite.journal.lines("Recovered", of: "extractor/c") { #expect(line.metadata["offset"] == "0", "\(line.metadata)") }
            #expect(try await suite.incidents("damaged_snapshot") == 16)

            try await suite.send(late)
            try await suite.drained(events: load.eventCount, rejected: load.rubbishCount)
            #expect(suite.journal.lines("Parked").isEmpty, "\(suite.journal.complaints)")
            try await suite.expectTruth()
        }
    }
}

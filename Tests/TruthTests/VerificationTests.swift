import Features
import Hashing
import Pipeline
import Postgres
import StageHarness
import Stages
import Testing
import Truth

@Suite(.serialized) struct VerificationTests {
    /// What is done to a database, and a word of the finding that must name it.
    struct Tampering: Sendable, CustomTestStringConvertible {
        var what: String
        var sql: String
        var stage: String
        var detail: String
        var testDescription: String { what }
    }

    private static let oneScore =
        "(event_time, source_partition, source_offset) = (SELECT event_time, source_partition, source_offset FROM scoring.score ORDER BY event_time, source_offset OFFSET 200 LIMIT 1)"

    static let tamperings: [Tampering] = [
        Tampering(
            what: "a customer feature", sql: "UPDATE scoring.score SET features[4] = features[4] + 1 WHERE \(oneScore)",
            stage: "features.customer", detail: "feature CUSTOMER_ID_NB_TX_1DAY_WINDOW: stored"),
        Tampering(
            what: "a terminal feature by one bit",
            sql:
                "UPDATE scoring.score SET features[12] = features[12] + 5e-324 WHERE features[12] = 0 AND \(oneScore.replacing("score ORDER", "score WHERE features[12] = 0 ORDER").replacing("OFFSET 200", "OFFSET 20"))",
            stage: "features.terminal", detail: "feature TERMINAL_ID_NB_TX_7DAY_WINDOW: stored 5e-324, recomputed 0.0"),
        Tampering(
            what: "a score", sql: "UPDATE scoring.score SET score = 0.125 WHERE \(oneScore)", stage: "score", detail: "score: stored 0.125"),
        Tampering(
            what: "a decision", sql: "UPDATE scoring.score SET decision = decision % 3 + 1 WHERE \(oneScore)", stage: "score",
            detail: "decision: stored"),
        Tampering(
            what: "a reason", sql: "UPDATE scoring.score SET reason_contributions[1] = 0.5 WHERE \(oneScore)", stage: "score",
            detail: "reason_contributions[0]: stored 0.5"),
        Tampering(
            what: "a reason's words", sql: "UPDATE scoring.score SET reason_words[1] = reason_words[1] + 1 WHERE \(oneScore)",
            stage: "score", detail: "reason_words: stored"),
        Tampering(
            what: "a transaction's id in the scores", sql: "UPDATE scoring.score SET transaction_id = 'other' WHERE \(oneScore)",
            stage: "score",
            detail: "transaction_id: stored 'other'"),
        Tampering(
            what: "an amount in the event log",
            sql: "UPDATE ledger.event_log SET amount_minor = amount_minor + 1 WHERE transaction_id = 't100' AND topic = 0",
            stage: "ingest.transactions", detail: "amount_minor: stored"),
        Tampering(
            what: "an event's bytes",
            sql:
                "UPDATE ledger.event_log SET event = set_byte(event, 3, get_byte(event, 3) # 1) WHERE transaction_id = 't100' AND topic = 0",
            stage: "ingest.transactions", detail: "transaction_id: stored 't100'"),
        Tampering(
            what: "a rejection's reason",
            sql: "UPDATE ledger.rejected SET detail = 'nothing' WHERE source_offset = (SELECT min(source_offset) FROM ledger.rejected)",
            stage: "ingest.transactions", detail: "the chain differs"),
        Tampering(
            what: "an event removed", sql: "DELETE FROM ledger.event_log WHERE transaction_id = 't100' AND topic = 0", stage: "score",
            detail: "the event log does not have it"),
        Tampering(
            what: "a score stored twice", sql: "INSERT INTO scoring.score SELECT * FROM scoring.score WHERE \(oneScore)", stage: "score",
            detail: "is stored 2 times"),
        Tampering(
            what: "a digest", sql: "UPDATE pipeline.digest SET digest = digest + 1 WHERE stage = 'score' AND partition = 1", stage: "score",
            detail: "digest of day"),
        Tampering(
            what: "a chain",
            sql:
                "UPDATE pipeline.progress SET chain = set_byte(chain, 0, get_byte(chain, 0) # 1) WHERE stage = 'features.terminal' AND partition = 2",
            stage: "features.terminal", detail: "the chain differs"),
        Tampering(
            what: "the place of an activation", sql: "UPDATE scoring.activation SET message_offset = 0 WHERE partition = 0", stage: "score",
            detail: ""),
        Tampering(
            what: "the order of two records",
            sql: """
                UPDATE scoring.score SET pass_offsets[1] = CASE WHEN pass_offsets[1] = o.first THEN o.second ELSE o.first END
                FROM (SELECT min(pass_offsets[1]) AS first, max(pass_offsets[1]) AS second FROM scoring.score WHERE pass_partitions[1] = 0) AS o
                WHERE pass_partitions[1] = 0 AND pass_offsets[1] IN (o.first, o.second)
                """, stage: "features.customer", detail: ""),
    ]

    @Test func aRunWithDeathsAndAnActivationIsProvenWhole() async throws {
        try await RecordedRun.with(seed: 3) { run in
            let report = try await run.verify()
            for finding in report.findings { Issue.record("\(finding)") }
            #expect(report.isDrained)
            #expect(report.isConsistent)
            #expect(report.units.count == run.suite.units.count)
            for unit in report.units {
                #expect(unit.verdict == .proven)
                let owner = try #require(run.suite.units.first { $0.identity.name == unit.stage && $0.partition == unit.partition })
                #expect(unit.found == owner.standing.chain)
                #expect(unit.records == owner.standing.accepted)
            }
            #expect(report.eventCount == Int64(run.traffic.offline.count + run.traffic.outcomes.count))
            #expect(report.rejectedCount == Int64(run.traffic.rubbishCount))
            #expect(report.markerCount == Int64(run.traffic.outcomes.count + run.traffic.repeatCount + run.traffic.conflictCount))
            #expect(report.digestCount > 100)
            let digests = try await DigestList.read(run.connection, stage: nil)
            #expect(digests.entries.count == run.suite.digests.count)
            #expect(try DigestList(json: digests.json) == digests)
            let score = try await DigestList.read(run.connection, stage: ScoreStage.name)
            #expect(score.entries.allSatisfy { $0.stage == "score" } && !score.entries.isEmpty)
            #expect(digests.differences(from: score).count == digests.entries.count - score.entries.count)
            #expect(digests.differences(from: digests).isEmpty)
        }
    }

    @Test func whateverIsTamperedWithIsFoundAndNamed() async throws {
        try await RecordedRun.with(seed: 4) { run in
            for tampering in VerificationTests.tamperings {
                let report = try await run.verify(after: tampering.sql)
                #expect(!report.isConsistent, "\(tampering.what)")
                #expect(
                    report.findings.contains { $0.stage == tampering.stage && $0.description.contains(tampering.detail) },
                    "\(tampering.what): \(report.findings.prefix(3).map(\.description))")
            }
            let after = try await run.verify()
            #expect(after.isConsistent && after.isDrained)
        }
    }

    @Test func aScorerThatLagsIsNoMismatchButIsSaid() async throws {
        func isCommitted(_ stage: String, _ index: Int, _ count: Int) -> Bool { stage != "score" || index < count / 2 }
        try await RecordedRun.with(seed: 5, shouldCommit: isCommitted) { run in
            let report = try await run.verify()
            for finding in report.findings { Issue.record("\(finding)") }
            #expect(report.isConsistent)
            #expect(!report.isDrained)
            for unit in report.units {
                #expect(unit.verdict == (unit.stage.hasPrefix("features.") ? .lagging : .proven), "\(unit.stage)/\(unit.partition)")
            }
            #expect(report.units.contains { $0.stage == "score" && $0.records > 0 })
        }
    }

    @Test func anEmptyDatabaseIsNoProof() async throws {
        try await RecordedRun.with(seed: 6, count: 60) { run in
            try await run.connection.executeScript("DELETE FROM pipeline.progress")
            await #expect(throws: TruthFailure.self) { try await run.verify() }
        }
    }
}

extension String {
    fileprivate func replacing(_ old: String, _ new: String) -> String {
        split(separator: old, omittingEmptySubsequences: false).joined(separator: new)
    }
}

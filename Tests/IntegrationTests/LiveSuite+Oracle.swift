import Features
import Forest
import Hashing
import Postgres
import RiskDomain
import StageHarness
import Stages
import Testing

extension LiveSuite {
    /// Compares every row that the scorer stored with the offline engine and the model.
    ///
    /// - Parameter model: In force at a source partition and offset.
    func expectWhatTheOfflineEngineSays(
        _ traffic: CardTraffic, _ places: [SourceCoordinates: Int], model: ScoringModel
    ) async throws {
        var expected: [(marker: Marker, features: [Double])] = []
        OfflineFeatures(featureSet).run(traffic.offline, outcomes: traffic.offlineOutcomes) { _, marker, features in
            expected.append((marker, Array(features)))
        }
        var found: Set<SourceCoordinates> = []
        var wrong: [String] = []
        let scores = try await query(
            "SELECT source_partition, source_offset, marker, features, score, decision, model, transaction_id FROM scoring.score")
        for row in scores {
            let source = SourceCoordinates(topic: .transactions, partition: try row.int32(0), offset: try row.int64(1))
            let place = try #require(places[source])
            #expect(found.insert(source).inserted, "\(source) is scored twice")
            let wanted = expected[place]
            let features = try row.array(3, of: Double.self).map { $0 ?? .nan }
            let score = model.engine.score(wanted.features)
            let isRight =
                try row.int16(2) == Int16(wanted.marker.rawValue) && features.map(\.bitPattern) == wanted.features.map(\.bitPattern)
                && row.double(4).bitPattern == score.bitPattern
                && row.int16(5) == Int16(model.forest.thresholds.decision(for: score).rawValue) && row.bytea(6) == model.hash.bytes
                && Array(row.text(7).utf8) == traffic.offline[place].id
            if !isRight { wrong.append("\(try row.text(7)): stored \(features), offline \(wanted.features)") }
        }
        #expect(wrong.isEmpty, "\(wrong.count) wrong, such as \(wrong.prefix(3))")
        for row in try await query("SELECT source_partition, source_offset, marker FROM scoring.marker WHERE topic = 0") {
            let source = SourceCoordinates(topic: .transactions, partition: try row.int32(0), offset: try row.int64(1))
            let place = try #require(places[source])
            #expect(found.insert(source).inserted, "\(source) has a score and a marker, or two")
            #expect(try row.int16(2) == Int16(expected[place].marker.rawValue))
        }
        #expect(found.count == traffic.offline.count)
        #expect(scores.count == traffic.offline.count - traffic.repeatCount - traffic.conflictCount)
        let outcomes = try await count(
            "SELECT count(DISTINCT (source_partition, source_offset)) FROM scoring.marker WHERE topic = 1 AND marker IN (3, 5)")
        #expect(outcomes == traffic.outcomes.count)
    }
}

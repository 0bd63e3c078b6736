import Contracts
import Features
import Forest
import Hashing
import Json
import Onnx
import Pipeline
import RiskDomain
import StageHarness
import Stages
import Testing

/// All stages in memory, driven from a seed: the first proof that the suite says the same whatever the batches, the
/// interleaving of lanes and the deaths of owners.
@Suite struct SuiteTests {
    private static let topics: TopicPlan = {
        var topics = TopicPlan()
        topics.transactionsPartitions = 3
        topics.outcomesPartitions = 2
        topics.eventsPartitions = 4
        topics.featuresPartitions = 3
        topics.scoresPartitions = 2
        topics.rejectedPartitions = 2
        return topics
    }()

    private func traffic(_ seed: UInt64, count: Int = 1_000) -> CardTraffic {
        CardTraffic(seed: seed, count: count, days: 25, transactionsPartitions: 3, outcomesPartitions: 2)
    }

    private func suite() throws -> SimulatedSuite {
        try SimulatedSuite(models: [SimulatedSuite.forest(seed: 1), SimulatedSuite.forest(seed: 2)], topics: SuiteTests.topics)
    }

    /// What was said of a record on the scores topic.
    private struct Said: Equatable {
        var kind: String
        var score: Double?
        var decision: String?
        var marker: String?
        var model: String?
        /// Code, text, feature and contribution of each.
        var reasons: [String]?
    }

    /// Everything on the scores topic by source coordinates. What was sent twice must be the same bytes.
    private func said(_ suite: SimulatedSuite) throws -> (records: [SourceCoordinates: Said], activations: Int) {
        var records: [SourceCoordinates: Said] = [:]
        var bytes: [SourceCoordinates: [UInt8]] = [:]
        var activations: Set<[UInt8]> = []
        let parser = JsonParser()
        for message in suite.logs[SuiteTests.topics.scores].joined() {
            let value = try #require(message.value)
            try value.withUnsafeBytes { raw in
                let root = try parser.parse(raw)
                func text(_ name: StaticString) -> String? { root.member(name).map { String(decoding: $0.text, as: UTF8.self) } }
                guard let kind = text("kind"), kind != "activation", let source = root.member("source") else {
                    activations.insert(value)
                    return
                }
                func number(_ name: StaticString) throws -> Int64 {
                    try #require(source.member(name).flatMap { Int64(String(decoding: $0.text, as: UTF8.self)) })
                }
                let coordinates = SourceCoordinates(
                    topic: try #require(SourceTopic(rawValue: UInt8(try number("topic")))), partition: Int32(try number("partition")),
                    offset: try number("offset"))
                let score = root.member("score").flatMap { JsonText.readDouble($0.text) }
                let reasons = root.member("reasons")?.elements.map { reason in
                    ["code", "text", "feature", "contribution"].map { (name: StaticString) in
                        reason.member(name).map { String(decoding: $0.text, as: UTF8.self) } ?? "nothing"
                    }.joined(separator: " | ")
                }
                let found = Said(
                    kind: kind, score: score, decision: text("decision"), marker: text("marker"), model: text("model"), reasons: reasons)
                if let before = bytes[coordinates] { #expect(before == value, "the same record was said in two ways") }
                bytes[coordinates] = value
                records[coordinates] = found
            }
        }
        return (records, activations.count)
    }

    /// Values and marker of every record on the features topic, in partition order, each once.
    private func features(
        _ suite: SimulatedSuite,
        _ body: (_ source: SourceCoordinates, _ marker: Marker, _ values: [Double], _ model: ScoringModel) throws -> Void
    ) throws {
        for partition in suite.logs[SuiteTests.topics.features] {
            var seen: [SourceCoordinates: [UInt64]] = [:]
            var model = suite.models[0]
            for message in partition {
                let value = try #require(message.value)
                try value.withUnsafeBytes { raw in
                    let run = try RunView(decoding: raw)
                    for record in run.records {
                        if run.kind == .control {
                            let control = try Control(decoding: record)
                            model = try #require(suite.models.first { $0.hash.bytes == control.artifact })
                            continue
                        }
                        let view = try FeatureRecordView(decoding: record)
                        let source = try EventView(decoding: view.event).source
                        let values = (0..<view.valueCount).map { view.value($0) }
                        let bits = values.map(\.bitPattern)
                        if let before = seen[source] {
                            #expect(before == bits)
                            continue
                        }
                        seen[source] = bits
                        try body(source, view.marker, values, model)
                    }
                }
            }
        }
    }

    /// Compares everything that the suite said with the offline engine.
    private func compareWithOffline(_ suite: SimulatedSuite, _ traffic: CardTraffic, _ places: [SourceCoordinates: Int]) throws {
        var expected: [(marker: Marker, features: [Double])] = []
        OfflineFeatures(suite.featureSet).run(traffic.offline, outcomes: traffic.offlineOutcomes) { _, marker, features in
            expected.append((marker, Array(features)))
        }
        let (records, _) = try said(suite)
        #expect(records.keys.filter { $0.topic == .transactions }.count == traffic.offline.count)
        #expect(records.keys.filter { $0.topic == .outcomes }.count == traffic.outcomes.count)
        var scored = 0
        var labels: [Marker: Int] = [:]
        try features(suite) { source, marker, values, model in
            let found = try #require(records[source])
            guard source.topic == .transactions else {
                labels[marker, default: 0] += 1
                #expect(values.isEmpty)
                #expect(found == Said(kind: "marker", score: nil, decision: nil, marker: "\(marker.word)", model: nil))
                return
            }
            let place = try #require(places[source])
            let wanted = expected[place]
            #expect(marker == wanted.marker)
            #expect(values.map(\.bitPattern) == wanted.features.map(\.bitPattern), "transaction \(place)")
            if marker == .duplicate || marker == .conflict {
                #expect(found == Said(kind: "marker", score: nil, decision: nil, marker: "\(marker.word)", model: nil))
                return
            }
            let score = model.engine.score(wanted.features)
            #expect(found.kind == "score")
            #expect(found.score?.bitPattern == score.bitPattern, "transaction \(place)")
            #expect(found.decision == "\(model.forest.thresholds.decision(for: score).word)")
            #expect(found.model == model.hash.description)
            #expect(found.reasons == reasons(model, wanted.features), "transaction \(place)")
            scored += 1
        }
        #expect(scored == traffic.offline.count - traffic.repeatCount - traffic.conflictCount)
        #expect(expected.count { $0.marker == .duplicate } == traffic.repeatCount)
        #expect(expected.count { $0.marker == .conflict } == traffic.conflictCount)
        #expect(labels[.labelFolded, default: 0] > 100)
        #expect(labels[.labelUnmatched, default: 0] == 0)
    }

    /// What the model says of a row by itself, in the words of its file.
    private func reasons(_ model: ScoringModel, _ row: [Double]) -> [String] {
        let words = model.forest.words
        let scratch = model.reasons.makeScratch()
        var chosen = TopReasons()
        row.withUnsafeBufferPointer { model.reasons.explain($0, into: &chosen, using: scratch) }
        return chosen.map { reason in
            [
                words.code(of: reason), words.text(of: reason), model.forest.features[Int(reason.feature)], "\(reason.contribution)",
            ].joined(separator: " | ")
        }
    }

    private func expectEveryChainToBeThatOfAReplay(_ suite: SimulatedSuite) throws {
        for unit in suite.units {
            let replayed = try unit.chainOfReplay()
            #expect(unit.standing.chain == replayed, "\(unit.identity.name)/\(unit.partition)")
            if let last = unit.committed.last { #expect(last.chain == replayed) }
        }
    }

    private func commitAll(_ suite: SimulatedSuite) {
        for unit in suite.units { unit.commitSent() }
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func inStepTheSuiteSaysWhatTheOfflineEngineSays(seed: UInt64) throws {
        let traffic = traffic(seed)
        let suite = try suite()
        let places = suite.produce(traffic)
        try suite.run(seed: seed)
        commitAll(suite)
        try compareWithOffline(suite, traffic, places)
        try expectEveryChainToBeThatOfAReplay(suite)
        #expect(traffic.repeatCount > 5 && traffic.conflictCount > 2 && traffic.rubbishCount > 10)
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func deathsOfOwnersChangeNothing(seed: UInt64) throws {
        let traffic = traffic(seed)
        let suite = try suite()
        let places = suite.produce(traffic)
        try suite.run(seed: seed &+ 1_000, crashPercent: 2)
        commitAll(suite)
        try compareWithOffline(suite, traffic, places)
        try expectEveryChainToBeThatOfAReplay(suite)
        #expect(suite.units.reduce(0) { $0 + $1.standing.repeated } > 0, "no run was ever sent twice")
    }

    @Test func digestsOfRunsInStepAreEqualWhateverTheSchedule() throws {
        let traffic = traffic(9, count: 900)
        var first: [SimulatedSuite.DigestKey: SimulatedSuite.DigestSum]?
        var chains: Set<Hash128> = []
        for schedule in 1...4 as ClosedRange<UInt64> {
            let suite = try suite()
            suite.produce(traffic)
            try suite.run(seed: schedule, crashPercent: schedule == 4 ? 1 : 0)
            commitAll(suite)
            let digests = suite.digests
            if let first { #expect(digests == first) } else { first = digests }
            chains.insert(suite.units(of: ScoreStage.name)[0].standing.chain)
        }
        #expect(chains.count > 1, "the schedules should have met in different orders")
        let stages = Set((first ?? [:]).keys.map(\.stage))
        #expect(stages == ["ingest.transactions", "ingest.outcomes", "features.customer", "features.terminal", "score"])
    }

    @Test func everyRejectedInputBecomesADeadLetterWithItsOriginal() throws {
        let traffic = traffic(3, count: 600)
        let suite = try suite()
        suite.produce(traffic)
        try suite.run(seed: 8)
        let letters = suite.logs[SuiteTests.topics.rejected].joined()
        #expect(letters.count == traffic.rubbishCount)
        let parser = JsonParser()
        for letter in letters {
            let value = try #require(letter.value)
            try value.withUnsafeBytes { raw in
                let root = try parser.parse(raw)
                func text(_ name: StaticString) throws -> String { String(decoding: try #require(root.member(name)).text, as: UTF8.self) }
                #expect(try text("topic") == "transactions")
                #expect(try !text("reason").isEmpty)
                let partition = try #require(Int(text("partition")))
                let offset = try #require(Int(text("offset")))
                let original = suite.logs[SuiteTests.topics.transactions][partition][offset].value
                let base64 = try #require(root.member("original_base64"))
                if let original {
                    #expect(String(decoding: base64.text, as: UTF8.self) == base64Oracle(original))
                } else {
                    #expect(base64.kind == .null)
                }
            }
        }
    }

    @Test(arguments: 1...2 as ClosedRange<UInt64>)
    func anActivationSwitchesTheModelAtItsRecordInEveryPartition(seed: UInt64) throws {
        let traffic = traffic(seed, count: 900)
        let suite = try suite()
        let places = suite.produce(traffic)
        // Two after some of the records have come through, and one more on the heels of the second.
        var asked = 0
        try suite.run(seed: seed, crashPercent: 1) { _ in
            let messageCount = suite.logs[SuiteTests.topics.features].reduce(0) { $0 + $1.count }
            if asked == 0, messageCount > 40 {
                suite.activate(suite.models[1])
                asked = 1
            } else if asked == 1, messageCount > 100 {
                suite.activate(suite.models[0])
                suite.activate(suite.models[1])
                asked = 3
            }
        }
        commitAll(suite)
        try compareWithOffline(suite, traffic, places)
        try expectEveryChainToBeThatOfAReplay(suite)
        let (records, activations) = try said(suite)
        #expect(activations == 3 * SuiteTests.topics.featuresPartitions)
        let models = Set(records.values.compactMap(\.model))
        #expect(models.count == 2, "both models should have scored")
        for unit in suite.units(of: ScoreStage.name) { #expect(unit.committed.last?.version == suite.models[1].hash.bytes) }
    }

    @Test func outOfStepChainsStillEqualReplaysAndNothingIsLost() throws {
        let traffic = traffic(12, count: 800)
        let suite = try suite()
        suite.produce(traffic)
        try suite.run(seed: 2, crashPercent: 1, isInStep: false)
        commitAll(suite)
        try expectEveryChainToBeThatOfAReplay(suite)
        let (records, _) = try said(suite)
        #expect(records.count == traffic.offline.count + traffic.outcomes.count)
    }

    @Test func aModelThatIsNotLoadedStopsTheUnitAndSaysWhich() throws {
        let suite = try suite()
        let stranger = try ScoringModel(
            forest: try SimulatedSuite.forest(seed: 3), hash: ContentHash(of: try SimulatedSuite.forest(seed: 3).encode()))
        suite.activate(stranger)
        #expect(throws: PipelineFailure.versionMissing(kind: "model", hash: stranger.hash.description)) { try suite.run(seed: 1) }
    }
}

/// RFC 4648 in the plainest way.
private func base64Oracle(_ bytes: [UInt8]) -> String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    var text = ""
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let group = Array(bytes[start..<min(start + 3, bytes.count)])
        let word = group.enumerated().reduce(0) { $0 | Int($1.element) << (16 - 8 * $1.offset) }
        for index in 0..<4 { text.append(index <= group.count ? digits[word >> (18 - 6 * index) & 63] : "=") }
    }
    return text
}

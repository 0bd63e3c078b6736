internal import Contracts
package import Features
package import Forest
internal import Foundation
package import Hashing
package import Intake
internal import Onnx
internal import Pipeline
internal import RiskDomain
package import Stages

/// All stages of a deployment in one process, connected by logs in memory and driven from a seed.
package final class SimulatedSuite {
    package let topics: TopicPlan
    package let featureSet: FeatureSet
    package let schema: IntakeSchema
    package let logs: SimulatedTopics
    package let models: [ScoringModel]
    package let modelFiles: [[UInt8]]
    package private(set) var units: [any SimulatedOwner] = []
    private var activations: UInt64 = 0

    package init(models forests: [Forest], topics: TopicPlan, stepSpanMicros: Int64 = 3_600_000_000) throws {
        self.topics = topics
        featureSet = try SimulatedSuite.cardFeatures()
        schema = try SimulatedSuite.cardSchema()
        logs = SimulatedTopics(topics.all(passEntities: featureSet.passes.map(\.entity)))
        modelFiles = forests.map { $0.encode() }
        models = try zip(forests, modelFiles).map { try ScoringModel(forest: $0, hash: ContentHash(of: $1)) }
        let score = ScoreStage(topics: topics)
        for (model, file) in zip(models, modelFiles) { try score.load(version: model.hash.bytes, content: file) }

        func add<S: Stage>(_ stage: S, _ partitions: Int, genesis: [UInt8]? = nil) throws {
            for partition in 0..<Int32(partitions) {
                units.append(
                    try SimulatedUnit(stage, partition: partition, genesis: genesis, logs: logs, stepSpanMicros: stepSpanMicros))
            }
        }
        try add(IngestStage(source: .transactions, schema: schema, topics: topics), topics.transactionsPartitions)
        try add(IngestStage(source: .outcomes, schema: schema, topics: topics), topics.outcomesPartitions)
        for pass in featureSet.passes.indices {
            try add(PassStage(pass: pass, featureSet: featureSet, topics: topics), topics.eventsPartitions)
        }
        try add(score, topics.featuresPartitions, genesis: models[0].hash.bytes)
    }

    package static func repositoryFile(_ path: String) throws -> [UInt8] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..").standardizedFileURL
        return Array(try Data(contentsOf: root.appendingPathComponent(path)))
    }

    package static func cardFeatures() throws -> FeatureSet {
        try FeatureSet(yaml: repositoryFile("config/card-features.yaml"), file: "card-features.yaml")
    }

    package static func cardReasons() throws -> ReasonFile {
        try ReasonFile(yaml: repositoryFile("config/card-reasons.yaml"), file: "card-reasons.yaml")
    }

    package static func cardSchema() throws -> IntakeSchema {
        try IntakeSchema.load(repositoryFile("config/card-transactions.yaml"), file: "card-transactions.yaml")
    }

    package func units(of stage: String) -> [any SimulatedOwner] { units.filter { $0.identity.name == stage } }

    /// Appends a control record to every input partition of the scorer, at whatever place each has come to.
    package func activate(_ model: ScoringModel) {
        let control = Control(artifact: model.hash.bytes, kind: .model, activation: activations)
        var record: [UInt8] = []
        control.encode(into: &record)
        var run = RunBuilder()
        run.start(sourceStage: 0, sourcePartition: 0, firstSequence: Int64(activations), kind: .control)
        record.withUnsafeBytes { run.append($0) }
        run.finish()
        for partition in 0..<Int32(topics.featuresPartitions) { logs.append(run.bytes, to: topics.features, partition: partition) }
        activations += 1
    }

    /// Takes random steps until nothing is left to do.
    ///
    /// - Parameters:
    ///   - crashPercent: How often a step is the death of an owner.
    ///   - isInStep: Whether owners keep in step, as live ones do while behind.
    ///   - onStep: Called before each step with its number.
    package func run(seed: UInt64, crashPercent: Int = 0, isInStep: Bool = true, onStep: (Int) -> Void = { _ in }) throws {
        var random = Seeded(seed)
        var count = 0
        while units.contains(where: { !$0.isIdle }) {
            onStep(count)
            count += 1
            let unit = units[random.below(units.count)]
            switch random.below(100) {
            case 0..<crashPercent: try unit.crash()
            case ..<45: try unit.foldSome(1 + random.below(1 << random.below(6)), random: &random)
            case ..<85:
                for _ in 0...random.below(6) where unit.sendNext(mayEnter: { isOpen($0, for: unit, isInStep) }) {}
            default: unit.commitSent()
            }
        }
    }

    private func isOpen(_ step: Int64, for unit: any SimulatedOwner, _ isInStep: Bool) -> Bool {
        let group = unit.identity.inStepWith
        guard isInStep, !group.isEmpty else { return true }
        let others = units.filter { group.contains($0.identity.name) }
        return StepGate.isOpen(
            for: step,
            units: others.map {
                StepGate.Unit(stage: $0.identity.name, partition: $0.partition, step: $0.step, position: $0.position)
            }, except: (unit.identity.name, unit.partition)
        ) { seen in
            guard let owner = others.first(where: { $0.identity.name == seen.stage && $0.partition == seen.partition }) else { return nil }
            return Int64(logs[owner.identity.inputTopic][Int(seen.partition)].count)
        }
    }

    /// Per stage and day, as `analytics.digest` gives it.
    package var digests: [DigestKey: DigestSum] {
        var sums: [DigestKey: DigestSum] = [:]
        for unit in units {
            for digest in unit.committed.flatMap(\.digests) {
                let key = DigestKey(stage: unit.identity.name, day: digest.day)
                let before = sums[key] ?? DigestSum(records: 0, sum: .zero)
                sums[key] = DigestSum(records: before.records + digest.records, sum: before.sum &+ digest.sum)
            }
        }
        return sums
    }

    package struct DigestKey: Hashable, Sendable {
        package var stage: String
        package var day: Int32
    }

    package struct DigestSum: Hashable, Sendable {
        package var records: Int64
        package var sum: Hash128
    }
}

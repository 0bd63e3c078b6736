import Activation
import Contracts
import Features
import Forest
import Hashing
import Hosting
import Kafka
import Pipeline
import Postgres
import RiskDomain
import ServiceRuntime
import Stages

/// `assay activate`: a model takes effect at one record of every partition, without a restart.
enum ActivateCommand {
    private static let keys = HostKeys.kafka + HostKeys.postgres + HostKeys.topics + [FileKeys.features]

    static let command = Command(
        "activate", abstract: "Puts a model in force: stores it, waits until every scorer has it, and sends the control records.",
        discussion:
            "Safe to run again after a failure: what was not sent whole is sent first, and what was sent twice is dropped by its number.",
        options: [
            .init("model", .path, isRequired: true, doc: "The model's file: ONNX"),
            .init("review-at", .double(0...1), doc: "Scores from here are reviewed, in place of the file's word; with --decline-at"),
            .init("decline-at", .double(0...1), doc: "Scores from here are declined, in place of the file's word; with --review-at"),
            .init("reasons", .path, doc: "The file that puts reasons into words, in place of the model's; it becomes part of the model"),
            .init(
                "wait", .duration(.zero...Duration.seconds(86_400)), default: "30s", doc: "How long the live scorers may take to load it"),
        ], flags: [CommandSupport.jsonFlag], configurationKeys: keys, otherConfigurationKeys: CommandSupport.otherKeys(than: keys),
        action: run)

    /// The live replicas that did not load the model in time.
    struct NotLoaded: Error, CustomStringConvertible {
        var model: String
        var replicas: [String]
        var waited: Duration
        var description: String {
            "model \(model) is stored, but after \(waited) these replicas of the scorer have not loaded it: \(replicas.joined(separator: ", ")); nothing was activated; look at their logs, or give --wait more time"
        }
    }

    private static func run(_ invocation: CommandInvocation) async throws {
        let configuration = invocation.configuration
        let model = try ModelFile(
            path: invocation.string("model"), fitting: SuiteFiles.features(configuration), thresholds: try thresholds(invocation),
            reasons: try invocation.optionalString("reasons").map { try SuiteFiles.reasons(path: $0) })
        let pool = PostgresPool(PostgresConfiguration(configuration, applicationName: "assay activate"), connectionCountMax: 2)
        do {
            try await activate(model, pool, invocation)
        } catch {
            await pool.close()
            throw error
        }
        await pool.close()
    }

    /// Thresholds that were asked for: both or none.
    private static func thresholds(_ invocation: CommandInvocation) throws(CommandUsageFailure) -> DecisionThresholds? {
        switch (invocation.optionalDouble("review-at"), invocation.optionalDouble("decline-at")) {
        case (nil, nil): return nil
        case (let review?, let decline?) where review <= decline: return DecisionThresholds(review: review, decline: decline)
        default:
            throw CommandUsageFailure(
                path: invocation.path, problem: "--review-at and --decline-at go together, the first not above the second")
        }
    }

    private static func activate(_ model: ModelFile, _ pool: PostgresPool, _ invocation: CommandInvocation) async throws {
        let configuration = invocation.configuration
        let store = ProgressStore(pool: pool, control: pool, replica: "assay activate", leaseTTL: .seconds(2))
        try await store.add(Artifact(model: model.forest, hash: model.hash, name: model.name, content: model.content))
        // The first model of all is also the one to begin with: a scorer without one cannot reach any control record.
        try await store.begin(stage: ScoreStage.name, with: model.hash.bytes)
        let ledger = ActivationLedger(pool: pool, stage: ScoreStage.name)
        let replicaCount = try await awaitLoaded(model, ledger, within: invocation.duration("wait"))

        let kafka = try KafkaConfiguration(configuration)
        let topic = TopicPlan(configuration).features
        let admin = try KafkaAdmin(kafka)
        let partitionCount: Int32
        do {
            // Before a number is given: a wrong cluster must not cost one.
            try await store.checkIdentity(stage: ScoreStage.name, clusterID: admin.clusterId(), lows: [:], highs: [:])
            partitionCount = try await countPartitions(of: topic, admin)
        } catch {
            await admin.close()
            throw error
        }
        await admin.close()
        let producer = try KafkaProducer(kafka)
        do {
            let unsent = try await ledger.ask(for: model.hash.bytes)
            for activation in unsent {
                try await send(activation, to: topic, partitionCount: partitionCount, through: producer)
                try await ledger.markSent(activation)
            }
            await producer.close()
            report(invocation, model, unsent, partitionCount, replicaCount)
        } catch {
            await producer.close(flushingWithin: .seconds(1))
            throw error
        }
    }

    private static func countPartitions(of topic: String, _ admin: KafkaAdmin) async throws -> Int32 {
        do throws(KafkaFailure) {
            return try await admin.partitionCount(of: topic)
        } catch {
            guard error.isUnknownTopicOrPartition else { throw error }
            throw PipelineFailure.invalid("topic \(topic) is not there; start the services once, which makes it, or set topics.prefix")
        }
    }

    /// - Returns: How many live replicas have the model loaded; there may be none at all, and those that start later load it first.
    private static func awaitLoaded(_ model: ModelFile, _ ledger: ActivationLedger, within limit: Duration) async throws -> Int {
        let clock = ContinuousClock()
        let start = clock.now
        while true {
            let replicas = try await ledger.replicas(loading: model.hash.bytes)
            let lacking = replicas.filter { !$0.isLoaded }.map(\.name)
            if lacking.isEmpty { return replicas.count }
            guard start.duration(to: clock.now) < limit else { throw NotLoaded(model: model.hash.short, replicas: lacking, waited: limit) }
            try await clock.sleep(for: .milliseconds(100))
        }
    }

    /// Appends the control record to every partition and awaits the acknowledgements.
    private static func send(
        _ activation: ActivationLedger.Activation, to topic: String, partitionCount: Int32, through producer: KafkaProducer
    ) async throws {
        let run = ActivationMessage.run(artifact: activation.artifact, kind: .model, sequence: activation.sequence)
        let ticket = DeliveryTicket()
        for partition in 0..<partitionCount {
            while case .queueFull = try run.withUnsafeBytes({ value in
                try producer.produce(to: topic, partition: partition, key: nil, value: value, ticket: ticket)
            }) { try await producer.awaitRoom() }
        }
        try await ticket.delivered()
    }

    private static func report(
        _ invocation: CommandInvocation, _ model: ModelFile, _ sent: [ActivationLedger.Activation], _ partitionCount: Int32,
        _ replicaCount: Int
    ) {
        let sequence = Int(sent.last?.sequence ?? 0)
        if invocation.flag("json") {
            CommandSupport.printJson([
                "model": .text("\(model.hash)"), "activation": .int(sequence), "partitions": .int(Int(partitionCount)),
                "replicas": .int(replicaCount), "sent_again": .int(sent.count - 1),
            ])
        } else {
            var text = "Model \(model.hash.short) (\(model.name)) takes effect as activation \(sequence) in \(partitionCount) partitions"
            text += replicaCount == 0 ? "; no scorer is running now" : "; \(replicaCount) scorers have it loaded"
            if sent.count > 1 { text += "; \(sent.count - 1) earlier activations were sent again first" }
            print(text)
        }
    }
}

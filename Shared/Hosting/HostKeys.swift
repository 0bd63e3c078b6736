package import Kafka
package import Pipeline
package import Postgres
package import ServiceRuntime
package import Stages

/// Settings that every stage's service has beside ``RuntimeKeys``.
package enum HostKeys {
    package static let kafkaBootstrapServers = ConfigurationKey.string(
        "kafka.bootstrap.servers", default: "127.0.0.1:9092", doc: "Kafka brokers to begin with, host:port with commas between")
    package static let kafkaProperties = ConfigurationKey.strings(
        "kafka.properties", default: [],
        doc: "More librdkafka properties, name=value with commas between (security.protocol, sasl.mechanisms, ssl.ca.location, ...)")
    package static let kafkaSaslPassword = ConfigurationKey.secret("kafka.sasl.password", doc: "Password for SASL")
    package static let kafkaReplication = ConfigurationKey.int(
        "kafka.replication", in: -1...32, default: -1, doc: "Replication factor of topics that are made; -1 takes the cluster's default")

    package static let postgresURL = ConfigurationKey.string(
        "postgres.url", default: "postgresql:///assay", doc: "PostgreSQL as a URI or conninfo; leave the password to postgres.password")
    package static let postgresPassword = ConfigurationKey.secret("postgres.password", doc: "Password for PostgreSQL")
    package static let postgresConnections = ConfigurationKey.int(
        "postgres.connections.max", in: 2...64, default: 6,
        doc: "Connections that this process opens at most, besides three for leases and notifications")
    package static let postgresStatementTimeout = ConfigurationKey.duration(
        "postgres.statement.timeout", in: .milliseconds(100)...Duration.seconds(3_600), default: .seconds(30),
        doc: "A statement that runs longer is cancelled and tried again")

    package static let replicaName = ConfigurationKey.string(
        "replica.name", default: "",
        doc: "Name of this replica; the same after a restart, so that it gets its partitions back; host and process id when empty")

    package static let topicsPrefix = ConfigurationKey.string(
        "topics.prefix", default: "assay.", doc: "Begins the name of every topic")
    package static let transactionsPartitions = partitions("transactions", 4)
    package static let outcomesPartitions = partitions("outcomes", 2)
    package static let eventsPartitions = partitions("events", 4)
    package static let featuresPartitions = partitions("features", 4)
    package static let scoresPartitions = partitions("scores", 4)
    package static let rejectedPartitions = partitions("rejected", 1)

    private static func partitions(_ topic: String, _ count: Int) -> ConfigurationKey {
        .int(
            "topics.\(topic).partitions", in: 1...4_096, default: count,
            doc: "Partitions of the \(topic) topic when it is made; must agree in all services")
    }

    package static let batchMessages = ConfigurationKey.int(
        "batch.messages.max", in: 1...65_536, default: 512, doc: "Messages folded at most before their outputs are sent")
    package static let batchBytes = ConfigurationKey.int(
        "batch.bytes.max", in: 1_024...(1 << 28), default: 256 << 10, unit: "bytes", doc: "Input folded at most before its outputs are sent"
    )
    package static let batchesInFlight = ConfigurationKey.int(
        "batch.inflight.max", in: 1...1_024, default: 64, doc: "Batches folded and sent at most ahead of the commit")
    package static let commitInterval = ConfigurationKey.duration(
        "commit.interval", in: .zero...Duration.seconds(10), default: .milliseconds(10),
        doc: "Shortest time between two commits of a partition")
    package static let leaseTTL = ConfigurationKey.duration(
        "lease.ttl", in: .milliseconds(200)...Duration.seconds(300), default: .milliseconds(2_000),
        doc: "How long a lease holds without renewal: the time to fail-over")
    package static let heartbeat = ConfigurationKey.duration(
        "lease.heartbeat", in: .milliseconds(20)...Duration.seconds(60), default: .milliseconds(400),
        doc: "How often leases are renewed; at most a third of lease.ttl")
    package static let stepSpan = ConfigurationKey.duration(
        "step.span", in: .seconds(1)...Duration.seconds(86_400 * 30), default: .seconds(3_600),
        doc: "While behind, replicas keep in step by this span of source time")
    package static let liveWindow = ConfigurationKey.duration(
        "step.live.window", in: .zero...Duration.seconds(86_400 * 3_650), default: .seconds(600),
        doc: "Events younger than this are live and need not keep in step")
    package static let snapshotRecords = ConfigurationKey.int(
        "snapshot.records.max", in: 100...1_000_000_000, default: 100_000, doc: "A snapshot is taken after this many records of a partition"
    )
    package static let snapshotInterval = ConfigurationKey.duration(
        "snapshot.interval", in: .milliseconds(100)...Duration.seconds(86_400), default: .seconds(60),
        doc: "... or after this much time")

    package static let kafka = [kafkaBootstrapServers, kafkaProperties, kafkaSaslPassword, kafkaReplication]
    package static let postgres = [postgresURL, postgresPassword, postgresConnections, postgresStatementTimeout]
    package static let topics = [
        topicsPrefix, transactionsPartitions, outcomesPartitions, eventsPartitions, featuresPartitions, scoresPartitions,
        rejectedPartitions,
    ]
    package static let pipeline = [
        batchMessages, batchBytes, batchesInFlight, commitInterval, leaseTTL, heartbeat, stepSpan, liveWindow, snapshotRecords,
        snapshotInterval,
    ]
    /// Everything that a stage's service reads.
    package static let all = RuntimeKeys.all + kafka + postgres + topics + pipeline + [replicaName]
}

/// Settings that only some executables read; the others let them stand in a common file or environment.
package enum FileKeys {
    package static let schema = ConfigurationKey.path(
        "schema.file", default: "config/card-transactions.yaml", doc: "What a transaction and an outcome look like")
    package static let features = ConfigurationKey.path(
        "features.file", default: "config/card-features.yaml", doc: "The features, their entities and windows")
    package static let model = ConfigurationKey.path(
        "model.file", doc: "Model that the stage begins with; later ones take effect through 'assay activate'")
    package static let all = [schema, features, model]
}

extension KafkaConfiguration {
    /// - Throws: ``KafkaFailure`` naming a property that librdkafka does not know or take.
    package init(_ configuration: Configuration) throws(KafkaFailure) {
        var properties: [String: String] = [:]
        for entry in configuration.strings(HostKeys.kafkaProperties) {
            guard let equals = entry.firstIndex(of: "="), equals != entry.startIndex else {
                throw KafkaFailure(
                    code: -186, remedy: .recreateClient, operation: "read kafka.properties",
                    message: "an entry has no name=value; write for example security.protocol=SASL_SSL")
            }
            properties[String(entry[..<equals])] = String(entry[entry.index(after: equals)...])
        }
        if let password = configuration.optionalString(HostKeys.kafkaSaslPassword) { properties["sasl.password"] = password }
        try self.init(bootstrapServers: configuration.string(HostKeys.kafkaBootstrapServers), properties)
    }
}

extension PostgresConfiguration {
    package init(_ configuration: Configuration, applicationName: String) {
        self.init(configuration.string(HostKeys.postgresURL))
        if let password = configuration.optionalString(HostKeys.postgresPassword) { self.password = password }
        self.applicationName = applicationName
        statementTimeoutMillis = Int(configuration.duration(HostKeys.postgresStatementTimeout).micros / 1_000)
    }
}

extension TopicPlan {
    package init(_ configuration: Configuration) {
        self.init()
        prefix = configuration.string(HostKeys.topicsPrefix)
        transactionsPartitions = configuration.int(HostKeys.transactionsPartitions)
        outcomesPartitions = configuration.int(HostKeys.outcomesPartitions)
        eventsPartitions = configuration.int(HostKeys.eventsPartitions)
        featuresPartitions = configuration.int(HostKeys.featuresPartitions)
        scoresPartitions = configuration.int(HostKeys.scoresPartitions)
        rejectedPartitions = configuration.int(HostKeys.rejectedPartitions)
    }
}

extension PipelineSettings {
    package init(_ configuration: Configuration) throws(ConfigurationFailure) {
        self.init()
        batchMessagesMax = configuration.int(HostKeys.batchMessages)
        batchBytesMax = configuration.int(HostKeys.batchBytes)
        batchesInFlightMax = configuration.int(HostKeys.batchesInFlight)
        commitInterval = configuration.duration(HostKeys.commitInterval)
        leaseTTL = configuration.duration(HostKeys.leaseTTL)
        heartbeat = configuration.duration(HostKeys.heartbeat)
        stepSpan = configuration.duration(HostKeys.stepSpan)
        liveWindow = configuration.duration(HostKeys.liveWindow)
        snapshotRecordsMax = Int64(configuration.int(HostKeys.snapshotRecords))
        snapshotInterval = configuration.duration(HostKeys.snapshotInterval)
        guard heartbeat * 3 <= leaseTTL else {
            throw configuration.problem(HostKeys.heartbeat, rule: "at most a third of lease.ttl (\(leaseTTL))")
        }
    }
}

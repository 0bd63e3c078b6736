import Kafka
import Postgres
import Scaling

/// Measures the services: what arrived according to Kafka, what is done according to PostgreSQL.
struct LoadReader: Sendable {
    let services: [ScaledService]
    let admin: KafkaAdmin
    let pool: PostgresPool
    /// Of one question to the cluster.
    private let limit = Duration.seconds(5)

    init(services: [ScaledService], admin: KafkaAdmin, pool: PostgresPool) {
        self.services = services
        self.admin = admin
        self.pool = pool
    }

    /// - Parameter now: The clock that the measurements carry, asked once Kafka has answered.
    /// - Returns: One for each service, in their order.
    /// - Throws: ``KafkaFailure`` or ``PostgresFailure``; then nothing is known.
    func read(now: @Sendable () -> Duration) async throws -> [ServiceLoad] {
        var watermarks: [String: [Int32: Int64]] = [:]
        // Next offsets first: what arrives meanwhile counts as lag rather than as nothing.
        let (offsets, owners) = try await readDatabase()
        for topic in Set(services.flatMap(\.stages).map(\.inputTopic)).sorted() {
            watermarks[topic] = try await highWatermarks(of: topic)
        }
        let at = now()
        var loads: [ServiceLoad] = []
        for service in services {
            var stages: [ServiceLoad.Stage] = []
            for stage in service.stages {
                stages.append(try await load(of: stage, watermarks[stage.inputTopic] ?? [:], offsets[stage.name] ?? [:]))
            }
            let present = service.stages.reduce(into: Set<String>()) { $0.formUnion(owners[$1.name] ?? []) }
            loads.append(ServiceLoad(at: at, stages: stages, replicasPresent: present.count))
        }
        return loads
    }

    private func load(
        of stage: ScaledService.Stage, _ highs: [Int32: Int64], _ nexts: [Int32: Int64]
    ) async throws(KafkaFailure) -> ServiceLoad.Stage {
        let unclaimed = highs.keys.filter { nexts[$0] == nil }.sorted()
        // A partition that no replica has entered yet will be read from its beginning.
        let lows = unclaimed.isEmpty ? [:] : try await admin.lowWatermarks(of: stage.inputTopic, partitions: unclaimed, within: limit)
        var load = ServiceLoad.Stage(name: stage.name, arrivedTotal: 0, servedTotal: 0, partitionCount: highs.count)
        for (partition, high) in highs {
            load.arrivedTotal &+= high
            load.servedTotal &+= nexts[partition] ?? lows[partition] ?? 0
        }
        return load
    }

    /// Empty while the topic is not there.
    private func highWatermarks(of topic: String) async throws(KafkaFailure) -> [Int32: Int64] {
        do throws(KafkaFailure) {
            let count = try await admin.partitionCount(of: topic, within: limit)
            return try await admin.highWatermarks(of: topic, partitions: 0..<count, within: limit)
        } catch {
            if error.isUnknownTopicOrPartition { return [:] }
            throw error
        }
    }

    /// Next offsets by stage and partition; owners that are present by stage.
    private func readDatabase() async throws(PostgresFailure) -> (offsets: [String: [Int32: Int64]], owners: [String: Set<String>]) {
        try await pool.withConnection { connection throws(PostgresFailure) in
            var offsets: [String: [Int32: Int64]] = [:]
            for row in try await connection.query("SELECT stage, partition, next_offset FROM pipeline.progress") {
                offsets[try row.text("stage"), default: [:]][try row.int32("partition")] = try row.int64("next_offset")
            }
            var owners: [String: Set<String>] = [:]
            for row in try await connection.query("SELECT stage, owner FROM pipeline.replica WHERE deadline > clock_timestamp()") {
                owners[try row.text("stage"), default: []].insert(try row.text("owner"))
            }
            return (offsets, owners)
        }
    }
}

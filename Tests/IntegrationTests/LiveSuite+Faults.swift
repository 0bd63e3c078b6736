import Activation
import Contracts
import Features
import Hashing
import Pipeline
import Postgres
import Stages
import TestSupport

extension LiveSuite {
    /// What `assay activate` stores before it sends anything.
    func store(model: Int) async throws {
        try await query(
            "INSERT INTO model.artifact (hash, kind, name, content, features) VALUES ($1, 'model', 'next', $2, $3) ON CONFLICT DO NOTHING",
            [.bytea(models[model].hash.bytes), .bytea(modelFiles[model]), .array(featureSet.featureNames)])
        try await eventually("every scorer to load model \(model)", diagnosis: state) {
            try await count(
                "SELECT count(*) FROM pipeline.replica WHERE stage = 'score' AND deadline > clock_timestamp() AND NOT loaded @> ARRAY[$1]",
                [.bytea(models[model].hash.bytes)]) == 0
        }
    }

    /// Sends the control record to every input partition of the scorer.
    func activate(model: Int, sequence: Int64) async throws {
        let run = ActivationMessage.run(artifact: models[model].hash.bytes, kind: .model, sequence: sequence)
        try await send((0..<Int32(topics.featuresPartitions)).map { Outgoing(topic: topics.features, partition: $0, value: run) })
    }

    func count(_ sql: String, _ parameters: [PostgresValue]) async throws -> Int {
        Int(try await query(sql, parameters).single().int64(0))
    }

    /// Cuts every connection of the services, in the middle of whatever they do.
    func cutConnections(of replica: String = "%") async throws {
        try await query(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND application_name LIKE '%/\(replica)' AND pid <> pg_backend_pid()
            """)
    }
}

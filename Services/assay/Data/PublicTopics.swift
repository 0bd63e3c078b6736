import Hosting
import Kafka
import Pipeline
import ServiceRuntime
import Stages

/// The two topics that producers write to, with their partition counts as the cluster has them.
struct PublicTopics {
    var transactions: (topic: ProducerTopic, partitionCount: Int32)
    var outcomes: (topic: ProducerTopic, partitionCount: Int32)

    /// Makes the topics that are not there yet, as the services would.
    ///
    /// - Throws: a failure that names the topic whose partitions are not those configured.
    init(_ configuration: Configuration, kafka: KafkaConfiguration, producer: KafkaProducer) async throws {
        let plan = TopicPlan(configuration)
        let wanted = [(plan.transactions, plan.transactionsPartitions), (plan.outcomes, plan.outcomesPartitions)]
        let admin = try KafkaAdmin(kafka)
        do {
            _ = try await admin.createTopics(
                wanted.map { name, partitions in
                    // Records that are far too large still reach ingest, which says so.
                    NewTopic(
                        name, partitionCount: Int32(partitions), replicationFactor: Int32(configuration.int(HostKeys.kafkaReplication)),
                        settings: ["max.message.bytes": "16777216"])
                })
            for (name, partitions) in wanted {
                // Metadata of a topic just made may take a moment to reach the broker that answers.
                let found = Int(try await admin.partitionCount(of: name))
                guard found == partitions else {
                    throw PipelineFailure.invalid(
                        "topic \(name) has \(found) partitions but \(partitions) are configured; set topics.*.partitions to what Kafka has")
                }
            }
        } catch {
            await admin.close()
            throw error
        }
        await admin.close()
        transactions = (try producer.topic(plan.transactions), Int32(plan.transactionsPartitions))
        outcomes = (try producer.topic(plan.outcomes), Int32(plan.outcomesPartitions))
    }
}

import Kafka
import Pipeline
import Postgres
import StageHarness
import Stages
import TestSupport
import Testing

@Suite(.enabled(if: KafkaForTests.isAvailable, "\(KafkaForTests.absence)"), .timeLimit(.minutes(10)))
struct IdentityTests {
    @Test func aServiceRefusesAClusterOrATopicThatIsNotTheOneItKnows() async throws {
        try await LiveSuite.with { suite in
            let load = Load(suite.traffic(seed: 11, count: 300))
            let hosts = try suite.startAll(replica: "a")
            try await suite.send(load)
            try await suite.drained(events: load.eventCount, rejected: load.rubbishCount)
            for host in hosts { host.stop() }
            for host in hosts { #expect(try await host.end() == nil) }

            let known = try await suite.query("SELECT DISTINCT cluster_id FROM pipeline.progress").single().text(0)
            try await suite.query("UPDATE pipeline.progress SET cluster_id = 'another-cluster-of-before'")
            for role in Role.allCases {
                let refusal = try await suite.start(role, replica: "b").end()
                guard case .historyLost(let why) = refusal as? PipelineFailure else {
                    Issue.record("\(role) ended with \(String(describing: refusal))")
                    continue
                }
                #expect(why.contains("remembers Kafka cluster another-cluster-of-before") && why.contains("this is cluster \(known)"))
            }
            try await suite.query("UPDATE pipeline.progress SET cluster_id = $1", [.text(known)])

            try await suite.admin.deleteTopics([suite.topics.transactions])
            // The broker removes it in its own time.
            try await eventually("the topic to be gone") {
                do throws(KafkaFailure) { _ = try await suite.admin.partitionCount(of: suite.topics.transactions) } catch {
                    return error.isUnknownTopicOrPartition
                }
                return false
            }
            try await eventually("the topic to be there anew") {
                do { try await suite.createTopics() } catch { return false }
                return (try? await suite.admin.partitionCount(of: suite.topics.transactions)) == 3
            }
            let refusal = try await suite.start(.ingest, replica: "c").end()
            guard case .historyLost(let why) = refusal as? PipelineFailure else {
                Issue.record("ingest ended with \(String(describing: refusal))")
                return
            }
            #expect(why.contains("\(suite.topics.transactions)/") && why.contains("the topic was made anew"), "\(why)")
            #expect(try await suite.counts().events == load.eventCount)
        }
    }
}

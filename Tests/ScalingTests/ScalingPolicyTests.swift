import Scaling
import Testing

@Suite("Scaling policy")
struct ScalingPolicyTests {
    @Test(
        "A lag calls for ceil(lag / target) replicas between the limits",
        arguments: [
            (Int64(0), 8, 0, 2, ScalingPolicy.Limit?.some(.minimum)), (2_000, 8, 2, 2, nil), (2_001, 8, 3, 3, nil),
            (5_000, 8, 5, 5, nil), (5_001, 8, 6, 5, .maximum), (9_000, 3, 9, 3, .partitionCount), (0, 1, 0, 1, .minimum),
            (Int64.max, 8, Int(Int64.max / 1_000) + 1, 5, .maximum),
        ])
    func replicas(lag: Int64, partitions: Int, wanted: Int, bounded: Int, limit: ScalingPolicy.Limit?) throws {
        let policy = try ScalingPolicy(replicaCountMin: 2, replicaCountMax: 5, lagPerReplicaTarget: 1_000)
        let found = policy.replicas(forLag: lag, partitionCount: partitions)
        #expect(found == (wanted, bounded, limit))
    }

    @Test(
        "The wait before a restart doubles up to its limit", arguments: [(1, 100), (2, 200), (3, 400), (4, 800), (5, 1_000), (900, 1_000)])
    func backoff(deaths: Int, millis: Int) throws {
        let policy = try ScalingPolicy(restartBackoffMin: .milliseconds(100), restartBackoffMax: .seconds(1))
        #expect(policy.restartBackoff(afterDeaths: deaths) == .milliseconds(millis))
    }

    @Test("Settings outside their range are refused by name")
    func refused() {
        #expect { try ScalingPolicy(replicaCountMin: 0) } throws: { ($0 as? ScalingPolicy.Invalid)?.field == "replicas min" }
        #expect { try ScalingPolicy(replicaCountMin: 5) } throws: { ($0 as? ScalingPolicy.Invalid)?.field == "replicas max" }
        #expect { try ScalingPolicy(lagPerReplicaTarget: 0) } throws: { ($0 as? ScalingPolicy.Invalid)?.field == "lag target" }
        #expect { try ScalingPolicy(restartBackoffMin: .zero) } throws: {
            ($0 as? ScalingPolicy.Invalid)?.field == "restart back-off min"
        }
    }
}

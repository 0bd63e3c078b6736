/// What was measured of a service at one instant: its stages, which share the service's replicas.
package struct ServiceLoad: Hashable, Sendable {
    /// One stage of the service.
    package struct Stage: Hashable, Sendable {
        package var name: String
        /// Sum of the input partitions' high watermarks.
        package var arrivedTotal: Int64
        /// Sum of the partitions' next offsets.
        package var servedTotal: Int64
        /// 0 while the input topic is not there.
        package var partitionCount: Int

        package init(name: String, arrivedTotal: Int64, servedTotal: Int64, partitionCount: Int) {
            self.name = name
            self.arrivedTotal = arrivedTotal
            self.servedTotal = servedTotal
            self.partitionCount = partitionCount
        }

        /// Never negative: the two counters are read a moment apart.
        package var lag: Int64 { max(0, arrivedTotal.subtractingReportingOverflow(servedTotal).partialValue) }
    }

    /// On a monotonic clock whose origin does not matter.
    package var at: Duration
    package var stages: [Stage]
    /// Owners whose presence in the database has not expired.
    package var replicasPresent: Int

    package init(at: Duration, stages: [Stage], replicasPresent: Int) {
        self.at = at
        self.stages = stages
        self.replicasPresent = replicasPresent
    }

    package var lagTotal: Int64 { stages.reduce(0) { $0.addingReportingOverflow($1.lag).partialValue } }
    package var arrivedTotal: Int64 { stages.reduce(0) { $0.addingReportingOverflow($1.arrivedTotal).partialValue } }

    /// Partitions of the stage that has most of them: a replica beyond that many would idle.
    package var partitionCount: Int { stages.map(\.partitionCount).max() ?? 0 }

    /// The service as one stage. A stage that seems ahead of its input does not hide another one's lag.
    package var sample: StageSample {
        StageSample(at: at, arrivedTotal: arrivedTotal, servedTotal: arrivedTotal - lagTotal, partitionCount: partitionCount)
    }

    /// The service as one stage whose input is not known at `now`: nothing is decided on it.
    package func unknownSample(at now: Duration) -> StageSample {
        StageSample(at: now, arrivedTotal: arrivedTotal, servedTotal: arrivedTotal - lagTotal, partitionCount: 0)
    }

    /// Records a second since an earlier measurement; nil for the first one and where a counter went back.
    package func rates(since earlier: ServiceLoad?) -> (arrival: Double?, service: Double?) {
        guard let earlier, at > earlier.at else { return (nil, nil) }
        return (
            rate(\.arrivedTotal, since: earlier), rate(\.servedTotal, since: earlier)
        )
    }

    /// Sums over the stages that both know.
    private func rate(_ counter: (Stage) -> Int64, since earlier: ServiceLoad) -> Double? {
        var sum = 0.0
        for stage in stages {
            guard let then = earlier.stages.first(where: { $0.name == stage.name }) else { continue }
            guard counter(stage) >= counter(then) else { return nil }
            sum += Double(counter(stage)) - Double(counter(then))
        }
        return sum / ((at - earlier.at) / .seconds(1))
    }
}

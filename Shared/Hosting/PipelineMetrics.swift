package import Pipeline
package import ServiceRuntime

/// Turns the pipeline's happenings into log lines and metrics.
package struct PipelineMetrics: Sendable {
    private let logger: Logger
    private let registry: MetricsRegistry

    package init(logger: Logger, registry: MetricsRegistry) {
        self.logger = logger
        self.registry = registry
    }

    package var observer: PipelineObserver { PipelineObserver { note($0) } }

    private func count(_ name: String, _ help: String, _ stage: String, by amount: Int = 1) {
        registry.counter(name, help: help, labels: [("stage", stage)]).increment(by: amount)
    }

    private func note(_ happening: PipelineObserver.Happening) {
        switch happening {
        case .claimed(let stage, let partition, let next):
            count("assay_leases_claimed_total", "Partitions claimed", stage)
            logger.info("Claimed", metadata: place(stage, partition, [LogKey.offset: .init(next)]))
        case .recovered(let stage, let partition, let from, let records, let took):
            registry.histogram("assay_recovery_seconds", help: "Time to have a partition's state again", labels: [("stage", stage)]).record(
                took)
            logger.info(
                "Recovered",
                metadata: place(
                    stage, partition,
                    [LogKey.offset: .init(from), LogKey.count: .init(records), LogKey.durationMillis: .init(took.micros / 1_000)]))
        case .released(let stage, let partition):
            logger.info("Released", metadata: place(stage, partition))
        case .fenced(let stage, let partition):
            count("assay_leases_lost_total", "Partitions lost to another owner", stage)
            logger.warning("Fenced", metadata: place(stage, partition))
        case .restarting(let stage, let partition, let why):
            count("assay_unit_restarts_total", "Partitions begun again after trouble", stage)
            logger.warning("Restarting", metadata: place(stage, partition, [LogKey.reason: .init(why)]))
        case .parked(let stage, let partition, let failure):
            count("assay_units_parked_total", "Partitions that met a record they must not pass over", stage)
            logger.error("Parked", metadata: place(stage, partition, [LogKey.reason: .init(failure.description)]))
        case .committed(let stage, _, let batches, let records, let bytes, let took):
            count("assay_records_committed_total", "Records accepted and committed", stage, by: records)
            count("assay_commits_total", "Transactions committed", stage)
            count("assay_batches_committed_total", "Batches committed", stage, by: batches)
            count("assay_output_bytes_total", "Bytes of outputs committed", stage, by: bytes)
            registry.histogram("assay_commit_seconds", help: "Duration of a commit", labels: [("stage", stage)]).record(took)
        case .snapshotTaken(let stage, let partition, let byteCount):
            registry.gauge(
                "assay_snapshot_bytes", help: "Size of the last snapshot", labels: [("stage", stage), ("partition", "\(partition)")]
            ).set(to: byteCount)
            logger.debug("Snapshot taken", metadata: place(stage, partition, [LogKey.count: .init(byteCount)]))
        case .troubled(let stage, let what, let why):
            count("assay_troubles_total", "Uses of database or broker that failed and are tried again", stage)
            logger.warning("Trouble", metadata: [LogKey.stage: .init(stage), "operation": .init(what), LogKey.reason: .init(why)])
        case .keptInStep(let stage, _, _, let waited):
            registry.histogram(
                "assay_step_wait_seconds", help: "Time waited for other partitions to come into step", labels: [("stage", stage)]
            )
            .record(waited)
        }
    }

    private func place(_ stage: String, _ partition: Int32, _ more: Logger.Metadata = [:]) -> Logger.Metadata {
        more.merging([LogKey.stage: .init(stage), LogKey.partition: .init(partition)]) { _, new in new }
    }
}

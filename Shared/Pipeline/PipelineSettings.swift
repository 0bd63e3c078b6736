/// Sizes and times of the pipeline; each is documented where the services declare their configuration.
package struct PipelineSettings: Sendable {
    /// Messages folded at most before outputs are sent.
    package var batchMessagesMax = 512
    /// Input bytes folded at most before outputs are sent.
    package var batchBytesMax = 256 << 10
    /// Batches folded and sent at most ahead of the commit.
    package var batchesInFlightMax = 64
    /// Shortest time between two commits of a unit.
    package var commitInterval = Duration.milliseconds(10)
    /// How long a lease holds without renewal.
    package var leaseTTL = Duration.milliseconds(3_000)
    /// How often leases are renewed and the share is looked at.
    package var heartbeat = Duration.milliseconds(500)
    /// Span of source time that units of a stage keep in step by.
    package var stepSpan = Duration.seconds(3_600)
    /// Records younger than this, by the wall clock, are not held to the step.
    package var liveWindow = Duration.seconds(600)
    /// A snapshot is taken after this many records …
    package var snapshotRecordsMax: Int64 = 100_000
    /// … or after this much time, when there were any.
    package var snapshotInterval = Duration.seconds(60)
    /// How long a parked unit waits before it tries again.
    package var parkedRetry = Duration.seconds(10)
    /// How long a hand-over at shutdown may take.
    package var releaseTimeout = Duration.seconds(10)

    package init() {}

    var stepSpanMicros: Int64 { stepSpan.micros }
}

extension Duration {
    /// Whole microseconds, rounded towards zero.
    package var micros: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }

    package var seconds: Double { Double(micros) / 1e6 }
}

/// How many replicas a stage should have: `ceil(lag / target)`, between limits, changed no more often than the cool-downs allow.
package struct ScalingPolicy: Hashable, Sendable {
    /// Fewest replicas, 1 ... 1,000.
    package let replicaCountMin: Int
    /// Most replicas, at least the fewest, at most 1,000. A stage's partition count bounds it too.
    package let replicaCountMax: Int
    /// Records of lag that one replica may have before another is wanted; positive.
    package let lagPerReplicaTarget: Int64
    /// Least time between the last change and a growth.
    package let cooldownUp: Duration
    /// How long fewer replicas must have been enough before a reduction; counted anew from the last change.
    package let cooldownDown: Duration
    /// Wait before a replica that died is started again; doubles with each death in a row, up to `restartBackoffMax`.
    package let restartBackoffMin: Duration
    package let restartBackoffMax: Duration
    /// A replica that ran this long before it died starts with the least wait again.
    package let restartBackoffReset: Duration

    package init(
        replicaCountMin: Int = 1, replicaCountMax: Int = 4, lagPerReplicaTarget: Int64 = 10_000, cooldownUp: Duration = .seconds(5),
        cooldownDown: Duration = .seconds(60), restartBackoffMin: Duration = .milliseconds(200),
        restartBackoffMax: Duration = .seconds(30), restartBackoffReset: Duration = .seconds(60)
    ) throws(Invalid) {
        func check(_ field: String, _ isGood: Bool, _ value: some Any, _ rule: String) throws(Invalid) {
            guard isGood else { throw Invalid(field: field, value: "\(value)", rule: rule) }
        }
        try check("replicas min", 1...1_000 ~= replicaCountMin, replicaCountMin, "1 to 1000")
        try check("replicas max", replicaCountMin...1_000 ~= replicaCountMax, replicaCountMax, "\(replicaCountMin) (the min) to 1000")
        try check("lag target", lagPerReplicaTarget > 0, lagPerReplicaTarget, "above 0")
        try check("cool-down up", cooldownUp >= .zero, cooldownUp, "0 or more")
        try check("cool-down down", cooldownDown >= .zero, cooldownDown, "0 or more")
        try check("restart back-off min", restartBackoffMin > .zero, restartBackoffMin, "above 0")
        try check("restart back-off max", restartBackoffMax >= restartBackoffMin, restartBackoffMax, "the min or more")
        try check("restart back-off reset", restartBackoffReset >= .zero, restartBackoffReset, "0 or more")
        self.replicaCountMin = replicaCountMin
        self.replicaCountMax = replicaCountMax
        self.lagPerReplicaTarget = lagPerReplicaTarget
        self.cooldownUp = cooldownUp
        self.cooldownDown = cooldownDown
        self.restartBackoffMin = restartBackoffMin
        self.restartBackoffMax = restartBackoffMax
        self.restartBackoffReset = restartBackoffReset
    }

    /// A setting outside its range.
    package struct Invalid: Error, Hashable, CustomStringConvertible {
        package var field: String
        package var value: String
        package var rule: String

        package var description: String { "scaling: \(field) is \(value), must be \(rule)" }
    }

    /// Replicas that a lag calls for, before and after the limits.
    ///
    /// - Parameter partitionCount: Positive; a replica without a partition would idle, so there are never more of them.
    package func replicas(forLag lag: Int64, partitionCount: Int) -> (wanted: Int, bounded: Int, limit: Limit?) {
        // Quotient and remainder rather than lag + target − 1: nothing can overflow.
        let (quotient, remainder) = max(0, lag).quotientAndRemainder(dividingBy: lagPerReplicaTarget)
        let wanted = Int(clamping: remainder > 0 ? quotient + 1 : quotient)
        let ceiling = min(replicaCountMax, partitionCount)
        if wanted > ceiling { return (wanted, ceiling, partitionCount < replicaCountMax ? .partitionCount : .maximum) }
        let floor = min(replicaCountMin, ceiling)
        if wanted < floor { return (wanted, floor, .minimum) }
        return (wanted, wanted, nil)
    }

    /// What kept the replicas from what the lag calls for.
    package enum Limit: String, Hashable, Sendable {
        case minimum
        case maximum
        case partitionCount = "partition_count"
    }

    /// Wait before the start that follows `deathCount` deaths in a row.
    package func restartBackoff(afterDeaths deathCount: Int) -> Duration {
        var wait = restartBackoffMin
        for _ in 1..<max(2, deathCount) where deathCount > 1 {
            wait = wait * 2
            if wait >= restartBackoffMax { return restartBackoffMax }
        }
        return wait
    }
}

/// What was decided for a stage, with everything that the decision rests on, so that it can be recorded and checked later.
package struct ScalingDecision: Hashable, Sendable {
    package enum Action: Hashable, Sendable {
        case scale(to: Int)
        case hold(HoldReason)
        /// A replica died and starts again after a wait.
        case restart(replica: Int, after: Duration)
    }

    package enum HoldReason: String, Hashable, Sendable {
        /// As many as the lag calls for, within the limits.
        case atTarget = "at_target"
        case coolingDownUp = "cooling_down_up"
        case coolingDownDown = "cooling_down_down"
        /// The input topic is not there, or its partitions are not known.
        case partitionsUnknown = "partitions_unknown"
    }

    /// What the decision rests on.
    package struct Inputs: Hashable, Sendable {
        package var at: Duration
        package var lagTotal: Int64
        /// Records a second since the last sample; nil for the first one.
        package var arrivalRate: Double?
        package var serviceRate: Double?
        package var partitionCount: Int
        package var replicasLive: Int
        package var replicasDesired: Int
        /// Since the last change of the number of replicas.
        package var sinceChange: Duration?
        package var policy: ScalingPolicy
    }

    package var action: Action
    /// Replicas that the lag calls for, before the limits.
    package var replicasWanted: Int
    /// The limit that changed that number.
    package var limit: ScalingPolicy.Limit?
    package var inputs: Inputs

    /// One word for a log or a table: `scale_up`, `scale_down`, `hold`, `restart`.
    package var kind: String {
        switch action {
        case .scale(to: let count): count > inputs.replicasDesired ? "scale_up" : "scale_down"
        case .hold: "hold"
        case .restart: "restart"
        }
    }
}

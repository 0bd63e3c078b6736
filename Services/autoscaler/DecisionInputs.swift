import Json
import Postgres
import Scaling

/// Everything that a decision rests on, as the JSON of `scaling.decision.inputs`.
struct DecisionInputs {
    var id: PostgresUUID
    var driver: String
    var load: ServiceLoad?
    var rates: (arrival: Double?, service: Double?)
    /// Since the measurement; nil without one.
    var loadAge: Duration?
    var replicasRunning: Int
    /// Before the decision.
    var replicasDesired: Int
    var replicasWanted: Int
    var limit: ScalingPolicy.Limit?
    var sinceChange: Duration?
    var policy: ScalingPolicy

    var json: [UInt8] {
        var text = JsonMembers()
        text.string("decision_id", id.description)
        text.string("driver", driver)
        text.integer("lag", load?.lagTotal)
        text.double("arrival_rate", rates.arrival)
        text.double("service_rate", rates.service)
        text.integer("partitions", load.map { Int64($0.partitionCount) })
        text.integer("replicas", Int64(replicasRunning))
        text.integer("replicas_present", load.map { Int64($0.replicasPresent) })
        text.integer("desired_before", Int64(replicasDesired))
        text.integer("wanted", Int64(replicasWanted))
        text.string("limit", limit?.rawValue)
        text.seconds("since_change_s", sinceChange)
        text.seconds("measured_before_s", loadAge)
        text.raw("stages", JsonMembers.stages(load))
        text.raw("policy", JsonMembers.policy(policy))
        return text.closed
    }
}

/// The members of one JSON object, appended one by one.
struct JsonMembers {
    private var bytes: [UInt8] = [0x7B]

    var closed: [UInt8] { bytes + [0x7D] }

    mutating func raw(_ name: String, _ json: [UInt8]) {
        if bytes.count > 1 { bytes.append(0x2C) }
        JsonText.string(name, into: &bytes)
        bytes.append(0x3A)
        bytes += json
    }

    mutating func string(_ name: String, _ value: String?) {
        var json: [UInt8] = []
        if let value { JsonText.string(value, into: &json) }
        raw(name, value == nil ? JsonMembers.null : json)
    }

    mutating func integer(_ name: String, _ value: Int64?) {
        raw(name, value.map { Array(String($0).utf8) } ?? JsonMembers.null)
    }

    /// Rounded to thousandths: the digits after them are noise of the clock.
    mutating func double(_ name: String, _ value: Double?) {
        var json: [UInt8] = []
        JsonText.double(value.map { ($0 * 1_000).rounded() / 1_000 } ?? .nan, into: &json)
        raw(name, json)
    }

    mutating func seconds(_ name: String, _ value: Duration?) { double(name, value.map { $0 / .seconds(1) }) }

    private static let null = Array("null".utf8)

    static func array(_ elements: [[UInt8]]) -> [UInt8] { [0x5B] + Array(elements.joined(separator: [0x2C])) + [0x5D] }

    static func stages(_ load: ServiceLoad?) -> [UInt8] {
        array(
            (load?.stages ?? []).map { stage in
                var text = JsonMembers()
                text.string("stage", stage.name)
                text.integer("lag", stage.lag)
                text.integer("arrived", stage.arrivedTotal)
                text.integer("served", stage.servedTotal)
                text.integer("partitions", Int64(stage.partitionCount))
                return text.closed
            })
    }

    static func policy(_ policy: ScalingPolicy) -> [UInt8] {
        var text = JsonMembers()
        text.integer("replicas_min", Int64(policy.replicaCountMin))
        text.integer("replicas_max", Int64(policy.replicaCountMax))
        text.integer("lag_target", policy.lagPerReplicaTarget)
        text.seconds("cooldown_up_s", policy.cooldownUp)
        text.seconds("cooldown_down_s", policy.cooldownDown)
        text.seconds("restart_backoff_min_s", policy.restartBackoffMin)
        text.seconds("restart_backoff_max_s", policy.restartBackoffMax)
        return text.closed
    }
}

import LocalStack
import Scaling

/// What the autoscaler knows of one service. Values only; ``Autoscaler`` acts on them.
struct ManagedService {
    let service: ScaledService
    let driver: any ReplicaDriver
    var controller: StageController?
    var filter = HoldFilter()
    /// The newest measurement, and the one before it.
    var load: ServiceLoad?
    var rates: (arrival: Double?, service: Double?) = (nil, nil)
    /// Replicas that the controller believes in but the driver did not see, once.
    var suspects: Set<Int> = []

    init(_ service: ScaledService, _ driver: any ReplicaDriver) {
        self.service = service
        self.driver = driver
    }

    mutating func take(_ newer: ServiceLoad) {
        rates = newer.rates(since: load)
        load = newer
    }

    /// A measurement that failed ends what is known of the rates, not of the rest.
    mutating func forgetRates() { rates = (nil, nil) }

    /// Replicas that should be there, by the controller, and are not, by the driver, for the second time in a row.
    mutating func lost(running: [Int]) -> [Int] {
        guard let controller else { return [] }
        let missing = Set(
            (1...controller.policy.replicaCountMax).filter { replica in
                switch controller.state(of: replica) {
                case .running, .stopping: !running.contains(replica)
                case .absent, .starting, .waiting: false
                }
            })
        defer { suspects = missing }
        return missing.intersection(suspects).sorted()
    }

    /// How many replicas are in each state, in the order in which they are shown.
    var counts: [(state: String, count: Int)] {
        var running = 0
        var starting = 0
        var stopping = 0
        var waiting = 0
        if let controller {
            for replica in 1...controller.policy.replicaCountMax {
                switch controller.state(of: replica) {
                case .absent: break
                case .starting: starting += 1
                case .running: running += 1
                case .stopping: stopping += 1
                case .waiting: waiting += 1
                }
            }
        }
        return [
            ("desired", controller?.replicasDesired ?? 0), ("running", running), ("starting", starting), ("stopping", stopping),
            ("waiting", waiting), ("present", load?.replicasPresent ?? 0),
        ]
    }
}

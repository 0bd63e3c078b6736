import Json
import Scaling
import ServiceRuntime
import Synchronization

/// Shows the present state: `/v1/scaling` as JSON, and the metrics.
final class ScalingBoard: Sendable {
    private let registry: MetricsRegistry
    private let lags: [String: Gauge]
    private let replicas: [String: Gauge]
    private let page = Mutex<[UInt8]>(Array("{\"services\":[]}\n".utf8))

    init(services: [ScaledService], registry: MetricsRegistry) {
        self.registry = registry
        var lags: [String: Gauge] = [:]
        var replicas: [String: Gauge] = [:]
        for service in services {
            for stage in service.stages {
                lags[stage.name] = registry.gauge(
                    "assay_lag_records", help: "Input offsets that are not committed yet",
                    labels: [("service", service.name), ("stage", stage.name)])
            }
            for state in ["desired", "running", "starting", "stopping", "waiting", "present"] {
                replicas["\(service.name) \(state)"] = registry.gauge(
                    "assay_replicas", help: "Replicas by state; present: seen in the database",
                    labels: [("service", service.name), ("state", state)])
            }
        }
        self.lags = lags
        self.replicas = replicas
    }

    var json: [UInt8] { page.withLock { $0 } }

    func count(service: String, action: String) {
        registry.counter(
            "assay_scaling_decisions_total", help: "Decisions, those to leave things as they are included",
            labels: [("service", service), ("action", action)]
        ).increment()
    }

    /// - Parameters:
    ///   - unknown: Why there is no fresh measurement; nil when there is one.
    ///   - now: On the measurements' clock.
    func show(_ services: [ManagedService], driver: String, unknown: String?, at now: Duration) {
        var elements: [[UInt8]] = []
        for managed in services {
            for stage in managed.load?.stages ?? [] { lags[stage.name]?.set(to: stage.lag) }
            var text = JsonMembers()
            text.string("service", managed.service.name)
            var states = JsonMembers()
            for (state, count) in managed.counts {
                replicas["\(managed.service.name) \(state)"]?.set(to: count)
                states.integer(state, Int64(count))
            }
            text.raw("replicas", states.closed)
            text.integer("lag", managed.load?.lagTotal)
            text.double("arrival_rate", managed.rates.arrival)
            text.double("service_rate", managed.rates.service)
            text.integer("partitions", managed.load.map { Int64($0.partitionCount) })
            text.seconds("measured_before_s", managed.load.map { now - $0.at })
            text.raw("stages", JsonMembers.stages(managed.load))
            if let policy = managed.controller?.policy { text.raw("policy", JsonMembers.policy(policy)) }
            elements.append(text.closed)
        }
        var text = JsonMembers()
        text.string("driver", driver)
        text.string("unknown", unknown)
        text.raw("services", JsonMembers.array(elements))
        let bytes = text.closed + [0x0A]
        page.withLock { $0 = bytes }
    }
}

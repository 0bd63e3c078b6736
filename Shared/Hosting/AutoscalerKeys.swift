package import ServiceRuntime

/// Settings of the autoscaler.
package enum AutoscalerKeys {
    package static let interval = ConfigurationKey.duration(
        "autoscaler.interval", in: .milliseconds(200)...Duration.seconds(3_600), default: .seconds(2),
        doc: "How often the stages are looked at")
    package static let lagTarget = ConfigurationKey.int(
        "autoscaler.lag.target", in: 1...1_000_000_000, default: 2_000, unit: "records", doc: "Lag that one replica may carry")
    package static let replicasMin = ConfigurationKey.int(
        "autoscaler.replicas.min", in: 1...1_000, default: 1, doc: "Fewest replicas of a service")
    package static let replicasMax = ConfigurationKey.int(
        "autoscaler.replicas.max", in: 1...1_000, default: 4, doc: "Most replicas of a service; never more than its partitions")
    package static let cooldownUp = ConfigurationKey.duration(
        "autoscaler.cooldown.up", default: .seconds(5), doc: "Shortest time between two additions of replicas")
    package static let cooldownDown = ConfigurationKey.duration(
        "autoscaler.cooldown.down", default: .seconds(60), doc: "Shortest time before replicas are taken away")
    package static let driver = ConfigurationKey.choice(
        "autoscaler.driver", of: ["none", "process"], default: "none",
        doc: "How replicas are started and stopped: none records decisions only, process runs local processes")
    package static let directory = ConfigurationKey.path(
        "autoscaler.directory", default: ".local", doc: "Where the process driver keeps process records and logs")
    package static let binaries = ConfigurationKey.path(
        "autoscaler.binaries", doc: "Where the services' executables are; beside the autoscaler's own when not set")
    package static let stopReplicas = ConfigurationKey.bool(
        "autoscaler.stop.replicas", default: false,
        doc: "Whether the replicas are stopped when the autoscaler is; they go on by themselves otherwise")
    package static let all = [
        interval, lagTarget, replicasMin, replicasMax, cooldownUp, cooldownDown, driver, directory, binaries, stopReplicas,
    ]
}

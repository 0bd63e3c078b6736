import FrameServer
import KafkaBroker
import ServiceRuntime

extension RunningNode {
    /// Builds the broker that the options describe.
    static func make(_ options: BrokerOptions, _ registry: MetricsRegistry, _ logger: Logger) throws -> RunningNode {
        let broker = try LocalBroker.open(try settings(options), log: log(to: logger))
        let serverMetrics = ServerMetrics(in: registry)
        let nodeMetrics = NodeMetrics(in: registry)
        // A loop that is busy is shown as it was last: a scrape must not wait for it long.
        let refresh: @Sendable () -> Void = {
            guard let metrics = broker.metrics(withinMillis: 200) else { return }
            serverMetrics.show(metrics.server)
            nodeMetrics.show(metrics)
        }
        return RunningNode(
            address: broker.address, remote: broker.remote, launch: { try broker.launch(ended: $0) }, refreshMetrics: refresh,
            routes: [
                HttpRoute("GET", "/status") { _ in
                    refresh()
                    return .json(nodeMetrics.json())
                },
                HttpRoute("PUT", "/faults") { request in put(request.body, broker) },
                HttpRoute("POST", "/faults") { request in put(request.body, broker) },
                HttpRoute("DELETE", "/faults") { _ in
                    broker.setFaults(.none)
                    return .text("no faults\n")
                },
            ])
    }

    private static func put(_ body: [UInt8], _ broker: LocalBroker) -> HttpResponse {
        do throws(FaultSchedule.Invalid) {
            let schedule = try FaultSchedule(json: body)
            broker.setFaults(schedule)
            return .text("\(schedule.rules.count) rules in force, seed \(schedule.seed)\n")
        } catch {
            return .text("\(error)\n", status: 400)
        }
    }

    private static func settings(_ options: BrokerOptions) throws -> BrokerSettings {
        var settings = BrokerSettings(dataDirectory: options.dataDirectory)
        settings.listenHost = options.listen.host
        settings.listenPort = options.listen.port
        settings.advertisedHost = options.advertised?.host
        settings.advertisedPort = options.advertised?.port
        settings.partitionCountDefault = options.partitionCount
        settings.createsTopicsAutomatically = options.createsTopicsAutomatically
        settings.flush =
            switch options.flush {
            case .never: .never
            case .interval(let millis): .interval(millis: millis)
            case .every: .every
            }
        for (name, value) in options.topicDefaults {
            do { try settings.topicDefaults.set(name, to: value) } catch { throw BrokerUsage("--topic-default: \(error)") }
        }
        settings.retentionCheckMillis = options.retentionCheckMillis
        settings.groupInitialRebalanceDelayMillis = options.rebalanceDelayMillis
        settings.limits.connectionCountMax = options.limits.connectionCountMax
        settings.limits.requestBytesMax = options.limits.requestBytesMax
        settings.limits.requestBytesTotalMax = options.limits.requestMemoryMax
        settings.limits.idleMillisMax = options.limits.idleMillis
        if let path = options.faultsPath { settings.faults = try FaultSchedule(json: try FileBytes.read(path, byteCountMax: 1 << 20)) }
        return settings
    }

    private static func log(to logger: Logger) -> BrokerLog {
        BrokerLog { level, message, fields in
            var metadata: Logger.Metadata = [:]
            for field in fields { metadata[field.key] = "\(field.value)" }
            switch level {
            case .debug: logger.debug(message, metadata: metadata)
            case .info: logger.info(message, metadata: metadata)
            case .notice: logger.notice(message, metadata: metadata)
            case .warning: logger.warning(message, metadata: metadata)
            case .error: logger.error(message, metadata: metadata)
            }
        }
    }
}

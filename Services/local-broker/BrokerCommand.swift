import CLinuxIo
import FrameServer
import Glibc
import ServiceRuntime

/// The command: reads the options, builds the node, runs it beside the HTTP server until a signal.
enum BrokerCommand {
    static let name = "local-broker"

    static func command(_ make: @escaping RunningNode.Make) -> Command {
        Command(
            name,
            abstract: "A small broker that speaks the Kafka protocol, for one machine and for tests.",
            discussion: """
                One node without replication, TLS or passwords; many machines run Apache Kafka. It listens on loopback unless told
                otherwise. SIGTERM or SIGINT stops it cleanly; after a kill -9 it recovers its logs when it is started again.
                """,
            options: BrokerOptions.declared
        ) { invocation in
            let options: BrokerOptions
            do { options = try BrokerOptions(invocation) } catch {
                Command.Surroundings.process.writeError("\(name): \(error); see \(name) --help\n")
                exit(64)
            }
            LoggingSystem.bootstrap(
                level: Logger.Level(rawValue: invocation.string("log-level")) ?? .info,
                format: LogSink.Format(rawValue: invocation.string("log-format")) ?? .json)
            try await run(options, make)
        }
    }

    private static func run(_ options: BrokerOptions, _ make: RunningNode.Make) async throws {
        // Buffers of large requests go back to the system when they are let go. By itself the allocator learns, from the first of them,
        // to keep such blocks among the small ones, where they are not given back: a few clients' megabytes would stay for good.
        mallopt(M_MMAP_THRESHOLD, 256 << 10)
        mallopt(M_TRIM_THRESHOLD, 1 << 20)
        mallopt(M_ARENA_MAX, 2)
        let logger = Logger(label: name)
        let registry = MetricsRegistry()
        ProcessMetrics.register(in: registry)
        let health = Health(awaiting: ["broker"])
        let node = try make(options, registry, logger)
        var services: [any Service] = [LoopService(node: node, health: health)]
        if let address = options.http {
            let http = httpServer(address, node: node, health: health, registry: registry, logger: logger)
            do { try http.start() } catch {
                throw HttpRefused(address: address, problem: error.problem)
            }
            services.insert(http, at: 0)
        }
        logger.notice(
            "Listening",
            metadata: [
                LogKey.version: .init(AssayVersion.current), LogKey.address: "\(node.address)", LogKey.path: "\(options.dataDirectory)",
            ])
        try await ServiceGroup(services: services, logger: logger).run()
        logger.notice("Stopped")
    }

    private static func httpServer(
        _ address: ListenAddress, node: RunningNode, health: Health, registry: MetricsRegistry, logger: Logger
    ) -> HttpServer {
        var configuration = HttpServer.Configuration()
        // It takes addresses and no names.
        configuration.address = address.host == "localhost" ? "127.0.0.1" : address.host
        configuration.port = address.port
        let scrape = HttpRoute("GET", "/metrics") { _ in
            node.refreshMetrics()
            return HttpResponse(status: 200, contentType: PrometheusText.contentType, body: Array(registry.prometheusText().utf8))
        }
        return HttpServer(configuration, routes: health.routes + [scrape] + node.routes, logger: logger)
    }
}

/// The HTTP server's port or address cannot be had.
private struct HttpRefused: Error, CustomStringConvertible {
    var address: ListenAddress
    var problem: String
    var description: String { "cannot listen on \(address) for --http: \(problem); choose another, or stop what listens there" }
}

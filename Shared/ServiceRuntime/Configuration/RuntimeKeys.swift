/// The settings that every service has, and what is made of them.
package enum RuntimeKeys {
    package static let logLevel = ConfigurationKey.choice(
        "log.level", of: Logger.Level.allCases.map(\.rawValue), default: "info", doc: "Least severe log level that is written")
    package static let logFormat = ConfigurationKey.choice(
        "log.format", of: LogSink.Format.allCases.map(\.rawValue), default: "json", doc: "Format of log lines on standard error")
    package static let httpAddress = ConfigurationKey.string(
        "http.address", default: "127.0.0.1", doc: "IPv4 or IPv6 address that /healthz, /readyz and /metrics listen on")
    package static let httpPort = ConfigurationKey.int(
        "http.port", in: 0...65_535, default: 0, doc: "Port of /healthz, /readyz and /metrics; 0 chooses a free one")
    package static let shutdownDurationMax = ConfigurationKey.duration(
        "shutdown.duration.max", in: .milliseconds(100)...Duration.seconds(3_600), default: .seconds(20),
        doc: "Bound of a graceful shutdown, after which the process exits with 1")

    package static let all = [logLevel, logFormat, httpAddress, httpPort, shutdownDurationMax]
}

extension LoggingSystem {
    /// Sets level and format for the loggers made from now on.
    package static func bootstrap(_ configuration: Configuration) {
        let level = Logger.Level(rawValue: configuration.string(RuntimeKeys.logLevel)) ?? .info
        let format = LogSink.Format(rawValue: configuration.string(RuntimeKeys.logFormat)) ?? .json
        bootstrap(level: level, format: format)
    }
}

extension HttpServer.Configuration {
    package init(_ configuration: Configuration) {
        self.init()
        address = configuration.string(RuntimeKeys.httpAddress)
        // The key's own range is a port's.
        port = UInt16(configuration.int(RuntimeKeys.httpPort))
    }
}

extension ServiceGroup.Configuration {
    package init(services: [any Service], _ configuration: Configuration) {
        self.init(services: services)
        maximumGracefulShutdownDuration = configuration.duration(RuntimeKeys.shutdownDurationMax)
    }
}

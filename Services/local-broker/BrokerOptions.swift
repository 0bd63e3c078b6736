import FrameServer
import ServiceRuntime

/// What is typed, as values that fit together.
struct BrokerOptions: Sendable {
    /// When written records are forced to the disk.
    enum Flush: Hashable, Sendable {
        case never
        case interval(millis: Int64)
        case every

        init(_ text: String) throws(BrokerUsage) {
            switch text {
            case "never": self = .never
            case "every": self = .every
            case let text:
                let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                guard parts.count == 2, parts[0] == "interval", let millis = Int64(parts[1]), 1...3_600_000 ~= millis else {
                    throw BrokerUsage("--flush must be never, interval:MILLISECONDS (1 to 3600000) or every, got \"\(text.prefix(40))\"")
                }
                self = .interval(millis: millis)
            }
        }
    }

    static let declared: [Command.Option] = [
        .init("data", .path, isRequired: true, doc: "Directory of the logs; made if it is missing"),
        .init("listen", default: "127.0.0.1:9092", doc: "HOST:PORT for clients; port 0 chooses a free one"),
        .init("advertise", doc: "HOST:PORT that clients are told to connect to; without it the listener's own"),
        .init("http", doc: "HOST:PORT of /healthz, /readyz, /metrics and /faults; without it there is none"),
        .init("faults", .path, doc: "Schedule of faults, as JSON"),
        .init("flush", default: "never", doc: "When records are forced to the disk: never (the kernel's choice), interval:MS or every"),
        .init("auto-create", .choice(["on", "off"]), default: "off", doc: "Whether naming an unknown topic makes it"),
        .init("partitions", .int(1...10_000), default: "1", doc: "Partitions of a topic made without a count"),
        .init(
            "topic-default", isRepeated: true,
            doc: "NAME=VALUE, a setting of topics that do not set it themselves, such as retention.ms=3600000"),
        .init(
            "retention-check", .duration(.milliseconds(10)...Duration.seconds(86_400)), default: "5m",
            doc: "How often old segments are looked for"),
        .init("rebalance-delay", .duration(.zero...Duration.seconds(60)), default: "0ms", doc: "How long a new group waits for company"),
        .init("connections", .int(1...100_000), default: "1024", doc: "Connections at once, at most"),
        .init("request-bytes", .int(1_024...Int(Int32.max)), default: "16777216", doc: "Bytes of a request, at most"),
        .init("request-memory", .int(1_024...Int.max), default: "67108864", doc: "Bytes of all requests that arrive at once"),
        .init(
            "idle", .duration(.milliseconds(100)...Duration.seconds(86_400)), default: "10m",
            doc: "How long a connection may be without traffic"),
        .init("log-level", .choice(Logger.Level.allCases.map(\.rawValue)), default: "info", doc: "Least severe level that is written"),
        .init("log-format", .choice(LogSink.Format.allCases.map(\.rawValue)), default: "text", doc: "Format of lines on standard error"),
    ]

    var dataDirectory: String
    var listen: ListenAddress
    var advertised: ListenAddress?
    var http: ListenAddress?
    var faultsPath: String?
    var flush: Flush
    var createsTopicsAutomatically: Bool
    var partitionCount: Int
    var topicDefaults: [(name: String, value: String)]
    var retentionCheckMillis: Int64
    var rebalanceDelayMillis: Int64
    var limits: ServerLimits

    init(_ invocation: CommandInvocation) throws(BrokerUsage) {
        dataDirectory = invocation.string("data")
        listen = try Self.address(invocation.string("listen"), option: "listen")
        advertised = try invocation.optionalString("advertise").map { text throws(BrokerUsage) in
            try Self.address(text, option: "advertise")
        }
        if let advertised, advertised.port == 0 { throw BrokerUsage("--advertise must name a port that clients can connect to") }
        http = try invocation.optionalString("http").map { text throws(BrokerUsage) in try Self.address(text, option: "http") }
        faultsPath = invocation.optionalString("faults")
        flush = try Flush(invocation.string("flush"))
        createsTopicsAutomatically = invocation.string("auto-create") == "on"
        partitionCount = invocation.int("partitions")
        topicDefaults = try invocation.strings("topic-default").map { text throws(BrokerUsage) in
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else {
                throw BrokerUsage("--topic-default must be NAME=VALUE, got \"\(text.prefix(80))\"")
            }
            return (String(parts[0]), String(parts[1]))
        }
        retentionCheckMillis = Self.millis(invocation.duration("retention-check"))
        rebalanceDelayMillis = Self.millis(invocation.duration("rebalance-delay"))
        limits = ServerLimits()
        limits.connectionCountMax = invocation.int("connections")
        limits.requestBytesMax = invocation.int("request-bytes")
        limits.requestMemoryMax = invocation.int("request-memory")
        limits.idleMillis = Self.millis(invocation.duration("idle"))
        if limits.requestMemoryMax < limits.requestBytesMax {
            throw BrokerUsage("--request-memory \(limits.requestMemoryMax) is less than --request-bytes \(limits.requestBytesMax)")
        }
    }

    private static func address(_ text: String, option: String) throws(BrokerUsage) -> ListenAddress {
        do { return try ListenAddress(text) } catch {
            throw BrokerUsage("--\(option) must be HOST:PORT, such as 127.0.0.1:9092 or [::1]:9092, got \"\(text.prefix(80))\"")
        }
    }

    private static func millis(_ duration: Duration) -> Int64 {
        duration.components.seconds * 1_000 + duration.components.attoseconds / 1_000_000_000_000_000
    }
}

/// A mistake on the command line that its declarations cannot say.
struct BrokerUsage: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}

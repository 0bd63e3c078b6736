/// How grave a line of librdkafka's log is: syslog's levels.
package enum KafkaLogLevel: Int32, Sendable, Comparable {
    case emergency, alert, critical, error, warning, notice, info, debug

    package static func < (a: Self, b: Self) -> Bool { a.rawValue > b.rawValue }
}

/// What a client tells its owner out of turn.
///
/// Called on librdkafka's threads or on the client's own service thread: be quick, never block, never call the client.
package struct KafkaHooks: Sendable {
    /// One line of the library's log: level, facility (such as `FAIL` or `THROTTLE`), text.
    package var log: @Sendable (KafkaLogLevel, _ facility: String, _ message: String) -> Void
    /// Something that librdkafka works on by itself, such as a connection that went down.
    package var fault: @Sendable (KafkaFailure) -> Void
    /// Every `statistics.interval.ms`, when that is set.
    package var statistics: @Sendable (KafkaStatistics) -> Void

    package init(
        log: @escaping @Sendable (KafkaLogLevel, _ facility: String, _ message: String) -> Void = { _, _, _ in },
        fault: @escaping @Sendable (KafkaFailure) -> Void = { _ in },
        statistics: @escaping @Sendable (KafkaStatistics) -> Void = { _ in }
    ) {
        self.log = log
        self.fault = fault
        self.statistics = statistics
    }
}

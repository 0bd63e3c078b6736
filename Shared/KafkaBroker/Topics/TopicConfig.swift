package import RecordLog

/// The configurations of a topic that this broker knows, by Kafka's names.
package enum TopicConfigKey: String, Hashable, Sendable, CaseIterable {
    case cleanupPolicy = "cleanup.policy"
    case compressionType = "compression.type"
    case indexIntervalBytes = "index.interval.bytes"
    case maxMessageBytes = "max.message.bytes"
    case messageTimestampAfterMaxMillis = "message.timestamp.after.max.ms"
    case messageTimestampBeforeMaxMillis = "message.timestamp.before.max.ms"
    case messageTimestampType = "message.timestamp.type"
    case minInsyncReplicas = "min.insync.replicas"
    case retentionBytes = "retention.bytes"
    case retentionMillis = "retention.ms"
    case segmentBytes = "segment.bytes"
    case segmentMillis = "segment.ms"
}

/// What one key means.
package struct TopicConfigDefinition: Sendable {
    /// `ConfigType` of DescribeConfigs.
    package enum ValueType: Int8, Sendable {
        case string = 2
        case int = 3
        case long = 5
        case list = 7
    }

    package var type: ValueType
    package var defaultValue: String
    /// The broker's name for the same thing.
    package var brokerName: String
    package var doc: String
    /// Numbers only.
    var range: ClosedRange<Int64>?
    /// Words only.
    var words: [String] = []
}

extension TopicConfigKey {
    package var definition: TopicConfigDefinition {
        switch self {
        case .cleanupPolicy:
            TopicConfigDefinition(
                type: .list, defaultValue: "delete", brokerName: "log.cleanup.policy",
                doc: "Old segments are deleted; compaction is not offered.", words: ["delete"])
        case .compressionType:
            TopicConfigDefinition(
                type: .string, defaultValue: "producer", brokerName: "compression.type",
                doc: "Batches are kept as the producer compressed them.", words: ["producer"])
        case .indexIntervalBytes:
            TopicConfigDefinition(
                type: .int, defaultValue: "4096", brokerName: "log.index.interval.bytes",
                doc: "Bytes of log between two entries of an index.", range: 64...(1 << 30))
        case .maxMessageBytes:
            TopicConfigDefinition(
                type: .int, defaultValue: "1048588", brokerName: "message.max.bytes",
                doc: "The largest record batch, in bytes.", range: 0...Int64(Int32.max))
        case .messageTimestampAfterMaxMillis:
            TopicConfigDefinition(
                type: .long, defaultValue: "3600000", brokerName: "log.message.timestamp.after.max.ms",
                doc: "How far a producer's time may lie in the future, in milliseconds.", range: 0...Int64.max)
        case .messageTimestampBeforeMaxMillis:
            TopicConfigDefinition(
                type: .long, defaultValue: "9223372036854775807", brokerName: "log.message.timestamp.before.max.ms",
                doc: "How far a producer's time may lie in the past, in milliseconds.", range: 0...Int64.max)
        case .messageTimestampType:
            TopicConfigDefinition(
                type: .string, defaultValue: "CreateTime", brokerName: "log.message.timestamp.type",
                doc: "Whose time a record bears: the producer's or the log's.", words: ["CreateTime", "LogAppendTime"])
        case .minInsyncReplicas:
            TopicConfigDefinition(
                type: .int, defaultValue: "1", brokerName: "min.insync.replicas",
                doc: "Replicas that acks=all needs; there is one replica, so more than 1 refuses such writes.", range: 1...Int64(Int32.max))
        case .retentionBytes:
            TopicConfigDefinition(
                type: .long, defaultValue: "-1", brokerName: "log.retention.bytes",
                doc: "Bytes that a partition keeps; -1 for no limit.", range: -1...Int64.max)
        case .retentionMillis:
            TopicConfigDefinition(
                type: .long, defaultValue: "604800000", brokerName: "log.retention.ms",
                doc: "Milliseconds that a record is kept; -1 for ever.", range: -1...Int64.max)
        case .segmentBytes:
            TopicConfigDefinition(
                type: .int, defaultValue: "1073741824", brokerName: "log.segment.bytes",
                doc: "Bytes of a segment file.", range: 1_024...Int64(Int32.max))
        case .segmentMillis:
            TopicConfigDefinition(
                type: .long, defaultValue: "604800000", brokerName: "log.roll.ms",
                doc: "A segment is closed at this age, in milliseconds.", range: 1...Int64.max)
        }
    }

    /// Nil when the value is allowed, or what is wrong with it.
    package func problem(with value: String) -> String? {
        let definition = definition
        if let range = definition.range {
            guard let number = Int64(value) else { return "Invalid value \(value) for configuration \(rawValue): not a number" }
            if range.contains(number) { return nil }
            let rule =
                number < range.lowerBound ? "must be at least \(range.lowerBound)" : "must be at most \(range.upperBound)"
            return "Invalid value \(value) for configuration \(rawValue): \(rule)"
        }
        if definition.words.contains(value) { return nil }
        if self == .cleanupPolicy, value.contains("compact") {
            return "Invalid value \(value) for configuration \(rawValue): this broker does not compact; use delete"
        }
        return "Invalid value \(value) for configuration \(rawValue): must be one of \(definition.words.joined(separator: ", "))"
    }
}

/// What a topic sets itself; all values are valid.
package struct TopicConfig: Hashable, Sendable {
    package private(set) var values: [TopicConfigKey: String] = [:]

    package init() {}

    /// Why a name or a value is refused, in words for the client.
    package struct Invalid: Error, Hashable, Sendable, CustomStringConvertible {
        package var description: String
    }

    package mutating func set(_ name: String, to value: String?) throws(Invalid) {
        guard let key = TopicConfigKey(rawValue: name) else {
            throw Invalid(description: "Unknown topic config name: \(name.prefix(100))")
        }
        guard let value else { throw Invalid(description: "Null value not supported for topic config: \(name)") }
        if let problem = key.problem(with: value) { throw Invalid(description: String(problem.prefix(300))) }
        values[key] = value
    }

    package mutating func remove(_ name: String) throws(Invalid) {
        guard let key = TopicConfigKey(rawValue: name) else {
            throw Invalid(description: "Unknown topic config name: \(name.prefix(100))")
        }
        values[key] = nil
    }

    /// The value in force, after the broker's defaults.
    package func value(_ key: TopicConfigKey, defaults: TopicConfig) -> String {
        values[key] ?? defaults.values[key] ?? key.definition.defaultValue
    }

    private func number(_ key: TopicConfigKey, _ defaults: TopicConfig) -> Int64 {
        // Valid values only get in through `set`.
        Int64(value(key, defaults: defaults)) ?? 0
    }

    package func minInsyncReplicas(defaults: TopicConfig) -> Int { Int(number(.minInsyncReplicas, defaults)) }

    package func logSettings(defaults: TopicConfig) -> LogSettings {
        var settings = LogSettings()
        settings.segmentBytes = Int(number(.segmentBytes, defaults))
        settings.segmentMillis = number(.segmentMillis, defaults)
        settings.indexIntervalBytes = Int(number(.indexIntervalBytes, defaults))
        settings.retentionBytes = number(.retentionBytes, defaults)
        settings.retentionMillis = number(.retentionMillis, defaults)
        settings.messageBytesMax = Int(number(.maxMessageBytes, defaults))
        settings.timestampBeforeMaxMillis = number(.messageTimestampBeforeMaxMillis, defaults)
        settings.timestampAfterMaxMillis = number(.messageTimestampAfterMaxMillis, defaults)
        settings.timestampType = value(.messageTimestampType, defaults: defaults) == "LogAppendTime" ? .logAppendTime : .createTime
        return settings
    }
}

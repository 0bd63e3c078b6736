import Json
import KafkaProtocol

/// What `broker.json` holds.
struct BrokerMetadata: Hashable {
    var clusterId: String
    /// Producer ids below this may have been given out.
    var producerIdNext: Int64 = 0
    var topics: [Topic] = []
    /// Deleted topics whose directories may still stand under their old names.
    var removed: [Topic] = []
}

/// The JSON of ``BrokerMetadata``: one topic a line, so that people can read and compare it.
enum MetadataFile {
    static let version: Int64 = 1
    /// 10,000 topics with every setting and the longest names are about 10 MB.
    static let byteCountMax = 256 << 20

    static func encode(_ metadata: BrokerMetadata) -> [UInt8] {
        var out: [UInt8] = []
        JsonText.raw("{\"version\":", into: &out)
        JsonText.integer(version, into: &out)
        JsonText.raw(",\n\"clusterId\":", into: &out)
        JsonText.string(metadata.clusterId, into: &out)
        JsonText.raw(",\n\"producerIdNext\":", into: &out)
        JsonText.integer(metadata.producerIdNext, into: &out)
        JsonText.raw(",\n\"topics\":", into: &out)
        encode(metadata.topics, into: &out)
        JsonText.raw(",\n\"removed\":", into: &out)
        encode(metadata.removed, into: &out)
        JsonText.raw("}\n", into: &out)
        return out
    }

    private static func encode(_ topics: [Topic], into out: inout [UInt8]) {
        JsonText.raw("[", into: &out)
        for (index, topic) in topics.enumerated() {
            if index > 0 { JsonText.raw(",", into: &out) }
            JsonText.raw("\n{\"name\":", into: &out)
            JsonText.string(topic.name, into: &out)
            JsonText.raw(",\"id\":", into: &out)
            JsonText.string(topic.id.description, into: &out)
            JsonText.raw(",\"partitions\":", into: &out)
            JsonText.integer(Int64(topic.partitionCount), into: &out)
            JsonText.raw(",\"config\":{", into: &out)
            var isFirst = true
            for key in TopicConfigKey.allCases {
                guard let value = topic.config.values[key] else { continue }
                if !isFirst { JsonText.raw(",", into: &out) }
                isFirst = false
                JsonText.string(key.rawValue, into: &out)
                JsonText.raw(":", into: &out)
                JsonText.string(value, into: &out)
            }
            JsonText.raw("}}", into: &out)
        }
        JsonText.raw("]", into: &out)
    }

    /// Nil when the bytes are no metadata of this version; `problem` says why.
    static func decode(_ bytes: [UInt8]) -> Result<BrokerMetadata, Unreadable> {
        let parser = JsonParser(limits: JsonLimits(byteCountMax: byteCountMax))
        return bytes.withUnsafeBytes { bytes in
            Result { () throws(Unreadable) -> BrokerMetadata in try decode(parser, bytes) }
        }
    }

    struct Unreadable: Error { var problem: String }

    private static func decode(_ parser: JsonParser, _ bytes: UnsafeRawBufferPointer) throws(Unreadable) -> BrokerMetadata {
        let root: JsonValue
        do { root = try parser.parse(bytes) } catch { throw Unreadable(problem: error.description) }
        guard root.member("version")?.integer == version else { throw Unreadable(problem: "it is not of version \(version)") }
        guard let clusterId = root.member("clusterId")?.string, let producerIdNext = root.member("producerIdNext")?.integer,
            let topics = root.member("topics"), let removed = root.member("removed")
        else { throw Unreadable(problem: "a member is missing") }
        return BrokerMetadata(
            clusterId: clusterId, producerIdNext: producerIdNext, topics: try decode(topics), removed: try decode(removed))
    }

    private static func decode(_ list: JsonValue) throws(Unreadable) -> [Topic] {
        var topics: [Topic] = []
        topics.reserveCapacity(list.count)
        for element in list.elements {
            guard let name = element.member("name")?.string, TopicName.problem(with: name) == nil,
                let idText = element.member("id")?.string, let id = Uuid(idText),
                let partitionCount = element.member("partitions")?.integer, (1...1_000_000).contains(partitionCount)
            else { throw Unreadable(problem: "topic \(topics.count) is not readable") }
            var config = TopicConfig()
            if let members = element.member("config")?.members {
                for member in members {
                    do { try config.set(String(decoding: member.name, as: UTF8.self), to: member.value.string) } catch {
                        throw Unreadable(problem: "topic \(name): \(error.description)")
                    }
                }
            }
            topics.append(Topic(name: name, id: id, partitionCount: Int(partitionCount), config: config))
        }
        return topics
    }
}

extension JsonValue {
    var integer: Int64? { kind == .number ? Int64(String(decoding: text, as: UTF8.self)) : nil }
    var string: String? { kind == .string ? String(decoding: text, as: UTF8.self) : nil }
}

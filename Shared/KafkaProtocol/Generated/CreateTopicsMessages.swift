// Generated from messages.txt by generate-kafka-messages; change that file, not this one.
// swift-format-ignore-file

/// `CreateTopics` request, versions 2 to 7, flexible from 5.
package struct CreateTopicsRequest: WireRequest {
    package typealias Response = CreateTopicsResponse
    package static var apiKey: ApiKey { .createTopics }
    package static var versions: ClosedRange<Int16> { 2...7 }
    package static var flexibleVersions: ClosedRange<Int16>? { 5...7 }

    package var topics: [Topic]
    package var timeoutMs: Int32
    package var validateOnly: Bool

    package init(
        topics: [Topic] = [],
        timeoutMs: Int32 = 60000,
        validateOnly: Bool = false
    ) {
        self.topics = topics
        self.timeoutMs = timeoutMs
        self.validateOnly = validateOnly
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        let isFlexible = version >= 5
        topics = try reader.readArray(isFlexible, byteCountMin: 10) { (reader) throws(WireFault) in try Topic(from: &reader, version: version) }
        timeoutMs = try reader.readInt32()
        validateOnly = try reader.readBool()
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of CreateTopicsRequest")
        let isFlexible = version >= 5
        writer.writeCount(topics.count, isFlexible)
        for element in topics {
            element.encode(into: &writer, version: version)
        }
        writer.write(timeoutMs)
        writer.write(validateOnly)
        if isFlexible {
            writer.writeUnsignedVarint(0)
        }
    }

    /// An element of `topics`.
    package struct Topic: Sendable, Equatable {
        package var name: String
        package var numPartitions: Int32
        package var replicationFactor: Int16
        package var assignments: [Assignment]
        package var configs: [Config]

        package init(
            name: String = "",
            numPartitions: Int32 = 0,
            replicationFactor: Int16 = 0,
            assignments: [Assignment] = [],
            configs: [Config] = []
        ) {
            self.name = name
            self.numPartitions = numPartitions
            self.replicationFactor = replicationFactor
            self.assignments = assignments
            self.configs = configs
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
            self.init()
            let isFlexible = version >= 5
            name = try reader.readString(isFlexible)
            numPartitions = try reader.readInt32()
            replicationFactor = try reader.readInt16()
            assignments = try reader.readArray(isFlexible, byteCountMin: 6) { (reader) throws(WireFault) in try Assignment(from: &reader, version: version) }
            configs = try reader.readArray(isFlexible, byteCountMin: 3) { (reader) throws(WireFault) in try Config(from: &reader, version: version) }
            if isFlexible {
                try reader.skipTaggedFields()
            }
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            let isFlexible = version >= 5
            writer.writeString(name, isFlexible)
            writer.write(numPartitions)
            writer.write(replicationFactor)
            writer.writeCount(assignments.count, isFlexible)
            for element in assignments {
                element.encode(into: &writer, version: version)
            }
            writer.writeCount(configs.count, isFlexible)
            for element in configs {
                element.encode(into: &writer, version: version)
            }
            if isFlexible {
                writer.writeUnsignedVarint(0)
            }
        }

        /// An element of `assignments`.
        package struct Assignment: Sendable, Equatable {
            package var partitionIndex: Int32
            package var brokerIds: [Int32]

            package init(
                partitionIndex: Int32 = 0,
                brokerIds: [Int32] = []
            ) {
                self.partitionIndex = partitionIndex
                self.brokerIds = brokerIds
            }

            package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
                self.init()
                let isFlexible = version >= 5
                partitionIndex = try reader.readInt32()
                brokerIds = try reader.readArray(isFlexible, byteCountMin: 4) { (reader) throws(WireFault) in try reader.readInt32() }
                if isFlexible {
                    try reader.skipTaggedFields()
                }
            }

            package func encode(into writer: inout WireWriter, version: Int16) {
                let isFlexible = version >= 5
                writer.write(partitionIndex)
                writer.writeCount(brokerIds.count, isFlexible)
                for element in brokerIds {
                    writer.write(element)
                }
                if isFlexible {
                    writer.writeUnsignedVarint(0)
                }
            }
        }

        /// An element of `configs`.
        package struct Config: Sendable, Equatable {
            package var name: String
            package var value: String?

            package init(
                name: String = "",
                value: String? = nil
            ) {
                self.name = name
                self.value = value
            }

            package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
                self.init()
                let isFlexible = version >= 5
                name = try reader.readString(isFlexible)
                value = try reader.readNullableString(isFlexible)
                if isFlexible {
                    try reader.skipTaggedFields()
                }
            }

            package func encode(into writer: inout WireWriter, version: Int16) {
                let isFlexible = version >= 5
                writer.writeString(name, isFlexible)
                writer.writeNullableString(value, isFlexible)
                if isFlexible {
                    writer.writeUnsignedVarint(0)
                }
            }
        }
    }
}

/// `CreateTopics` response, versions 2 to 7, flexible from 5.
package struct CreateTopicsResponse: WireMessage {
    package static var apiKey: ApiKey { .createTopics }
    package static var versions: ClosedRange<Int16> { 2...7 }
    package static var flexibleVersions: ClosedRange<Int16>? { 5...7 }

    package var throttleTimeMs: Int32
    package var topics: [Topic]

    package init(
        throttleTimeMs: Int32 = 0,
        topics: [Topic] = []
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.topics = topics
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        let isFlexible = version >= 5
        throttleTimeMs = try reader.readInt32()
        topics = try reader.readArray(isFlexible, byteCountMin: 6) { (reader) throws(WireFault) in try Topic(from: &reader, version: version) }
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of CreateTopicsResponse")
        let isFlexible = version >= 5
        writer.write(throttleTimeMs)
        writer.writeCount(topics.count, isFlexible)
        for element in topics {
            element.encode(into: &writer, version: version)
        }
        if isFlexible {
            writer.writeUnsignedVarint(0)
        }
    }

    /// An element of `topics`.
    package struct Topic: Sendable, Equatable {
        package var name: String
        package var topicId: Uuid  // from version 7
        package var errorCode: Int16
        package var errorMessage: String?
        package var topicConfigErrorCode: Int16  // from version 5, tagged
        package var numPartitions: Int32  // from version 5
        package var replicationFactor: Int16  // from version 5
        package var configs: [Config]?  // from version 5

        package init(
            name: String = "",
            topicId: Uuid = .zero,
            errorCode: Int16 = 0,
            errorMessage: String? = nil,
            topicConfigErrorCode: Int16 = 0,
            numPartitions: Int32 = -1,
            replicationFactor: Int16 = -1,
            configs: [Config]? = nil
        ) {
            self.name = name
            self.topicId = topicId
            self.errorCode = errorCode
            self.errorMessage = errorMessage
            self.topicConfigErrorCode = topicConfigErrorCode
            self.numPartitions = numPartitions
            self.replicationFactor = replicationFactor
            self.configs = configs
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
            self.init()
            let isFlexible = version >= 5
            name = try reader.readString(isFlexible)
            if version >= 7 {
                topicId = try reader.readUuid()
            }
            errorCode = try reader.readInt16()
            errorMessage = try reader.readNullableString(isFlexible)
            if version >= 5 {
                numPartitions = try reader.readInt32()
            }
            if version >= 5 {
                replicationFactor = try reader.readInt16()
            }
            if version >= 5 {
                configs = try reader.readNullableArray(isFlexible, byteCountMin: 6) { (reader) throws(WireFault) in try Config(from: &reader, version: version) }
            }
            if isFlexible {
                for _ in 0..<(try reader.readTagCount()) {
                    let tag = try reader.readTag()
                    switch tag.number {
                    case 0: topicConfigErrorCode = try reader.readInt16()
                    default: break
                    }
                    try reader.finish(tag)
                }
            }
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            let isFlexible = version >= 5
            writer.writeString(name, isFlexible)
            if version >= 7 {
                writer.write(topicId)
            }
            writer.write(errorCode)
            writer.writeNullableString(errorMessage, isFlexible)
            if version >= 5 {
                writer.write(numPartitions)
            }
            if version >= 5 {
                writer.write(replicationFactor)
            }
            if version >= 5 {
                writer.writeNullableCount(configs?.count, isFlexible)
                for element in configs ?? [] {
                    element.encode(into: &writer, version: version)
                }
            }
            if isFlexible {
                let hasTopicConfigErrorCode = topicConfigErrorCode != 0
                writer.writeUnsignedVarint((hasTopicConfigErrorCode ? 1 : 0))
                if hasTopicConfigErrorCode {
                    let start = writer.beginTag(0)
                    writer.write(topicConfigErrorCode)
                    writer.endTag(start)
                }
            }
        }

        /// An element of `configs`.
        package struct Config: Sendable, Equatable {
            package var name: String
            package var value: String?
            package var readOnly: Bool
            package var configSource: Int8
            package var isSensitive: Bool

            package init(
                name: String = "",
                value: String? = nil,
                readOnly: Bool = false,
                configSource: Int8 = -1,
                isSensitive: Bool = false
            ) {
                self.name = name
                self.value = value
                self.readOnly = readOnly
                self.configSource = configSource
                self.isSensitive = isSensitive
            }

            package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
                self.init()
                name = try reader.readString(true)
                value = try reader.readNullableString(true)
                readOnly = try reader.readBool()
                configSource = try reader.readInt8()
                isSensitive = try reader.readBool()
                try reader.skipTaggedFields()
            }

            package func encode(into writer: inout WireWriter, version: Int16) {
                writer.writeString(name, true)
                writer.writeNullableString(value, true)
                writer.write(readOnly)
                writer.write(configSource)
                writer.write(isSensitive)
                writer.writeUnsignedVarint(0)
            }
        }
    }
}

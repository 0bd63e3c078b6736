// Generated from messages.txt by generate-kafka-messages; change that file, not this one.
// swift-format-ignore-file

/// `DeleteTopics` request, versions 1 to 6, flexible from 4.
package struct DeleteTopicsRequest: WireRequest {
    package typealias Response = DeleteTopicsResponse
    package static var apiKey: ApiKey { .deleteTopics }
    package static var versions: ClosedRange<Int16> { 1...6 }
    package static var flexibleVersions: ClosedRange<Int16>? { 4...6 }

    package var topics: [Topic]  // from version 6
    package var topicNames: [String]  // versions 1 to 5
    package var timeoutMs: Int32

    package init(
        topics: [Topic] = [],
        topicNames: [String] = [],
        timeoutMs: Int32 = 0
    ) {
        self.topics = topics
        self.topicNames = topicNames
        self.timeoutMs = timeoutMs
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        let isFlexible = version >= 4
        if version >= 6 {
            topics = try reader.readArray(isFlexible, byteCountMin: 18) { (reader) throws(WireFault) in try Topic(from: &reader, version: version) }
        }
        if version <= 5 {
            topicNames = try reader.readArray(isFlexible, byteCountMin: 1) { (reader) throws(WireFault) in try reader.readString(isFlexible) }
        }
        timeoutMs = try reader.readInt32()
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of DeleteTopicsRequest")
        let isFlexible = version >= 4
        if version >= 6 {
            writer.writeCount(topics.count, isFlexible)
            for element in topics {
                element.encode(into: &writer, version: version)
            }
        }
        if version <= 5 {
            writer.writeCount(topicNames.count, isFlexible)
            for element in topicNames {
                writer.writeString(element, isFlexible)
            }
        }
        writer.write(timeoutMs)
        if isFlexible {
            writer.writeUnsignedVarint(0)
        }
    }

    /// An element of `topics`.
    package struct Topic: Sendable, Equatable {
        package var name: String?
        package var topicId: Uuid

        package init(
            name: String? = nil,
            topicId: Uuid = .zero
        ) {
            self.name = name
            self.topicId = topicId
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
            self.init()
            name = try reader.readNullableString(true)
            topicId = try reader.readUuid()
            try reader.skipTaggedFields()
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            writer.writeNullableString(name, true)
            writer.write(topicId)
            writer.writeUnsignedVarint(0)
        }
    }
}

/// `DeleteTopics` response, versions 1 to 6, flexible from 4.
package struct DeleteTopicsResponse: WireMessage {
    package static var apiKey: ApiKey { .deleteTopics }
    package static var versions: ClosedRange<Int16> { 1...6 }
    package static var flexibleVersions: ClosedRange<Int16>? { 4...6 }

    package var throttleTimeMs: Int32
    package var responses: [Topic]

    package init(
        throttleTimeMs: Int32 = 0,
        responses: [Topic] = []
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.responses = responses
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        let isFlexible = version >= 4
        throttleTimeMs = try reader.readInt32()
        responses = try reader.readArray(isFlexible, byteCountMin: 4) { (reader) throws(WireFault) in try Topic(from: &reader, version: version) }
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of DeleteTopicsResponse")
        let isFlexible = version >= 4
        writer.write(throttleTimeMs)
        writer.writeCount(responses.count, isFlexible)
        for element in responses {
            element.encode(into: &writer, version: version)
        }
        if isFlexible {
            writer.writeUnsignedVarint(0)
        }
    }

    /// An element of `responses`.
    package struct Topic: Sendable, Equatable {
        package var name: String?  // null from version 6
        package var topicId: Uuid  // from version 6
        package var errorCode: Int16
        package var errorMessage: String?  // from version 5

        package init(
            name: String? = nil,
            topicId: Uuid = .zero,
            errorCode: Int16 = 0,
            errorMessage: String? = nil
        ) {
            self.name = name
            self.topicId = topicId
            self.errorCode = errorCode
            self.errorMessage = errorMessage
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
            self.init()
            let isFlexible = version >= 4
            name = try version >= 6 ? reader.readNullableString(isFlexible) : reader.readString(isFlexible)
            if version >= 6 {
                topicId = try reader.readUuid()
            }
            errorCode = try reader.readInt16()
            if version >= 5 {
                errorMessage = try reader.readNullableString(isFlexible)
            }
            if isFlexible {
                try reader.skipTaggedFields()
            }
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            let isFlexible = version >= 4
            writer.writeNullableString(name ?? (version >= 6 ? nil : ""), isFlexible)
            if version >= 6 {
                writer.write(topicId)
            }
            writer.write(errorCode)
            if version >= 5 {
                writer.writeNullableString(errorMessage, isFlexible)
            }
            if isFlexible {
                writer.writeUnsignedVarint(0)
            }
        }
    }
}

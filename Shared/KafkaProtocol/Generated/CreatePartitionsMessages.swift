// Generated from messages.txt by generate-kafka-messages; change that file, not this one.
// swift-format-ignore-file

/// `CreatePartitions` request, versions 0 to 3, flexible from 2.
package struct CreatePartitionsRequest: WireRequest {
    package typealias Response = CreatePartitionsResponse
    package static var apiKey: ApiKey { .createPartitions }
    package static var versions: ClosedRange<Int16> { 0...3 }
    package static var flexibleVersions: ClosedRange<Int16>? { 2...3 }

    package var topics: [Topic]
    package var timeoutMs: Int32
    package var validateOnly: Bool

    package init(
        topics: [Topic] = [],
        timeoutMs: Int32 = 0,
        validateOnly: Bool = false
    ) {
        self.topics = topics
        self.timeoutMs = timeoutMs
        self.validateOnly = validateOnly
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        let isFlexible = version >= 2
        topics = try reader.readArray(isFlexible, byteCountMin: 7) { (reader) throws(WireFault) in try Topic(from: &reader, version: version) }
        timeoutMs = try reader.readInt32()
        validateOnly = try reader.readBool()
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of CreatePartitionsRequest")
        let isFlexible = version >= 2
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
        package var count: Int32
        package var assignments: [Assignment]?

        package init(
            name: String = "",
            count: Int32 = 0,
            assignments: [Assignment]? = nil
        ) {
            self.name = name
            self.count = count
            self.assignments = assignments
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
            self.init()
            let isFlexible = version >= 2
            name = try reader.readString(isFlexible)
            count = try reader.readInt32()
            assignments = try reader.readNullableArray(isFlexible, byteCountMin: 2) { (reader) throws(WireFault) in try Assignment(from: &reader, version: version) }
            if isFlexible {
                try reader.skipTaggedFields()
            }
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            let isFlexible = version >= 2
            writer.writeString(name, isFlexible)
            writer.write(count)
            writer.writeNullableCount(assignments?.count, isFlexible)
            for element in assignments ?? [] {
                element.encode(into: &writer, version: version)
            }
            if isFlexible {
                writer.writeUnsignedVarint(0)
            }
        }

        /// An element of `assignments`.
        package struct Assignment: Sendable, Equatable {
            package var brokerIds: [Int32]

            package init(
                brokerIds: [Int32] = []
            ) {
                self.brokerIds = brokerIds
            }

            package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
                self.init()
                let isFlexible = version >= 2
                brokerIds = try reader.readArray(isFlexible, byteCountMin: 4) { (reader) throws(WireFault) in try reader.readInt32() }
                if isFlexible {
                    try reader.skipTaggedFields()
                }
            }

            package func encode(into writer: inout WireWriter, version: Int16) {
                let isFlexible = version >= 2
                writer.writeCount(brokerIds.count, isFlexible)
                for element in brokerIds {
                    writer.write(element)
                }
                if isFlexible {
                    writer.writeUnsignedVarint(0)
                }
            }
        }
    }
}

/// `CreatePartitions` response, versions 0 to 3, flexible from 2.
package struct CreatePartitionsResponse: WireMessage {
    package static var apiKey: ApiKey { .createPartitions }
    package static var versions: ClosedRange<Int16> { 0...3 }
    package static var flexibleVersions: ClosedRange<Int16>? { 2...3 }

    package var throttleTimeMs: Int32
    package var results: [Result]

    package init(
        throttleTimeMs: Int32 = 0,
        results: [Result] = []
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.results = results
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        let isFlexible = version >= 2
        throttleTimeMs = try reader.readInt32()
        results = try reader.readArray(isFlexible, byteCountMin: 5) { (reader) throws(WireFault) in try Result(from: &reader, version: version) }
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of CreatePartitionsResponse")
        let isFlexible = version >= 2
        writer.write(throttleTimeMs)
        writer.writeCount(results.count, isFlexible)
        for element in results {
            element.encode(into: &writer, version: version)
        }
        if isFlexible {
            writer.writeUnsignedVarint(0)
        }
    }

    /// An element of `results`.
    package struct Result: Sendable, Equatable {
        package var name: String
        package var errorCode: Int16
        package var errorMessage: String?

        package init(
            name: String = "",
            errorCode: Int16 = 0,
            errorMessage: String? = nil
        ) {
            self.name = name
            self.errorCode = errorCode
            self.errorMessage = errorMessage
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
            self.init()
            let isFlexible = version >= 2
            name = try reader.readString(isFlexible)
            errorCode = try reader.readInt16()
            errorMessage = try reader.readNullableString(isFlexible)
            if isFlexible {
                try reader.skipTaggedFields()
            }
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            let isFlexible = version >= 2
            writer.writeString(name, isFlexible)
            writer.write(errorCode)
            writer.writeNullableString(errorMessage, isFlexible)
            if isFlexible {
                writer.writeUnsignedVarint(0)
            }
        }
    }
}

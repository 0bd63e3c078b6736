// Generated from messages.txt by generate-kafka-messages; change that file, not this one.
// swift-format-ignore-file

/// `DeleteRecords` request, versions 0 to 2, flexible from 2.
package struct DeleteRecordsRequest: WireRequest {
    package typealias Response = DeleteRecordsResponse
    package static var apiKey: ApiKey { .deleteRecords }
    package static var versions: ClosedRange<Int16> { 0...2 }
    package static var flexibleVersions: ClosedRange<Int16>? { 2...2 }

    package var topics: [Topic]
    package var timeoutMs: Int32

    package init(
        topics: [Topic] = [],
        timeoutMs: Int32 = 0
    ) {
        self.topics = topics
        self.timeoutMs = timeoutMs
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        let isFlexible = version >= 2
        topics = try reader.readArray(isFlexible, byteCountMin: 3) { (reader) throws(WireFault) in try Topic(from: &reader, version: version) }
        timeoutMs = try reader.readInt32()
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of DeleteRecordsRequest")
        let isFlexible = version >= 2
        writer.writeCount(topics.count, isFlexible)
        for element in topics {
            element.encode(into: &writer, version: version)
        }
        writer.write(timeoutMs)
        if isFlexible {
            writer.writeUnsignedVarint(0)
        }
    }

    /// An element of `topics`.
    package struct Topic: Sendable, Equatable {
        package var name: String
        package var partitions: [Partition]

        package init(
            name: String = "",
            partitions: [Partition] = []
        ) {
            self.name = name
            self.partitions = partitions
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
            self.init()
            let isFlexible = version >= 2
            name = try reader.readString(isFlexible)
            partitions = try reader.readArray(isFlexible, byteCountMin: 12) { (reader) throws(WireFault) in try Partition(from: &reader, version: version) }
            if isFlexible {
                try reader.skipTaggedFields()
            }
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            let isFlexible = version >= 2
            writer.writeString(name, isFlexible)
            writer.writeCount(partitions.count, isFlexible)
            for element in partitions {
                element.encode(into: &writer, version: version)
            }
            if isFlexible {
                writer.writeUnsignedVarint(0)
            }
        }

        /// An element of `partitions`.
        package struct Partition: Sendable, Equatable {
            package var partitionIndex: Int32
            package var offset: Int64

            package init(
                partitionIndex: Int32 = 0,
                offset: Int64 = 0
            ) {
                self.partitionIndex = partitionIndex
                self.offset = offset
            }

            package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
                self.init()
                let isFlexible = version >= 2
                partitionIndex = try reader.readInt32()
                offset = try reader.readInt64()
                if isFlexible {
                    try reader.skipTaggedFields()
                }
            }

            package func encode(into writer: inout WireWriter, version: Int16) {
                let isFlexible = version >= 2
                writer.write(partitionIndex)
                writer.write(offset)
                if isFlexible {
                    writer.writeUnsignedVarint(0)
                }
            }
        }
    }
}

/// `DeleteRecords` response, versions 0 to 2, flexible from 2.
package struct DeleteRecordsResponse: WireMessage {
    package static var apiKey: ApiKey { .deleteRecords }
    package static var versions: ClosedRange<Int16> { 0...2 }
    package static var flexibleVersions: ClosedRange<Int16>? { 2...2 }

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
        let isFlexible = version >= 2
        throttleTimeMs = try reader.readInt32()
        topics = try reader.readArray(isFlexible, byteCountMin: 3) { (reader) throws(WireFault) in try Topic(from: &reader, version: version) }
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of DeleteRecordsResponse")
        let isFlexible = version >= 2
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
        package var partitions: [Partition]

        package init(
            name: String = "",
            partitions: [Partition] = []
        ) {
            self.name = name
            self.partitions = partitions
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
            self.init()
            let isFlexible = version >= 2
            name = try reader.readString(isFlexible)
            partitions = try reader.readArray(isFlexible, byteCountMin: 14) { (reader) throws(WireFault) in try Partition(from: &reader, version: version) }
            if isFlexible {
                try reader.skipTaggedFields()
            }
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            let isFlexible = version >= 2
            writer.writeString(name, isFlexible)
            writer.writeCount(partitions.count, isFlexible)
            for element in partitions {
                element.encode(into: &writer, version: version)
            }
            if isFlexible {
                writer.writeUnsignedVarint(0)
            }
        }

        /// An element of `partitions`.
        package struct Partition: Sendable, Equatable {
            package var partitionIndex: Int32
            package var lowWatermark: Int64
            package var errorCode: Int16

            package init(
                partitionIndex: Int32 = 0,
                lowWatermark: Int64 = 0,
                errorCode: Int16 = 0
            ) {
                self.partitionIndex = partitionIndex
                self.lowWatermark = lowWatermark
                self.errorCode = errorCode
            }

            package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
                self.init()
                let isFlexible = version >= 2
                partitionIndex = try reader.readInt32()
                lowWatermark = try reader.readInt64()
                errorCode = try reader.readInt16()
                if isFlexible {
                    try reader.skipTaggedFields()
                }
            }

            package func encode(into writer: inout WireWriter, version: Int16) {
                let isFlexible = version >= 2
                writer.write(partitionIndex)
                writer.write(lowWatermark)
                writer.write(errorCode)
                if isFlexible {
                    writer.writeUnsignedVarint(0)
                }
            }
        }
    }
}

// Generated from messages.txt by generate-kafka-messages; change that file, not this one.
// swift-format-ignore-file

/// `OffsetForLeaderEpoch` request, versions 2 to 4, flexible from 4.
package struct OffsetForLeaderEpochRequest: WireRequest {
    package typealias Response = OffsetForLeaderEpochResponse
    package static var apiKey: ApiKey { .offsetForLeaderEpoch }
    package static var versions: ClosedRange<Int16> { 2...4 }
    package static var flexibleVersions: ClosedRange<Int16>? { 4...4 }

    package var replicaId: Int32  // from version 3
    package var topics: [Topic]

    package init(
        replicaId: Int32 = -2,
        topics: [Topic] = []
    ) {
        self.replicaId = replicaId
        self.topics = topics
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        let isFlexible = version >= 4
        if version >= 3 {
            replicaId = try reader.readInt32()
        }
        topics = try reader.readArray(isFlexible, byteCountMin: 3) { (reader) throws(WireFault) in try Topic(from: &reader, version: version) }
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of OffsetForLeaderEpochRequest")
        let isFlexible = version >= 4
        if version >= 3 {
            writer.write(replicaId)
        }
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
        package var topic: String
        package var partitions: [Partition]

        package init(
            topic: String = "",
            partitions: [Partition] = []
        ) {
            self.topic = topic
            self.partitions = partitions
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
            self.init()
            let isFlexible = version >= 4
            topic = try reader.readString(isFlexible)
            partitions = try reader.readArray(isFlexible, byteCountMin: 12) { (reader) throws(WireFault) in try Partition(from: &reader, version: version) }
            if isFlexible {
                try reader.skipTaggedFields()
            }
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            let isFlexible = version >= 4
            writer.writeString(topic, isFlexible)
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
            package var partition: Int32
            package var currentLeaderEpoch: Int32
            package var leaderEpoch: Int32

            package init(
                partition: Int32 = 0,
                currentLeaderEpoch: Int32 = -1,
                leaderEpoch: Int32 = 0
            ) {
                self.partition = partition
                self.currentLeaderEpoch = currentLeaderEpoch
                self.leaderEpoch = leaderEpoch
            }

            package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
                self.init()
                let isFlexible = version >= 4
                partition = try reader.readInt32()
                currentLeaderEpoch = try reader.readInt32()
                leaderEpoch = try reader.readInt32()
                if isFlexible {
                    try reader.skipTaggedFields()
                }
            }

            package func encode(into writer: inout WireWriter, version: Int16) {
                let isFlexible = version >= 4
                writer.write(partition)
                writer.write(currentLeaderEpoch)
                writer.write(leaderEpoch)
                if isFlexible {
                    writer.writeUnsignedVarint(0)
                }
            }
        }
    }
}

/// `OffsetForLeaderEpoch` response, versions 2 to 4, flexible from 4.
package struct OffsetForLeaderEpochResponse: WireMessage {
    package static var apiKey: ApiKey { .offsetForLeaderEpoch }
    package static var versions: ClosedRange<Int16> { 2...4 }
    package static var flexibleVersions: ClosedRange<Int16>? { 4...4 }

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
        let isFlexible = version >= 4
        throttleTimeMs = try reader.readInt32()
        topics = try reader.readArray(isFlexible, byteCountMin: 3) { (reader) throws(WireFault) in try Topic(from: &reader, version: version) }
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of OffsetForLeaderEpochResponse")
        let isFlexible = version >= 4
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
        package var topic: String
        package var partitions: [Partition]

        package init(
            topic: String = "",
            partitions: [Partition] = []
        ) {
            self.topic = topic
            self.partitions = partitions
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
            self.init()
            let isFlexible = version >= 4
            topic = try reader.readString(isFlexible)
            partitions = try reader.readArray(isFlexible, byteCountMin: 18) { (reader) throws(WireFault) in try Partition(from: &reader, version: version) }
            if isFlexible {
                try reader.skipTaggedFields()
            }
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            let isFlexible = version >= 4
            writer.writeString(topic, isFlexible)
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
            package var errorCode: Int16
            package var partition: Int32
            package var leaderEpoch: Int32
            package var endOffset: Int64

            package init(
                errorCode: Int16 = 0,
                partition: Int32 = 0,
                leaderEpoch: Int32 = -1,
                endOffset: Int64 = -1
            ) {
                self.errorCode = errorCode
                self.partition = partition
                self.leaderEpoch = leaderEpoch
                self.endOffset = endOffset
            }

            package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
                self.init()
                let isFlexible = version >= 4
                errorCode = try reader.readInt16()
                partition = try reader.readInt32()
                leaderEpoch = try reader.readInt32()
                endOffset = try reader.readInt64()
                if isFlexible {
                    try reader.skipTaggedFields()
                }
            }

            package func encode(into writer: inout WireWriter, version: Int16) {
                let isFlexible = version >= 4
                writer.write(errorCode)
                writer.write(partition)
                writer.write(leaderEpoch)
                writer.write(endOffset)
                if isFlexible {
                    writer.writeUnsignedVarint(0)
                }
            }
        }
    }
}

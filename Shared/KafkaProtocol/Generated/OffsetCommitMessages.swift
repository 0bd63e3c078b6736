// Generated from messages.txt by generate-kafka-messages; change that file, not this one.
// swift-format-ignore-file

/// `OffsetCommit` request, versions 2 to 9, flexible from 8.
package struct OffsetCommitRequest: WireRequest {
    package typealias Response = OffsetCommitResponse
    package static var apiKey: ApiKey { .offsetCommit }
    package static var versions: ClosedRange<Int16> { 2...9 }
    package static var flexibleVersions: ClosedRange<Int16>? { 8...9 }

    package var groupId: String
    package var generationIdOrMemberEpoch: Int32
    package var memberId: String
    package var groupInstanceId: String?  // from version 7
    package var retentionTimeMs: Int64  // versions 2 to 4
    package var topics: [Topic]

    package init(
        groupId: String = "",
        generationIdOrMemberEpoch: Int32 = -1,
        memberId: String = "",
        groupInstanceId: String? = nil,
        retentionTimeMs: Int64 = -1,
        topics: [Topic] = []
    ) {
        self.groupId = groupId
        self.generationIdOrMemberEpoch = generationIdOrMemberEpoch
        self.memberId = memberId
        self.groupInstanceId = groupInstanceId
        self.retentionTimeMs = retentionTimeMs
        self.topics = topics
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        let isFlexible = version >= 8
        groupId = try reader.readString(isFlexible)
        generationIdOrMemberEpoch = try reader.readInt32()
        memberId = try reader.readString(isFlexible)
        if version >= 7 {
            groupInstanceId = try reader.readNullableString(isFlexible)
        }
        if version <= 4 {
            retentionTimeMs = try reader.readInt64()
        }
        topics = try reader.readArray(isFlexible, byteCountMin: 3) { (reader) throws(WireFault) in try Topic(from: &reader, version: version) }
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of OffsetCommitRequest")
        let isFlexible = version >= 8
        writer.writeString(groupId, isFlexible)
        writer.write(generationIdOrMemberEpoch)
        writer.writeString(memberId, isFlexible)
        if version >= 7 {
            writer.writeNullableString(groupInstanceId, isFlexible)
        }
        if version <= 4 {
            writer.write(retentionTimeMs)
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
            let isFlexible = version >= 8
            name = try reader.readString(isFlexible)
            partitions = try reader.readArray(isFlexible, byteCountMin: 14) { (reader) throws(WireFault) in try Partition(from: &reader, version: version) }
            if isFlexible {
                try reader.skipTaggedFields()
            }
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            let isFlexible = version >= 8
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
            package var committedOffset: Int64
            package var committedLeaderEpoch: Int32  // from version 6
            package var committedMetadata: String?

            package init(
                partitionIndex: Int32 = 0,
                committedOffset: Int64 = 0,
                committedLeaderEpoch: Int32 = -1,
                committedMetadata: String? = nil
            ) {
                self.partitionIndex = partitionIndex
                self.committedOffset = committedOffset
                self.committedLeaderEpoch = committedLeaderEpoch
                self.committedMetadata = committedMetadata
            }

            package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
                self.init()
                let isFlexible = version >= 8
                partitionIndex = try reader.readInt32()
                committedOffset = try reader.readInt64()
                if version >= 6 {
                    committedLeaderEpoch = try reader.readInt32()
                }
                committedMetadata = try reader.readNullableString(isFlexible)
                if isFlexible {
                    try reader.skipTaggedFields()
                }
            }

            package func encode(into writer: inout WireWriter, version: Int16) {
                let isFlexible = version >= 8
                writer.write(partitionIndex)
                writer.write(committedOffset)
                if version >= 6 {
                    writer.write(committedLeaderEpoch)
                }
                writer.writeNullableString(committedMetadata, isFlexible)
                if isFlexible {
                    writer.writeUnsignedVarint(0)
                }
            }
        }
    }
}

/// `OffsetCommit` response, versions 2 to 9, flexible from 8.
package struct OffsetCommitResponse: WireMessage {
    package static var apiKey: ApiKey { .offsetCommit }
    package static var versions: ClosedRange<Int16> { 2...9 }
    package static var flexibleVersions: ClosedRange<Int16>? { 8...9 }

    package var throttleTimeMs: Int32  // from version 3
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
        let isFlexible = version >= 8
        if version >= 3 {
            throttleTimeMs = try reader.readInt32()
        }
        topics = try reader.readArray(isFlexible, byteCountMin: 3) { (reader) throws(WireFault) in try Topic(from: &reader, version: version) }
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of OffsetCommitResponse")
        let isFlexible = version >= 8
        if version >= 3 {
            writer.write(throttleTimeMs)
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
            let isFlexible = version >= 8
            name = try reader.readString(isFlexible)
            partitions = try reader.readArray(isFlexible, byteCountMin: 6) { (reader) throws(WireFault) in try Partition(from: &reader, version: version) }
            if isFlexible {
                try reader.skipTaggedFields()
            }
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            let isFlexible = version >= 8
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
            package var errorCode: Int16

            package init(
                partitionIndex: Int32 = 0,
                errorCode: Int16 = 0
            ) {
                self.partitionIndex = partitionIndex
                self.errorCode = errorCode
            }

            package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
                self.init()
                let isFlexible = version >= 8
                partitionIndex = try reader.readInt32()
                errorCode = try reader.readInt16()
                if isFlexible {
                    try reader.skipTaggedFields()
                }
            }

            package func encode(into writer: inout WireWriter, version: Int16) {
                let isFlexible = version >= 8
                writer.write(partitionIndex)
                writer.write(errorCode)
                if isFlexible {
                    writer.writeUnsignedVarint(0)
                }
            }
        }
    }
}

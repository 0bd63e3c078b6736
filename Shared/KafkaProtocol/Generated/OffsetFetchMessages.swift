// Generated from messages.txt by generate-kafka-messages; change that file, not this one.
// swift-format-ignore-file

/// `OffsetFetch` request, versions 1 to 9, flexible from 6.
package struct OffsetFetchRequest: WireRequest {
    package typealias Response = OffsetFetchResponse
    package static var apiKey: ApiKey { .offsetFetch }
    package static var versions: ClosedRange<Int16> { 1...9 }
    package static var flexibleVersions: ClosedRange<Int16>? { 6...9 }

    package var groupId: String  // versions 1 to 7
    package var topics: [Topic]?  // versions 1 to 7, null from version 2
    package var groups: [Group]  // from version 8
    package var requireStable: Bool  // from version 7

    package init(
        groupId: String = "",
        topics: [Topic]? = nil,
        groups: [Group] = [],
        requireStable: Bool = false
    ) {
        self.groupId = groupId
        self.topics = topics
        self.groups = groups
        self.requireStable = requireStable
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        let isFlexible = version >= 6
        if version <= 7 {
            groupId = try reader.readString(isFlexible)
        }
        if version <= 7 {
            topics = try version >= 2 ? reader.readNullableArray(isFlexible, byteCountMin: 3) { (reader) throws(WireFault) in try Topic(from: &reader, version: version) } : reader.readArray(isFlexible, byteCountMin: 3) { (reader) throws(WireFault) in try Topic(from: &reader, version: version) }
        }
        if version >= 8 {
            groups = try reader.readArray(isFlexible, byteCountMin: 3) { (reader) throws(WireFault) in try Group(from: &reader, version: version) }
        }
        if version >= 7 {
            requireStable = try reader.readBool()
        }
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of OffsetFetchRequest")
        let isFlexible = version >= 6
        if version <= 7 {
            writer.writeString(groupId, isFlexible)
        }
        if version <= 7 {
            writer.writeNullableCount(topics?.count ?? (version >= 2 ? nil : 0), isFlexible)
            for element in topics ?? [] {
                element.encode(into: &writer, version: version)
            }
        }
        if version >= 8 {
            writer.writeCount(groups.count, isFlexible)
            for element in groups {
                element.encode(into: &writer, version: version)
            }
        }
        if version >= 7 {
            writer.write(requireStable)
        }
        if isFlexible {
            writer.writeUnsignedVarint(0)
        }
    }

    /// An element of `topics`.
    package struct Topic: Sendable, Equatable {
        package var name: String
        package var partitionIndexes: [Int32]

        package init(
            name: String = "",
            partitionIndexes: [Int32] = []
        ) {
            self.name = name
            self.partitionIndexes = partitionIndexes
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
            self.init()
            let isFlexible = version >= 6
            name = try reader.readString(isFlexible)
            partitionIndexes = try reader.readArray(isFlexible, byteCountMin: 4) { (reader) throws(WireFault) in try reader.readInt32() }
            if isFlexible {
                try reader.skipTaggedFields()
            }
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            let isFlexible = version >= 6
            writer.writeString(name, isFlexible)
            writer.writeCount(partitionIndexes.count, isFlexible)
            for element in partitionIndexes {
                writer.write(element)
            }
            if isFlexible {
                writer.writeUnsignedVarint(0)
            }
        }
    }

    /// An element of `groups`.
    package struct Group: Sendable, Equatable {
        package var groupId: String
        package var memberId: String?  // from version 9
        package var memberEpoch: Int32  // from version 9
        package var topics: [GroupTopic]?

        package init(
            groupId: String = "",
            memberId: String? = nil,
            memberEpoch: Int32 = -1,
            topics: [GroupTopic]? = nil
        ) {
            self.groupId = groupId
            self.memberId = memberId
            self.memberEpoch = memberEpoch
            self.topics = topics
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
            self.init()
            groupId = try reader.readString(true)
            if version >= 9 {
                memberId = try reader.readNullableString(true)
            }
            if version >= 9 {
                memberEpoch = try reader.readInt32()
            }
            topics = try reader.readNullableArray(true, byteCountMin: 3) { (reader) throws(WireFault) in try GroupTopic(from: &reader, version: version) }
            try reader.skipTaggedFields()
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            writer.writeString(groupId, true)
            if version >= 9 {
                writer.writeNullableString(memberId, true)
            }
            if version >= 9 {
                writer.write(memberEpoch)
            }
            writer.writeNullableCount(topics?.count, true)
            for element in topics ?? [] {
                element.encode(into: &writer, version: version)
            }
            writer.writeUnsignedVarint(0)
        }

        /// An element of `topics`.
        package struct GroupTopic: Sendable, Equatable {
            package var name: String
            package var partitionIndexes: [Int32]

            package init(
                name: String = "",
                partitionIndexes: [Int32] = []
            ) {
                self.name = name
                self.partitionIndexes = partitionIndexes
            }

            package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
                self.init()
                name = try reader.readString(true)
                partitionIndexes = try reader.readArray(true, byteCountMin: 4) { (reader) throws(WireFault) in try reader.readInt32() }
                try reader.skipTaggedFields()
            }

            package func encode(into writer: inout WireWriter, version: Int16) {
                writer.writeString(name, true)
                writer.writeCount(partitionIndexes.count, true)
                for element in partitionIndexes {
                    writer.write(element)
                }
                writer.writeUnsignedVarint(0)
            }
        }
    }
}

/// `OffsetFetch` response, versions 1 to 9, flexible from 6.
package struct OffsetFetchResponse: WireMessage {
    package static var apiKey: ApiKey { .offsetFetch }
    package static var versions: ClosedRange<Int16> { 1...9 }
    package static var flexibleVersions: ClosedRange<Int16>? { 6...9 }

    package var throttleTimeMs: Int32  // from version 3
    package var topics: [Topic]  // versions 1 to 7
    package var errorCode: Int16  // versions 2 to 7
    package var groups: [Group]  // from version 8

    package init(
        throttleTimeMs: Int32 = 0,
        topics: [Topic] = [],
        errorCode: Int16 = 0,
        groups: [Group] = []
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.topics = topics
        self.errorCode = errorCode
        self.groups = groups
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        let isFlexible = version >= 6
        if version >= 3 {
            throttleTimeMs = try reader.readInt32()
        }
        if version <= 7 {
            topics = try reader.readArray(isFlexible, byteCountMin: 3) { (reader) throws(WireFault) in try Topic(from: &reader, version: version) }
        }
        if version >= 2 && version <= 7 {
            errorCode = try reader.readInt16()
        }
        if version >= 8 {
            groups = try reader.readArray(isFlexible, byteCountMin: 5) { (reader) throws(WireFault) in try Group(from: &reader, version: version) }
        }
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of OffsetFetchResponse")
        let isFlexible = version >= 6
        if version >= 3 {
            writer.write(throttleTimeMs)
        }
        if version <= 7 {
            writer.writeCount(topics.count, isFlexible)
            for element in topics {
                element.encode(into: &writer, version: version)
            }
        }
        if version >= 2 && version <= 7 {
            writer.write(errorCode)
        }
        if version >= 8 {
            writer.writeCount(groups.count, isFlexible)
            for element in groups {
                element.encode(into: &writer, version: version)
            }
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
            let isFlexible = version >= 6
            name = try reader.readString(isFlexible)
            partitions = try reader.readArray(isFlexible, byteCountMin: 16) { (reader) throws(WireFault) in try Partition(from: &reader, version: version) }
            if isFlexible {
                try reader.skipTaggedFields()
            }
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            let isFlexible = version >= 6
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
            package var committedLeaderEpoch: Int32  // from version 5
            package var metadata: String?
            package var errorCode: Int16

            package init(
                partitionIndex: Int32 = 0,
                committedOffset: Int64 = 0,
                committedLeaderEpoch: Int32 = -1,
                metadata: String? = nil,
                errorCode: Int16 = 0
            ) {
                self.partitionIndex = partitionIndex
                self.committedOffset = committedOffset
                self.committedLeaderEpoch = committedLeaderEpoch
                self.metadata = metadata
                self.errorCode = errorCode
            }

            package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
                self.init()
                let isFlexible = version >= 6
                partitionIndex = try reader.readInt32()
                committedOffset = try reader.readInt64()
                if version >= 5 {
                    committedLeaderEpoch = try reader.readInt32()
                }
                metadata = try reader.readNullableString(isFlexible)
                errorCode = try reader.readInt16()
                if isFlexible {
                    try reader.skipTaggedFields()
                }
            }

            package func encode(into writer: inout WireWriter, version: Int16) {
                let isFlexible = version >= 6
                writer.write(partitionIndex)
                writer.write(committedOffset)
                if version >= 5 {
                    writer.write(committedLeaderEpoch)
                }
                writer.writeNullableString(metadata, isFlexible)
                writer.write(errorCode)
                if isFlexible {
                    writer.writeUnsignedVarint(0)
                }
            }
        }
    }

    /// An element of `groups`.
    package struct Group: Sendable, Equatable {
        package var groupId: String
        package var topics: [GroupTopic]
        package var errorCode: Int16

        package init(
            groupId: String = "",
            topics: [GroupTopic] = [],
            errorCode: Int16 = 0
        ) {
            self.groupId = groupId
            self.topics = topics
            self.errorCode = errorCode
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
            self.init()
            groupId = try reader.readString(true)
            topics = try reader.readArray(true, byteCountMin: 3) { (reader) throws(WireFault) in try GroupTopic(from: &reader, version: version) }
            errorCode = try reader.readInt16()
            try reader.skipTaggedFields()
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            writer.writeString(groupId, true)
            writer.writeCount(topics.count, true)
            for element in topics {
                element.encode(into: &writer, version: version)
            }
            writer.write(errorCode)
            writer.writeUnsignedVarint(0)
        }

        /// An element of `topics`.
        package struct GroupTopic: Sendable, Equatable {
            package var name: String
            package var partitions: [GroupPartition]

            package init(
                name: String = "",
                partitions: [GroupPartition] = []
            ) {
                self.name = name
                self.partitions = partitions
            }

            package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
                self.init()
                name = try reader.readString(true)
                partitions = try reader.readArray(true, byteCountMin: 20) { (reader) throws(WireFault) in try GroupPartition(from: &reader, version: version) }
                try reader.skipTaggedFields()
            }

            package func encode(into writer: inout WireWriter, version: Int16) {
                writer.writeString(name, true)
                writer.writeCount(partitions.count, true)
                for element in partitions {
                    element.encode(into: &writer, version: version)
                }
                writer.writeUnsignedVarint(0)
            }

            /// An element of `partitions`.
            package struct GroupPartition: Sendable, Equatable {
                package var partitionIndex: Int32
                package var committedOffset: Int64
                package var committedLeaderEpoch: Int32
                package var metadata: String?
                package var errorCode: Int16

                package init(
                    partitionIndex: Int32 = 0,
                    committedOffset: Int64 = 0,
                    committedLeaderEpoch: Int32 = -1,
                    metadata: String? = nil,
                    errorCode: Int16 = 0
                ) {
                    self.partitionIndex = partitionIndex
                    self.committedOffset = committedOffset
                    self.committedLeaderEpoch = committedLeaderEpoch
                    self.metadata = metadata
                    self.errorCode = errorCode
                }

                package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
                    self.init()
                    partitionIndex = try reader.readInt32()
                    committedOffset = try reader.readInt64()
                    committedLeaderEpoch = try reader.readInt32()
                    metadata = try reader.readNullableString(true)
                    errorCode = try reader.readInt16()
                    try reader.skipTaggedFields()
                }

                package func encode(into writer: inout WireWriter, version: Int16) {
                    writer.write(partitionIndex)
                    writer.write(committedOffset)
                    writer.write(committedLeaderEpoch)
                    writer.writeNullableString(metadata, true)
                    writer.write(errorCode)
                    writer.writeUnsignedVarint(0)
                }
            }
        }
    }
}

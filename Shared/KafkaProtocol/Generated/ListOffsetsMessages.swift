// Generated from messages.txt by generate-kafka-messages; change that file, not this one.
// swift-format-ignore-file

/// `ListOffsets` request, versions 1 to 10, flexible from 6.
package struct ListOffsetsRequest: WireRequest {
    package typealias Response = ListOffsetsResponse
    package static var apiKey: ApiKey { .listOffsets }
    package static var versions: ClosedRange<Int16> { 1...10 }
    package static var flexibleVersions: ClosedRange<Int16>? { 6...10 }

    package var replicaId: Int32
    package var isolationLevel: Int8  // from version 2
    package var topics: [Topic]
    package var timeoutMs: Int32  // from version 10

    package init(
        replicaId: Int32 = -1,
        isolationLevel: Int8 = 0,
        topics: [Topic] = [],
        timeoutMs: Int32 = 0
    ) {
        self.replicaId = replicaId
        self.isolationLevel = isolationLevel
        self.topics = topics
        self.timeoutMs = timeoutMs
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        let isFlexible = version >= 6
        replicaId = try reader.readInt32()
        if version >= 2 {
            isolationLevel = try reader.readInt8()
        }
        topics = try reader.readArray(isFlexible, byteCountMin: 3) { (reader) throws(WireFault) in try Topic(from: &reader, version: version) }
        if version >= 10 {
            timeoutMs = try reader.readInt32()
        }
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of ListOffsetsRequest")
        let isFlexible = version >= 6
        writer.write(replicaId)
        if version >= 2 {
            writer.write(isolationLevel)
        }
        writer.writeCount(topics.count, isFlexible)
        for element in topics {
            element.encode(into: &writer, version: version)
        }
        if version >= 10 {
            writer.write(timeoutMs)
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
            partitions = try reader.readArray(isFlexible, byteCountMin: 12) { (reader) throws(WireFault) in try Partition(from: &reader, version: version) }
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
            package var currentLeaderEpoch: Int32  // from version 4
            package var timestamp: Int64

            package init(
                partitionIndex: Int32 = 0,
                currentLeaderEpoch: Int32 = -1,
                timestamp: Int64 = 0
            ) {
                self.partitionIndex = partitionIndex
                self.currentLeaderEpoch = currentLeaderEpoch
                self.timestamp = timestamp
            }

            package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
                self.init()
                let isFlexible = version >= 6
                partitionIndex = try reader.readInt32()
                if version >= 4 {
                    currentLeaderEpoch = try reader.readInt32()
                }
                timestamp = try reader.readInt64()
                if isFlexible {
                    try reader.skipTaggedFields()
                }
            }

            package func encode(into writer: inout WireWriter, version: Int16) {
                let isFlexible = version >= 6
                writer.write(partitionIndex)
                if version >= 4 {
                    writer.write(currentLeaderEpoch)
                }
                writer.write(timestamp)
                if isFlexible {
                    writer.writeUnsignedVarint(0)
                }
            }
        }
    }
}

/// `ListOffsets` response, versions 1 to 10, flexible from 6.
package struct ListOffsetsResponse: WireMessage {
    package static var apiKey: ApiKey { .listOffsets }
    package static var versions: ClosedRange<Int16> { 1...10 }
    package static var flexibleVersions: ClosedRange<Int16>? { 6...10 }

    package var throttleTimeMs: Int32  // from version 2
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
        let isFlexible = version >= 6
        if version >= 2 {
            throttleTimeMs = try reader.readInt32()
        }
        topics = try reader.readArray(isFlexible, byteCountMin: 3) { (reader) throws(WireFault) in try Topic(from: &reader, version: version) }
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of ListOffsetsResponse")
        let isFlexible = version >= 6
        if version >= 2 {
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
            let isFlexible = version >= 6
            name = try reader.readString(isFlexible)
            partitions = try reader.readArray(isFlexible, byteCountMin: 22) { (reader) throws(WireFault) in try Partition(from: &reader, version: version) }
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
            package var errorCode: Int16
            package var timestamp: Int64
            package var offset: Int64
            package var leaderEpoch: Int32  // from version 4

            package init(
                partitionIndex: Int32 = 0,
                errorCode: Int16 = 0,
                timestamp: Int64 = -1,
                offset: Int64 = -1,
                leaderEpoch: Int32 = -1
            ) {
                self.partitionIndex = partitionIndex
                self.errorCode = errorCode
                self.timestamp = timestamp
                self.offset = offset
                self.leaderEpoch = leaderEpoch
            }

            package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
                self.init()
                let isFlexible = version >= 6
                partitionIndex = try reader.readInt32()
                errorCode = try reader.readInt16()
                timestamp = try reader.readInt64()
                offset = try reader.readInt64()
                if version >= 4 {
                    leaderEpoch = try reader.readInt32()
                }
                if isFlexible {
                    try reader.skipTaggedFields()
                }
            }

            package func encode(into writer: inout WireWriter, version: Int16) {
                let isFlexible = version >= 6
                writer.write(partitionIndex)
                writer.write(errorCode)
                writer.write(timestamp)
                writer.write(offset)
                if version >= 4 {
                    writer.write(leaderEpoch)
                }
                if isFlexible {
                    writer.writeUnsignedVarint(0)
                }
            }
        }
    }
}

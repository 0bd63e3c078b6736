// Generated from messages.txt by generate-kafka-messages; change that file, not this one.
// swift-format-ignore-file

/// `Metadata` request, versions 0 to 13, flexible from 9.
package struct MetadataRequest: WireRequest {
    package typealias Response = MetadataResponse
    package static var apiKey: ApiKey { .metadata }
    package static var versions: ClosedRange<Int16> { 0...13 }
    package static var flexibleVersions: ClosedRange<Int16>? { 9...13 }

    package var topics: [Topic]?  // null from version 1
    package var allowAutoTopicCreation: Bool  // from version 4
    package var includeClusterAuthorizedOperations: Bool  // versions 8 to 10
    package var includeTopicAuthorizedOperations: Bool  // from version 8

    package init(
        topics: [Topic]? = nil,
        allowAutoTopicCreation: Bool = true,
        includeClusterAuthorizedOperations: Bool = false,
        includeTopicAuthorizedOperations: Bool = false
    ) {
        self.topics = topics
        self.allowAutoTopicCreation = allowAutoTopicCreation
        self.includeClusterAuthorizedOperations = includeClusterAuthorizedOperations
        self.includeTopicAuthorizedOperations = includeTopicAuthorizedOperations
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        let isFlexible = version >= 9
        topics = try version >= 1 ? reader.readNullableArray(isFlexible, byteCountMin: 2) { (reader) throws(WireFault) in try Topic(from: &reader, version: version) } : reader.readArray(isFlexible, byteCountMin: 2) { (reader) throws(WireFault) in try Topic(from: &reader, version: version) }
        if version >= 4 {
            allowAutoTopicCreation = try reader.readBool()
        }
        if version >= 8 && version <= 10 {
            includeClusterAuthorizedOperations = try reader.readBool()
        }
        if version >= 8 {
            includeTopicAuthorizedOperations = try reader.readBool()
        }
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of MetadataRequest")
        let isFlexible = version >= 9
        writer.writeNullableCount(topics?.count ?? (version >= 1 ? nil : 0), isFlexible)
        for element in topics ?? [] {
            element.encode(into: &writer, version: version)
        }
        if version >= 4 {
            writer.write(allowAutoTopicCreation)
        }
        if version >= 8 && version <= 10 {
            writer.write(includeClusterAuthorizedOperations)
        }
        if version >= 8 {
            writer.write(includeTopicAuthorizedOperations)
        }
        if isFlexible {
            writer.writeUnsignedVarint(0)
        }
    }

    /// An element of `topics`.
    package struct Topic: Sendable, Equatable {
        package var topicId: Uuid  // from version 10
        package var name: String?  // null from version 10

        package init(
            topicId: Uuid = .zero,
            name: String? = nil
        ) {
            self.topicId = topicId
            self.name = name
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
            self.init()
            let isFlexible = version >= 9
            if version >= 10 {
                topicId = try reader.readUuid()
            }
            name = try version >= 10 ? reader.readNullableString(isFlexible) : reader.readString(isFlexible)
            if isFlexible {
                try reader.skipTaggedFields()
            }
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            let isFlexible = version >= 9
            if version >= 10 {
                writer.write(topicId)
            }
            writer.writeNullableString(name ?? (version >= 10 ? nil : ""), isFlexible)
            if isFlexible {
                writer.writeUnsignedVarint(0)
            }
        }
    }
}

/// `Metadata` response, versions 0 to 13, flexible from 9.
package struct MetadataResponse: WireMessage {
    package static var apiKey: ApiKey { .metadata }
    package static var versions: ClosedRange<Int16> { 0...13 }
    package static var flexibleVersions: ClosedRange<Int16>? { 9...13 }

    package var throttleTimeMs: Int32  // from version 3
    package var brokers: [Broker]
    package var clusterId: String?  // from version 2
    package var controllerId: Int32  // from version 1
    package var topics: [Topic]
    package var clusterAuthorizedOperations: Int32  // versions 8 to 10
    package var errorCode: Int16  // from version 13

    package init(
        throttleTimeMs: Int32 = 0,
        brokers: [Broker] = [],
        clusterId: String? = nil,
        controllerId: Int32 = -1,
        topics: [Topic] = [],
        clusterAuthorizedOperations: Int32 = -2147483648,
        errorCode: Int16 = 0
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.brokers = brokers
        self.clusterId = clusterId
        self.controllerId = controllerId
        self.topics = topics
        self.clusterAuthorizedOperations = clusterAuthorizedOperations
        self.errorCode = errorCode
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        let isFlexible = version >= 9
        if version >= 3 {
            throttleTimeMs = try reader.readInt32()
        }
        brokers = try reader.readArray(isFlexible, byteCountMin: 10) { (reader) throws(WireFault) in try Broker(from: &reader, version: version) }
        if version >= 2 {
            clusterId = try reader.readNullableString(isFlexible)
        }
        if version >= 1 {
            controllerId = try reader.readInt32()
        }
        topics = try reader.readArray(isFlexible, byteCountMin: 8) { (reader) throws(WireFault) in try Topic(from: &reader, version: version) }
        if version >= 8 && version <= 10 {
            clusterAuthorizedOperations = try reader.readInt32()
        }
        if version >= 13 {
            errorCode = try reader.readInt16()
        }
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of MetadataResponse")
        let isFlexible = version >= 9
        if version >= 3 {
            writer.write(throttleTimeMs)
        }
        writer.writeCount(brokers.count, isFlexible)
        for element in brokers {
            element.encode(into: &writer, version: version)
        }
        if version >= 2 {
            writer.writeNullableString(clusterId, isFlexible)
        }
        if version >= 1 {
            writer.write(controllerId)
        }
        writer.writeCount(topics.count, isFlexible)
        for element in topics {
            element.encode(into: &writer, version: version)
        }
        if version >= 8 && version <= 10 {
            writer.write(clusterAuthorizedOperations)
        }
        if version >= 13 {
            writer.write(errorCode)
        }
        if isFlexible {
            writer.writeUnsignedVarint(0)
        }
    }

    /// An element of `brokers`.
    package struct Broker: Sendable, Equatable {
        package var nodeId: Int32
        package var host: String
        package var port: Int32
        package var rack: String?  // from version 1

        package init(
            nodeId: Int32 = 0,
            host: String = "",
            port: Int32 = 0,
            rack: String? = nil
        ) {
            self.nodeId = nodeId
            self.host = host
            self.port = port
            self.rack = rack
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
            self.init()
            let isFlexible = version >= 9
            nodeId = try reader.readInt32()
            host = try reader.readString(isFlexible)
            port = try reader.readInt32()
            if version >= 1 {
                rack = try reader.readNullableString(isFlexible)
            }
            if isFlexible {
                try reader.skipTaggedFields()
            }
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            let isFlexible = version >= 9
            writer.write(nodeId)
            writer.writeString(host, isFlexible)
            writer.write(port)
            if version >= 1 {
                writer.writeNullableString(rack, isFlexible)
            }
            if isFlexible {
                writer.writeUnsignedVarint(0)
            }
        }
    }

    /// An element of `topics`.
    package struct Topic: Sendable, Equatable {
        package var errorCode: Int16
        package var name: String?  // null from version 12
        package var topicId: Uuid  // from version 10
        package var isInternal: Bool  // from version 1
        package var partitions: [Partition]
        package var topicAuthorizedOperations: Int32  // from version 8

        package init(
            errorCode: Int16 = 0,
            name: String? = nil,
            topicId: Uuid = .zero,
            isInternal: Bool = false,
            partitions: [Partition] = [],
            topicAuthorizedOperations: Int32 = -2147483648
        ) {
            self.errorCode = errorCode
            self.name = name
            self.topicId = topicId
            self.isInternal = isInternal
            self.partitions = partitions
            self.topicAuthorizedOperations = topicAuthorizedOperations
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
            self.init()
            let isFlexible = version >= 9
            errorCode = try reader.readInt16()
            name = try version >= 12 ? reader.readNullableString(isFlexible) : reader.readString(isFlexible)
            if version >= 10 {
                topicId = try reader.readUuid()
            }
            if version >= 1 {
                isInternal = try reader.readBool()
            }
            partitions = try reader.readArray(isFlexible, byteCountMin: 18) { (reader) throws(WireFault) in try Partition(from: &reader, version: version) }
            if version >= 8 {
                topicAuthorizedOperations = try reader.readInt32()
            }
            if isFlexible {
                try reader.skipTaggedFields()
            }
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            let isFlexible = version >= 9
            writer.write(errorCode)
            writer.writeNullableString(name ?? (version >= 12 ? nil : ""), isFlexible)
            if version >= 10 {
                writer.write(topicId)
            }
            if version >= 1 {
                writer.write(isInternal)
            }
            writer.writeCount(partitions.count, isFlexible)
            for element in partitions {
                element.encode(into: &writer, version: version)
            }
            if version >= 8 {
                writer.write(topicAuthorizedOperations)
            }
            if isFlexible {
                writer.writeUnsignedVarint(0)
            }
        }

        /// An element of `partitions`.
        package struct Partition: Sendable, Equatable {
            package var errorCode: Int16
            package var partitionIndex: Int32
            package var leaderId: Int32
            package var leaderEpoch: Int32  // from version 7
            package var replicaNodes: [Int32]
            package var isrNodes: [Int32]
            package var offlineReplicas: [Int32]  // from version 5

            package init(
                errorCode: Int16 = 0,
                partitionIndex: Int32 = 0,
                leaderId: Int32 = 0,
                leaderEpoch: Int32 = -1,
                replicaNodes: [Int32] = [],
                isrNodes: [Int32] = [],
                offlineReplicas: [Int32] = []
            ) {
                self.errorCode = errorCode
                self.partitionIndex = partitionIndex
                self.leaderId = leaderId
                self.leaderEpoch = leaderEpoch
                self.replicaNodes = replicaNodes
                self.isrNodes = isrNodes
                self.offlineReplicas = offlineReplicas
            }

            package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
                self.init()
                let isFlexible = version >= 9
                errorCode = try reader.readInt16()
                partitionIndex = try reader.readInt32()
                leaderId = try reader.readInt32()
                if version >= 7 {
                    leaderEpoch = try reader.readInt32()
                }
                replicaNodes = try reader.readArray(isFlexible, byteCountMin: 4) { (reader) throws(WireFault) in try reader.readInt32() }
                isrNodes = try reader.readArray(isFlexible, byteCountMin: 4) { (reader) throws(WireFault) in try reader.readInt32() }
                if version >= 5 {
                    offlineReplicas = try reader.readArray(isFlexible, byteCountMin: 4) { (reader) throws(WireFault) in try reader.readInt32() }
                }
                if isFlexible {
                    try reader.skipTaggedFields()
                }
            }

            package func encode(into writer: inout WireWriter, version: Int16) {
                let isFlexible = version >= 9
                writer.write(errorCode)
                writer.write(partitionIndex)
                writer.write(leaderId)
                if version >= 7 {
                    writer.write(leaderEpoch)
                }
                writer.writeCount(replicaNodes.count, isFlexible)
                for element in replicaNodes {
                    writer.write(element)
                }
                writer.writeCount(isrNodes.count, isFlexible)
                for element in isrNodes {
                    writer.write(element)
                }
                if version >= 5 {
                    writer.writeCount(offlineReplicas.count, isFlexible)
                    for element in offlineReplicas {
                        writer.write(element)
                    }
                }
                if isFlexible {
                    writer.writeUnsignedVarint(0)
                }
            }
        }
    }
}

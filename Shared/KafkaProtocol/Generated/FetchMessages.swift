// Generated from messages.txt by generate-kafka-messages; change that file, not this one.
// swift-format-ignore-file

/// `Fetch` request, versions 4 to 16, flexible from 12.
package struct FetchRequest: WireRequest {
    package typealias Response = FetchResponse
    package static var apiKey: ApiKey { .fetch }
    package static var versions: ClosedRange<Int16> { 4...16 }
    package static var flexibleVersions: ClosedRange<Int16>? { 12...16 }

    package var clusterId: String?  // from version 12, tagged
    package var replicaId: Int32  // versions 4 to 14
    package var replicaState: ReplicaState  // from version 15, tagged
    package var maxWaitMs: Int32
    package var minBytes: Int32
    package var maxBytes: Int32
    package var isolationLevel: Int8
    package var sessionId: Int32  // from version 7
    package var sessionEpoch: Int32  // from version 7
    package var topics: [Topic]
    package var forgottenTopicsData: [ForgottenTopic]  // from version 7
    package var rackId: String  // from version 11

    package init(
        clusterId: String? = nil,
        replicaId: Int32 = -1,
        replicaState: ReplicaState = ReplicaState(),
        maxWaitMs: Int32 = 0,
        minBytes: Int32 = 0,
        maxBytes: Int32 = 2147483647,
        isolationLevel: Int8 = 0,
        sessionId: Int32 = 0,
        sessionEpoch: Int32 = -1,
        topics: [Topic] = [],
        forgottenTopicsData: [ForgottenTopic] = [],
        rackId: String = ""
    ) {
        self.clusterId = clusterId
        self.replicaId = replicaId
        self.replicaState = replicaState
        self.maxWaitMs = maxWaitMs
        self.minBytes = minBytes
        self.maxBytes = maxBytes
        self.isolationLevel = isolationLevel
        self.sessionId = sessionId
        self.sessionEpoch = sessionEpoch
        self.topics = topics
        self.forgottenTopicsData = forgottenTopicsData
        self.rackId = rackId
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        let isFlexible = version >= 12
        if version <= 14 {
            replicaId = try reader.readInt32()
        }
        maxWaitMs = try reader.readInt32()
        minBytes = try reader.readInt32()
        maxBytes = try reader.readInt32()
        isolationLevel = try reader.readInt8()
        if version >= 7 {
            sessionId = try reader.readInt32()
        }
        if version >= 7 {
            sessionEpoch = try reader.readInt32()
        }
        topics = try reader.readArray(isFlexible, byteCountMin: 3) { (reader) throws(WireFault) in try Topic(from: &reader, version: version) }
        if version >= 7 {
            forgottenTopicsData = try reader.readArray(isFlexible, byteCountMin: 3) { (reader) throws(WireFault) in try ForgottenTopic(from: &reader, version: version) }
        }
        if version >= 11 {
            rackId = try reader.readString(isFlexible)
        }
        if isFlexible {
            for _ in 0..<(try reader.readTagCount()) {
                let tag = try reader.readTag()
                switch tag.number {
                case 0: clusterId = try reader.readNullableString(isFlexible)
                case 1 where version >= 15: replicaState = try ReplicaState(from: &reader, version: version)
                default: break
                }
                try reader.finish(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of FetchRequest")
        let isFlexible = version >= 12
        if version <= 14 {
            writer.write(replicaId)
        }
        writer.write(maxWaitMs)
        writer.write(minBytes)
        writer.write(maxBytes)
        writer.write(isolationLevel)
        if version >= 7 {
            writer.write(sessionId)
        }
        if version >= 7 {
            writer.write(sessionEpoch)
        }
        writer.writeCount(topics.count, isFlexible)
        for element in topics {
            element.encode(into: &writer, version: version)
        }
        if version >= 7 {
            writer.writeCount(forgottenTopicsData.count, isFlexible)
            for element in forgottenTopicsData {
                element.encode(into: &writer, version: version)
            }
        }
        if version >= 11 {
            writer.writeString(rackId, isFlexible)
        }
        if isFlexible {
            let hasClusterId = clusterId != nil
            let hasReplicaState = version >= 15 && replicaState != ReplicaState()
            writer.writeUnsignedVarint((hasClusterId ? 1 : 0) + (hasReplicaState ? 1 : 0))
            if hasClusterId {
                let start = writer.beginTag(0)
                writer.writeNullableString(clusterId, isFlexible)
                writer.endTag(start)
            }
            if hasReplicaState {
                let start = writer.beginTag(1)
                replicaState.encode(into: &writer, version: version)
                writer.endTag(start)
            }
        }
    }

    /// An element of `replicaState`.
    package struct ReplicaState: Sendable, Equatable {
        package var replicaId: Int32
        package var replicaEpoch: Int64

        package init(
            replicaId: Int32 = -1,
            replicaEpoch: Int64 = -1
        ) {
            self.replicaId = replicaId
            self.replicaEpoch = replicaEpoch
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
            self.init()
            replicaId = try reader.readInt32()
            replicaEpoch = try reader.readInt64()
            try reader.skipTaggedFields()
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            writer.write(replicaId)
            writer.write(replicaEpoch)
            writer.writeUnsignedVarint(0)
        }
    }

    /// An element of `topics`.
    package struct Topic: Sendable, Equatable {
        package var topic: String  // versions 4 to 12
        package var topicId: Uuid  // from version 13
        package var partitions: [Partition]

        package init(
            topic: String = "",
            topicId: Uuid = .zero,
            partitions: [Partition] = []
        ) {
            self.topic = topic
            self.topicId = topicId
            self.partitions = partitions
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
            self.init()
            let isFlexible = version >= 12
            if version <= 12 {
                topic = try reader.readString(isFlexible)
            }
            if version >= 13 {
                topicId = try reader.readUuid()
            }
            partitions = try reader.readArray(isFlexible, byteCountMin: 16) { (reader) throws(WireFault) in try Partition(from: &reader, version: version) }
            if isFlexible {
                try reader.skipTaggedFields()
            }
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            let isFlexible = version >= 12
            if version <= 12 {
                writer.writeString(topic, isFlexible)
            }
            if version >= 13 {
                writer.write(topicId)
            }
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
            package var currentLeaderEpoch: Int32  // from version 9
            package var fetchOffset: Int64
            package var lastFetchedEpoch: Int32  // from version 12
            package var logStartOffset: Int64  // from version 5
            package var partitionMaxBytes: Int32

            package init(
                partition: Int32 = 0,
                currentLeaderEpoch: Int32 = -1,
                fetchOffset: Int64 = 0,
                lastFetchedEpoch: Int32 = -1,
                logStartOffset: Int64 = -1,
                partitionMaxBytes: Int32 = 0
            ) {
                self.partition = partition
                self.currentLeaderEpoch = currentLeaderEpoch
                self.fetchOffset = fetchOffset
                self.lastFetchedEpoch = lastFetchedEpoch
                self.logStartOffset = logStartOffset
                self.partitionMaxBytes = partitionMaxBytes
            }

            package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
                self.init()
                let isFlexible = version >= 12
                partition = try reader.readInt32()
                if version >= 9 {
                    currentLeaderEpoch = try reader.readInt32()
                }
                fetchOffset = try reader.readInt64()
                if version >= 12 {
                    lastFetchedEpoch = try reader.readInt32()
                }
                if version >= 5 {
                    logStartOffset = try reader.readInt64()
                }
                partitionMaxBytes = try reader.readInt32()
                if isFlexible {
                    try reader.skipTaggedFields()
                }
            }

            package func encode(into writer: inout WireWriter, version: Int16) {
                let isFlexible = version >= 12
                writer.write(partition)
                if version >= 9 {
                    writer.write(currentLeaderEpoch)
                }
                writer.write(fetchOffset)
                if version >= 12 {
                    writer.write(lastFetchedEpoch)
                }
                if version >= 5 {
                    writer.write(logStartOffset)
                }
                writer.write(partitionMaxBytes)
                if isFlexible {
                    writer.writeUnsignedVarint(0)
                }
            }
        }
    }

    /// An element of `forgottenTopicsData`.
    package struct ForgottenTopic: Sendable, Equatable {
        package var topic: String  // versions 7 to 12
        package var topicId: Uuid  // from version 13
        package var partitions: [Int32]

        package init(
            topic: String = "",
            topicId: Uuid = .zero,
            partitions: [Int32] = []
        ) {
            self.topic = topic
            self.topicId = topicId
            self.partitions = partitions
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
            self.init()
            let isFlexible = version >= 12
            if version <= 12 {
                topic = try reader.readString(isFlexible)
            }
            if version >= 13 {
                topicId = try reader.readUuid()
            }
            partitions = try reader.readArray(isFlexible, byteCountMin: 4) { (reader) throws(WireFault) in try reader.readInt32() }
            if isFlexible {
                try reader.skipTaggedFields()
            }
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            let isFlexible = version >= 12
            if version <= 12 {
                writer.writeString(topic, isFlexible)
            }
            if version >= 13 {
                writer.write(topicId)
            }
            writer.writeCount(partitions.count, isFlexible)
            for element in partitions {
                writer.write(element)
            }
            if isFlexible {
                writer.writeUnsignedVarint(0)
            }
        }
    }
}

/// `Fetch` response, versions 4 to 16, flexible from 12.
package struct FetchResponse: WireMessage {
    package static var apiKey: ApiKey { .fetch }
    package static var versions: ClosedRange<Int16> { 4...16 }
    package static var flexibleVersions: ClosedRange<Int16>? { 12...16 }

    package var throttleTimeMs: Int32
    package var errorCode: Int16  // from version 7
    package var sessionId: Int32  // from version 7
    package var responses: [Topic]
    package var nodeEndpoints: [NodeEndpoint]  // from version 16, tagged

    package init(
        throttleTimeMs: Int32 = 0,
        errorCode: Int16 = 0,
        sessionId: Int32 = 0,
        responses: [Topic] = [],
        nodeEndpoints: [NodeEndpoint] = []
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.sessionId = sessionId
        self.responses = responses
        self.nodeEndpoints = nodeEndpoints
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        let isFlexible = version >= 12
        throttleTimeMs = try reader.readInt32()
        if version >= 7 {
            errorCode = try reader.readInt16()
        }
        if version >= 7 {
            sessionId = try reader.readInt32()
        }
        responses = try reader.readArray(isFlexible, byteCountMin: 3) { (reader) throws(WireFault) in try Topic(from: &reader, version: version) }
        if isFlexible {
            for _ in 0..<(try reader.readTagCount()) {
                let tag = try reader.readTag()
                switch tag.number {
                case 0 where version >= 16: nodeEndpoints = try reader.readArray(isFlexible, byteCountMin: 11) { (reader) throws(WireFault) in try NodeEndpoint(from: &reader, version: version) }
                default: break
                }
                try reader.finish(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of FetchResponse")
        let isFlexible = version >= 12
        writer.write(throttleTimeMs)
        if version >= 7 {
            writer.write(errorCode)
        }
        if version >= 7 {
            writer.write(sessionId)
        }
        writer.writeCount(responses.count, isFlexible)
        for element in responses {
            element.encode(into: &writer, version: version)
        }
        if isFlexible {
            let hasNodeEndpoints = version >= 16 && !nodeEndpoints.isEmpty
            writer.writeUnsignedVarint((hasNodeEndpoints ? 1 : 0))
            if hasNodeEndpoints {
                let start = writer.beginTag(0)
                writer.writeCount(nodeEndpoints.count, isFlexible)
                for element in nodeEndpoints {
                    element.encode(into: &writer, version: version)
                }
                writer.endTag(start)
            }
        }
    }

    /// An element of `responses`.
    package struct Topic: Sendable, Equatable {
        package var topic: String  // versions 4 to 12
        package var topicId: Uuid  // from version 13
        package var partitions: [Partition]

        package init(
            topic: String = "",
            topicId: Uuid = .zero,
            partitions: [Partition] = []
        ) {
            self.topic = topic
            self.topicId = topicId
            self.partitions = partitions
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
            self.init()
            let isFlexible = version >= 12
            if version <= 12 {
                topic = try reader.readString(isFlexible)
            }
            if version >= 13 {
                topicId = try reader.readUuid()
            }
            partitions = try reader.readArray(isFlexible, byteCountMin: 30) { (reader) throws(WireFault) in try Partition(from: &reader, version: version) }
            if isFlexible {
                try reader.skipTaggedFields()
            }
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            let isFlexible = version >= 12
            if version <= 12 {
                writer.writeString(topic, isFlexible)
            }
            if version >= 13 {
                writer.write(topicId)
            }
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
            package var highWatermark: Int64
            package var lastStableOffset: Int64
            package var logStartOffset: Int64  // from version 5
            package var divergingEpoch: EpochEndOffset  // from version 12, tagged
            package var currentLeader: LeaderIdAndEpoch  // from version 12, tagged
            package var snapshotId: SnapshotId  // from version 12, tagged
            package var abortedTransactions: [AbortedTransaction]?
            package var preferredReadReplica: Int32  // from version 11
            package var records: WireRecords

            package init(
                partitionIndex: Int32 = 0,
                errorCode: Int16 = 0,
                highWatermark: Int64 = 0,
                lastStableOffset: Int64 = -1,
                logStartOffset: Int64 = -1,
                divergingEpoch: EpochEndOffset = EpochEndOffset(),
                currentLeader: LeaderIdAndEpoch = LeaderIdAndEpoch(),
                snapshotId: SnapshotId = SnapshotId(),
                abortedTransactions: [AbortedTransaction]? = nil,
                preferredReadReplica: Int32 = -1,
                records: WireRecords = .null
            ) {
                self.partitionIndex = partitionIndex
                self.errorCode = errorCode
                self.highWatermark = highWatermark
                self.lastStableOffset = lastStableOffset
                self.logStartOffset = logStartOffset
                self.divergingEpoch = divergingEpoch
                self.currentLeader = currentLeader
                self.snapshotId = snapshotId
                self.abortedTransactions = abortedTransactions
                self.preferredReadReplica = preferredReadReplica
                self.records = records
            }

            package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
                self.init()
                let isFlexible = version >= 12
                partitionIndex = try reader.readInt32()
                errorCode = try reader.readInt16()
                highWatermark = try reader.readInt64()
                lastStableOffset = try reader.readInt64()
                if version >= 5 {
                    logStartOffset = try reader.readInt64()
                }
                abortedTransactions = try reader.readNullableArray(isFlexible, byteCountMin: 16) { (reader) throws(WireFault) in try AbortedTransaction(from: &reader, version: version) }
                if version >= 11 {
                    preferredReadReplica = try reader.readInt32()
                }
                records = try reader.readRecords(isFlexible)
                if isFlexible {
                    for _ in 0..<(try reader.readTagCount()) {
                        let tag = try reader.readTag()
                        switch tag.number {
                        case 0: divergingEpoch = try EpochEndOffset(from: &reader, version: version)
                        case 1: currentLeader = try LeaderIdAndEpoch(from: &reader, version: version)
                        case 2: snapshotId = try SnapshotId(from: &reader, version: version)
                        default: break
                        }
                        try reader.finish(tag)
                    }
                }
            }

            package func encode(into writer: inout WireWriter, version: Int16) {
                let isFlexible = version >= 12
                writer.write(partitionIndex)
                writer.write(errorCode)
                writer.write(highWatermark)
                writer.write(lastStableOffset)
                if version >= 5 {
                    writer.write(logStartOffset)
                }
                writer.writeNullableCount(abortedTransactions?.count, isFlexible)
                for element in abortedTransactions ?? [] {
                    element.encode(into: &writer, version: version)
                }
                if version >= 11 {
                    writer.write(preferredReadReplica)
                }
                writer.writeRecords(records, isFlexible)
                if isFlexible {
                    let hasDivergingEpoch = divergingEpoch != EpochEndOffset()
                    let hasCurrentLeader = currentLeader != LeaderIdAndEpoch()
                    let hasSnapshotId = snapshotId != SnapshotId()
                    writer.writeUnsignedVarint((hasDivergingEpoch ? 1 : 0) + (hasCurrentLeader ? 1 : 0) + (hasSnapshotId ? 1 : 0))
                    if hasDivergingEpoch {
                        let start = writer.beginTag(0)
                        divergingEpoch.encode(into: &writer, version: version)
                        writer.endTag(start)
                    }
                    if hasCurrentLeader {
                        let start = writer.beginTag(1)
                        currentLeader.encode(into: &writer, version: version)
                        writer.endTag(start)
                    }
                    if hasSnapshotId {
                        let start = writer.beginTag(2)
                        snapshotId.encode(into: &writer, version: version)
                        writer.endTag(start)
                    }
                }
            }

            /// An element of `divergingEpoch`.
            package struct EpochEndOffset: Sendable, Equatable {
                package var epoch: Int32
                package var endOffset: Int64

                package init(
                    epoch: Int32 = -1,
                    endOffset: Int64 = -1
                ) {
                    self.epoch = epoch
                    self.endOffset = endOffset
                }

                package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
                    self.init()
                    epoch = try reader.readInt32()
                    endOffset = try reader.readInt64()
                    try reader.skipTaggedFields()
                }

                package func encode(into writer: inout WireWriter, version: Int16) {
                    writer.write(epoch)
                    writer.write(endOffset)
                    writer.writeUnsignedVarint(0)
                }
            }

            /// An element of `currentLeader`.
            package struct LeaderIdAndEpoch: Sendable, Equatable {
                package var leaderId: Int32
                package var leaderEpoch: Int32

                package init(
                    leaderId: Int32 = -1,
                    leaderEpoch: Int32 = -1
                ) {
                    self.leaderId = leaderId
                    self.leaderEpoch = leaderEpoch
                }

                package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
                    self.init()
                    leaderId = try reader.readInt32()
                    leaderEpoch = try reader.readInt32()
                    try reader.skipTaggedFields()
                }

                package func encode(into writer: inout WireWriter, version: Int16) {
                    writer.write(leaderId)
                    writer.write(leaderEpoch)
                    writer.writeUnsignedVarint(0)
                }
            }

            /// An element of `snapshotId`.
            package struct SnapshotId: Sendable, Equatable {
                package var endOffset: Int64
                package var epoch: Int32

                package init(
                    endOffset: Int64 = -1,
                    epoch: Int32 = -1
                ) {
                    self.endOffset = endOffset
                    self.epoch = epoch
                }

                package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
                    self.init()
                    endOffset = try reader.readInt64()
                    epoch = try reader.readInt32()
                    try reader.skipTaggedFields()
                }

                package func encode(into writer: inout WireWriter, version: Int16) {
                    writer.write(endOffset)
                    writer.write(epoch)
                    writer.writeUnsignedVarint(0)
                }
            }

            /// An element of `abortedTransactions`.
            package struct AbortedTransaction: Sendable, Equatable {
                package var producerId: Int64
                package var firstOffset: Int64

                package init(
                    producerId: Int64 = 0,
                    firstOffset: Int64 = 0
                ) {
                    self.producerId = producerId
                    self.firstOffset = firstOffset
                }

                package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
                    self.init()
                    let isFlexible = version >= 12
                    producerId = try reader.readInt64()
                    firstOffset = try reader.readInt64()
                    if isFlexible {
                        try reader.skipTaggedFields()
                    }
                }

                package func encode(into writer: inout WireWriter, version: Int16) {
                    let isFlexible = version >= 12
                    writer.write(producerId)
                    writer.write(firstOffset)
                    if isFlexible {
                        writer.writeUnsignedVarint(0)
                    }
                }
            }
        }
    }

    /// An element of `nodeEndpoints`.
    package struct NodeEndpoint: Sendable, Equatable {
        package var nodeId: Int32
        package var host: String
        package var port: Int32
        package var rack: String?

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
            nodeId = try reader.readInt32()
            host = try reader.readString(true)
            port = try reader.readInt32()
            rack = try reader.readNullableString(true)
            try reader.skipTaggedFields()
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            writer.write(nodeId)
            writer.writeString(host, true)
            writer.write(port)
            writer.writeNullableString(rack, true)
            writer.writeUnsignedVarint(0)
        }
    }
}

// Generated from messages.txt by generate-kafka-messages; change that file, not this one.
// swift-format-ignore-file

/// `Produce` request, versions 3 to 12, flexible from 9.
package struct ProduceRequest: WireRequest {
    package typealias Response = ProduceResponse
    package static var apiKey: ApiKey { .produce }
    package static var versions: ClosedRange<Int16> { 3...12 }
    package static var flexibleVersions: ClosedRange<Int16>? { 9...12 }

    package var transactionalId: String?
    package var acks: Int16
    package var timeoutMs: Int32
    package var topicData: [Topic]

    package init(
        transactionalId: String? = nil,
        acks: Int16 = 0,
        timeoutMs: Int32 = 0,
        topicData: [Topic] = []
    ) {
        self.transactionalId = transactionalId
        self.acks = acks
        self.timeoutMs = timeoutMs
        self.topicData = topicData
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        let isFlexible = version >= 9
        transactionalId = try reader.readNullableString(isFlexible)
        acks = try reader.readInt16()
        timeoutMs = try reader.readInt32()
        topicData = try reader.readArray(isFlexible, byteCountMin: 3) { (reader) throws(WireFault) in try Topic(from: &reader, version: version) }
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of ProduceRequest")
        let isFlexible = version >= 9
        writer.writeNullableString(transactionalId, isFlexible)
        writer.write(acks)
        writer.write(timeoutMs)
        writer.writeCount(topicData.count, isFlexible)
        for element in topicData {
            element.encode(into: &writer, version: version)
        }
        if isFlexible {
            writer.writeUnsignedVarint(0)
        }
    }

    /// An element of `topicData`.
    package struct Topic: Sendable, Equatable {
        package var name: String
        package var partitionData: [Partition]

        package init(
            name: String = "",
            partitionData: [Partition] = []
        ) {
            self.name = name
            self.partitionData = partitionData
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
            self.init()
            let isFlexible = version >= 9
            name = try reader.readString(isFlexible)
            partitionData = try reader.readArray(isFlexible, byteCountMin: 6) { (reader) throws(WireFault) in try Partition(from: &reader, version: version) }
            if isFlexible {
                try reader.skipTaggedFields()
            }
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            let isFlexible = version >= 9
            writer.writeString(name, isFlexible)
            writer.writeCount(partitionData.count, isFlexible)
            for element in partitionData {
                element.encode(into: &writer, version: version)
            }
            if isFlexible {
                writer.writeUnsignedVarint(0)
            }
        }

        /// An element of `partitionData`.
        package struct Partition: Sendable, Equatable {
            package var index: Int32
            package var records: WireRecords

            package init(
                index: Int32 = 0,
                records: WireRecords = .null
            ) {
                self.index = index
                self.records = records
            }

            package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
                self.init()
                let isFlexible = version >= 9
                index = try reader.readInt32()
                records = try reader.readRecords(isFlexible)
                if isFlexible {
                    try reader.skipTaggedFields()
                }
            }

            package func encode(into writer: inout WireWriter, version: Int16) {
                let isFlexible = version >= 9
                writer.write(index)
                writer.writeRecords(records, isFlexible)
                if isFlexible {
                    writer.writeUnsignedVarint(0)
                }
            }
        }
    }
}

/// `Produce` response, versions 3 to 12, flexible from 9.
package struct ProduceResponse: WireMessage {
    package static var apiKey: ApiKey { .produce }
    package static var versions: ClosedRange<Int16> { 3...12 }
    package static var flexibleVersions: ClosedRange<Int16>? { 9...12 }

    package var responses: [Topic]
    package var throttleTimeMs: Int32
    package var nodeEndpoints: [NodeEndpoint]  // from version 10, tagged

    package init(
        responses: [Topic] = [],
        throttleTimeMs: Int32 = 0,
        nodeEndpoints: [NodeEndpoint] = []
    ) {
        self.responses = responses
        self.throttleTimeMs = throttleTimeMs
        self.nodeEndpoints = nodeEndpoints
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        let isFlexible = version >= 9
        responses = try reader.readArray(isFlexible, byteCountMin: 3) { (reader) throws(WireFault) in try Topic(from: &reader, version: version) }
        throttleTimeMs = try reader.readInt32()
        if isFlexible {
            for _ in 0..<(try reader.readTagCount()) {
                let tag = try reader.readTag()
                switch tag.number {
                case 0 where version >= 10: nodeEndpoints = try reader.readArray(isFlexible, byteCountMin: 11) { (reader) throws(WireFault) in try NodeEndpoint(from: &reader, version: version) }
                default: break
                }
                try reader.finish(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of ProduceResponse")
        let isFlexible = version >= 9
        writer.writeCount(responses.count, isFlexible)
        for element in responses {
            element.encode(into: &writer, version: version)
        }
        writer.write(throttleTimeMs)
        if isFlexible {
            let hasNodeEndpoints = version >= 10 && !nodeEndpoints.isEmpty
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
        package var name: String
        package var partitionResponses: [Partition]

        package init(
            name: String = "",
            partitionResponses: [Partition] = []
        ) {
            self.name = name
            self.partitionResponses = partitionResponses
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
            self.init()
            let isFlexible = version >= 9
            name = try reader.readString(isFlexible)
            partitionResponses = try reader.readArray(isFlexible, byteCountMin: 22) { (reader) throws(WireFault) in try Partition(from: &reader, version: version) }
            if isFlexible {
                try reader.skipTaggedFields()
            }
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            let isFlexible = version >= 9
            writer.writeString(name, isFlexible)
            writer.writeCount(partitionResponses.count, isFlexible)
            for element in partitionResponses {
                element.encode(into: &writer, version: version)
            }
            if isFlexible {
                writer.writeUnsignedVarint(0)
            }
        }

        /// An element of `partitionResponses`.
        package struct Partition: Sendable, Equatable {
            package var index: Int32
            package var errorCode: Int16
            package var baseOffset: Int64
            package var logAppendTimeMs: Int64
            package var logStartOffset: Int64  // from version 5
            package var recordErrors: [RecordError]  // from version 8
            package var errorMessage: String?  // from version 8
            package var currentLeader: LeaderIdAndEpoch  // from version 10, tagged

            package init(
                index: Int32 = 0,
                errorCode: Int16 = 0,
                baseOffset: Int64 = 0,
                logAppendTimeMs: Int64 = -1,
                logStartOffset: Int64 = -1,
                recordErrors: [RecordError] = [],
                errorMessage: String? = nil,
                currentLeader: LeaderIdAndEpoch = LeaderIdAndEpoch()
            ) {
                self.index = index
                self.errorCode = errorCode
                self.baseOffset = baseOffset
                self.logAppendTimeMs = logAppendTimeMs
                self.logStartOffset = logStartOffset
                self.recordErrors = recordErrors
                self.errorMessage = errorMessage
                self.currentLeader = currentLeader
            }

            package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
                self.init()
                let isFlexible = version >= 9
                index = try reader.readInt32()
                errorCode = try reader.readInt16()
                baseOffset = try reader.readInt64()
                logAppendTimeMs = try reader.readInt64()
                if version >= 5 {
                    logStartOffset = try reader.readInt64()
                }
                if version >= 8 {
                    recordErrors = try reader.readArray(isFlexible, byteCountMin: 6) { (reader) throws(WireFault) in try RecordError(from: &reader, version: version) }
                }
                if version >= 8 {
                    errorMessage = try reader.readNullableString(isFlexible)
                }
                if isFlexible {
                    for _ in 0..<(try reader.readTagCount()) {
                        let tag = try reader.readTag()
                        switch tag.number {
                        case 0 where version >= 10: currentLeader = try LeaderIdAndEpoch(from: &reader, version: version)
                        default: break
                        }
                        try reader.finish(tag)
                    }
                }
            }

            package func encode(into writer: inout WireWriter, version: Int16) {
                let isFlexible = version >= 9
                writer.write(index)
                writer.write(errorCode)
                writer.write(baseOffset)
                writer.write(logAppendTimeMs)
                if version >= 5 {
                    writer.write(logStartOffset)
                }
                if version >= 8 {
                    writer.writeCount(recordErrors.count, isFlexible)
                    for element in recordErrors {
                        element.encode(into: &writer, version: version)
                    }
                }
                if version >= 8 {
                    writer.writeNullableString(errorMessage, isFlexible)
                }
                if isFlexible {
                    let hasCurrentLeader = version >= 10 && currentLeader != LeaderIdAndEpoch()
                    writer.writeUnsignedVarint((hasCurrentLeader ? 1 : 0))
                    if hasCurrentLeader {
                        let start = writer.beginTag(0)
                        currentLeader.encode(into: &writer, version: version)
                        writer.endTag(start)
                    }
                }
            }

            /// An element of `recordErrors`.
            package struct RecordError: Sendable, Equatable {
                package var batchIndex: Int32
                package var batchIndexErrorMessage: String?

                package init(
                    batchIndex: Int32 = 0,
                    batchIndexErrorMessage: String? = nil
                ) {
                    self.batchIndex = batchIndex
                    self.batchIndexErrorMessage = batchIndexErrorMessage
                }

                package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
                    self.init()
                    let isFlexible = version >= 9
                    batchIndex = try reader.readInt32()
                    batchIndexErrorMessage = try reader.readNullableString(isFlexible)
                    if isFlexible {
                        try reader.skipTaggedFields()
                    }
                }

                package func encode(into writer: inout WireWriter, version: Int16) {
                    let isFlexible = version >= 9
                    writer.write(batchIndex)
                    writer.writeNullableString(batchIndexErrorMessage, isFlexible)
                    if isFlexible {
                        writer.writeUnsignedVarint(0)
                    }
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

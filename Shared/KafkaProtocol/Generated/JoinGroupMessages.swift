// Generated from messages.txt by generate-kafka-messages; change that file, not this one.
// swift-format-ignore-file

/// `JoinGroup` request, versions 0 to 9, flexible from 6.
package struct JoinGroupRequest: WireRequest {
    package typealias Response = JoinGroupResponse
    package static var apiKey: ApiKey { .joinGroup }
    package static var versions: ClosedRange<Int16> { 0...9 }
    package static var flexibleVersions: ClosedRange<Int16>? { 6...9 }

    package var groupId: String
    package var sessionTimeoutMs: Int32
    package var rebalanceTimeoutMs: Int32  // from version 1
    package var memberId: String
    package var groupInstanceId: String?  // from version 5
    package var protocolType: String
    package var protocols: [GroupProtocol]
    package var reason: String?  // from version 8

    package init(
        groupId: String = "",
        sessionTimeoutMs: Int32 = 0,
        rebalanceTimeoutMs: Int32 = -1,
        memberId: String = "",
        groupInstanceId: String? = nil,
        protocolType: String = "",
        protocols: [GroupProtocol] = [],
        reason: String? = nil
    ) {
        self.groupId = groupId
        self.sessionTimeoutMs = sessionTimeoutMs
        self.rebalanceTimeoutMs = rebalanceTimeoutMs
        self.memberId = memberId
        self.groupInstanceId = groupInstanceId
        self.protocolType = protocolType
        self.protocols = protocols
        self.reason = reason
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        let isFlexible = version >= 6
        groupId = try reader.readString(isFlexible)
        sessionTimeoutMs = try reader.readInt32()
        if version >= 1 {
            rebalanceTimeoutMs = try reader.readInt32()
        }
        memberId = try reader.readString(isFlexible)
        if version >= 5 {
            groupInstanceId = try reader.readNullableString(isFlexible)
        }
        protocolType = try reader.readString(isFlexible)
        protocols = try reader.readArray(isFlexible, byteCountMin: 3) { (reader) throws(WireFault) in try GroupProtocol(from: &reader, version: version) }
        if version >= 8 {
            reason = try reader.readNullableString(isFlexible)
        }
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of JoinGroupRequest")
        let isFlexible = version >= 6
        writer.writeString(groupId, isFlexible)
        writer.write(sessionTimeoutMs)
        if version >= 1 {
            writer.write(rebalanceTimeoutMs)
        }
        writer.writeString(memberId, isFlexible)
        if version >= 5 {
            writer.writeNullableString(groupInstanceId, isFlexible)
        }
        writer.writeString(protocolType, isFlexible)
        writer.writeCount(protocols.count, isFlexible)
        for element in protocols {
            element.encode(into: &writer, version: version)
        }
        if version >= 8 {
            writer.writeNullableString(reason, isFlexible)
        }
        if isFlexible {
            writer.writeUnsignedVarint(0)
        }
    }

    /// An element of `protocols`.
    package struct GroupProtocol: Sendable, Equatable {
        package var name: String
        package var metadata: [UInt8]

        package init(
            name: String = "",
            metadata: [UInt8] = []
        ) {
            self.name = name
            self.metadata = metadata
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
            self.init()
            let isFlexible = version >= 6
            name = try reader.readString(isFlexible)
            metadata = try reader.readBytes(isFlexible)
            if isFlexible {
                try reader.skipTaggedFields()
            }
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            let isFlexible = version >= 6
            writer.writeString(name, isFlexible)
            writer.writeBytes(metadata, isFlexible)
            if isFlexible {
                writer.writeUnsignedVarint(0)
            }
        }
    }
}

/// `JoinGroup` response, versions 0 to 9, flexible from 6.
package struct JoinGroupResponse: WireMessage {
    package static var apiKey: ApiKey { .joinGroup }
    package static var versions: ClosedRange<Int16> { 0...9 }
    package static var flexibleVersions: ClosedRange<Int16>? { 6...9 }

    package var throttleTimeMs: Int32  // from version 2
    package var errorCode: Int16
    package var generationId: Int32
    package var protocolType: String?  // from version 7
    package var protocolName: String?  // null from version 7
    package var leader: String
    package var skipAssignment: Bool  // from version 9
    package var memberId: String
    package var members: [Member]

    package init(
        throttleTimeMs: Int32 = 0,
        errorCode: Int16 = 0,
        generationId: Int32 = -1,
        protocolType: String? = nil,
        protocolName: String? = nil,
        leader: String = "",
        skipAssignment: Bool = false,
        memberId: String = "",
        members: [Member] = []
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.generationId = generationId
        self.protocolType = protocolType
        self.protocolName = protocolName
        self.leader = leader
        self.skipAssignment = skipAssignment
        self.memberId = memberId
        self.members = members
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        let isFlexible = version >= 6
        if version >= 2 {
            throttleTimeMs = try reader.readInt32()
        }
        errorCode = try reader.readInt16()
        generationId = try reader.readInt32()
        if version >= 7 {
            protocolType = try reader.readNullableString(isFlexible)
        }
        protocolName = try version >= 7 ? reader.readNullableString(isFlexible) : reader.readString(isFlexible)
        leader = try reader.readString(isFlexible)
        if version >= 9 {
            skipAssignment = try reader.readBool()
        }
        memberId = try reader.readString(isFlexible)
        members = try reader.readArray(isFlexible, byteCountMin: 4) { (reader) throws(WireFault) in try Member(from: &reader, version: version) }
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of JoinGroupResponse")
        let isFlexible = version >= 6
        if version >= 2 {
            writer.write(throttleTimeMs)
        }
        writer.write(errorCode)
        writer.write(generationId)
        if version >= 7 {
            writer.writeNullableString(protocolType, isFlexible)
        }
        writer.writeNullableString(protocolName ?? (version >= 7 ? nil : ""), isFlexible)
        writer.writeString(leader, isFlexible)
        if version >= 9 {
            writer.write(skipAssignment)
        }
        writer.writeString(memberId, isFlexible)
        writer.writeCount(members.count, isFlexible)
        for element in members {
            element.encode(into: &writer, version: version)
        }
        if isFlexible {
            writer.writeUnsignedVarint(0)
        }
    }

    /// An element of `members`.
    package struct Member: Sendable, Equatable {
        package var memberId: String
        package var groupInstanceId: String?  // from version 5
        package var metadata: [UInt8]

        package init(
            memberId: String = "",
            groupInstanceId: String? = nil,
            metadata: [UInt8] = []
        ) {
            self.memberId = memberId
            self.groupInstanceId = groupInstanceId
            self.metadata = metadata
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
            self.init()
            let isFlexible = version >= 6
            memberId = try reader.readString(isFlexible)
            if version >= 5 {
                groupInstanceId = try reader.readNullableString(isFlexible)
            }
            metadata = try reader.readBytes(isFlexible)
            if isFlexible {
                try reader.skipTaggedFields()
            }
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            let isFlexible = version >= 6
            writer.writeString(memberId, isFlexible)
            if version >= 5 {
                writer.writeNullableString(groupInstanceId, isFlexible)
            }
            writer.writeBytes(metadata, isFlexible)
            if isFlexible {
                writer.writeUnsignedVarint(0)
            }
        }
    }
}

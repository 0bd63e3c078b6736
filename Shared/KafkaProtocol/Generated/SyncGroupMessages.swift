// Generated from messages.txt by generate-kafka-messages; change that file, not this one.
// swift-format-ignore-file

/// `SyncGroup` request, versions 0 to 5, flexible from 4.
package struct SyncGroupRequest: WireRequest {
    package typealias Response = SyncGroupResponse
    package static var apiKey: ApiKey { .syncGroup }
    package static var versions: ClosedRange<Int16> { 0...5 }
    package static var flexibleVersions: ClosedRange<Int16>? { 4...5 }

    package var groupId: String
    package var generationId: Int32
    package var memberId: String
    package var groupInstanceId: String?  // from version 3
    package var protocolType: String?  // from version 5
    package var protocolName: String?  // from version 5
    package var assignments: [Assignment]

    package init(
        groupId: String = "",
        generationId: Int32 = 0,
        memberId: String = "",
        groupInstanceId: String? = nil,
        protocolType: String? = nil,
        protocolName: String? = nil,
        assignments: [Assignment] = []
    ) {
        self.groupId = groupId
        self.generationId = generationId
        self.memberId = memberId
        self.groupInstanceId = groupInstanceId
        self.protocolType = protocolType
        self.protocolName = protocolName
        self.assignments = assignments
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        let isFlexible = version >= 4
        groupId = try reader.readString(isFlexible)
        generationId = try reader.readInt32()
        memberId = try reader.readString(isFlexible)
        if version >= 3 {
            groupInstanceId = try reader.readNullableString(isFlexible)
        }
        if version >= 5 {
            protocolType = try reader.readNullableString(isFlexible)
        }
        if version >= 5 {
            protocolName = try reader.readNullableString(isFlexible)
        }
        assignments = try reader.readArray(isFlexible, byteCountMin: 3) { (reader) throws(WireFault) in try Assignment(from: &reader, version: version) }
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of SyncGroupRequest")
        let isFlexible = version >= 4
        writer.writeString(groupId, isFlexible)
        writer.write(generationId)
        writer.writeString(memberId, isFlexible)
        if version >= 3 {
            writer.writeNullableString(groupInstanceId, isFlexible)
        }
        if version >= 5 {
            writer.writeNullableString(protocolType, isFlexible)
        }
        if version >= 5 {
            writer.writeNullableString(protocolName, isFlexible)
        }
        writer.writeCount(assignments.count, isFlexible)
        for element in assignments {
            element.encode(into: &writer, version: version)
        }
        if isFlexible {
            writer.writeUnsignedVarint(0)
        }
    }

    /// An element of `assignments`.
    package struct Assignment: Sendable, Equatable {
        package var memberId: String
        package var assignment: [UInt8]

        package init(
            memberId: String = "",
            assignment: [UInt8] = []
        ) {
            self.memberId = memberId
            self.assignment = assignment
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
            self.init()
            let isFlexible = version >= 4
            memberId = try reader.readString(isFlexible)
            assignment = try reader.readBytes(isFlexible)
            if isFlexible {
                try reader.skipTaggedFields()
            }
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            let isFlexible = version >= 4
            writer.writeString(memberId, isFlexible)
            writer.writeBytes(assignment, isFlexible)
            if isFlexible {
                writer.writeUnsignedVarint(0)
            }
        }
    }
}

/// `SyncGroup` response, versions 0 to 5, flexible from 4.
package struct SyncGroupResponse: WireMessage {
    package static var apiKey: ApiKey { .syncGroup }
    package static var versions: ClosedRange<Int16> { 0...5 }
    package static var flexibleVersions: ClosedRange<Int16>? { 4...5 }

    package var throttleTimeMs: Int32  // from version 1
    package var errorCode: Int16
    package var protocolType: String?  // from version 5
    package var protocolName: String?  // from version 5
    package var assignment: [UInt8]

    package init(
        throttleTimeMs: Int32 = 0,
        errorCode: Int16 = 0,
        protocolType: String? = nil,
        protocolName: String? = nil,
        assignment: [UInt8] = []
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.protocolType = protocolType
        self.protocolName = protocolName
        self.assignment = assignment
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        let isFlexible = version >= 4
        if version >= 1 {
            throttleTimeMs = try reader.readInt32()
        }
        errorCode = try reader.readInt16()
        if version >= 5 {
            protocolType = try reader.readNullableString(isFlexible)
        }
        if version >= 5 {
            protocolName = try reader.readNullableString(isFlexible)
        }
        assignment = try reader.readBytes(isFlexible)
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of SyncGroupResponse")
        let isFlexible = version >= 4
        if version >= 1 {
            writer.write(throttleTimeMs)
        }
        writer.write(errorCode)
        if version >= 5 {
            writer.writeNullableString(protocolType, isFlexible)
        }
        if version >= 5 {
            writer.writeNullableString(protocolName, isFlexible)
        }
        writer.writeBytes(assignment, isFlexible)
        if isFlexible {
            writer.writeUnsignedVarint(0)
        }
    }
}

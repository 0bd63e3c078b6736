// Generated from messages.txt by generate-kafka-messages; change that file, not this one.
// swift-format-ignore-file

/// `Heartbeat` request, versions 0 to 4, flexible from 4.
package struct HeartbeatRequest: WireRequest {
    package typealias Response = HeartbeatResponse
    package static var apiKey: ApiKey { .heartbeat }
    package static var versions: ClosedRange<Int16> { 0...4 }
    package static var flexibleVersions: ClosedRange<Int16>? { 4...4 }

    package var groupId: String
    package var generationId: Int32
    package var memberId: String
    package var groupInstanceId: String?  // from version 3

    package init(
        groupId: String = "",
        generationId: Int32 = 0,
        memberId: String = "",
        groupInstanceId: String? = nil
    ) {
        self.groupId = groupId
        self.generationId = generationId
        self.memberId = memberId
        self.groupInstanceId = groupInstanceId
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
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of HeartbeatRequest")
        let isFlexible = version >= 4
        writer.writeString(groupId, isFlexible)
        writer.write(generationId)
        writer.writeString(memberId, isFlexible)
        if version >= 3 {
            writer.writeNullableString(groupInstanceId, isFlexible)
        }
        if isFlexible {
            writer.writeUnsignedVarint(0)
        }
    }
}

/// `Heartbeat` response, versions 0 to 4, flexible from 4.
package struct HeartbeatResponse: WireMessage {
    package static var apiKey: ApiKey { .heartbeat }
    package static var versions: ClosedRange<Int16> { 0...4 }
    package static var flexibleVersions: ClosedRange<Int16>? { 4...4 }

    package var throttleTimeMs: Int32  // from version 1
    package var errorCode: Int16

    package init(
        throttleTimeMs: Int32 = 0,
        errorCode: Int16 = 0
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        let isFlexible = version >= 4
        if version >= 1 {
            throttleTimeMs = try reader.readInt32()
        }
        errorCode = try reader.readInt16()
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of HeartbeatResponse")
        let isFlexible = version >= 4
        if version >= 1 {
            writer.write(throttleTimeMs)
        }
        writer.write(errorCode)
        if isFlexible {
            writer.writeUnsignedVarint(0)
        }
    }
}

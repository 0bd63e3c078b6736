// Generated from messages.txt by generate-kafka-messages; change that file, not this one.
// swift-format-ignore-file

/// `LeaveGroup` request, versions 0 to 5, flexible from 4.
package struct LeaveGroupRequest: WireRequest {
    package typealias Response = LeaveGroupResponse
    package static var apiKey: ApiKey { .leaveGroup }
    package static var versions: ClosedRange<Int16> { 0...5 }
    package static var flexibleVersions: ClosedRange<Int16>? { 4...5 }

    package var groupId: String
    package var memberId: String  // versions 0 to 2
    package var members: [Member]  // from version 3

    package init(
        groupId: String = "",
        memberId: String = "",
        members: [Member] = []
    ) {
        self.groupId = groupId
        self.memberId = memberId
        self.members = members
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        let isFlexible = version >= 4
        groupId = try reader.readString(isFlexible)
        if version <= 2 {
            memberId = try reader.readString(isFlexible)
        }
        if version >= 3 {
            members = try reader.readArray(isFlexible, byteCountMin: 3) { (reader) throws(WireFault) in try Member(from: &reader, version: version) }
        }
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of LeaveGroupRequest")
        let isFlexible = version >= 4
        writer.writeString(groupId, isFlexible)
        if version <= 2 {
            writer.writeString(memberId, isFlexible)
        }
        if version >= 3 {
            writer.writeCount(members.count, isFlexible)
            for element in members {
                element.encode(into: &writer, version: version)
            }
        }
        if isFlexible {
            writer.writeUnsignedVarint(0)
        }
    }

    /// An element of `members`.
    package struct Member: Sendable, Equatable {
        package var memberId: String
        package var groupInstanceId: String?
        package var reason: String?  // from version 5

        package init(
            memberId: String = "",
            groupInstanceId: String? = nil,
            reason: String? = nil
        ) {
            self.memberId = memberId
            self.groupInstanceId = groupInstanceId
            self.reason = reason
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
            self.init()
            let isFlexible = version >= 4
            memberId = try reader.readString(isFlexible)
            groupInstanceId = try reader.readNullableString(isFlexible)
            if version >= 5 {
                reason = try reader.readNullableString(isFlexible)
            }
            if isFlexible {
                try reader.skipTaggedFields()
            }
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            let isFlexible = version >= 4
            writer.writeString(memberId, isFlexible)
            writer.writeNullableString(groupInstanceId, isFlexible)
            if version >= 5 {
                writer.writeNullableString(reason, isFlexible)
            }
            if isFlexible {
                writer.writeUnsignedVarint(0)
            }
        }
    }
}

/// `LeaveGroup` response, versions 0 to 5, flexible from 4.
package struct LeaveGroupResponse: WireMessage {
    package static var apiKey: ApiKey { .leaveGroup }
    package static var versions: ClosedRange<Int16> { 0...5 }
    package static var flexibleVersions: ClosedRange<Int16>? { 4...5 }

    package var throttleTimeMs: Int32  // from version 1
    package var errorCode: Int16
    package var members: [Member]  // from version 3

    package init(
        throttleTimeMs: Int32 = 0,
        errorCode: Int16 = 0,
        members: [Member] = []
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.members = members
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        let isFlexible = version >= 4
        if version >= 1 {
            throttleTimeMs = try reader.readInt32()
        }
        errorCode = try reader.readInt16()
        if version >= 3 {
            members = try reader.readArray(isFlexible, byteCountMin: 5) { (reader) throws(WireFault) in try Member(from: &reader, version: version) }
        }
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of LeaveGroupResponse")
        let isFlexible = version >= 4
        if version >= 1 {
            writer.write(throttleTimeMs)
        }
        writer.write(errorCode)
        if version >= 3 {
            writer.writeCount(members.count, isFlexible)
            for element in members {
                element.encode(into: &writer, version: version)
            }
        }
        if isFlexible {
            writer.writeUnsignedVarint(0)
        }
    }

    /// An element of `members`.
    package struct Member: Sendable, Equatable {
        package var memberId: String
        package var groupInstanceId: String?
        package var errorCode: Int16

        package init(
            memberId: String = "",
            groupInstanceId: String? = nil,
            errorCode: Int16 = 0
        ) {
            self.memberId = memberId
            self.groupInstanceId = groupInstanceId
            self.errorCode = errorCode
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
            self.init()
            let isFlexible = version >= 4
            memberId = try reader.readString(isFlexible)
            groupInstanceId = try reader.readNullableString(isFlexible)
            errorCode = try reader.readInt16()
            if isFlexible {
                try reader.skipTaggedFields()
            }
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            let isFlexible = version >= 4
            writer.writeString(memberId, isFlexible)
            writer.writeNullableString(groupInstanceId, isFlexible)
            writer.write(errorCode)
            if isFlexible {
                writer.writeUnsignedVarint(0)
            }
        }
    }
}

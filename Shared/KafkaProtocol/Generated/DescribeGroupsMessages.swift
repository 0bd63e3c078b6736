// Generated from messages.txt by generate-kafka-messages; change that file, not this one.
// swift-format-ignore-file

/// `DescribeGroups` request, versions 0 to 6, flexible from 5.
package struct DescribeGroupsRequest: WireRequest {
    package typealias Response = DescribeGroupsResponse
    package static var apiKey: ApiKey { .describeGroups }
    package static var versions: ClosedRange<Int16> { 0...6 }
    package static var flexibleVersions: ClosedRange<Int16>? { 5...6 }

    package var groups: [String]
    package var includeAuthorizedOperations: Bool  // from version 3

    package init(
        groups: [String] = [],
        includeAuthorizedOperations: Bool = false
    ) {
        self.groups = groups
        self.includeAuthorizedOperations = includeAuthorizedOperations
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        let isFlexible = version >= 5
        groups = try reader.readArray(isFlexible, byteCountMin: 1) { (reader) throws(WireFault) in try reader.readString(isFlexible) }
        if version >= 3 {
            includeAuthorizedOperations = try reader.readBool()
        }
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of DescribeGroupsRequest")
        let isFlexible = version >= 5
        writer.writeCount(groups.count, isFlexible)
        for element in groups {
            writer.writeString(element, isFlexible)
        }
        if version >= 3 {
            writer.write(includeAuthorizedOperations)
        }
        if isFlexible {
            writer.writeUnsignedVarint(0)
        }
    }
}

/// `DescribeGroups` response, versions 0 to 6, flexible from 5.
package struct DescribeGroupsResponse: WireMessage {
    package static var apiKey: ApiKey { .describeGroups }
    package static var versions: ClosedRange<Int16> { 0...6 }
    package static var flexibleVersions: ClosedRange<Int16>? { 5...6 }

    package var throttleTimeMs: Int32  // from version 1
    package var groups: [Group]

    package init(
        throttleTimeMs: Int32 = 0,
        groups: [Group] = []
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.groups = groups
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        let isFlexible = version >= 5
        if version >= 1 {
            throttleTimeMs = try reader.readInt32()
        }
        groups = try reader.readArray(isFlexible, byteCountMin: 12) { (reader) throws(WireFault) in try Group(from: &reader, version: version) }
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of DescribeGroupsResponse")
        let isFlexible = version >= 5
        if version >= 1 {
            writer.write(throttleTimeMs)
        }
        writer.writeCount(groups.count, isFlexible)
        for element in groups {
            element.encode(into: &writer, version: version)
        }
        if isFlexible {
            writer.writeUnsignedVarint(0)
        }
    }

    /// An element of `groups`.
    package struct Group: Sendable, Equatable {
        package var errorCode: Int16
        package var errorMessage: String?  // from version 6
        package var groupId: String
        package var groupState: String
        package var protocolType: String
        package var protocolData: String
        package var members: [Member]
        package var authorizedOperations: Int32  // from version 3

        package init(
            errorCode: Int16 = 0,
            errorMessage: String? = nil,
            groupId: String = "",
            groupState: String = "",
            protocolType: String = "",
            protocolData: String = "",
            members: [Member] = [],
            authorizedOperations: Int32 = -2147483648
        ) {
            self.errorCode = errorCode
            self.errorMessage = errorMessage
            self.groupId = groupId
            self.groupState = groupState
            self.protocolType = protocolType
            self.protocolData = protocolData
            self.members = members
            self.authorizedOperations = authorizedOperations
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
            self.init()
            let isFlexible = version >= 5
            errorCode = try reader.readInt16()
            if version >= 6 {
                errorMessage = try reader.readNullableString(isFlexible)
            }
            groupId = try reader.readString(isFlexible)
            groupState = try reader.readString(isFlexible)
            protocolType = try reader.readString(isFlexible)
            protocolData = try reader.readString(isFlexible)
            members = try reader.readArray(isFlexible, byteCountMin: 7) { (reader) throws(WireFault) in try Member(from: &reader, version: version) }
            if version >= 3 {
                authorizedOperations = try reader.readInt32()
            }
            if isFlexible {
                try reader.skipTaggedFields()
            }
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            let isFlexible = version >= 5
            writer.write(errorCode)
            if version >= 6 {
                writer.writeNullableString(errorMessage, isFlexible)
            }
            writer.writeString(groupId, isFlexible)
            writer.writeString(groupState, isFlexible)
            writer.writeString(protocolType, isFlexible)
            writer.writeString(protocolData, isFlexible)
            writer.writeCount(members.count, isFlexible)
            for element in members {
                element.encode(into: &writer, version: version)
            }
            if version >= 3 {
                writer.write(authorizedOperations)
            }
            if isFlexible {
                writer.writeUnsignedVarint(0)
            }
        }

        /// An element of `members`.
        package struct Member: Sendable, Equatable {
            package var memberId: String
            package var groupInstanceId: String?  // from version 4
            package var clientId: String
            package var clientHost: String
            package var memberMetadata: [UInt8]
            package var memberAssignment: [UInt8]

            package init(
                memberId: String = "",
                groupInstanceId: String? = nil,
                clientId: String = "",
                clientHost: String = "",
                memberMetadata: [UInt8] = [],
                memberAssignment: [UInt8] = []
            ) {
                self.memberId = memberId
                self.groupInstanceId = groupInstanceId
                self.clientId = clientId
                self.clientHost = clientHost
                self.memberMetadata = memberMetadata
                self.memberAssignment = memberAssignment
            }

            package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
                self.init()
                let isFlexible = version >= 5
                memberId = try reader.readString(isFlexible)
                if version >= 4 {
                    groupInstanceId = try reader.readNullableString(isFlexible)
                }
                clientId = try reader.readString(isFlexible)
                clientHost = try reader.readString(isFlexible)
                memberMetadata = try reader.readBytes(isFlexible)
                memberAssignment = try reader.readBytes(isFlexible)
                if isFlexible {
                    try reader.skipTaggedFields()
                }
            }

            package func encode(into writer: inout WireWriter, version: Int16) {
                let isFlexible = version >= 5
                writer.writeString(memberId, isFlexible)
                if version >= 4 {
                    writer.writeNullableString(groupInstanceId, isFlexible)
                }
                writer.writeString(clientId, isFlexible)
                writer.writeString(clientHost, isFlexible)
                writer.writeBytes(memberMetadata, isFlexible)
                writer.writeBytes(memberAssignment, isFlexible)
                if isFlexible {
                    writer.writeUnsignedVarint(0)
                }
            }
        }
    }
}

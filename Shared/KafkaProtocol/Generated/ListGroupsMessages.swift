// Generated from messages.txt by generate-kafka-messages; change that file, not this one.
// swift-format-ignore-file

/// `ListGroups` request, versions 0 to 5, flexible from 3.
package struct ListGroupsRequest: WireRequest {
    package typealias Response = ListGroupsResponse
    package static var apiKey: ApiKey { .listGroups }
    package static var versions: ClosedRange<Int16> { 0...5 }
    package static var flexibleVersions: ClosedRange<Int16>? { 3...5 }

    package var statesFilter: [String]  // from version 4
    package var typesFilter: [String]  // from version 5

    package init(
        statesFilter: [String] = [],
        typesFilter: [String] = []
    ) {
        self.statesFilter = statesFilter
        self.typesFilter = typesFilter
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        let isFlexible = version >= 3
        if version >= 4 {
            statesFilter = try reader.readArray(isFlexible, byteCountMin: 1) { (reader) throws(WireFault) in try reader.readString(isFlexible) }
        }
        if version >= 5 {
            typesFilter = try reader.readArray(isFlexible, byteCountMin: 1) { (reader) throws(WireFault) in try reader.readString(isFlexible) }
        }
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of ListGroupsRequest")
        let isFlexible = version >= 3
        if version >= 4 {
            writer.writeCount(statesFilter.count, isFlexible)
            for element in statesFilter {
                writer.writeString(element, isFlexible)
            }
        }
        if version >= 5 {
            writer.writeCount(typesFilter.count, isFlexible)
            for element in typesFilter {
                writer.writeString(element, isFlexible)
            }
        }
        if isFlexible {
            writer.writeUnsignedVarint(0)
        }
    }
}

/// `ListGroups` response, versions 0 to 5, flexible from 3.
package struct ListGroupsResponse: WireMessage {
    package static var apiKey: ApiKey { .listGroups }
    package static var versions: ClosedRange<Int16> { 0...5 }
    package static var flexibleVersions: ClosedRange<Int16>? { 3...5 }

    package var throttleTimeMs: Int32  // from version 1
    package var errorCode: Int16
    package var groups: [Group]

    package init(
        throttleTimeMs: Int32 = 0,
        errorCode: Int16 = 0,
        groups: [Group] = []
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.groups = groups
    }

    package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
        try reader.require(version, in: Self.versions)
        self.init()
        let isFlexible = version >= 3
        if version >= 1 {
            throttleTimeMs = try reader.readInt32()
        }
        errorCode = try reader.readInt16()
        groups = try reader.readArray(isFlexible, byteCountMin: 3) { (reader) throws(WireFault) in try Group(from: &reader, version: version) }
        if isFlexible {
            try reader.skipTaggedFields()
        }
    }

    package func encode(into writer: inout WireWriter, version: Int16) {
        precondition(Self.versions.contains(version), "no such version of ListGroupsResponse")
        let isFlexible = version >= 3
        if version >= 1 {
            writer.write(throttleTimeMs)
        }
        writer.write(errorCode)
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
        package var groupId: String
        package var protocolType: String
        package var groupState: String  // from version 4
        package var groupType: String  // from version 5

        package init(
            groupId: String = "",
            protocolType: String = "",
            groupState: String = "",
            groupType: String = ""
        ) {
            self.groupId = groupId
            self.protocolType = protocolType
            self.groupState = groupState
            self.groupType = groupType
        }

        package init(from reader: inout WireReader, version: Int16) throws(WireFault) {
            self.init()
            let isFlexible = version >= 3
            groupId = try reader.readString(isFlexible)
            protocolType = try reader.readString(isFlexible)
            if version >= 4 {
                groupState = try reader.readString(isFlexible)
            }
            if version >= 5 {
                groupType = try reader.readString(isFlexible)
            }
            if isFlexible {
                try reader.skipTaggedFields()
            }
        }

        package func encode(into writer: inout WireWriter, version: Int16) {
            let isFlexible = version >= 3
            writer.writeString(groupId, isFlexible)
            writer.writeString(protocolType, isFlexible)
            if version >= 4 {
                writer.writeString(groupState, isFlexible)
            }
            if version >= 5 {
                writer.writeString(groupType, isFlexible)
            }
            if isFlexible {
                writer.writeUnsignedVarint(0)
            }
        }
    }
}
